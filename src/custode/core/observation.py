"""What one look at one PC returned: rows or an error for each probe, never a gap."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

Row = Mapping[str, Any]
"""One row of a probe: column name to text, number, boolean, list or None (unknown)."""


def canonical(value: Any) -> str:
    """Return one text for equal data: the order rows are sorted by."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class ProbeError:
    """Why a probe returned no rows.

    Attributes:
        kind: `not_found` (no such class, namespace or log), `access_denied`, `timeout`,
            `refused` (the privacy guard), `unsupported` or `failed`.
        message: The language-free error identifier that Windows gave.
    """

    kind: str
    message: str


@dataclass(frozen=True)
class ProbeResult:
    """Rows, or the error that stands in their place; `ms` is the time it took on the PC."""

    rows: tuple[Row, ...] = ()
    error: ProbeError | None = None
    ms: int = 0

    @cached_property
    def ordered(self) -> tuple[Row, ...]:
        """The rows in an order that is not Windows'."""
        return self.rows if len(self.rows) < 2 else tuple(sorted(self.rows, key=canonical))  # noqa: PLR2004 - nothing to sort


@dataclass(frozen=True)
class Facts(Mapping[str, ProbeResult]):
    """Results by probe id."""

    results: Mapping[str, ProbeResult] = field(default_factory=dict)

    def __getitem__(self, probe_id: str) -> ProbeResult:
        """Return the result of one probe."""
        return self.results[probe_id]

    def __iter__(self) -> Iterator[str]:
        """Iterate over probe ids."""
        return iter(self.results)

    def __len__(self) -> int:
        """Return the number of probes."""
        return len(self.results)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facts:
        """Read facts as `fleet_probe` returns them and the store keeps them.

        Args:
            data: `{probe_id: {"rows": [...], "ms": n} | {"error": {"kind", "message"}, "ms": n}}`.

        Returns:
            The same facts, frozen. A probe with neither rows nor error is an error of kind
            `failed`: absence must never look like an empty, healthy answer.
        """
        return cls({probe_id: _result(entry) for probe_id, entry in sorted(data.items())})

    def to_json(self, *, with_timing: bool = True) -> dict[str, Any]:
        """Return plain data, the inverse of `from_json`; `ms` is left out on request."""
        out: dict[str, Any] = {}
        for probe_id, result in sorted(self.results.items()):
            entry: dict[str, Any]
            if result.error is None:
                entry = {"rows": [dict(row) for row in result.rows]}
            else:
                entry = {"error": {"kind": result.error.kind, "message": result.error.message}}
            if with_timing:
                entry["ms"] = result.ms
            out[probe_id] = entry
        return out


def utc_text(moment: datetime) -> str:
    """Return an aware moment as ISO 8601 UTC to the second, such as `2026-10-05T07:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_moment(text: str) -> datetime:
    """Return the moment that `utc_text` wrote.

    Raises:
        ValueError: The text is not ISO 8601 or names no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"{text!r} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC)


def _result(entry: Mapping[str, Any]) -> ProbeResult:
    ms = int(entry.get("ms") or 0)
    error = entry.get("error")
    if error is not None:
        return ProbeResult(error=ProbeError(str(error["kind"]), str(error["message"])), ms=ms)
    rows = entry.get("rows")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return ProbeResult(error=ProbeError("failed", "NoRowsReturned"), ms=ms)
    return ProbeResult(rows=tuple(dict(row) for row in rows), ms=ms)
