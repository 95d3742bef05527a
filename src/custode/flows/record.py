"""Turns task results into journal events: what was seen, changed, refused or missed, and no more.

A task's raw result never reaches the journal: modules quote paths, names and sometimes secrets.
Only what our own actions put under the keys `custode` and `custode_read`, which is what they looked
at, and the class of a failure, are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from custode.core.failures import Failures


class Sink(Protocol):
    """Where events go: a journal."""

    def append(self, event: Mapping[str, Any]) -> None:
        """Keep one event for good before returning."""


class Recorder:
    """Writes the events of one run to its journal."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._failures = Failures()

    def started(self, header: Mapping[str, Any]) -> None:
        """Record who runs what, on which PCs, with which versions and probes."""
        self._sink.append({"event": "run_started", **header})

    def ok(self, host: str, *, role: str, task: str, result: Mapping[str, Any]) -> None:
        """Record what a successful step observed, opened or changed; most steps leave nothing."""
        self._own(host, result)
        self._failures.saw(host, result)
        if result.get("changed"):
            self._sink.append({"event": "changed", "host": host, "role": role, "task": task})

    def failed(self, host: str, *, role: str, task: str, result: Mapping[str, Any]) -> None:
        """Record a failure by its class; a gate that closed is `stopped`, not a failure."""
        self._own(host, result)
        reason = self._failures.reason(host, result, unreachable=False)
        event = "stopped" if reason.kind == "gate" else "failed"
        self._sink.append(
            {"event": event, "host": host, "role": role, "task": task, "reason": reason.to_json()}
        )

    def unreachable(self, host: str, *, task: str, result: Mapping[str, Any]) -> None:
        """Record that a PC could not be reached, and why."""
        reason = self._failures.reason(host, result, unreachable=True)
        self._sink.append(
            {"event": "unreachable", "host": host, "task": task, "reason": reason.to_json()}
        )

    def finished(self, *, at: str, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Record that the run came to its end; without this line it was interrupted."""
        self._sink.append(
            {"event": "run_finished", "at": at, "counts": {h: dict(c) for h, c in counts.items()}}
        )

    def _own(self, host: str, result: Mapping[str, Any]) -> None:
        if read := result.get("custode_read"):
            self._sink.append({"event": "read", "host": host, "entries": list(read)})
        own = result.get("custode")
        if not isinstance(own, Mapping):
            return
        kind = str(own["kind"])
        if kind == "observation":
            self._sink.append({"event": "observation", "host": host, "payload": dict(own)})
        else:
            rest = {key: value for key, value in own.items() if key != "kind"}
            self._sink.append({"event": kind, "host": host, **rest})
