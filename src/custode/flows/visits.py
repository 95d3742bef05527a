"""A visit: one playbook over a client's PCs, from the contract's check to the published proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from custode.core.errors import InputError, RunError
from custode.core.observation import utc_text
from custode.edges.inventory import check_client, load_client, targets
from custode.edges.journal import Journal, read_journal
from custode.edges.project import Project
from custode.edges.runner import HostEvent, RunRequest, run_playbook
from custode.flows.catalogs import NEEDS_INSTALLERS, require_installers
from custode.flows.publish import Published, publish
from custode.flows.task_context import clock_input


@dataclass(frozen=True)
class Visit:
    """What is asked for.

    Attributes:
        client: The client's id.
        verb: The playbook's name.
        at: The clock as input, ISO 8601 with zone; only for simulated inventories.
        limit: Ansible's host pattern, or None for all PCs.
        check: Tell what would change, change nothing.
        accept_new_identity: The technician says that other hardware is right.
        agreed: Somebody has agreed to what the playbook would ask about.
    """

    client: str
    verb: str
    at: str | None = None
    limit: str | None = None
    check: bool = False
    accept_new_identity: bool = False
    agreed: bool = False


@dataclass(frozen=True)
class VisitResult:
    """What came of it: the run, its log and what was published."""

    run_id: str
    log: Path
    published: tuple[Published, ...]


def visit(
    project: Project,
    request: Visit,
    *,
    now: datetime,
    on_start: Callable[[str, Path, tuple[str, ...]], None],
    on_event: Callable[[HostEvent], None],
) -> VisitResult:
    """Run a playbook over a client's PCs and publish what was seen.

    Args:
        project: The project.
        request: What is asked for.
        now: The real time.
        on_start: Called once with the run id, the log's path and the PCs' names.
        on_event: Called for each step of each PC.

    Returns:
        The run id, the log and the commits.

    Raises:
        InputError: The contract or the inventory is wrong, or installers that the visit needs are
            missing or not the pinned ones; nothing was touched.
        UsageError: The clock or the limit is not allowed; nothing was touched.
        RunError: Ansible could not be run to its end; what was seen is published all the same.
        StoreError: The proof could not be written; the journal is kept.
    """
    client = load_client(project, request.client)
    if problems := check_client(project, request.client):
        raise InputError(problems, hint="nothing was touched")
    if request.verb in NEEDS_INSTALLERS:
        require_installers(project, client)
    at = clock_input(client.contract, request.at) or now
    names = targets(client, request.limit)
    journal = Journal.create(project.journals(client.id), verb=request.verb, at=at)
    log = project.logs / client.id / f"{journal.run_id}.log"
    on_start(journal.run_id, log, names)
    extra_vars: dict[str, str | int | bool] = {"custode_run_id": journal.run_id}
    if request.at:
        extra_vars["custode_at"] = utc_text(at)
    if request.accept_new_identity:
        extra_vars["custode_accept_new_identity"] = True
    if request.agreed:
        extra_vars[f"{request.verb}_yes"] = True
    failure: RunError | None = None
    try:
        run_playbook(
            RunRequest(
                root=project.root,
                playbook=project.root / "playbooks" / f"{request.verb}.yml",
                inventory=client.folder,
                extra_vars=extra_vars,
                limit=request.limit,
                check=request.check,
                log=log,
            ),
            on_event=on_event,
        )
    except RunError as error:
        failure = error
    if not read_journal(journal.path):
        journal.discard()
        raise failure or RunError(f"Ansible recorded nothing; its words are in {log}")
    # What was seen until a failure was seen: it is published before the failure is told.
    published = publish(project, client.id, run_id=journal.run_id)
    if failure is not None:
        raise failure
    return VisitResult(journal.run_id, log, tuple(published))
