"""Whether the pinned backup client fits the contract and the server: a wrong pin ends the backup."""

from __future__ import annotations

import re
from dataclasses import dataclass

from custode.core.backup_server import CLIENT_MAJORS
from custode.core.symptoms import Reason

TITLES = {"classic": "ownCloud 10", "infinite_scale": "ownCloud Infinite Scale"}


@dataclass(frozen=True)
class Server:
    """What is known of the server before a PC is touched.

    Attributes:
        product: `classic` or `infinite_scale`; None when it is not known.
        said: How it is known, or why it is not; a part of a sentence.
    """

    product: str | None
    said: str


def major_of(version: str) -> int:
    """Return the generation of a client's version; -1 for a text that is none."""
    found = re.match(r"[0-9]+", version)
    return int(found[0]) if found else -1


def agrees(contracted: str, pinned: str) -> bool:
    """Return whether a pinned version is the contracted one, told to more places or to fewer."""
    said, has = contracted.split("."), pinned.split(".")
    shared = min(len(said), len(has))
    return said[:shared] == has[:shared]


def pin_refusal(pinned: str, server: Server) -> Reason | None:
    """Return why the pinned client would end the backup, or None when it fits or nobody knows."""
    if server.product is None or major_of(pinned) in CLIENT_MAJORS[server.product]:
        return None
    fitting = " or ".join(map(str, CLIENT_MAJORS[server.product]))
    return Reason(
        "backup_pin",
        f"The catalog pins ownCloud client {pinned}, but the server is {TITLES[server.product]} "
        f"({server.said}), which needs client {fitting}: the backup would end.",
        "Pin such a version in the catalog.",
    )


def guess_refusal(pinned: str, installed: str | None, server: Server) -> Reason | None:
    """Return why a client of another generation must not be installed on a guess, or None.

    Args:
        pinned: The version that would be installed.
        installed: The version on the PC; None when there is none.
        server: What is known of the server; this is asked only where its product is not.
    """
    if installed is not None and major_of(installed) == major_of(pinned):
        return None
    has = f"ownCloud client {installed}" if installed else "no ownCloud client"
    return Reason(
        "backup_server_unknown",
        f"The PC has {has} and the catalog pins {pinned}, but which server it must speak to is not "
        f"known: {server.said}.",
        "Let this controller reach the server, or say owncloud_server_product in the inventory.",
    )
