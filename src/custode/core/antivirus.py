"""How an antivirus stands on a PC: one verdict a product, from what Windows shows of it.

Windows' Security Center alone proves nothing: it lists products that are gone, and knows nothing on
Windows Server. So a verdict leans on its row, the program's file and its running service together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Protocol

from custode.core.observation import Facts, ProbeError, ProbeResult, Row

PRODUCTS_PROBE = "security_products"
SERVICES_PROBE = "antivirus_services"
FILES_PROBE = "antivirus_files"
ENTRIES_PROBE = "installed_software"
DEFENDER_PROBE = "defender_status"

PROBES: Mapping[str, tuple[str, ...]] = {
    PRODUCTS_PROBE: ("displayName", "instanceGuid", "productState", "timestamp"),
    SERVICES_PROBE: ("Name", "StartMode", "State"),
    FILES_PROBE: ("path", "exists"),
    ENTRIES_PROBE: ("DisplayName",),
    DEFENDER_PROBE: (
        "AMRunningMode",
        "AMServiceEnabled",
        "AntivirusEnabled",
        "AntivirusSignatureAge",
        "RealTimeProtectionEnabled",
    ),
}
"""The probes that verdicts are made of, and the columns they lean on."""

MAX_REPORT_AGE = timedelta(days=35)
"""How old a product's last report to the Security Center may be before it proves nothing."""

NO_SECURITY_CENTER = "no_security_center"
"""Why nothing is known where Windows has no Security Center: on Windows Server, or on a PC whose
CIM repository is broken."""

_POWER = {0: "off", 1: "on", 2: "snoozed", 3: "expired"}
_OWNER = {0: "third_party", 1: "windows"}
_SIGNATURES = {0: "current", 1: "outdated"}


class AntivirusState(StrEnum):
    """What a PC shows of one antivirus."""

    HEALTHY = "healthy"
    """It is on, runs, starts with Windows, reported lately, and its signatures are current."""
    OUTDATED = "outdated"
    """It is on, and has not heard of new threats for some time."""
    OFF = "off"
    """It is there, and does not protect."""
    SNOOZED = "snoozed"
    """Somebody has put it to sleep for a while."""
    EXPIRED = "expired"
    """Its subscription has run out: it is not uninstalled, and no longer protects."""
    UNREGISTERED = "unregistered"
    """It runs, and the Security Center was never told of it: nobody says that it is on."""
    HALF = "half"
    """Parts of it are there: files without a service, a service without files, an entry alone."""
    GHOST = "ghost"
    """The Security Center goes on listing what is no longer there."""
    ABSENT = "absent"
    """Nothing of it is there."""
    UNKNOWN = "unknown"
    """What was read does not say."""


@dataclass(frozen=True)
class AntivirusVerdict:
    """What a PC shows of one antivirus; None is "not known", never "no".

    Attributes:
        product: Id of the product.
        state: The verdict in one word.
        why: A stable word for what the verdict leans on, such as `service_stopped`; may be empty.
        installed: Whether its program is there; a leftover entry or row is no program.
        working: Whether it protects the PC now.
        current: Whether it knows the newest threats.
        subscribed: Whether its subscription runs; always None where there is none to run out.
        trouble: The probe whose missing answer left something unknown, or empty.
    """

    product: str
    state: AntivirusState = AntivirusState.UNKNOWN
    why: str = ""
    installed: bool | None = None
    working: bool | None = None
    current: bool | None = None
    subscribed: bool | None = None
    trouble: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the journal and the store."""
        return {
            "installed": self.installed,
            "state": str(self.state),
            "why": self.why,
            "working": self.working,
        }


@dataclass(frozen=True)
class AntivirusLook:
    """What was read of a PC's antivirus products, and when; each part is rows or an error."""

    registered: ProbeResult
    services: ProbeResult
    files: ProbeResult
    entries: ProbeResult
    defender: ProbeResult
    now: datetime

    @classmethod
    def of(cls, facts: Facts, *, now: datetime) -> AntivirusLook:
        """Take the answers to `PROBES` out of facts; a missing one is an error, never no rows."""

        def answer(probe_id: str) -> ProbeResult:
            missing = ProbeResult(error=ProbeError("not_returned", "NotReturned"))
            return facts.get(probe_id, missing)

        return cls(
            registered=answer(PRODUCTS_PROBE),
            services=answer(SERVICES_PROBE),
            files=answer(FILES_PROBE),
            entries=answer(ENTRIES_PROBE),
            defender=answer(DEFENDER_PROBE),
            now=now,
        )

    @property
    def services_trouble(self) -> str:
        """Return why it is not known which services there are; empty when it is."""
        if self.services.error is not None:
            return self.services.error.kind
        named = all(isinstance(row.get("Name"), str) for row in self.services.rows)
        return "" if named else "service_unnamed"

    def service(self, name: str) -> Row | None:
        """Return a service by its key name, whatever the case."""
        return next((row for row in self.services.rows if _same(row.get("Name"), name)), None)


