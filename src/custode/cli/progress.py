"""Progress of a run: PCs by stages, from the runner's events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from custode.edges.runner import HostEvent

_MARKS = {
    "started": "[yellow]…[/]",
    "ok": "[green]✓[/]",
    "skipped": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "unreachable": "[red]off[/]",
}
_WEIGHT = {"started": 0, "skipped": 0, "ok": 0, "failed": 2, "unreachable": 2}


class Progress:
    """Keeps the last state of each PC in each stage, and shows it.

    On a terminal a table is redrawn in place; elsewhere each finished stage is one line, so that a
    log of a cron run stays readable.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._hosts: tuple[str, ...] = ()
        self._stages: list[str] = []
        self._states: dict[tuple[str, str], str] = {}
        self._live: Live | None = None

    @contextmanager
    def shown(self, hosts: Sequence[str]) -> Iterator[None]:
        """Show progress while the body runs; the last table stays on the screen."""
        self._hosts, self._stages, self._states = tuple(hosts), [], {}
        if not self._console.is_terminal:
            yield
            self._line()
            return
        with Live(self._table(), console=self._console, refresh_per_second=8) as live:
            self._live = live
            yield
            live.update(self._table())
        self._live = None

    def event(self, event: HostEvent) -> None:
        """Take in one step of one PC."""
        if event.stage not in self._stages:
            if self._live is None:
                self._line()
            self._stages.append(event.stage)
        key = (event.host, event.stage)
        before = self._states.get(key, "started")
        if _WEIGHT[event.state] >= _WEIGHT[before]:
            self._states[key] = event.state
        if self._live is not None:
            self._live.update(self._table())

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 1), show_edge=False)
        table.add_column("PC", no_wrap=True)
        for stage in self._stages:
            table.add_column(stage.replace("software_package", "software")[:10], justify="center")
        for host in self._hosts:
            cells = [_MARKS.get(self._states.get((host, stage), ""), "") for stage in self._stages]
            table.add_row(host, *cells)
        return table

    def _line(self) -> None:
        if not self._stages:
            return
        stage = self._stages[-1]
        states = [self._states.get((host, stage)) for host in self._hosts]
        done = sum(state in {"ok", "skipped", "started"} for state in states)
        failed = sum(state == "failed" for state in states)
        off = sum(state == "unreachable" for state in states)
        parts = [f"{done} ok"]
        parts += [f"{failed} stopped"] if failed else []
        parts += [f"{off} not reached"] if off else []
        self._console.print(f"  {stage:<18} {', '.join(parts)}", highlight=False)
