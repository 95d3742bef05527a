"""The duty to warn: which notices are due to the client, and how far each has come.

Each cause is told by one notice, and one notice tells every cause that a visit to a PC brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from custode.core.hazards import Cause
from custode.core.observation import utc_moment, utc_text
from custode.core.standing import Standing, State

DUE, SENT, DELIVERED, ACKNOWLEDGED = "due", "sent", "delivered", "acknowledged"
STATUSES = (DUE, SENT, DELIVERED, ACKNOWLEDGED)
"""How far a notice has come, in order; each but the first is recorded by a person."""

ENTRY = "notice"
"""The word for a notice's lines in the ledger."""

_WARNED = frozenset({State.AT_RISK, State.SUSPENDED})

Entry = dict[str, Any]


@dataclass(frozen=True)
class Notice:
    """One notice about one PC.

    Attributes:
        id: Its name: the visit's moment and the PC.
        device: The PC.
        due_at: The visit that made it due, ISO 8601 UTC.
        run_id: That visit's run.
        state: Where the contract stood for the PC.
        until: When the shortest grace period of its causes ends, or None.
        causes: What it tells, as the ledger keeps it.
        records: By status that was recorded, `on` (when it happened) and `by` (whose role).
        needless: Whether everything it tells was seen good again.
    """

    id: str
    device: str
    due_at: str
    run_id: str
    state: str
    until: str | None
    causes: Sequence[Mapping[str, Any]]
    records: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    needless: bool = False

    @property
    def status(self) -> str:
        """Return how far it has come."""
        return next((word for word in reversed(STATUSES) if word in self.records), DUE)

    @property
    def waits(self) -> bool:
        """Return whether somebody must still send it."""
        return self.status == DUE and not self.needless

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "causes": [dict(cause) for cause in self.causes],
            "device": self.device,
            "due_at": self.due_at,
            "id": self.id,
            "needless": self.needless,
            "records": {status: dict(told) for status, told in self.records.items()},
            "run_id": self.run_id,
            "state": self.state,
            "status": self.status,
            "until": self.until,
        }


def notices_due(
    ledger: Iterable[Mapping[str, Any]],
    found: Iterable[Cause],
    *,
    device: str,
    runs: Iterable[Mapping[str, Any]],
    standing: Standing,
    grace: Mapping[str, timedelta],
) -> list[Entry]:
    """Return the lines of the notices that have become due and stand in no ledger yet.

    Args:
        ledger: The PC's lines.
        found: What `causes` gave.
        device: The PC.
        runs: Every run's record.
        standing: Where the contract stands for the PC, with every transition.
        grace: The grace period of each service.
    """
    if standing.state is State.CLOSED:
        return []
    known = [line for line in ledger if _is_due(line)]
    told = [(cause["subject"], cause["since"]) for line in known for cause in line["causes"]]
    untold = [
        cause
        for cause in found
        if cause.over_at is None
        and not any(s == cause.subject and since >= cause.since for s, since in told)
    ]
    names = {str(line["notice"]) for line in known}
    at = {str(run["run_id"]): str(run["at"]) for run in runs}
    out: list[Entry] = []
    for run_id in sorted({cause.run_id for cause in untold}, key=lambda name: (at[name], name)):
        own = [cause for cause in untold if cause.run_id == run_id]
        state = _state_at(standing, own[0].since)
        out.append(
            {
                "at": at[run_id],
                "causes": [cause.to_json() for cause in own],
                "entry": ENTRY,
                "notice": _name(at[run_id], device, names),
                "run_id": run_id,
                "state": str(state),
                "status": DUE,
                "until": _until(own, grace) if state in _WARNED else None,
            }
        )
        names.add(out[-1]["notice"])
    return out


def notices_at(
    ledger: Iterable[Mapping[str, Any]], found: Iterable[Cause], *, device: str, now: str
) -> list[Notice]:
    """Return a PC's notices as they stood at a moment, ISO 8601 UTC, oldest first.

    Args:
        ledger: The PC's lines.
        found: What `causes` gave of the runs until then.
        device: The PC.
        now: The moment.
    """
    lines = [line for line in ledger if line["entry"] == ENTRY and str(line["at"]) <= now]
    still = [cause for cause in found if cause.over_at is None]
    records: dict[str, dict[str, dict[str, str]]] = {}
    for line in lines:
        if line["status"] != DUE:
            told = {"by": str(line["by"]), "on": str(line["on"])}
            records.setdefault(str(line["notice"]), {}).setdefault(str(line["status"]), told)
    notices = [
        Notice(
            id=str(line["notice"]),
            device=device,
            due_at=str(line["at"]),
            run_id=str(line["run_id"]),
            state=str(line["state"]),
            until=line["until"],
            causes=line["causes"],
            records=records.get(str(line["notice"]), {}),
            needless=not any(
                cause["subject"] == item.subject and cause["since"] >= item.since
                for cause in line["causes"]
                for item in still
            ),
        )
        for line in lines
        if line["status"] == DUE
    ]
    return sorted(notices, key=lambda notice: (notice.due_at, notice.id))


def record_problem(notice: Notice, status: str, *, on: str, now: str) -> str | None:
    """Return why a status cannot be recorded of a notice, or None when it can.

    Args:
        notice: The notice as it stands.
        status: `sent`, `delivered` or `acknowledged`.
        on: When it happened, ISO 8601 UTC.
        now: The moment of recording.
    """
    if status in notice.records:
        told = notice.records[status]
        return f"it was recorded as {status} on {told['on']} already"
    if STATUSES.index(status) < STATUSES.index(notice.status):
        return f"it is {notice.status} already"
    if status != SENT and SENT not in notice.records:
        return "it was not sent yet"
    last = max([notice.due_at, *(told["on"] for told in notice.records.values())])
    if on < last:
        return f"{on} is before {last}, when it became {notice.status}"
    if on > now:
        return f"{on} has not come yet"
    return None


def recorded_lines(
    own: Sequence[Mapping[str, Any]], run: Mapping[str, Any], device: str
) -> list[Entry]:
    """Return the lines that a run's records of notices about a PC add to its ledger.

    Args:
        own: The ledger's lines of the same run.
        run: The run's record.
        device: The PC.
    """
    known = {(line["notice"], line["status"]) for line in own if line["entry"] == ENTRY}
    return [
        {"entry": ENTRY, **{name: item[name] for name in ("by", "notice", "on", "status")}}
        for item in run.get("notices", [])
        if item["device"] == device and (item["notice"], item["status"]) not in known
    ]


def _is_due(line: Mapping[str, Any]) -> bool:
    return bool(line["entry"] == ENTRY and line["status"] == DUE)


def _state_at(standing: Standing, moment: str) -> State:
    """Return where the contract stood when a look was made."""
    before = [step.after for step in standing.transitions if utc_text(step.at) <= moment]
    return before[-1] if before else State.PENDING


def _until(own: Iterable[Cause], grace: Mapping[str, timedelta]) -> str | None:
    ends = [utc_moment(item.since) + grace[item.subject] for item in own if item.subject in grace]
    return utc_text(min(ends)) if ends else None


def _name(at: str, device: str, taken: Iterable[str]) -> str:
    base = f"{utc_moment(at):%Y%m%dT%H%M%SZ}-{device}"
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}-{count}"
    return name
