"""Is everything in place before a first visit? Nothing is changed and nothing recorded."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from custode.core.errors import InputError
from custode.core.observation import utc_text
from custode.core.symptoms import Reason
from custode.edges.inventory import check_client, load_client, targets
from custode.edges.project import Project
from custode.edges.runner import HostEvent, RunRequest, run_playbook
from custode.flows.catalogs import require_installers
from custode.flows.task_context import clock_input


@dataclass(frozen=True)
class Answer:
    """What one PC answered; `reason` is None when work may begin on it."""

    host: str
    reason: Reason | None


def examine(
    project: Project, client_id: str, *, limit: str | None, at: str | None, now: datetime
) -> list[Answer]:
    """Check the inventory and the installers, then the way to each PC as far as its own answers.

    Args:
        project: The project.
        client_id: The client.
        limit: Ansible's host pattern, or None for all.
        at: The clock as input; only for simulated inventories.
        now: The real time.

    Returns:
        One answer for each PC that was asked, by name.

    Raises:
        InputError: The contract or the inventory is wrong, or an installer is missing or not the
            pinned one; no PC was asked.
        RunError: Ansible could not be run.
    """
    client = load_client(project, client_id)
    if problems := check_client(project, client_id):
        raise InputError(problems, hint="no PC was asked")
    require_installers(project, client)
    moment = clock_input(client.contract, at) or now
    targets(client, limit)
    events: list[HostEvent] = []
    with tempfile.TemporaryDirectory(prefix="custode-doctor-") as folder:
        run_playbook(
            RunRequest(
                root=project.root,
                playbook=project.root / "playbooks" / "doctor.yml",
                inventory=client.folder,
                extra_vars={"custode_at": utc_text(moment)} if at else {},
                limit=limit,
                check=True,
                log=Path(folder) / "log",
            ),
            on_event=events.append,
        )
    asked = sorted({event.host for event in events})
    reasons = {event.host: event.reason for event in events if event.reason is not None}
    return [Answer(host, reasons.get(host)) for host in asked]
