"""What is read on a PC: from declared probes to the module's wire form, and back to facts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from custode.core.guard import refusal
from custode.core.observation import (
    Facts,
    ProbeError,
    ProbeResult,
    Row,
    canonical,
    utc_moment,
    utc_text,
)
from custode.core.readable import MARKER_WORDS

EVENT_COLUMNS = ("record_id", "event_id", "time", "level", "provider", "account", "data")
"""Columns of every `event_log` row; `data` holds the declared fields."""

ACCOUNT_DIGEST = "account_digest"
"""The column that tells one person's account from another; the PC makes it, see `people`."""

LOG_START_COLUMNS = ("log", "oldest_at", "oldest_record_id")
"""Columns of the one `log_start` row."""

ACCOUNT_COLUMNS = ("class", "accounts", "enabled", "administrators")
"""Columns of every `accounts` row: counts, and the kind of SID they are of."""

WHOLE_PROBE = "*"
"""As the only volatile column: nothing of this probe stays the same between two looks."""

SERVER = "server"
"""The kind that is asked of the backup's server, from the controller."""

EARLIER = "earlier"
"""The kind that is taken from what earlier looks at the PC left in the client's store."""

NOT_OF_THE_PC = frozenset({EARLIER, SERVER})
"""The kinds that are never sent to a PC."""

DAYS_AGO = "days_ago"
"""How many days before the look an earlier one was: a column of every row of kind `earlier`."""

_COST_RANK = {"low": 0, "medium": 1, "high": 2}
_MAX_EVENTS = 50
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ProbeExample:
    """An answer as the module gives it, from a PC of the kind that `shape` names.

    Attributes:
        recorded: Whether a real PC gave it; else it is invented, in the shape of one that did.
        shape: The PC, or where the shape is told.
        answer: `{"rows": [...]}` or `{"error": {"kind", "message"}}`.
    """

    recorded: bool
    shape: str
    answer: Mapping[str, Any]


@dataclass(frozen=True)
class Probe:
    """One declared, read-only look at one source.

    Attributes:
        id: Stable name, lower snake case.
        purpose: Why this is read, by language (`it`, `en`); printed for the client.
        kind: `accounts`, `cim`, `registry`, `event_log`, `file`, `log_start` or
            `marker`; or `earlier` or `server`, which are not of the PC.
        arguments: The kind's own arguments, as the policy file gives them.
        freshness_days: How long an answer may be used, in days.
        cost: `low`, `medium` or `high`; costly probes run last, so that a deadline hits them.
        key: Columns that identify a row and give rows a stable order.
        volatile: Columns that change by themselves (free space, times of day), or `*`.
        digest: Columns whose value is replaced by a digest before anything is stored.
        device_kinds: Kinds of device that are asked; empty for all. Asking others would tell
            nothing, or do harm.
        no_data: By column, the values by which a source says that it has no data, such as 65535
            starts of a disk: kept as they are, and null to every rule.
        examples: Answers that such a source gives; part of the probe's file.
        since_days: For `earlier` and `event_log`: how far back to look, in days.
        timeout_seconds: How long this probe alone may take, in seconds.
    """

    id: str
    purpose: Mapping[str, str]
    kind: str
    arguments: Mapping[str, Any]
    freshness_days: int = 35
    cost: str = "low"
    key: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    digest: tuple[str, ...] = ()
    device_kinds: tuple[str, ...] = ()
    no_data: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    examples: tuple[ProbeExample, ...] = ()
    since_days: int | None = None
    timeout_seconds: int = 20
    columns: tuple[str, ...] = field(init=False)
    """The columns of every row, in the order they are declared."""

    def __post_init__(self) -> None:
        """Derive the columns from the arguments."""
        object.__setattr__(self, "columns", _columns(self.kind, self.arguments))

    @property
    def target(self) -> str:
        """What is looked at, on one line, for the register of what was read."""
        arguments = self.arguments
        if self.kind == "accounts":
            return "Win32_UserAccount, Win32_Group"
        if self.kind == "cim":
            linked = arguments.get("associated")
            also = f", {linked['class']}" if linked else ""
            only = f" ({arguments['filter']})" if arguments.get("filter") else ""
            return f"{arguments['namespace']}:{arguments['class']}{also}{only}"
        if self.kind == "registry":
            return _registry_target(arguments)
        if self.kind == "event_log":
            ids = ", ".join(str(number) for number in arguments["ids"])
            return f"{arguments['log']}: {', '.join(arguments['providers'])} ({ids})"
        if self.kind == "log_start":
            return f"{arguments['log']}"
        if self.kind in NOT_OF_THE_PC:
            whence = arguments.get("probe", "services.backup.server_url")
            return f"{whence}: {', '.join(arguments['properties'])}"
        if self.kind == "marker":
            return f"{arguments['paths'][0]}: {', '.join(arguments['markers'])}"
        where = "%UserProfile%\\" if arguments.get("each_profile") else ""
        return "; ".join(f"{where}{path}" for path in arguments["paths"])


