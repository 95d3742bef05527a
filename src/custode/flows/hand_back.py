"""A hand-back before it is begun: what of each PC is ours, and which PCs are handed back already."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from custode.core.errors import ExitCode
from custode.core.hand_back import RELEASED, VERB, Plan, plan
from custode.core.store_layout import HAND_BACK
from custode.edges.catalog import load_product
from custode.edges.installer_folders import installer_folders
from custode.edges.inventory import Client, load_client, targets
from custode.edges.project import Project
from custode.edges.runner import HostEvent
from custode.edges.store import Store, recorded_ledger
from custode.flows.publish import publish
from custode.flows.visits import Visit, visit


@dataclass(frozen=True)
class Prospect:
    """What a hand-back would do to the chosen PCs of a client.

    Attributes:
        client: The client.
        plans: What is ours, by PC.
        done: The PCs that are handed back already, with their records.
    """

    client: Client
    plans: Mapping[str, Plan]
    done: Mapping[str, Mapping[str, Any]]


def prospect(project: Project, client_id: str, *, limit: str | None) -> Prospect:
    """Return what a hand-back would do; nothing is contacted.

    Journals that wait are published first, so that nothing we installed is forgotten.

    Raises:
        UsageError: There is no such client or PC.
        InputError: The contract, the inventory or the catalog is wrong.
        StoreError: The store cannot be read or written.
    """
    client = load_client(project, client_id)
    publish(project, client.id)
    catalog = installer_folders(project, client.folder).catalog
    names = targets(client, limit)
    records = {name: record_of(project, client.id, name) for name in names}
    done = {name: record for name, record in records.items() if is_released(record)}
    plans = {name: plan_for(project, client, name, catalog) for name in names if name not in done}
    return Prospect(client, plans, {name: dict(record or {}) for name, record in done.items()})


@dataclass(frozen=True)
class Handed:
    """What came of a hand-back.

    Attributes:
        client: The client's id.
        timezone: Of the client's office.
        check: Whether it was only told what would change.
        records: The record of each PC that was chosen, or None where there is none.
        signed: Whether the commit that holds them is signed.
        exit_code: What a process says to the shell.
    """

    client: str
    timezone: str
    check: bool
    records: Mapping[str, Mapping[str, Any] | None]
    signed: bool
    exit_code: ExitCode

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "check": self.check,
            "client": self.client,
            "pcs": dict(self.records),
            "signed": self.signed,
        }


def hand_over(
    project: Project,
    found: Prospect,
    *,
    at: str | None,
    check: bool,
    now: datetime,
    on_start: Callable[[str, Path, tuple[str, ...]], None],
    on_event: Callable[[HostEvent], None],
) -> Handed:
    """Hand the PCs of a prospect back, and say what came of it.

    Args:
        project: The project.
        found: What `prospect` returned; PCs that are handed back already are not contacted.
        at: The clock as input; only for simulated inventories.
        check: Tell what would change, change nothing.
        now: The real time.
        on_start: As `visit` calls it.
        on_event: As `visit` calls it.

    Raises:
        InputError: The contract or the inventory is wrong; nothing was touched.
        UsageError: The clock is not allowed; nothing was touched.
        RunError: Ansible could not be run to its end; what was done is published all the same.
        StoreError: The record could not be written; the journal is kept.
    """
    client = found.client
    outcomes: set[str] = set()
    store = Store(project.store(client.id))
    if found.plans:
        request = Visit(client.id, VERB, at=at, limit=",".join(found.plans), check=check)
        done = visit(project, request, now=now, on_start=on_start, on_event=on_event)
        run = json.loads(store.read_file(f"runs/{done.run_id}.json") or b"{}")
        outcomes = {str(run["hosts"][name]["outcome"]) for name in found.plans}
    records = {name: record_of(project, client.id, name) for name in (*found.done, *found.plans)}
    head = store.head()
    return Handed(
        client.id,
        client.contract.client.timezone,
        check,
        records,
        signed=head is not None and store.is_signed(head),
        exit_code=_exit_code(outcomes),
    )


def _exit_code(outcomes: Collection[str]) -> ExitCode:
    """Return what the worst of the outcomes says to the shell."""
    if set(outcomes) - {"observed", "unreachable"}:
        return ExitCode.RUN_FAILED
    return ExitCode.NOT_SEEN if "unreachable" in outcomes else ExitCode.STANDS


def plan_for(project: Project, client: Client, device: str, catalog: Path | str) -> Plan:
    """Return what of a PC is ours to take away, as its ledger and the contract say."""
    folder = Path(catalog)
    products = [load_product(folder, path.stem) for path in sorted(folder.glob("*.yml"))]
    return plan(
        recorded_ledger(project.store(client.id), device),
        client.contract.view(),
        titles={product.id: product.title for product in products},
        attended={product.id for product in products if product.installer.attended},
    )


def record_of(project: Project, client_id: str, device: str) -> dict[str, Any] | None:
    """Return the record of a PC's hand-back, or None when there is none."""
    content = Store(project.store(client_id)).read_file(f"devices/{device}/{HAND_BACK}")
    return None if content is None else dict(json.loads(content))


def is_released(record: Mapping[str, Any] | None) -> bool:
    """Tell whether a PC no longer lets us in."""
    return bool(record and record["way_in"] and record["way_in"]["outcome"] == RELEASED)
