"""A client's stored facts, judged again by today's or other policies; the store is only read."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from custode.core.errors import ExitCode, UsageError
from custode.core.observation import utc_text
from custode.core.policy import needed_probes
from custode.core.rejudging import Judge, Look, Month, PcMonth, rejudge
from custode.core.store_layout import CONTRACT, Json, covered_devices, month_of, run_order
from custode.edges.policies import Policies
from custode.edges.store import Store
from custode.flows.publish import Folders
from custode.flows.status import published_tree

_ALL_SCOPES = {"hardware", "compliance"}
_PCS_AT_ONCE = 50
_PCS_WORTH_A_PROCESS = 100


@dataclass(frozen=True)
class Rejudgement:
    """What other policies say of a client's past.

    Attributes:
        client: The client's id.
        commit: The store's commit that was read.
        policy_digest: What was judged by.
        months: Each PC in each month, by month and PC.
    """

    client: str
    commit: str
    policy_digest: str
    months: Sequence[PcMonth]

    @property
    def exit_code(self) -> ExitCode:
        """Return findings when anything would change."""
        changed = any(month.changes for month in self.months)
        return ExitCode.FINDINGS if changed else ExitCode.STANDS

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a machine to read."""
        return {**vars(self), "months": [month.to_json() for month in self.months]}


@dataclass
class _Run:
    """One run in the history: where its record and what it left of each PC are kept."""

    record: bytes
    order: tuple[str, str]
    contract: bytes
    facts: dict[str, bytes] | None = None


@dataclass(frozen=True)
class _Part:
    """Some PCs for one process to judge."""

    store: Path
    policies: Policies
    runs: Sequence[_Run]
    months: Sequence[Month]
    devices: Sequence[str]
    scope_of: Mapping[str, str] = field(default_factory=dict)


def rejudge_client(
    project: Folders, client: str, *, policies: Policies, since: date | None = None
) -> Rejudgement:
    """Return what policies say of everything that a client's store knows.

    Args:
        project: The project.
        client: The client's id.
        policies: What to judge by.
        since: The first month, any day of it; None for the first that has a run.

    Raises:
        UsageError: There was no run since that month.
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    commit, tree = published_tree(project, client)
    store = Store(project.store(client))
    runs = _runs(store)
    contract = json.loads(tree[CONTRACT])
    months = _months(runs, contract, since=since)
    scope_of = {
        rule: texts["scope"]
        for path, content in tree.items()
        if path.startswith("rules/")
        for rule, texts in json.loads(content).items()
    }
    devices = covered_devices(contract)
    processes = max(1, min(os.cpu_count() or 1, len(devices) // _PCS_WORTH_A_PROCESS))
    parts = [
        _Part(store.folder, policies, runs, months, devices[number::processes], scope_of)
        for number in range(processes)
    ]
    if processes == 1:
        judged = [_judged(parts[0])]
    else:
        with ProcessPoolExecutor(processes, initializer=_collect_rarely) as pool:
            judged = list(pool.map(_judged, parts))
    found = sorted((pc for part in judged for pc in part), key=lambda pc: (pc.month, pc.device))
    return Rejudgement(client, commit, policies.digest, found)


def _collect_rarely() -> None:
    """Look for cycles in memory less often: facts have none, and looking takes a tenth of the time."""
    gc.set_threshold(50_000, 20, 20)


def _runs(store: Store) -> list[_Run]:
    """Return every run, oldest first, with the facts that stood in the store after it.

    A run that was published after a newer one left the newer one's facts as they were: its own
    were not kept.
    """
    facts: dict[str, bytes] = {}
    contract = b""
    found: dict[str, _Run] = {}
    for commit in store.history():
        facts = facts | {
            _device(path): oid for path, oid in commit.written.items() if _device(path)
        }
        contract = commit.written.get(CONTRACT, contract)
        for path, oid in commit.written.items():
            if path.startswith("runs/"):
                order = run_order(json.loads(store.contents([oid])[oid]))
                newest = all(run.order <= order for run in found.values())
                found[path] = _Run(oid, order, contract, facts if newest else None)
    return sorted(found.values(), key=lambda run: run.order)


def _device(path: str) -> str:
    """Return whose facts a file holds; empty for every other file."""
    parts = path.split("/")
    return parts[1] if len(parts) == 3 and parts[2] == "facts.json" else ""  # noqa: PLR2004 - devices/<name>/facts.json


def _months(
    runs: Sequence[_Run], contract: Mapping[str, Any], *, since: date | None
) -> list[Month]:
    known = sorted({month_of(run.order[0], contract) for run in runs})
    first = since.replace(day=1) if since else known[0]
    if first > known[-1]:
        raise UsageError(
            f"there was no visit since {first:%Y-%m}",
            hint=f"the last month with one is {known[-1]:%Y-%m}",
        )
    zone = ZoneInfo(str(contract["client"]["timezone"]))
    months = []
    first = max(first, known[0])
    while first <= known[-1]:
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        begins, ends = (
            utc_text(datetime.combine(day, time(), zone).astimezone(UTC)) for day in (first, after)
        )
        as_of = min(ends, runs[-1].order[0])
        months.append(Month(f"{first:%Y-%m}", begins, ends, as_of))
        first = after
    return months


def _judged(part: _Part) -> list[PcMonth]:
    store = Store(part.store)
    judge = Judge(part.policies.rules.values(), part.policies.baselines)
    hardware = frozenset(needed_probes(part.policies.rules.values(), ["hardware"]))
    pasts: dict[str, list[tuple[_Run, Json]]] = {device: [] for device in part.devices}
    contracts = {
        oid: json.loads(content)
        for oid, content in store.contents(run.contract for run in part.runs).items()
    }
    for run in part.runs:
        record = json.loads(store.contents([run.record])[run.record])
        read = frozenset(str(line["probe"]) for line in record["register"])
        for device in part.devices:
            host = record["hosts"].get(device)
            if host is not None and host["observed_at"] is not None:
                pasts[device].append((run, _brief(host, read=read, hardware=hardware)))
    found: list[PcMonth] = []
    for devices in _some(part.devices):
        ids = {
            run.facts[device]
            for device in devices
            for run, _ in pasts[device]
            if run.facts is not None and device in run.facts
        }
        contents = store.contents(ids)
        for device in devices:
            looks = [
                _look(run, brief, device, contents=contents, contract=contracts[run.contract])
                for run, brief in pasts[device]
            ]
            found += rejudge(device, looks, months=part.months, judge=judge, scope_of=part.scope_of)
    return found


def _brief(host: Json, *, read: frozenset[str], hardware: frozenset[str]) -> Json:
    """Return what is needed of a run's record about one PC.

    A run that stopped at the inspection read what the inspection needs, not all it meant to.
    """
    whole = set(host["scopes"]) >= _ALL_SCOPES
    return {
        "at": host["observed_at"],
        "scopes": frozenset(host["scopes"]),
        "read": read if whole else read & (hardware | set(host["volatile"])),
        "volatile": host["volatile"],
        "verdicts": {rule: item["verdict"] for rule, item in host["findings"].items()},
    }


def _look(
    run: _Run, brief: Json, device: str, *, contents: Mapping[bytes, bytes], contract: Json
) -> Look:
    kept = run.facts is not None and device in run.facts
    facts = json.loads(contents[run.facts[device]])["facts"] if kept and run.facts else None
    return Look(**brief, facts=facts, contract=contract)


def _some(devices: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield so many PCs at a time as may be held at once."""
    for begin in range(0, len(devices), _PCS_AT_ONCE):
        yield devices[begin : begin + _PCS_AT_ONCE]
