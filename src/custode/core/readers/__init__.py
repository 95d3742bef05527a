"""Who reads what of which product: one reader for each that shows more than Windows lists."""

from __future__ import annotations

from collections.abc import Mapping

from custode.core.readers.defender import DEFENDER, DefenderReader
from custode.core.readers.norton import NORTON, NortonReader
from custode.core.readers.owncloud import OwncloudReader
from custode.core.readers.plain import PlainReader
from custode.core.readers.teamviewer import TeamViewerReader
from custode.core.verification import Reader

_OWN: Mapping[str, Reader] = {
    NORTON.id: NortonReader(),
    "owncloud": OwncloudReader(),
    "teamviewer_host": TeamViewerReader(),
}
_PLAIN = PlainReader()
OF_WINDOWS: Mapping[str, DefenderReader] = {DEFENDER.id: DefenderReader()}
"""Readers of parts of Windows, by product: nobody installs them, so the catalog has no entry."""


def reader_for(product_id: str) -> Reader:
    """Return the reader of a product; the plain one where none was made for it."""
    return _OWN.get(product_id, _PLAIN)
