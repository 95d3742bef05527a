"""Times in a machine's description: fixed, or relative to the PC's clock.

`now - 20m` follows the clock, so that what is done every day on a healthy PC is still done a month
later without anybody telling it again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_RELATIVE = re.compile(r"now(?:\s*([+-])\s*(\d+)\s*([smhd]))?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass
class SimClock:
    """A clock that stands still until it is set.

    Attributes:
        moment: The true time.
        skew: By how much the PC believes another.
    """

    moment: datetime
    skew: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return where it stands, in UTC, as the PC believes."""
        return self.moment + self.skew

    def set(self, moment: datetime) -> None:
        """Move it.

        Raises:
            ValueError: The moment has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        self.moment = moment.astimezone(UTC)


def is_moment(value: Any) -> bool:
    """Tell whether a value is a time: a datetime, or text relative to the clock."""
    return isinstance(value, datetime) or (
        isinstance(value, str) and _RELATIVE.fullmatch(value) is not None
    )


def resolve(value: Any, now: datetime) -> datetime:
    """Return the moment that a value means at a time.

    Raises:
        ValueError: It is no moment.
    """
    if isinstance(value, str) and (found := _RELATIVE.fullmatch(value)):
        if found[1] is None:
            return now
        span = timedelta(**{_UNITS[found[3]]: int(found[2])})
        return now - span if found[1] == "-" else now + span
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(f"{value} needs a time zone")
    return moment.astimezone(UTC)


def utc_text(moment: datetime) -> str:
    """Return a moment as `2026-10-05T07:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
