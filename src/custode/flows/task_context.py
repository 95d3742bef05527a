"""What a task needs to know: the client, the policies, the device and the clock.

Loaded once in Ansible's main process by the recorder; the workers it forks inherit it, so that a
task pays nothing for reading contracts and policies again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from custode import __version__
from custode.core.contract import Contract
from custode.core.errors import InputError, UsageError
from custode.core.observation import utc_moment, utc_text
from custode.core.register import entry_of
from custode.core.waivers import Waiver
from custode.edges.inventory import Client, load_client, threshold_problems
from custode.edges.journal import Journal
from custode.edges.policies import Policies, load_policies
from custode.edges.project import Project, find_project
from custode.edges.waivers import load_waivers
from custode.flows import audit
from custode.flows.earlier import read_before
from custode.flows.record import Recorder


@dataclass(frozen=True)
class Loaded:
    """A client with its project and the policies that judge it."""

    project: Project
    client: Client
    policies: Policies
    waivers: tuple[Waiver, ...]


@dataclass(frozen=True)
class TaskContext:
    """One task's view: which PC, under which contract, at what time."""

    loaded: Loaded
    host: str
    now: datetime

    @property
    def device(self) -> dict[str, Any]:
        """Return the device as rules see it: name, kind, covered."""
        device = self.loaded.client.contract.devices.get(self.host)
        if device is None:
            raise UsageError(
                f"{self.host!r} is not among the devices of "
                f"{self.loaded.client.folder / 'contract.yml'}",
                hint="add it under `devices`, or remove it from the inventory",
            )
        return {"name": self.host, "kind": str(device.kind), "covered": device.covered}


@dataclass(frozen=True)
class Run:
    """A run being recorded; `at` is the clock given as input, or None for the real one."""

    run_id: str
    loaded: Loaded
    recorder: Recorder
    at: datetime | None


def client_id(variables: Mapping[str, Any]) -> str | None:
    """Return the client an inventory belongs to, or None if it is not a client's.

    `custode_client` names it where the inventory is no folder (AWX); otherwise it is the name of
    the inventory folder that holds a contract.
    """
    named = variables.get("custode_client")
    if named:
        return str(named)
    folder = variables.get("inventory_dir")
    if folder and (Path(str(folder)) / "contract.yml").is_file():
        return Path(str(folder)).name
    return None


def for_task(start: Path, variables: Mapping[str, Any], *, real_now: datetime) -> TaskContext:
    """Return the context of one task.

    Args:
        start: A path inside the project, such as the playbook's folder.
        variables: The task's variables; read are custode_client, inventory_dir, custode_at and
            inventory_hostname.
        real_now: The time to use unless the clock is an input.

    Raises:
        UsageError: The inventory belongs to no client, or `custode_at` is not allowed here.
        InputError: The contract or a policy is wrong.
    """
    name = client_id(variables)
    if name is None:
        raise UsageError(
            "this inventory has no contract.yml beside its hosts",
            hint="run with `-i inventories/<client>`, or set custode_client",
        )
    loaded = load(start, name)
    given = clock_input(loaded.client.contract, variables.get("custode_at"))
    return TaskContext(loaded, str(variables["inventory_hostname"]), given or real_now)


def clock_input(contract: Contract, text: Any) -> datetime | None:
    """Return the clock given as input, or None when none was given.

    Raises:
        UsageError: The inventory is real, or the text is no moment with a time zone.
    """
    if text in {None, ""}:
        return None
    if not contract.simulated:
        raise UsageError(
            f"the clock can be set only for simulated inventories; {contract.client.id} is real",
            hint="leave out --at (custode_at)",
        )
    return moment_input(str(text))


def moment_input(text: str) -> datetime:
    """Return the moment that a user wrote.

    Raises:
        UsageError: The text is no moment with a time zone.
    """
    try:
        return utc_moment(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a moment in time: {error}",
            hint="write it like 2026-11-09T09:00:00+01:00",
        ) from error


def load(start: Path, name: str) -> Loaded:
    """Load a client and the project's policies, once for a process and those it forks.

    Raises:
        UsageError: There is no such client, or `start` is in no project.
        InputError: The contract or a policy is wrong.
    """
    return _load(start.resolve(), name)


@cache
def _load(start: Path, name: str) -> Loaded:
    project = find_project(start)
    client, policies = load_client(project, name), load_policies(project.policies)
    if problems := threshold_problems(client, policies.baselines):
        raise InputError(problems)
    waivers = load_waivers(client.folder, contract=client.contract, rules=policies.rules)
    return Loaded(project, client, policies, waivers)


def open_run(
    playbook: Path,
    variables: Mapping[str, Any],
    *,
    hosts: Sequence[str],
    operator: str,
    check_mode: bool,
    ansible_core: str,
    now: datetime,
) -> Run:
    """Create the journal of a run and write its first line."""
    name = client_id(variables)
    if name is None:
        raise UsageError("this inventory belongs to no client")
    loaded = load(playbook.parent, name)
    given = clock_input(loaded.client.contract, variables.get("custode_at"))
    at = given or now
    verb = playbook.stem
    folder = loaded.project.journals(name)
    reserved = variables.get("custode_run_id")
    journal = (
        Journal.open(folder, str(reserved))
        if reserved
        else Journal.create(folder, verb=verb, at=at)
    )
    recorder = Recorder(journal)
    kinds = {str(device.kind) for device in loaded.client.contract.devices.values()}
    probes = audit.planned_probes(loaded.policies, audit.SCOPES[verb], kinds=kinds)
    read_before(loaded.project.store(name), probes)
    recorder.started(
        {
            "run_id": journal.run_id,
            "verb": verb,
            "client": name,
            "at": utc_text(at),
            "operator": operator,
            "hosts": list(hosts),
            "scopes": list(audit.SCOPES[verb]),
            "check_mode": check_mode,
            "versions": {"custode": __version__, "ansible_core": ansible_core},
            "policy_digest": loaded.policies.digest,
            "contract": loaded.client.contract.view(),
            "probes": [
                {"id": probe.id, "key": list(probe.key), "volatile": list(probe.volatile)}
                for probe in probes
            ],
            "thresholds": loaded.policies.baselines.agreed(loaded.client.contract.view()),
            "register": [entry_of(probe) for probe in probes],
        }
    )
    return Run(journal.run_id, loaded, recorder, given)


def is_recorded(playbook: Path) -> bool:
    """Tell whether runs of a playbook leave a journal: those that look at the PCs do."""
    return playbook.stem in audit.SCOPES


def publish_run(run: Run) -> str:
    """Publish a run's journal and return one line that says what happened."""
    from custode.flows.publish import publish  # noqa: PLC0415 - Babel and Jinja2, at the end only

    published = publish(run.loaded.project, run.loaded.client.id, run_id=run.run_id)
    lines = [f"{item.run_id}: {item.commit or 'nothing new'}" for item in published]
    return "published " + ", ".join(lines)
