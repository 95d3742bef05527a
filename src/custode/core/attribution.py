"""On whom it depended that something the contract promises was missed: what can be proved, no more.

A doubt is never the client's: of a missed visit only what was really tried, in the agreed hours,
counts; and whatever the evidence does not say is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from custode.core.agreed_hours import Hours, agreed_hours, hours_at
from custode.core.disappearance import NO_EVENT, REMOVED_BY_US, UNINSTALLED_BY_PERSON
from custode.core.observation import utc_moment
from custode.core.services import ServiceStanding
from custode.core.store_layout import month_of

VISIT = "visit"
"""The obligation to look at each PC every month."""

KEPT, OPEN, MISSED = "kept", "open", "missed"
"""How an agreed visit ended: the PC was seen, can still be seen, or was not."""

CLIENT_REFUSED = "client_refused"
"""The reason of a try that the client did not let us make, as a person wrote it down."""

OUTSIDE_HOURS, NOT_RUN, SEEN = "outside_hours", "not_run", "seen"


class Party(StrEnum):
    """On whom something depended."""

    CLIENT = "client"
    US = "us"
    THIRD_PARTY = "third_party"
    UNKNOWN = "unknown"
    NOBODY = "nobody"
    """It counts against nobody."""


PARTIES: Mapping[str, Party] = {
    CLIENT_REFUSED: Party.CLIENT,
    "offline": Party.CLIENT,
    "controller": Party.US,
    "interrupted": Party.US,
    "module_failure": Party.US,
    "software": Party.US,
    "software_state": Party.US,
    "installer_signer": Party.THIRD_PARTY,
    "security_block": Party.THIRD_PARTY,
    "teamviewer_refused": Party.THIRD_PARTY,
    "handed_back": Party.NOBODY,
}
"""On whom a try that saw nothing depended, by its reason; any other reason proves nothing."""

# Whoever can have been at fault comes before the client: the doubt is not his.
_DOUBT = (Party.US, Party.THIRD_PARTY, Party.UNKNOWN, Party.CLIENT)

_WORDS: Mapping[tuple[str, str], Party] = {
    ("antivirus", "expired"): Party.UNKNOWN,
    ("antivirus", "snoozed"): Party.UNKNOWN,
    ("backup", "paused"): Party.UNKNOWN,
    ("backup", "server_out_of_service"): Party.THIRD_PARTY,
}
"""What a look says of a service that is worth telling. Who puts to sleep or pauses sits at the PC or
comes in from outside: that is not known."""

_REMOVALS: Mapping[str, Party] = {UNINSTALLED_BY_PERSON: Party.CLIENT, REMOVED_BY_US: Party.US}


@dataclass(frozen=True)
class Try:
    """One visit that was really tried on one PC.

    Attributes:
        at: When the run began, ISO 8601 UTC.
        run_id: That run.
        why: `seen`, `outside_hours`, or the reason for which nothing was seen.
        party: On whom that depended; None when the PC was seen.
        hours: The agreed hours that it fell in, or None.
    """

    at: str
    run_id: str
    why: str
    party: Party | None
    hours: Hours | None
    whole: bool = False
    """Whether everything the contract asks was looked at, and not the hardware alone."""


@dataclass(frozen=True)
class AgreedVisit:
    """What became of one month's visit to one PC.

    Attributes:
        outcome: `kept`, `open` or `missed`.
        hours: How many times the contract gave to see it.
        tried: At how many of them it was really tried.
        party: On whom it depended, when it was missed; else None.
        why: The reason in one word; empty unless it was missed.
    """

    outcome: str
    hours: int
    tried: int
    party: Party | None = None
    why: str = ""


@dataclass(frozen=True)
class Missed:
    """One obligation that was missed on one PC.

    Attributes:
        obligation: `visit`, or a service of the contract.
        party: On whom it depended.
        why: The reason in one word.
        visit: What became of a month's visit, for the obligation `visit`.
        month: The first day of that month.
    """

    obligation: str
    party: Party
    why: str
    visit: AgreedVisit | None = None
    month: date | None = None


def tries(
    runs: Iterable[Mapping[str, Any]], device: str, *, contract: Mapping[str, Any]
) -> list[Try]:
    """Return every visit that was really tried on a PC, oldest first.

    A rehearsal is no visit, and a run that broke off before the PC's turn never tried it.

    Args:
        runs: The runs' records, oldest first.
        device: The PC.
        contract: The contract as plain data.
    """
    return [
        found
        for run in runs
        if (host := run["hosts"].get(device)) is not None
        and (found := try_of(run, host, contract=contract)) is not None
    ]


def try_of(
    run: Mapping[str, Any], host: Mapping[str, Any], *, contract: Mapping[str, Any]
) -> Try | None:
    """Return a run's try at one PC, or None when it was none."""
    seen = host["observed_at"] is not None
    if run["check_mode"] or (host["outcome"] == "interrupted" and not seen):
        return None
    at = str(run["at"])
    hours = hours_at(contract, utc_moment(at))
    if seen:
        return Try(at, str(run["run_id"]), SEEN, None, hours, whole="compliance" in host["scopes"])
    kind = str((host["reason"] or {}).get("kind", host["outcome"]))
    party = PARTIES.get(kind, Party.UNKNOWN)
    if hours is None and party is Party.CLIENT:
        return Try(at, str(run["run_id"]), OUTSIDE_HOURS, Party.NOBODY, None)
    return Try(at, str(run["run_id"]), kind, party, hours)


