"""Records every run of a client's playbooks in a journal, and publishes it at the end."""

from __future__ import annotations

import getpass
import os
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as ansible_core_version

from custode.core.errors import CustodeError
from custode.core.observation import utc_text
from custode.flows import task_context
from custode.flows.record import Recorder

DOCUMENTATION = """
name: fleet_recorder
type: notification
short_description: Writes the journal of a run, line by line, and publishes it
description:
  - Each observation, change, failure and unreachable PC becomes one line of the run's journal,
    written and flushed as it happens, so that a killed run loses nothing it saw.
  - It is silent for playbooks whose inventory has no contract.
requirements:
  - listed in C(callbacks_enabled) of ansible.cfg
options:
  publish:
    description: Whether to publish the journal into the client's store when the run ends.
    type: bool
    default: true
    env:
      - name: CUSTODE_RECORDER_PUBLISH
    ini:
      - section: fleet_recorder
        key: publish
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """The door between Ansible's callbacks and `custode.flows.record`."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "fleet_recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._playbook = Path()
        self._run: task_context.Run | None = None
        self._recorder: Recorder | None = None

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember which playbook runs: its name is the run's verb."""
        self._playbook = Path(playbook._file_name).resolve()  # noqa: SLF001 - no public name

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Open the journal at the first play over a client's PCs that does not decline it."""
        if self._recorder is not None:
            return
        manager = play.get_variable_manager()
        hosts = manager._inventory.get_hosts(play.hosts)  # noqa: SLF001 - as strategies do
        if not hosts:
            return
        variables = manager.get_vars(play=play, host=hosts[0])
        _import_for(str(variables.get("ansible_connection", "")))
        name = task_context.client_id(variables)
        if name is None:
            return
        if not task_context.is_recorded(self._playbook) or play.vars.get("custode_unrecorded"):
            # What the main process has read, no task reads again; what is wrong, the task tells.
            with suppress(CustodeError):
                task_context.load(self._playbook.parent, name)
            return
        try:
            self._run = task_context.open_run(
                self._playbook,
                variables,
                hosts=sorted(host.get_name() for host in hosts),
                operator=_operator(variables),
                check_mode=bool(context.CLIARGS.get("check")),
                ansible_core=ansible_core_version,
                now=datetime.now(UTC),
            )
        except CustodeError as error:
            self._display.error(f"fleet_recorder: {error}", wrap_text=False)
            return
        self._recorder = self._run.recorder

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record what a step saw or changed."""
        if self._recorder is not None:
            self._recorder.ok(
                result.host.get_name(),
                role=_role(result),
                task=result.task.get_name(),
                result=result.result,
            )

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - Ansible's signature
        """Record a failure by its class."""
        if self._recorder is not None:
            self._recorder.failed(
                result.host.get_name(),
                role=_role(result),
                task=result.task.get_name(),
                result=result.result,
            )

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record that a PC could not be reached."""
        if self._recorder is not None:
            self._recorder.unreachable(
                result.host.get_name(), task=result.task.get_name(), result=result.result
            )

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Close the journal and, unless told otherwise, publish it."""
        if self._run is None or self._recorder is None:
            return
        counts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        at = self._run.at or datetime.now(UTC)
        self._recorder.finished(at=utc_text(at), counts=counts)
        if not self.get_option("publish"):
            return
        try:
            self._display.display(task_context.publish_run(self._run))
        except CustodeError as error:
            self._display.error(f"fleet_recorder: {error}", wrap_text=False)
            self._display.error("The journal is kept: run `custode publish`.", wrap_text=False)


def _import_for(connection: str) -> None:
    """Import the library of a connection before Ansible forks, lest each task import it again."""
    if library := {"psrp": "pypsrp", "winrm": "winrm"}.get(connection):
        with suppress(ImportError):  # the first task says what is missing
            import_module(library)


def _role(result: Any) -> str:
    role = result.task._role  # noqa: SLF001 - no public name
    return str(role.get_name()) if role else ""


def _operator(variables: dict[str, Any]) -> str:
    named = os.environ.get("CUSTODE_OPERATOR") or variables.get("awx_user_name")
    return str(named or getpass.getuser())
