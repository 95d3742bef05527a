"""When the contract lets PCs be visited: each month's hours and its second chances, as moments."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from custode.core.observation import utc_text


@dataclass(frozen=True, order=True)
class Hours:
    """Hours of one day, from the first moment to the first one after them."""

    starts_at: datetime
    ends_at: datetime

    def hold(self, moment: datetime) -> bool:
        """Tell whether a moment lies in them."""
        return self.starts_at <= moment < self.ends_at

    def to_json(self) -> dict[str, str]:
        """Return plain data."""
        return {"ends_at": utc_text(self.ends_at), "starts_at": utc_text(self.starts_at)}


def agreed_hours(contract: Mapping[str, Any], month: date) -> tuple[Hours, ...]:
    """Return the hours of a month's visits and of their second chances, in order.

    Args:
        contract: The contract as plain data.
        month: Any day of the month; a second chance may fall in the next one.

    Returns:
        Nothing where the contract agrees no visit: before its start, after its end, or on a day
        without visits that has no second chance.
    """
    if contract.get("monitoring") is None:
        return ()
    return _agreed(_terms(contract), month.replace(day=1))


def hours_at(contract: Mapping[str, Any], moment: datetime) -> Hours | None:
    """Return the agreed hours that a moment lies in, or None when it lies in none."""
    if contract.get("monitoring") is None:
        return None
    return _holding(_terms(contract), moment)


def _terms(contract: Mapping[str, Any]) -> str:
    """Return what the hours follow from, as one text: a fleet asks for the same ones again and again."""
    named = {name: contract.get(name) for name in ("starts_on", "ends_on", "monitoring")}
    return json.dumps({**named, "timezone": contract["client"]["timezone"]}, sort_keys=True)


@lru_cache(maxsize=1024)
def _holding(terms: str, moment: datetime) -> Hours | None:
    month = moment.astimezone(ZoneInfo(json.loads(terms)["timezone"])).date().replace(day=1)
    known = {*_agreed(terms, month), *_agreed(terms, (month - timedelta(days=1)).replace(day=1))}
    return next((hours for hours in sorted(known) if hours.hold(moment)), None)


@lru_cache(maxsize=256)
def _agreed(terms: str, month: date) -> tuple[Hours, ...]:
    contract = json.loads(terms)
    zone = ZoneInfo(contract["timezone"])
    found = [
        _hours(day + timedelta(days=after), window, zone)
        for day in _days(contract, month)
        for after, window in _chances(contract["monitoring"])
        if _is_allowed(contract, day + timedelta(days=after))
    ]
    return tuple(sorted(set(found)))


def _days(contract: Mapping[str, Any], month: date) -> Iterable[date]:
    """Return the days of a month on which a visit is due, whatever day that is."""
    # The rule counts its months from the contract's first one.
    begins = date.fromisoformat(str(contract["starts_on"])).replace(day=1)
    first = month.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    rule = rrulestr(str(contract["monitoring"]["rule"]), dtstart=_naive(begins))
    return [found.date() for found in rule.between(_naive(first), _naive(last), inc=True)]


def _chances(monitoring: Mapping[str, Any]) -> Iterable[tuple[int, Mapping[str, str]]]:
    """Return the visit and its second chances: days after, and hours."""
    slots = monitoring.get("fallback_slots", ())
    return [(0, monitoring["window"]), *((slot["after_days"], slot["window"]) for slot in slots)]


def _is_allowed(contract: Mapping[str, Any], day: date) -> bool:
    ends_on = contract.get("ends_on")
    known = str(contract["starts_on"]) <= day.isoformat() <= str(ends_on or "9999-12-31")
    return known and day.isoformat() not in contract["monitoring"].get("blackout", ())


def _hours(day: date, window: Mapping[str, str], zone: ZoneInfo) -> Hours:
    starts_at, ends_at = (
        datetime.combine(day, time.fromisoformat(window[name]), zone).astimezone(UTC)
        for name in ("start", "end")
    )
    return Hours(starts_at, ends_at)


def _naive(day: date) -> datetime:
    return datetime.combine(day, time())