def agreed_visit(
    made: Iterable[Try],
    *,
    contract: Mapping[str, Any],
    month: date,
    now: datetime,
    until: datetime | None = None,
) -> AgreedVisit | None:
    """Return what became of a month's visit to a PC, or None where none was agreed.

    Args:
        made: Every try at the PC.
        contract: The contract as plain data.
        month: Any day of the month.
        now: The moment of which the answer is true.
        until: When the PC left the contract, or None.
    """
    chances = [
        hours for hours in agreed_hours(contract, month) if until is None or hours.starts_at < until
    ]
    if not chances:
        return None
    known = [item for item in made if utc_moment(item.at) <= now]
    inside = [item for item in known if item.hours in chances]
    tried = len({item.hours for item in inside})
    first = month.replace(day=1)
    if any(
        item.whole and (item in inside or month_of(item.at, contract) == first) for item in known
    ):
        return AgreedVisit(KEPT, len(chances), tried)
    if now < chances[-1].ends_at:
        return AgreedVisit(OPEN, len(chances), tried)
    blamed = [(item.party, item.why) for item in inside if item.party in _DOUBT]
    party, why = min(blamed, key=lambda pair: _DOUBT.index(pair[0]), default=(Party.US, NOT_RUN))
    return AgreedVisit(MISSED, len(chances), tried, party, why)


def missed_visits(
    made: Sequence[Try],
    *,
    contract: Mapping[str, Any],
    months: Iterable[date],
    now: datetime,
    told_at: datetime | None,
    until: datetime | None = None,
) -> list[Missed]:
    """Return the agreed visits that were missed and that no earlier report could tell.

    Args:
        made: Every try at the PC.
        contract: The contract as plain data.
        months: The months in question, in order.
        now: The moment of this report.
        told_at: The moment of the report before it, or None for the first.
        until: When the PC left the contract, or None.
    """
    out = []
    for month in months:
        visit = agreed_visit(made, contract=contract, month=month, now=now, until=until)
        if visit is None or visit.outcome != MISSED or visit.party is None:
            continue
        before = told_at and agreed_visit(
            made, contract=contract, month=month, now=told_at, until=until
        )
        if not before or before.outcome != MISSED:
            out.append(Missed(VISIT, visit.party, visit.why, visit, month))
    return out


def missed_service(
    service: str,
    standing: ServiceStanding,
    *,
    host: Mapping[str, Any],
    waiting: bool,
    blocked: bool,
    removal: Mapping[str, Any] | None,
) -> Missed | None:
    """Return on whom it depends that a service does not stand, or None when it does.

    Args:
        service: `antivirus` or `backup`.
        standing: How it stands.
        host: The record of the last look.
        waiting: Whether a step of ours to install it waits for a person.
        blocked: Whether the inspection found faults to cure before anything is installed.
        removal: The evidence of its removal, as `disappearances` gives it, or None.
    """
    match standing:
        case ServiceStanding.WORKING | ServiceStanding.STALE:
            return None
        case ServiceStanding.REMOVED:
            found = str(removal["verdict"]) if removal is not None else NO_EVENT
            party = _REMOVALS.get(found, Party.UNKNOWN)
            return Missed(service, party, found)
        case ServiceStanding.ABSENT if blocked:
            return Missed(service, Party.UNKNOWN, "gate")
        case ServiceStanding.ABSENT:
            return Missed(service, Party.US, "step_open" if waiting else "not_installed")
    if any(item["verdict"] == "waived" for item in host["services"][service]["evidence"]):
        return Missed(service, Party.CLIENT, "waived")
    why = _word(service, host)
    known = _WORDS.get((service, why))
    if standing is ServiceStanding.NOT_WORKING:
        return Missed(service, known or Party.UNKNOWN, why if known else "cause_unknown")
    # What could not be told is a missed proof only where somebody is known to have kept it.
    return Missed(service, known, why) if known is Party.THIRD_PARTY else None


def _word(service: str, host: Mapping[str, Any]) -> str:
    """Return what the last look says of a service in one word."""
    told = host.get(service)
    if told is None:
        return ""
    if service == "backup":
        return str(told["why"])
    states = {str(told["products"][name]["state"]) for name in told["accept"]}
    return next((word for word in ("snoozed", "expired") if word in states), "")
