"""Progress of a run: one row a PC, one mark a stage, from the runner's events."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from custode.edges.runner import HostEvent

_MARKS = {
    "started": "[yellow]·[/]",
    "ok": "[green]✓[/]",
    "skipped": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "unreachable": "[red]-[/]",
}
_WEIGHT = {"started": 0, "skipped": 1, "ok": 1, "failed": 2, "unreachable": 2}


class Progress:
    """Keeps the last state of each PC in each stage, and shows it.

    On a terminal a table is redrawn in place; elsewhere each finished stage is one line, so that
    the mail of a cron run stays readable. Leaving the context ends the drawing, whatever happened.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._hosts: tuple[str, ...] = ()
        self._stages: list[str] = []
        self._states: dict[tuple[str, str], str] = {}
        self._reasons: dict[str, str] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin; nothing is drawn before a run starts."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the drawing; the last table stays on the screen."""
        self._finish()

    def title(self, text: str) -> None:
        """Print a heading between two runs."""
        self._finish()
        self._console.print(f"\n[bold]{text}[/]")

    def start(self, run_id: str, log: Path, hosts: tuple[str, ...]) -> None:
        """Begin a run: say where its log is, then draw."""
        self._finish()
        self._hosts, self._stages, self._states = hosts, [], {}
        self._console.print(f"run {run_id}", soft_wrap=True)
        self._console.print(f"log {_short(log)}", soft_wrap=True)
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, refresh_per_second=8)
            self._live.start()

    def event(self, event: HostEvent) -> None:
        """Take in one step of one PC."""
        if event.stage not in self._stages:
            self._line()
            self._stages.append(event.stage)
        key = (event.host, event.stage)
        if _WEIGHT[event.state] >= _WEIGHT[self._states.get(key, "started")]:
            self._states[key] = event.state
        if event.reason is not None:
            self._reasons[event.host] = f"{event.reason.message} {event.reason.hint}"
        if self._live is not None:
            self._live.update(self._table())

    def _finish(self) -> None:
        self._line()
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._reasons:
            table = Table.grid(padding=(0, 1))
            for host, message in sorted(self._reasons.items()):
                table.add_row(f" [red]{host}[/]", message)
            self._console.print(table)
        self._stages, self._reasons = [], {}

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 1), show_edge=False, show_header=False)
        for _ in range(3):
            table.add_column(no_wrap=True)
        for host in self._hosts:
            reached = [
                (s, self._states[host, s]) for s in self._stages if (host, s) in self._states
            ]
            marks = "".join(_MARKS[state] for _, state in reached)
            table.add_row(host, marks, _now(*reached[-1]) if reached else "")
        return table

    def _line(self) -> None:
        if self._live is not None or not self._stages:
            return
        stage = self._stages[-1]
        states = [self._states.get((host, stage)) for host in self._hosts]
        done = sum(state in {"ok", "skipped", "started"} for state in states)
        failed = sum(state == "failed" for state in states)
        off = sum(state == "unreachable" for state in states)
        parts = [f"{done} ok"]
        parts += [f"{failed} stopped"] if failed else []
        parts += [f"{off} not reached"] if off else []
        self._console.print(f"  {stage:<18} {', '.join(parts)}")


def _now(stage: str, state: str) -> str:
    """Return where a PC is, or where it ended, in words."""
    if state == "failed":
        return f"[red]stopped at {stage}[/]"
    return "[red]not reached[/]" if state == "unreachable" else f"[dim]{stage}[/]"


def _short(path: Path) -> Path:
    """Return a path as a user in the project's folder would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
