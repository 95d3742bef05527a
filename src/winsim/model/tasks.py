"""Scheduled tasks, as the Task Scheduler tells of them."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

STATES = {"Unknown": 0, "Disabled": 1, "Queued": 2, "Ready": 3, "Running": 4}
NEVER_RUN = 267011  # SCHED_S_TASK_HAS_NOT_RUN


@dataclass(frozen=True)
class Task:
    r"""A scheduled task.

    Attributes:
        path: Folder and name, such as `\Norton 360\Norton Overseer`.
        enabled: Whether it runs at all.
        running: Whether it runs now.
        actions: What it does: `{path, arguments, working_directory}` each.
        triggers: When: `{type, start_boundary, ...}` each, as `win_scheduled_task` names them.
        sid: As whom it runs; a group where `group` is true.
        group: Whether `sid` is a group.
        logon_type: How whoever it runs as is logged on.
        highest: Whether with all rights that whoever it runs as has.
        hidden: Whether people see it in the list.
        author: Who made it.
        description: What it is for.
        settings: Others, as `win_scheduled_task` names them.
        last_run: When it ran last, or None.
        last_result: How that ended.
        next_run: When it runs next, or None.
    """

    path: str
    enabled: bool = True
    running: bool = False
    actions: Sequence[Mapping[str, Any]] = ()
    triggers: Sequence[Mapping[str, Any]] = ()
    sid: str = "S-1-5-18"
    group: bool = False
    logon_type: str = "service_account"
    highest: bool = False
    hidden: bool = False
    author: str = ""
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    last_run: Any = None
    last_result: int = NEVER_RUN
    next_run: Any = None

    @property
    def name(self) -> str:
        """Return its name within its folder."""
        return ntpath.basename(self.path)

    @property
    def folder(self) -> str:
        r"""Return its folder as Windows writes it, such as `\` or `\Norton 360\`."""
        return ntpath.dirname(self.path).rstrip("\\") + "\\"

    @property
    def state(self) -> str:
        """Return one of `STATES`."""
        if not self.enabled:
            return "Disabled"
        return "Running" if self.running else "Ready"

    def row(self) -> dict[str, Any]:
        """Return it as an instance of `MSFT_ScheduledTask`."""
        return {
            "TaskName": self.name,
            "TaskPath": self.folder,
            "URI": self.path,
            "State": STATES[self.state],
            "Author": self.author or None,
            "Description": self.description or None,
            "Source": None,
            "Version": None,
            "Date": None,
        }

    def info_row(self) -> dict[str, Any]:
        """Return what is told of its runs, as an instance of `MSFT_TaskDynamicInfo`."""
        return {
            "TaskName": self.name,
            "TaskPath": self.folder,
            "LastRunTime": self.last_run,
            "LastTaskResult": self.last_result,
            "NextRunTime": self.next_run,
            "NumberOfMissedRuns": 0,
        }

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data."""
        shown = asdict(self)
        for name in ("last_run", "next_run"):
            shown[name] = None if shown[name] is None else str(shown[name])
        for name in ("actions", "triggers"):
            shown[name] = [dict(item) for item in shown[name]]
        return shown


def task_key(path: str) -> str:
    r"""Return the path by which a task is kept: it begins with `\`, and case makes no difference."""
    return "\\" + path.replace("/", "\\").strip("\\").lower()
