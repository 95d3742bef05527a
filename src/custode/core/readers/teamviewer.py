"""Reads TeamViewer: beside what Windows lists, whether it is assigned and when it was last seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from custode.core import teamviewer
from custode.core.observation import Facts, utc_text
from custode.core.products import Product
from custode.core.readers.plain import PlainReader
from custode.core.verification import (
    Aspect,
    Verification,
    known,
    not_applicable,
    trouble,
    unknown,
)

API_PROBE = "teamviewer_api"
"""Id of the facts that TeamViewer's web API told, if somebody asked it: `online`, `last_seen`."""


class TeamViewerReader:
    """The reader of `teamviewer_host`."""

    _plain = PlainReader()

    def probes(self, product: Product) -> list[dict[str, Any]]:
        """Return the probes of the catalog's detection, and those of TeamViewer's own keys."""
        return [*self._plain.probes(product), *teamviewer.probes()]

    def read(self, product: Product, facts: Facts, *, now: datetime) -> Verification:
        """Tell what the PC shows; the last sign of life is known only from the web API."""
        aspects = dict(self._plain.read(product, facts, now=now).aspects)
        assigned = _assigned(facts)
        installed = assigned.why != "not_installed"
        return Verification(
            product.id,
            {
                **aspects,
                "configured": assigned,
                "last_sign_of_life": _last_seen(facts, now) if installed else assigned,
            },
        )


def _assigned(facts: Facts) -> Aspect:
    try:
        found, assigned = teamviewer.seen(facts)
    except teamviewer.UnclearError as error:
        return unknown(error.why)
    return known(assigned) if found is not None else not_applicable("not_installed")


def _last_seen(facts: Facts, now: datetime) -> Aspect:
    why = trouble(facts, API_PROBE)
    if why is not None:
        return unknown("not_looked_up" if why == "not_returned" else why)
    rows = facts[API_PROBE].rows
    if not rows:
        return unknown("not_in_the_account")
    if rows[0].get("online"):
        return known(utc_text(now))
    return known(rows[0]["last_seen"]) if rows[0].get("last_seen") else unknown("never_seen")
