"""What was missed on a PC, as a month's report tells it: each thing once, when it is certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from custode.core.attribution import Missed, agreed_visit, missed_service, missed_visits, tries
from custode.core.fleet import Fleet, Pc
from custode.core.observation import utc_moment, utc_text
from custode.core.standing import State
from custode.core.store_layout import Json, service_products


@dataclass(frozen=True)
class Span:
    """What a report tells of.

    Attributes:
        since: The first moment of its month, ISO 8601 UTC.
        months: Its month, and before it those that had no report, or whose visits were not over
            when the last report was made.
        told_at: The moment of the report before it, or None for the first.
    """

    since: str
    months: Sequence[date]
    told_at: datetime | None


def span_of(first: date, known: Sequence[tuple[date, Json]], contract: Mapping[str, Any]) -> Span:
    """Return what the report of a month tells of.

    Args:
        first: The first day of the month.
        known: Every run until then with its month, oldest first.
        contract: The contract as plain data.
    """
    reported = max((month for month, run in known if run["hosts"] and month < first), default=None)
    told = [utc_moment(str(run["at"])) for month, run in known if month == reported]
    month = reported or date.fromisoformat(str(contract["starts_on"])).replace(day=1)
    months = []
    while month < first:
        months.append(month)
        month = (month + timedelta(days=31)).replace(day=1)
    return Span(_month_start(first, contract), [*months, first], max(told, default=None))


def missed_on(pc: Pc, fleet: Fleet, span: Span) -> tuple[list[Missed], str | None]:
    """Return what was missed on a PC, and what became of the month's visit.

    Args:
        pc: The PC.
        fleet: Its fleet at the moment of the report.
        span: What the report tells of.

    Returns:
        The visits, then the services; and `kept`, `open` or `missed`, or None if no visit was
        agreed.
    """
    asked: Any = {
        "contract": fleet.contract,
        "now": utc_moment(fleet.now),
        "until": pc.standing.since if pc.standing.state is State.CLOSED else None,
    }
    made = tries(fleet.runs, pc.name, contract=fleet.contract)
    visit = agreed_visit(made, month=span.months[-1], **asked)
    visits = missed_visits(made, months=span.months, told_at=span.told_at, **asked)
    missed = [*visits, *_missed_services(pc, fleet.contract)]
    return missed, visit.outcome if visit else None


def _missed_services(pc: Pc, contract: Mapping[str, Any]) -> list[Missed]:
    if pc.last_host is None or pc.standing.state is State.CLOSED:
        return []
    products = service_products(contract)
    blocked = any(item.get("gate") for item in pc.with_verdict("fail"))
    removals = {item["service"]: item for item in pc.disappearances}
    found = [
        missed_service(
            name,
            standing,
            host=pc.last_host,
            waiting=any(step["product"] in products[name] for step in pc.open_steps),
            blocked=blocked,
            removal=removals.get(name),
        )
        for name, standing in pc.standing.services.items()
    ]
    return [item for item in found if item is not None]


def _month_start(first: date, contract: Mapping[str, Any]) -> str:
    zone = ZoneInfo(str(contract["client"]["timezone"]))
    return utc_text(datetime.combine(first, time(), zone).astimezone(UTC))
