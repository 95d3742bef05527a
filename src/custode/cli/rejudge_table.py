"""What would change in the past, at eighty columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from custode.core.rejudging import Change, PcMonth
from custode.flows.rejudge import Rejudgement

_NONE = "(no rule)"


def rejudge_lines(found: Rejudgement) -> Iterator[RenderableType]:
    """Yield the verdicts that change, then what could not be judged, then the sums."""
    table = Table(box=None, padding=(0, 1), show_edge=False, pad_edge=False, width=80)
    for name in ("month", "PC"):
        table.add_column(name, no_wrap=True)
    table.add_column("rule", ratio=1, overflow="fold")
    for name in ("was", "now"):
        table.add_column(name, no_wrap=True)
    for month in found.months:
        for change in _told(month):
            table.add_row(
                month.month, month.device, change.rule, change.was or _NONE, change.now or _NONE
            )
    if table.row_count:
        yield table
        yield Text()
    yield from (Text(line) for month in found.months for line in _remarks(month))
    yield Text(_sums(found))


def _told(month: PcMonth) -> list[Change]:
    """Return what is worth a line: no rule that is new and fine, nothing that only grew old."""
    return [
        change
        for change in month.changes
        if not change.aged and (change.was is not None or change.now == "fail")
    ]


def _remarks(month: PcMonth) -> Iterator[str]:
    where = f"{month.month} {month.device}: "
    if not month.kept:
        yield f"{where}not judged, a newer run was published before this one"
    elif not month.seen:
        aged = sum(change.aged for change in month.changes)
        yield f"{where}not seen; by its facts of {month.facts_at[:10]}, {aged} unknown by age"


def _sums(found: Rejudgement) -> str:
    changes = [change for month in found.months for change in month.changes]
    new = {change.rule for change in changes if change.was is None}
    gone = {change.rule for change in changes if change.now is None}
    others = [change for change in changes if change.was is not None and change.now is not None]
    aged = sum(change.aged for change in others)
    return (
        f"PCs {len({month.device for month in found.months})}, "
        f"months {len({month.month for month in found.months})}, "
        f"verdicts {sum(month.judged for month in found.months)}: "
        f"{len(others) - aged} would change, {aged} unknown by age.\n"
        f"Rules new {len(new)}, gone {len(gone)}. Nothing was written."
    )
