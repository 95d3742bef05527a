"""Norton: two generations that have nothing but their maker in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from custode.core.antivirus import product_state, whole
from custode.core.observation import Facts, Row
from custode.core.products import Product
from custode.core.readers.plain import PlainReader
from custode.core.readers.security_center import SECURITY_CENTER_PROBES, registration
from custode.core.software import newest_version
from custode.core.third_party_antivirus import Generation, ThirdPartyAntivirus
from custode.core.verification import (
    Aspect,
    Knowledge,
    Verification,
    known,
    trouble,
    unknown,
)

NORTON = ThirdPartyAntivirus(
    id="norton",
    title="Norton",
    # Never the edition: what is sold as Premium calls itself Norton Security or Norton 360.
    named=r"Norton\b",
    generations=(
        # From 24 on, with the engine of Gen Digital.
        Generation(
            service="Norton Antivirus",
            helpers=("NortonWscReporter",),
            files=(r"%ProgramFiles%\Norton\Suite\NortonSvc.exe",),
        ),
        # Up to 22, with the engine of Symantec: its folder is named after the version.
        Generation(
            service="NortonSecurity",
            helpers=("nsWscSvc",),
            files=(r"%ProgramFiles%\Norton Security\Engine\<version>\NortonSecurity.exe",),
        ),
    ),
    has_firewall=True,
    has_subscription=True,
)

_VERSION_PROBE = "norton_version"
# The product's own key of the generation up to 22, as each view of the registry has it.
_KEY = r"Norton\{0C55C096-0F1D-4F28-AAA2-85EF591126E7}"
_READ: Sequence[dict[str, Any]] = (
    *SECURITY_CENTER_PROBES,
    {
        "id": _VERSION_PROBE,
        "kind": "registry",
        "keys": [rf"HKLM\SOFTWARE\{_KEY}", rf"HKLM\SOFTWARE\WOW6432Node\{_KEY}"],
        "values": ["PRODUCTVERSION"],
    },
)
_SUBSCRIBED = {"on": True, "off": True, "snoozed": True, "expired": False}


class NortonReader:
    """Adds to the plain reader what Norton tells the Security Center."""

    def __init__(self) -> None:
        self._plain = PlainReader()

    def probes(self, product: Product) -> list[dict[str, Any]]:
        """Return the probes of the catalog's detection, of the Security Center and the registry."""
        return [*self._plain.probes(product), *_READ]

    def read(self, product: Product, facts: Facts, *, now: datetime) -> Verification:
        """Tell what the Security Center says: the row, the subscription, the last report."""
        plain = self._plain.read(product, facts, now=now)
        return replace(
            plain,
            aspects={
                **plain.aspects,
                **registration(facts, is_own=_is_own, configured=_subscription),
                "version": _version(plain.aspects["version"], facts),
            },
        )


def _is_own(row: Row) -> bool:
    return NORTON.is_named(str(row.get("displayName") or ""))


def _subscription(rows: Sequence[Row]) -> Aspect:
    states = [whole(row.get("productState")) for row in rows]
    words = {None if state is None else product_state(state)["on"] for state in states}
    said = {_SUBSCRIBED.get(word or "") for word in words}
    subscribed = said.pop() if len(said) == 1 else None
    return unknown("product_state") if subscribed is None else known(subscribed)


def _version(plain: Aspect, facts: Facts) -> Aspect:
    """Return what the list of programs and the files say, else what the old generation noted."""
    if plain.state is Knowledge.KNOWN or trouble(facts, _VERSION_PROBE):
        return plain
    texts = (str(row.get("PRODUCTVERSION") or "") for row in facts[_VERSION_PROBE].rows)
    noted = newest_version(texts)
    return plain if noted is None or plain.why == "not_installed" else known(noted)
