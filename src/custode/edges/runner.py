"""Runs playbooks through ansible-runner: the only importer of ansible_runner.

The private data folder is temporary and removed: ansible-runner keeps arguments and environment
in its artifacts, so nothing of it may outlive the run. What a reader needs is the log.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from custode.core.errors import RunError
from custode.core.failures import Failures
from custode.core.symptoms import Reason

_HOST_EVENTS = {
    "runner_on_start": "started",
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}


@dataclass(frozen=True)
class RunRequest:
    """One playbook run.

    Attributes:
        root: The project's folder, which holds ansible.cfg; also the run's working folder.
        playbook: The playbook's file.
        inventory: The client's inventory folder.
        extra_vars: Plain values, never secrets: they stand on the process's command line.
        limit: Ansible's host pattern, or None for all.
        check: Whether to run in check mode.
        log: Where the run's output is written.
    """

    root: Path
    playbook: Path
    inventory: Path
    extra_vars: Mapping[str, str | int | bool]
    limit: str | None
    check: bool
    log: Path


@dataclass(frozen=True)
class HostEvent:
    """One step of one PC.

    Attributes:
        host: The PC.
        stage: The role the step belongs to, or the step itself outside a role.
        task: The step.
        state: started, ok, failed, unreachable or skipped.
        reason: Why it failed or was unreachable; None otherwise.
        told: What the PC answered, where the step hands it to whoever asked; None otherwise.
    """

    host: str
    stage: str
    task: str
    state: str
    reason: Reason | None = None
    told: Mapping[str, Any] | None = None


def run_playbook(request: RunRequest, *, on_event: Callable[[HostEvent], None]) -> int:
    """Run a playbook to its end and return ansible-playbook's exit code.

    Args:
        request: What to run.
        on_event: Called for each step of each PC as it happens.

    Returns:
        0, or 2 and 4 when hosts failed or were unreachable (which is a result, not an error).

    Raises:
        RunError: ansible-playbook did not start, broke off, or was stopped.
    """
    import ansible_runner  # noqa: PLC0415 - half a second that only a run should pay

    request.log.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="custode-") as private,
        request.log.open("w", encoding="utf-8") as log,
    ):
        runner = ansible_runner.run(
            private_data_dir=private,
            playbook=str(request.playbook),
            inventory=str(request.inventory),
            project_dir=str(request.root),
            extravars=dict(request.extra_vars),
            limit=request.limit,
            cmdline="--check" if request.check else None,
            envvars=_environment(request.root),
            suppress_env_files=True,
            quiet=True,
            event_handler=_handler(on_event, log),
        )
        # ansible-playbook says 0, 2 (hosts failed) or 4 (hosts unreachable, or a parser error).
        if runner.status == "canceled":
            raise RunError(
                "the run was stopped before its end",
                hint="what was seen until then is in the journal: run `custode publish`",
            )
        if runner.rc not in {0, 2, 4}:
            message = f"ansible-playbook ended with {runner.rc}; its words are in {request.log}"
            raise RunError(message)
        return int(runner.rc)


def _environment(root: Path) -> dict[str, str]:
    return {
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "false",
        "ANSIBLE_NOCOLOR": "true",
        # The flow that called us publishes, so that its errors reach the exit code.
        "CUSTODE_RECORDER_PUBLISH": "false",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _handler(
    on_event: Callable[[HostEvent], None], log: TextIO
) -> Callable[[dict[str, Any]], bool]:
    failures = Failures()

    def handle(event: dict[str, Any]) -> bool:
        if text := event.get("stdout"):
            log.write(f"{text}\n")
            log.flush()
        state = _HOST_EVENTS.get(str(event.get("event")))
        if state is not None:
            data = event["event_data"]
            host, result = str(data.get("host", "")), data.get("res") or {}
            on_event(
                HostEvent(
                    host=host,
                    stage=str(data.get("role") or data.get("task", "")),
                    task=str(data.get("task", "")),
                    state=state,
                    reason=_reason(failures, state, host, result),
                    told=result.get("custode_facts"),
                )
            )
        return False  # nothing is kept on disk

    return handle


def _reason(failures: Failures, state: str, host: str, result: Mapping[str, Any]) -> Reason | None:
    if state == "ok":
        failures.saw(host, result)
    if state not in {"failed", "unreachable"}:
        return None
    return failures.reason(host, result, unreachable=state == "unreachable")
