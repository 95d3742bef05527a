"""What earlier looks at a PC saw, out of the client's store: for the probes of kind `earlier`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from custode.core.observation import utc_moment
from custode.core.probes import DAYS_AGO, EARLIER, Probe
from custode.edges.store import Store, recorded_ledger

_Seen = Mapping[str, list[dict[str, Any]]]
_SECONDS_PER_DAY = 86_400


def read_before(folder: Path, probes: Iterable[Probe]) -> None:
    """Read the store in Ansible's main process, so that the workers it forks need not."""
    if asked := _asked(probes):
        _looks(folder, frozenset(str(probe.arguments["probe"]) for probe in asked))


def seen_before(
    folder: Path, device: str, probes: Iterable[Probe], *, now: datetime
) -> dict[str, Any]:
    """Return the answers of the probes of kind `earlier`, as a probe's answer comes from a PC.

    Args:
        folder: The client's store.
        device: The PC's name. What was seen of a machine that it has replaced is left out.
        probes: Those that were planned; of other kinds, none is answered.
        now: The moment of the look.

    Raises:
        StoreError: The store cannot be read.
    """
    asked = _asked(probes)
    if not asked:
        return {}
    looks = _looks(folder, frozenset(str(probe.arguments["probe"]) for probe in asked))
    replaced = max(
        (
            utc_moment(str(line["at"]))
            for line in recorded_ledger(folder, device)
            if line["entry"] == "identity" and line["replaced"]
        ),
        default=None,
    )
    return {
        probe.id: {
            "rows": [
                {DAYS_AGO: round((now - at).total_seconds() / _SECONDS_PER_DAY, 1), **row}
                for at, seen in looks.get(device, ())
                if now - timedelta(days=probe.since_days or 0) <= at < now
                and (replaced is None or at >= replaced)
                for row in _columns(seen.get(str(probe.arguments["probe"]), ()), probe)
            ]
        }
        for probe in asked
    }


def _asked(probes: Iterable[Probe]) -> list[Probe]:
    return [probe for probe in probes if probe.kind == EARLIER]


def _columns(rows: Iterable[Mapping[str, Any]], probe: Probe) -> Iterable[dict[str, Any]]:
    wanted = probe.arguments["properties"]
    return ({name: row.get(name) for name in wanted} for row in rows)


@cache
def _looks(folder: Path, probes: frozenset[str]) -> Mapping[str, list[tuple[datetime, _Seen]]]:
    """Return by PC what each look of every run left of some probes; once for a run of ours."""
    found: dict[str, list[tuple[datetime, _Seen]]] = {}
    for content in Store(folder).read(below="runs").values():
        for device, host in json.loads(content)["hosts"].items():
            if host["observed_at"] is None:
                continue
            seen = {name: rows for name, rows in host["volatile"].items() if name in probes}
            found.setdefault(device, []).append((utc_moment(host["observed_at"]), seen))
    return found