def _registry_target(arguments: Mapping[str, Any]) -> str:
    if arguments.get("each_user"):
        names = ", ".join(arguments["names"])
        return "; ".join(f"HKU\\*\\{key}\\* ({names})" for key in arguments["keys"])
    below = "\\*" if arguments.get("subkeys") else ""
    return "; ".join(f"{key}{below}" for key in arguments["keys"])


def plan(probes: Iterable[Probe], *, now: datetime) -> list[dict[str, Any]]:
    """Return the probes as `fleet_probe` takes them, cheapest first.

    A probe that the privacy guard refuses is not sent at all; `normalise` records the refusal.
    One that is not of the PC is left out.

    Args:
        probes: What to read.
        now: The moment of the look, aware; event logs are read back from here.
    """
    allowed = [
        probe
        for probe in probes
        if probe.kind not in NOT_OF_THE_PC and refusal(probe.kind, probe.arguments) is None
    ]
    ordered = sorted(allowed, key=lambda probe: (_COST_RANK.get(probe.cost, 0), probe.id))
    return [_wire(probe, now=now) for probe in ordered]


def normalise(probes: Iterable[Probe], raw: Mapping[str, Any]) -> Facts:
    """Return facts in a stable order, holding the declared columns and nothing else.

    Args:
        probes: The probes that were planned.
        raw: The module's `facts`: `{probe_id: {"rows"|"error", "ms"}}`. Ids that nobody asked
            for are dropped; an id that is missing becomes an error `failed` `NotReturned`, or no
            rows where it is not of the PC, and need not be asked.
    """
    return Facts({probe.id: _normalised(probe, raw.get(probe.id)) for probe in probes})


def split_volatile(
    probes: Iterable[Probe], facts: Facts
) -> tuple[Facts, dict[str, list[dict[str, Any]]]]:
    """Part what stays the same on an unchanged PC from what changes by itself.

    Args:
        probes: The probes the facts came from.
        facts: Normalised facts.

    Returns:
        The stable facts, and by probe id the rows of key and volatile columns. A probe that is
        volatile as a whole (`*`) leaves the stable facts, unless it ended in an error.
    """
    stable: dict[str, ProbeResult] = dict(facts.results)
    volatile: dict[str, list[dict[str, Any]]] = {}
    for probe in probes:
        result = facts.results.get(probe.id)
        if result is None or result.error is not None or not probe.volatile:
            continue
        if WHOLE_PROBE in probe.volatile:
            del stable[probe.id]
            volatile[probe.id] = [dict(row) for row in result.rows]
            continue
        moving = set(probe.volatile)
        kept = tuple({k: v for k, v in row.items() if k not in moving} for row in result.rows)
        stable[probe.id] = ProbeResult(rows=kept, ms=result.ms)
        shown = moving | set(probe.key)
        volatile[probe.id] = [{k: v for k, v in row.items() if k in shown} for row in result.rows]
    return Facts(stable), volatile


def join_volatile(stable: Facts, volatile: Mapping[str, Sequence[Row]]) -> Facts:
    """Return the facts that `split_volatile` parted, but for the time they took.

    Args:
        stable: What stays the same.
        volatile: By probe id, the rows of key and volatile columns.

    Returns:
        The facts. Where the two parts are not of the same look, the volatile columns are missing.
    """
    joined: dict[str, ProbeResult] = dict(stable.results)
    for probe_id, moving in volatile.items():
        kept = joined.get(probe_id)
        if kept is None:
            joined[probe_id] = ProbeResult(rows=tuple(moving))
        elif len(kept.rows) == len(moving) and all(map(_alike, kept.rows, moving)):
            rows = tuple({**row, **more} for row, more in zip(kept.rows, moving, strict=True))
            joined[probe_id] = ProbeResult(rows=rows, error=kept.error)
    return Facts(joined)


