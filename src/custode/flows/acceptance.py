"""Acceptance: whether a client's PCs are as the contract promises, judged by looking at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from custode.core.acceptance import Acceptance, PcAcceptance, in_order
from custode.core.errors import InputError, RunError, UsageError
from custode.core.junit import write_junit
from custode.edges.acceptance_suite import SUITE, SuiteRequest, run_suite
from custode.edges.inventory import check_client, load_client, targets
from custode.edges.project import Project


@dataclass(frozen=True)
class Accepted:
    """What came of it: the verdicts, their JUnit file, and the folder of the logs."""

    acceptance: Acceptance
    junit: Path
    logs: Path


def accept(
    project: Project,
    client_id: str,
    *,
    limit: str | None,
    junit: Path | None,
    now: datetime,
    on_start: Callable[[tuple[str, ...]], None],
    on_pc: Callable[[PcAcceptance], None],
) -> Accepted:
    """Judge a client's PCs, and write the verdicts as a JUnit file.

    Args:
        project: The project.
        client_id: The client.
        limit: Ansible's host pattern, or None for all.
        junit: The file to write; None is a new one in the project's reports.
        now: The real time, from which that file has its name.
        on_start: Called once with the PCs' names.
        on_pc: Called for each PC as it is done.

    Raises:
        InputError: The contract or the inventory is wrong; no PC was asked.
        UsageError: There is no such client or PC, the suite is not here, or the file cannot be
            written; no PC was asked.
        RunError: Nothing could be judged on any PC, because pytest or Ansible could not be run.
    """
    client = load_client(project, client_id)
    if problems := check_client(project, client_id):
        raise InputError(problems, hint="no PC was asked")
    if not (project.root / SUITE / "pytest.ini").is_file():
        raise UsageError(
            f"there is no {SUITE} in {project.root}",
            hint="acceptance is run from a checkout of the whole repository",
        )
    pcs = targets(client, limit)
    path = _writable(junit) if junit else None
    run_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-accept"
    logs = project.logs / client.id / run_id
    on_start(pcs)
    judged = run_suite(
        SuiteRequest(root=project.root, inventory=client.folder, pcs=pcs, logs=logs), on_pc=on_pc
    )
    if not any(item.ran for item in judged):
        raise RunError(
            f"no PC could be judged: {judged[0].acceptance.checks[0].found}",
            hint=f"read {logs}; an inventory with a vault needs ANSIBLE_VAULT_PASSWORD_FILE",
        )
    acceptance = Acceptance(client.id, in_order(item.acceptance for item in judged))
    path = path or _writable(project.acceptances(client.id) / f"{run_id}.xml")
    path.write_text(write_junit(acceptance), encoding="utf-8")
    return Accepted(acceptance, path, logs)


def _writable(path: Path) -> Path:
    """Return a file that can be written, so that nobody waits for a verdict that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return path