class Antivirus(Protocol):
    """Knows how one product shows on a PC, and what that means."""

    @property
    def id(self) -> str:
        """Return the word for it in a contract."""

    @property
    def title(self) -> str:
        """Return its name for people."""

    @property
    def has_firewall(self) -> bool:
        """Return whether it brings a firewall of its own, which may block WinRM."""

    @property
    def has_subscription(self) -> bool:
        """Return whether it protects only as long as somebody pays for it."""

    @property
    def services(self) -> tuple[str, ...]:
        """Return the key names of its services."""

    def is_named(self, name: str) -> bool:
        """Tell whether the Security Center calls it so."""

    def judge(self, look: AntivirusLook) -> AntivirusVerdict:
        """Return the verdict on what was read; never raises."""


def product_state(state: int) -> Mapping[str, str]:
    """Return what a Security Center `productState` says.

    The layout is not documented by Microsoft; the masks are what remote management tools agree
    on. Bits 12-15: 0 off, 1 on, 2 snoozed, 3 expired, anything else unknown. Bits 8-11: 0 a third
    party's, 1 Windows' own. Bits 4-7: signatures 0 current, 1 outdated, anything else unknown.
    """
    return {
        "on": _POWER.get(state >> 12 & 0xF, "unknown"),
        "owner": _OWNER.get(state >> 8 & 0xF, "unknown"),
        "signatures": _SIGNATURES.get(state >> 4 & 0xF, "unknown"),
    }


def whole(value: Any) -> int | None:
    """Return a whole number, which large ones are as text, or None when it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return int(value) if re.fullmatch(r"[0-9]{1,20}", str(value)) else None


def judge_registered(
    verdict: AntivirusVerdict, look: AntivirusLook, *, rows: Sequence[Row], service: Row
) -> AntivirusVerdict:
    """Return the verdict on a product whose program is there, from its rows and main service.

    Args:
        verdict: What is known already; its product, and that it is installed.
        look: Everything that was read.
        rows: The product's own rows of the Security Center; none when it was not told.
        service: The service that protects.
    """
    stopped = replace(verdict, state=AntivirusState.OFF, working=False, why="service_stopped")
    running = _running(service)
    states = [whole(row.get("productState")) for row in rows]
    told = [{} if state is None else product_state(state) for state in states]
    if not told:
        if running is False:
            return stopped
        if look.registered.error is not None:
            kind = look.registered.error.kind
            why = NO_SECURITY_CENTER if kind == "not_found" else kind
            return replace(verdict, why=why, trouble=PRODUCTS_PROBE)
        return replace(verdict, state=AntivirusState.UNREGISTERED, why="not_registered")
    power = _agreed(entry.get("on", "unknown") for entry in told)
    signatures = _agreed(entry.get("signatures", "unknown") for entry in told)
    seen = replace(
        verdict,
        current={"current": True, "outdated": False}.get(signatures),
        subscribed={"unknown": None, "disagree": None}.get(power, power != "expired"),
    )
    for word in (AntivirusState.EXPIRED, AntivirusState.SNOOZED, AntivirusState.OFF):
        if power == word:
            return replace(seen, state=word, working=False, why="security_center")
    if running is False:
        return replace(stopped, current=seen.current, subscribed=seen.subscribed)
    if power != "on":
        why = "rows_disagree" if power == "disagree" else "product_state"
        return replace(seen, why=why)
    return unready(seen, service) or _reported(seen, rows, look.now)


def unready(seen: AntivirusVerdict, service: Row) -> AntivirusVerdict | None:
    """Return the verdict on a product whose service does not run from the start, or None."""
    start = str(service.get("StartMode") or "").casefold()
    if _running(service) is None or not start:
        return replace(seen, why="service_unknown")
    if start != "auto":
        return replace(seen, state=AntivirusState.HALF, working=False, why="service_not_automatic")
    return None


def protecting(seen: AntivirusVerdict) -> AntivirusVerdict:
    """Return the verdict on a product that is on: its signatures decide."""
    if seen.current is None:
        return replace(seen, working=True, why="signatures_unknown")
    state = AntivirusState.HEALTHY if seen.current else AntivirusState.OUTDATED
    return replace(seen, state=state, working=True)


def _reported(seen: AntivirusVerdict, rows: Sequence[Row], now: datetime) -> AntivirusVerdict:
    """Return the verdict on a product that says it is on: when did it last say so?"""
    reports = [reported_at(row) for row in rows]
    if any(report is None for report in reports):
        return replace(seen, why="report_undated")
    if any(report is not None and now - report > MAX_REPORT_AGE for report in reports):
        return replace(seen, why="report_too_old")
    return protecting(seen)


def reported_at(row: Row) -> datetime | None:
    """Return when a product last reported to the Security Center: `Mon, 05 Oct 2026 05:41:07 GMT`."""
    try:
        moment = parsedate_to_datetime(str(row.get("timestamp") or ""))
    except (ValueError, TypeError, IndexError):
        return None
    return None if moment.tzinfo is None else moment


def _running(service: Row) -> bool | None:
    state = service.get("State")
    return _same(state, "Running") if isinstance(state, str) and state else None


def _agreed(words: Iterable[str]) -> str:
    """Return the one word of all rows: of several rows nobody knows which is the living one."""
    said = set(words)
    return said.pop() if len(said) == 1 else "disagree"


def _same(value: Any, word: str) -> bool:
    return str(value or "").casefold() == word.casefold()
