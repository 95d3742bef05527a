"""Reads a product by what the catalog says of it: list of programs, files and services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from custode.core.observation import Facts
from custode.core.products import Product
from custode.core.software import (
    FILES_PROBE,
    SERVICES_PROBE,
    UNINSTALL_PROBE,
    listed,
    newest_version,
    probes,
)
from custode.core.verification import (
    Aspect,
    Verification,
    known,
    not_applicable,
    trouble,
    unknown,
)

_NO_SOURCE = "nothing_shows_it"
_WORST_START_FIRST = ("disabled", "manual", "auto")


class PlainReader:
    """The reader of a product that has none of its own; others begin with what it reads."""

    def probes(self, product: Product) -> list[dict[str, Any]]:
        """Return the probes of the catalog's detection."""
        return probes(product)

    def read(self, product: Product, facts: Facts, *, now: datetime) -> Verification:
        """Tell version, registration and service; whether it is set up, nothing here shows."""
        del now
        return Verification(
            product.id,
            {
                "version": _version(product, facts),
                "registered": _registered(product, facts),
                **service_aspects([item.services for item in product.detect.evidence], facts),
                "configured": not_applicable(_NO_SOURCE),
                "last_sign_of_life": not_applicable(_NO_SOURCE),
            },
        )


def _registered(product: Product, facts: Facts) -> Aspect:
    why = trouble(facts, UNINSTALL_PROBE)
    return unknown(why) if why else known(bool(listed(product, facts[UNINSTALL_PROBE].rows)))


def _version(product: Product, facts: Facts) -> Aspect:
    """Return the listed version, else the files'; nowhere to be seen means not installed."""
    asked = {str(probe["id"]) for probe in probes(product)}
    rows = {name: () if trouble(facts, name) else facts[name].rows for name in asked}
    entries = listed(product, rows[UNINSTALL_PROBE])
    files = [row for row in rows.get(FILES_PROBE, ()) if row.get("exists")]
    version = newest_version(str(row.get("DisplayVersion") or "") for row in entries)
    version = version or newest_version(str(row.get("version") or "") for row in files)
    if version is not None:
        return known(version)
    reasons = [why for name in sorted(asked) if (why := trouble(facts, name))]
    if reasons:
        return unknown(reasons[0])
    if entries or files or rows.get(SERVICES_PROBE):
        return unknown("no_version")
    return not_applicable("not_installed")


def service_aspects(sets: Sequence[tuple[str, ...]], facts: Facts) -> dict[str, Aspect]:
    """Return how a product's services start and whether they run.

    Of several sets of key names the one that is there most completely counts: generations of a
    product have services of different names.
    """
    sets = [names for names in sets if names]
    if not sets:
        return dict.fromkeys(("service", "running"), not_applicable("has_no_service"))
    if why := trouble(facts, SERVICES_PROBE):
        return dict.fromkeys(("service", "running"), unknown(why))
    rows = {str(row["Name"]).casefold(): row for row in facts[SERVICES_PROBE].rows}
    wanted = max(sets, key=lambda names: sum(name.casefold() in rows for name in names))
    found = [rows.get(name.casefold()) for name in wanted]
    if any(row is None for row in found):
        return {"service": known("missing"), "running": known(value=False)}
    there = [row for row in found if row is not None]
    starts = {str(row.get("StartMode") or "").casefold() for row in there}
    states = {str(row.get("State") or "").casefold() for row in there}
    start = next((word for word in _WORST_START_FIRST if word in starts), None)
    return {
        "service": known(start) if start else unknown("no_start_mode"),
        "running": unknown("no_state") if "" in states else known(states == {"running"}),
    }
