"""Verdicts of an acceptance as a technician reads them, at eighty columns."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from custode.core.acceptance import Acceptance, Check, PcAcceptance, Verdict

_STYLES = {
    Verdict.ACCEPTED: "green",
    Verdict.NOT_ACCEPTED: "red",
    Verdict.UNKNOWN: "yellow",
    Verdict.NOT_SEEN: "magenta",
}


def acceptance_table(acceptance: Acceptance) -> RenderableType:
    """Return every PC with its verdict, and under it what keeps it from being accepted."""
    width = max((len(pc.pc) for pc in acceptance.pcs), default=0)
    lines: list[RenderableType] = [Text()]
    for pc in acceptance.pcs:
        head = Text(f"{pc.pc:<{width}}  ", style="bold")
        lines.append(head.append(str(pc.verdict), style=_STYLES[pc.verdict]))
        lines += _reasons(pc)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in acceptance.counts.items())
    number = len(acceptance.pcs)
    return Group(*lines, Text(f"\n{number} PC{'' if number == 1 else 's'}: {counts}"))


def _reasons(pc: PcAcceptance) -> list[RenderableType]:
    told = [_reason(check) for check in pc.wrong if check.verdict is not Verdict.NOT_SEEN]
    unseen = [check for check in pc.wrong if check.verdict is Verdict.NOT_SEEN]
    # Every check of a PC that nobody saw says the same.
    return [*told, *(_said(check) for check in unseen[:1])]


def _reason(check: Check) -> RenderableType:
    said = " (unknown)" if check.verdict is Verdict.UNKNOWN else ""
    return Group(Text(f"  {check.name}{said}"), _said(check))


def _said(check: Check) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=8)
    table.add_column()
    said = (("found", check.found), ("expected", check.expected), ("next", check.next_step))
    for label, text in said:
        if text:
            table.add_row(Text(label, style="dim"), Text(text))
    return Padding(table, (0, 0, 0, 4))
