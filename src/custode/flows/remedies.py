"""Remedies: which of our roles would cure what the last look found, and what came of applying them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from custode.core.errors import ExitCode
from custode.core.fleet import Pc, fleet_at
from custode.core.remedies import CURED, VERB, Remedy, closed_gates, remedies
from custode.edges.inventory import load_client, targets
from custode.edges.project import Project
from custode.edges.runner import HostEvent
from custode.edges.store import Store
from custode.flows.publish import publish
from custode.flows.status import published_tree
from custode.flows.visits import Visit, visit


@dataclass(frozen=True)
class Prospect:
    """What our roles would cure on the chosen PCs of a client.

    Attributes:
        client: The client's id.
        plans: The remedies of each chosen PC, as far as it needs any.
        seen: When each of these PCs was last looked at, ISO 8601.
        held: By PC, the closed gates that forbid any work on it.
        nothing: The chosen PCs on which no role of ours cures anything.
    """

    client: str
    plans: Mapping[str, tuple[Remedy, ...]]
    seen: Mapping[str, str]
    held: Mapping[str, Sequence[str]]
    nothing: Sequence[str]


@dataclass(frozen=True)
class Remediated:
    """What came of it.

    Attributes:
        check: Whether it was only told what would change.
        pcs: By PC, how the run ended on it and what became of each rule.
        exit_code: What a process says to the shell.
    """

    client: str
    check: bool
    pcs: Mapping[str, Mapping[str, Any]]
    exit_code: ExitCode

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "check": self.check,
            "client": self.client,
            "exit_code": int(self.exit_code),
            "pcs": {name: dict(pc) for name, pc in self.pcs.items()},
        }


def prospect(project: Project, client_id: str, *, limit: str | None) -> Prospect:
    """Return what would be done; nothing is contacted.

    Journals that wait are published first, so that the plan rests on the newest look.

    Raises:
        UsageError: There is no such client or PC.
        InputError: The contract or the inventory is wrong.
        StoreError: Nothing was published yet, or the store cannot be read or written.
    """
    client = load_client(project, client_id)
    publish(project, client.id)
    names = targets(client, limit)
    pcs = [pc for pc in _pcs(project, client.id) if pc.name in names]
    plans = {pc.name: plan for pc in pcs if (plan := remedies(pc.findings))}
    held = {pc.name: gates for pc in pcs if (gates := closed_gates(pc.findings))}
    return Prospect(
        client.id,
        plans,
        {pc.name: pc.last_seen_at or "" for pc in pcs},
        held,
        [name for name in names if name not in {*plans, *held}],
    )


def plan_for(project: Project, client_id: str, device: str) -> tuple[Remedy, ...]:
    """Return the remedies of one PC, in the order in which they are applied.

    Raises:
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    found = [pc for pc in _pcs(project, client_id) if pc.name == device]
    return remedies(found[0].findings) if found else ()


def remediate(
    project: Project,
    found: Prospect,
    *,
    at: str | None,
    check: bool,
    now: datetime,
    on_start: Callable[[str, Path, tuple[str, ...]], None],
    on_event: Callable[[HostEvent], None],
) -> Remediated:
    """Apply the roles, look again, and say what was cured.

    Args:
        project: The project.
        found: What `prospect` returned, agreed to by whoever asked.
        at: The clock as input; only for simulated inventories.
        check: Tell what would change, change nothing.
        now: The real time.
        on_start: As `visit` calls it.
        on_event: As `visit` calls it.

    Raises:
        InputError: The contract or the inventory is wrong; nothing was touched.
        UsageError: The clock is not allowed; nothing was touched.
        RunError: Ansible could not be run to its end; what was done is published all the same.
        StoreError: The proof could not be written; the journal is kept.
    """
    if not found.plans:
        return Remediated(found.client, check, {}, ExitCode.STANDS)
    request = Visit(
        found.client, VERB, at=at, limit=",".join(found.plans), check=check, agreed=True
    )
    done = visit(project, request, now=now, on_start=on_start, on_event=on_event)
    store = Store(project.store(found.client))
    run = json.loads(store.read_file(f"runs/{done.run_id}.json") or b"{}")
    pcs = {
        name: {key: run["hosts"][name][key] for key in ("outcome", "reason", "remedied")}
        for name in found.plans
    }
    return Remediated(found.client, check, pcs, _exit_code(pcs, check=check))


def _pcs(project: Project, client_id: str) -> Sequence[Pc]:
    _, tree = published_tree(project, client_id)
    return fleet_at(tree).pcs


def _exit_code(pcs: Mapping[str, Mapping[str, Any]], *, check: bool) -> ExitCode:
    """Return what the worst of the outcomes says to the shell."""
    outcomes = {str(pc["outcome"]) for pc in pcs.values()}
    if outcomes - {"observed", "unreachable"}:
        return ExitCode.RUN_FAILED
    if "unreachable" in outcomes:
        return ExitCode.NOT_SEEN
    tried = [item for pc in pcs.values() for item in pc["remedied"]]
    cured = check or all(item["outcome"] == CURED for item in tried)
    return ExitCode.STANDS if cured else ExitCode.FINDINGS
