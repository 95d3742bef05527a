"""One look at one PC for the technician at the terminal: facts as they come, and no record of them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from custode.core.errors import InputError, RunError, UsageError
from custode.core.observation import Facts, utc_text
from custode.core.probes import NOT_OF_THE_PC, SERVER, Probe
from custode.core.symptoms import Reason
from custode.edges.inventory import check_client, load_client
from custode.edges.policies import load_policies
from custode.edges.project import Project
from custode.edges.runner import HostEvent, RunRequest, run_playbook
from custode.edges.yaml_source import did_you_mean
from custode.flows.task_context import clock_input


@dataclass(frozen=True)
class Look:
    """What one PC answered.

    Attributes:
        device: The PC.
        collected_at: When it answered, by its own clock, ISO 8601 UTC; empty if it did not.
        probes: What was asked, by id.
        facts: Its answers.
        reason: Why there are none, or None.
    """

    device: str
    collected_at: str
    probes: Mapping[str, Probe]
    facts: Facts
    reason: Reason | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "device": self.device,
            "collected_at": self.collected_at or None,
            "facts": self.facts.to_json(),
            "reason": None if self.reason is None else self.reason.to_json(),
        }


def look_at(
    project: Project,
    client_id: str,
    device: str,
    *,
    only: Sequence[str],
    at: str | None,
    now: datetime,
) -> Look:
    """Ask one PC through Ansible, as a visit does, and return what it answers.

    Args:
        project: The project.
        client_id: The client.
        device: The PC.
        only: Ids of the probes, or none for all that a visit asks.
        at: The clock as input; only for simulated inventories.
        now: The real time.

    Raises:
        UsageError: There is no such client, PC or probe.
        InputError: The contract, the inventory or a policy is wrong; the PC was not asked.
        RunError: Ansible could not be run.
    """
    client = load_client(project, client_id)
    if problems := check_client(project, client_id):
        raise InputError(problems, hint="the PC was not asked")
    known = [host.name for host in client.hosts]
    if device not in known:
        near = did_you_mean(device, known)
        hint = near or f"its PCs are: {', '.join(known)}"
        raise UsageError(f"{client_id} has no PC {device!r}", hint=hint)
    probes = load_policies(project.policies).probes
    for probe_id in only:
        if probe_id not in probes:
            near = did_you_mean(probe_id, sorted(probes))
            raise UsageError(
                f"there is no probe {probe_id!r}", hint=near or "`custode probes` lists them"
            )
        if (kind := probes[probe_id].kind) in NOT_OF_THE_PC:
            whom = "the backup's server" if kind == SERVER else "the client's store"
            hint = "`custode audit` asks it, and shows what it answers"
            raise UsageError(f"{probe_id} is asked of {whom}, not of a PC", hint=hint)
    moment = clock_input(client.contract, at) or now
    events: list[HostEvent] = []
    with tempfile.TemporaryDirectory(prefix="custode-look-") as folder:
        run_playbook(
            RunRequest(
                root=project.root,
                playbook=project.root / "playbooks" / "probe.yml",
                inventory=client.folder,
                extra_vars={
                    "custode_probes": ",".join(only),
                    **({"custode_at": utc_text(moment)} if at else {}),
                },
                limit=device,
                check=True,
                log=Path(folder) / "log",
            ),
            on_event=events.append,
        )
    return _look(device, probes, events)


def _look(device: str, probes: Mapping[str, Probe], events: Sequence[HostEvent]) -> Look:
    for event in events:
        if event.told is not None:
            facts = Facts.from_json(event.told["facts"])
            asked = {probe_id: probes[probe_id] for probe_id in facts}
            return Look(device, str(event.told["collected_at"]), asked, facts)
    reason = next((event.reason for event in events if event.reason is not None), None)
    if reason is None:
        raise RunError(f"{device} was not asked", hint="run `custode doctor` to find out why")
    return Look(device, "", {}, Facts(), reason)
