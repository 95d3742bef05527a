"""The words of the language of rules: functions, filters and tests over known values.

Each fails on a missing value instead of answering for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import linear_regression
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context

from custode.core.antivirus import product_state
from custode.core.observation import Facts, utc_moment
from custode.core.probes import DAYS_AGO

WSC_COLUMNS = ("on", "owner", "signatures")
"""What `wsc_state` gives."""

FILTERS = (
    "abs",
    "age_days",
    "days_left",
    "default",
    "first",
    "gib",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "major",
    "map",
    "max",
    "min",
    "newest_day",
    "reject",
    "rejectattr",
    "repeats",
    "round",
    "select",
    "selectattr",
    "sort",
    "sum",
    "trim",
    "unique",
    "upper",
    "wsc_state",
)
"""The filters of the language; a closed list, each of which fails on a missing value."""

TESTS = (
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "antivirus_of",
    "containing",
    "defined",
    "eq",
    "equalto",
    "ge",
    "gt",
    "in",
    "le",
    "lt",
    "ne",
    "starting_with",
)
"""The tests of the language. `is none` is not among them: it would be false of a missing value,
and so pass where nothing is known."""

FAR_DAYS = 3650.0
"""What `days_left` gives where there is no end in sight."""

_SECONDS_PER_DAY = 86_400
_BYTES_PER_GIB = 1024**3
_CIM_MOMENT = re.compile(r"[0-9]{14}\.[0-9]{6}[+-][0-9]{3}")


class Uncertain(Exception):  # noqa: N818 - not a fault: the third answer beside true and false
    """An expression has no answer.

    Attributes:
        kind: `probe_error`, `probe_missing`, `missing_value`, `stale` or `expression`.
        detail: Where, without any value of the PC.
    """

    kind = "expression"

    def __init__(self, detail: str, *, kind: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.kind = kind or type(self).kind


class ExpressionError(Uncertain):
    """The expression does not fit the facts: a wrong type, a text where a number must stand."""


def uncertain_of(facts: Facts, probe_id: str) -> Uncertain | None:
    """Return why a probe gave no rows, or None when it gave them."""
    result = facts.get(probe_id)
    if result is None:
        return Uncertain(probe_id, kind="probe_missing")
    if result.error is None:
        return None
    kind = "stale" if result.error.kind == "stale" else "probe_error"
    return Uncertain(f"{probe_id}: {result.error.kind} ({result.error.message})", kind=kind)


@pass_context
def age_days(context: Context, moment: Any) -> float:
    """Return how many days before `now` a moment lies; negative when it lies after it.

    Args:
        context: Holds `now`.
        moment: ISO 8601 with a zone, or the text form of WMI, `20261005070000.000000-000`.
    """
    text = text_of(moment)
    then = _cim_moment(text) if _CIM_MOMENT.fullmatch(text) else utc_moment(text)
    now: datetime = context["now"]
    return (now - then).total_seconds() / _SECONDS_PER_DAY


def gib(size: Any) -> float:
    """Return bytes as gibibytes; large sizes arrive as decimal text."""
    return strict_int(size) / _BYTES_PER_GIB


def rounded(value: Any, digits: int = 0) -> float:
    """Return a number rounded to so many digits after the point."""
    demand(value)
    return round(float(value), digits)


def strict_int(value: Any) -> int:
    """Return a whole number; a text that is none is an error, never 0."""
    demand(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ExpressionError(f"int of {type(value).__name__}")
    return int(value)


def major(version: Any) -> int:
    """Return the first number of a dotted version."""
    return _numbers(version)[0]


def repeats(values: Any) -> int:
    """Return how often the most frequent of some values occurs; 0 when there are none."""
    demand(values)
    listed = list(values)
    for value in listed:
        demand(value)
    return max((listed.count(value) for value in listed), default=0)


def newest_day(events: Any) -> list[Any]:
    """Return the events of the newest day on which there was one, by their `time` in UTC."""
    demand(events)
    dated = [(text_of(event["time"])[:10], event) for event in events]
    newest = max((day for day, _ in dated), default="")
    return [event for day, event in dated if day == newest]


@pass_context
def utc_offset(context: Context, zone: Any) -> int:
    """Return how many minutes a time zone is ahead of UTC now, summer time included.

    Args:
        context: Holds `now`.
        zone: IANA name, such as `Europe/Rome`.
    """
    now: datetime = context["now"]
    offset = now.astimezone(ZoneInfo(text_of(zone))).utcoffset() or timedelta()
    return int(offset.total_seconds()) // 60


def days_left(earlier: Any, column: str, left: Any) -> float:
    """Return in how many days nothing is left of something, if it goes on as it went.

    The line through all looks, by least squares, says how much a day takes away.

    Args:
        earlier: Rows of earlier looks, with `days_ago` and the column; two or more.
        column: What there was of it.
        left: What there is of it now.

    Returns:
        The days, at most 3650: further away nobody sees.
    """
    demand(earlier)
    points = [(-_number(row[DAYS_AGO]), strict_int(row[column])) for row in earlier]
    points.append((0.0, strict_int(left)))
    if len({day for day, _ in points}) < 3:  # noqa: PLR2004 - two looks and this one
        raise Uncertain("fewer than two earlier looks", kind="missing_value")
    slope = linear_regression(*zip(*points, strict=True)).slope
    return min(strict_int(left) / -slope, FAR_DAYS) if slope < 0 else FAR_DAYS


def unknown(detail: str) -> bool:
    """End the judgement: what the rule would need to know cannot be known.

    Args:
        detail: Where the knowledge ends, such as `security_products: no row`.
    """
    raise Uncertain(detail, kind="missing_value")


def version_at_least(version: Any, least: Any) -> bool:
    """Return whether a dotted version is `least` or newer, number by number."""
    return _numbers(version) >= _numbers(least)


def wsc_state(number: Any) -> Mapping[str, str]:
    """Return what a Security Center `productState` says: on, owner, signatures."""
    return product_state(strict_int(number))


def starting_with(text: Any, prefix: str | Sequence[str]) -> bool:
    """Return whether a text begins with a prefix, or with one of several, whatever the case."""
    prefixes = [prefix] if isinstance(prefix, str) else prefix
    return text_of(text).lower().startswith(tuple(each.lower() for each in prefixes))


def containing(text: Any, part: str) -> bool:
    """Return whether a text contains a part, whatever the case."""
    return part.lower() in text_of(text).lower()


def _cim_moment(text: str) -> datetime:
    # The offset is in minutes east of UTC: yyyymmddHHMMSS.ffffff+120.
    local = datetime.strptime(text[:14] + "+0000", "%Y%m%d%H%M%S%z")
    return local - timedelta(minutes=int(text[21:]))


def _numbers(version: Any) -> tuple[int, ...]:
    text = text_of(version)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", text):
        raise ExpressionError("not a version")
    numbers = [int(part) for part in text.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _number(value: Any) -> float:
    demand(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ExpressionError(f"{type(value).__name__} where a number must stand")
    return float(value)


def text_of(value: Any) -> str:
    """Return a text; anything else has no place where one must stand."""
    demand(value)
    if not isinstance(value, str):
        raise ExpressionError(f"{type(value).__name__} where a text must stand")
    return value


def demand(value: Any) -> None:
    """Raise, naming the place, when a value is missing."""
    if isinstance(value, StrictUndefined):
        str(value)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "age_days": age_days,
    "gib": gib,
    "major": major,
    "unknown": unknown,
    "utc_offset": utc_offset,
    "version_at_least": version_at_least,
    "wsc_state": wsc_state,
}
"""What an expression may call."""

OWN_FILTERS: Mapping[str, Callable[..., Any]] = {
    "age_days": age_days,
    "days_left": days_left,
    "gib": gib,
    "int": strict_int,
    "major": major,
    "newest_day": newest_day,
    "repeats": repeats,
    "round": rounded,
    "wsc_state": wsc_state,
}
"""Filters that are ours, or that take the place of a milder one."""

OWN_TESTS: Mapping[str, Callable[..., bool]] = {
    "containing": containing,
    "starting_with": starting_with,
}
"""Tests that are ours."""