def _alike(row: Row, other: Row) -> bool:
    return all(row[name] == other[name] for name in row.keys() & other.keys())


def honest(row: Row, no_data: Mapping[str, tuple[Any, ...]]) -> Row:
    """Return a row in which values that stand for "no data" are null.

    Args:
        row: As it was read.
        no_data: By column, such values.
    """
    lies = [name for name, values in no_data.items() if row.get(name) in values]
    return {**row, **dict.fromkeys(lies)} if lies else row


def _columns(kind: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    if kind == "cim":
        associated = arguments.get("associated") or {}
        return (*arguments.get("properties", ()), *associated.get("properties", ()))
    if kind == "registry":
        return ("user" if arguments.get("each_user") else "key", *arguments.get("values", ()))
    if kind == "event_log":
        return (
            (*EVENT_COLUMNS, ACCOUNT_DIGEST) if arguments.get("digest_account") else EVENT_COLUMNS
        )
    if kind == "file":
        return ("path", "profile", "exists", *arguments.get("properties", ()))
    if kind == EARLIER:
        return (DAYS_AGO, *arguments["properties"])
    if kind == SERVER:
        return tuple(arguments["properties"])
    if kind == "marker":
        return ("path", "profile", "folder", "marker", "exists", *arguments["properties"])
    return {"accounts": ACCOUNT_COLUMNS, "log_start": LOG_START_COLUMNS}.get(kind, ())


def _wire(probe: Probe, *, now: datetime) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "id": probe.id,
        "kind": probe.kind,
        "timeout_seconds": probe.timeout_seconds,
        **{name: value for name, value in probe.arguments.items() if value is not None},
    }
    if probe.kind == "event_log":
        wire["since"] = utc_text(now - timedelta(days=probe.since_days or 0))
        wire.setdefault("max", _MAX_EVENTS)
    return wire


def _normalised(probe: Probe, entry: Any) -> ProbeResult:
    if probe.kind in NOT_OF_THE_PC:
        refused, entry = None, {"rows": []} if entry is None else entry
    else:
        refused = refusal(probe.kind, probe.arguments)
    if refused is not None:
        return ProbeResult(error=ProbeError("refused", refused))
    if not isinstance(entry, Mapping):
        return ProbeResult(error=ProbeError("failed", "NotReturned"))
    try:
        result = Facts.from_json({probe.id: entry})[probe.id]
        rows = [_row(probe, row) for row in result.rows]
    except (TypeError, ValueError, KeyError):
        return ProbeResult(error=ProbeError("failed", "MalformedAnswer"))
    if result.error is not None:
        return result
    rows.sort(key=lambda row: (canonical([row[name] for name in probe.key]), canonical(row)))
    return ProbeResult(rows=tuple(rows), ms=result.ms)


def _row(probe: Probe, row: Row) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for name in probe.columns:
        value = _value(row.get(name))
        if name == "data" and probe.kind == "event_log":
            fields = value if isinstance(value, Mapping) else {}
            value = {key: _value(fields.get(key)) for key in probe.arguments.get("fields", ())}
        if probe.kind == "marker":
            value = _marked(probe, name, value)
        if name == ACCOUNT_DIGEST:
            # The second lock: whatever the PC says, nothing but a digest goes on from here.
            value = value if _DIGEST.fullmatch(str(value)) else None
        if name in probe.digest and value is not None:
            value = _digest(str(value))
        clean[name] = value
    return clean


def _value(value: Any) -> Any:
    # Firmware pads its texts with blanks (part numbers, serials); a blank is not a change.
    if isinstance(value, str):
        return value.strip("\x00 \t\r\n")
    return value


def _marked(probe: Probe, name: str, value: Any) -> Any:
    """Return a column of a `marker` row, or None for what is not of its kind.

    The PC tells no other text; this is the second lock, for a PC that was told otherwise.
    """
    match name:
        case "path" | "marker":
            return value if value in probe.arguments[f"{name}s"] else None
        case "exists":
            return value if isinstance(value, bool) else None
        case "word":
            return value if value in MARKER_WORDS else None
        case "first_at" | "last_at":
            return _moment(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: Any) -> str | None:
    try:
        return utc_text(utc_moment(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.lower().encode()).hexdigest()[:16]
