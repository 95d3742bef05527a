"""Event logs: records with provider, number, level, account and data; never a localised text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from winsim.moments import resolve


@dataclass(frozen=True, slots=True)
class Event:
    """One record.

    `data` is named, or a list where Windows names nothing; `binary` is what some providers add, in
    hexadecimal: the Windows Installer writes the product code there.
    """

    log: str
    provider: str
    id: int
    at: Any
    level: int = 4
    sid: str | None = None
    data: Mapping[str, str] | Sequence[str] = ()
    binary: str = ""
    record_id: int = 0

    def field(self, name: str) -> str | None:
        """Return a datum by its name, or by its position written as a number."""
        if isinstance(self.data, Mapping):
            return self.data.get(name)
        if name.isdigit() and int(name) < len(self.data):
            return str(self.data[int(name)])
        return None


class LogMissingError(Exception):
    """The PC has no such log; `args[0]` is Windows' identifier of the error."""


class EventLogs:
    """All logs of a PC; record numbers grow with each record of a log, also once it was cleared.

    Args:
        missing: Logs that this PC does not have.
        limits: How many records a log keeps, by its name; of one more, the oldest goes.
    """

    def __init__(
        self, missing: Sequence[str] = (), limits: Mapping[str, int] | None = None
    ) -> None:
        self._events: list[Event] = []
        self._next: dict[str, int] = {}
        self._missing = {name.lower() for name in missing}
        self._limits = {name.lower(): count for name, count in (limits or {}).items()}

    @property
    def missing(self) -> list[str]:
        """Return the logs that this PC does not have, in small letters."""
        return sorted(self._missing)

    def __iter__(self) -> Iterator[Event]:
        """Go through every record of every log, in the order in which they were written."""
        return iter(tuple(self._events))

    def add(self, event: Event) -> Event:
        """Append a record and return it with its number."""
        log = event.log.lower()
        number = self._next.get(log, 1000) + 1
        self._next[log] = number
        record = replace(event, record_id=number)
        self._events.append(record)
        limit = self._limits.get(log)
        if limit is not None:
            same = [index for index, kept in enumerate(self._events) if kept.log.lower() == log]
            for index in reversed(same[: max(0, len(same) - limit)]):
                del self._events[index]
        return record

    def clear(self, log: str) -> None:
        """Drop all records of a log.

        Raises:
            LogMissingError: The PC has no such log.
        """
        low = log.lower()
        if low in self._missing:
            raise LogMissingError("NoMatchingLogsFound")
        self._events[:] = [event for event in self._events if event.log.lower() != low]

    def records(self, log: str) -> list[Event]:
        """Return what a log holds, oldest first.

        Raises:
            LogMissingError: The PC has no such log.
        """
        low = log.lower()
        if low in self._missing:
            raise LogMissingError("NoMatchingLogsFound")
        return [event for event in self._events if event.log.lower() == low]

    def find(
        self,
        log: str,
        *,
        provider: str,
        ids: Sequence[int],
        since: datetime | None,
        now: datetime,
    ) -> list[tuple[datetime, Event]]:
        """Return the records of a provider, newest first, with their times.

        Raises:
            LogMissingError: The PC has no such log.
        """
        if log.lower() in self._missing:
            raise LogMissingError("NoMatchingLogsFound")
        found = [
            (resolve(event.at, now), event)
            for event in self._events
            if event.log.lower() == log.lower()
            and event.provider.lower() == provider.lower()
            and event.id in ids
        ]
        kept = [(at, e) for at, e in found if at <= now and (since is None or at >= since)]
        return sorted(kept, key=lambda pair: (pair[0], pair[1].record_id), reverse=True)

    def snapshot(self) -> list[dict[str, Any]]:
        """Return everything as plain data."""
        return [
            {**asdict(event), "at": str(event.at), "data": _plain(event.data)}
            for event in self._events
        ]


def _plain(data: Mapping[str, str] | Sequence[str]) -> Any:
    return dict(data) if isinstance(data, Mapping) else list(data)
