"""What a technician sees of remedies: before, which role would cure what; after, what was cured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from custode.core.remedies import CURED, Remedy
from custode.flows.remedies import Prospect, Remediated

_WORDS = {
    "cured": "cured",
    "not_cured": "not cured",
    "uncertain": "uncertain",
    "not_looked_at": "not looked at again",
}


def prospect_tables(found: Prospect) -> Iterator[RenderableType]:
    """Yield, PC by PC, each role with the rules that call for it."""
    for name, plan in found.plans.items():
        seen = Text(f", as seen on {found.seen[name][:10]}", style="dim")
        yield Group(Text(name, style="bold").append(seen), _plan(plan))
    for name, gates in found.held.items():
        yield Text(f"{name}: faults to cure by hand first: {', '.join(gates)}.", style="yellow")
    if found.nothing:
        yield Text(f"Nothing that a role of ours cures: {', '.join(found.nothing)}.")


def outcome_tables(done: Remediated) -> Iterator[RenderableType]:
    """Yield what became of each rule whose remedy was tried."""
    if done.check:
        yield Text("Nothing was changed.")
        return
    for name, pc in done.pcs.items():
        yield Group(Text(name, style="bold"), _outcome(pc))
    tried = [item for pc in done.pcs.values() for item in pc["remedied"]]
    if tried:
        cured = sum(item["outcome"] == CURED for item in tried)
        yield Text(f"\n{cured} of {len(tried)} findings cured")


def _plan(plan: Sequence[Remedy]) -> RenderableType:
    return _rows(
        [
            (remedy.role if place == 0 else "", rule, str(title["en"]))
            for remedy in plan
            for place, (rule, title) in enumerate(remedy.rules.items())
        ]
    )


def _outcome(pc: Mapping[str, Any]) -> RenderableType:
    reason = pc["reason"]
    told = [("stopped", "", f"{reason['message']} {reason['hint']}")] if reason else []
    return _rows(
        [
            *told,
            *(
                (_WORDS[item["outcome"]], f"{item['role']}: {item['rule']}", item["title"]["en"])
                for item in pc["remedied"]
            ),
        ]
    )


def _rows(rows: Sequence[tuple[str, str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=11)
    table.add_column()
    for label, name, text in rows:
        told = Text(text) if not name else Text(f"{name}\n").append(text, style="dim")
        table.add_row(Text(label), told)
    return Padding(table, (0, 0, 0, 2))
