"""What a technician sees of a hand-back: before it, what it would do; after it, what was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from custode.core.hand_back import Plan, Product
from custode.flows.hand_back import Handed, Prospect
from custode.flows.report.sentences import left_behind
from custode.flows.report.words import Words, words


def prospect_tables(found: Prospect, *, now: date) -> Iterator[RenderableType]:
    """Yield what would be taken away from each PC, and what would stay."""
    contract = found.client.contract
    language = words("en", timezone=contract.client.timezone)
    if contract.ends_on is None or contract.ends_on > now:
        until = "has no end" if contract.ends_on is None else f"ends on {contract.ends_on}"
        yield Text(f"The contract of {contract.client.name} {until}.", style="yellow")
    for name, record in found.done.items():
        yield Text(f"{name} was handed back on {record['at'][:10]}: nothing to do.")
    for name, plan in found.plans.items():
        yield _plan(name, plan, language)


def handed_tables(handed: Handed, *, store: Path) -> Iterator[RenderableType]:
    """Yield what was done to each PC, and where the record of it is."""
    if handed.check:
        yield Text("Nothing was changed.")
        return
    language = words("en", timezone=handed.timezone)
    for name, record in handed.records.items():
        yield _record(name, record, language, store)
    yield Text()
    if handed.signed:
        yield Text("The records are in a commit that is signed with your key.")
    else:
        yield Text("The records are unsigned: CUSTODE_SIGNING_KEY names no key.", style="yellow")


def _plan(name: str, plan: Plan, language: Words) -> RenderableType:
    left = [{"what": "product", "name": item.title, "why": item.why} for item in plan.left]
    rows = [
        ("removed", _titles(plan.remove) or "no program"),
        ("by hand", _titles(plan.by_person)),
        ("unassigned", "TeamViewer, from our account" if plan.unassign else ""),
        ("restored", "what our roles changed in the registry; our folders go"),
        ("left", "; ".join(left_behind(language, item) for item in left)),
        ("last", "the account that comes in, its firewall rule, its listener"),
    ]
    return Group(Text(name, style="bold"), _rows(rows))


def _record(
    name: str, record: Mapping[str, Any] | None, language: Words, store: Path
) -> RenderableType:
    if record is None:
        return Group(Text(name, style="bold"), _rows([("record", "none: nothing was removed")]))
    removed = [f"{item['title']} {item['version']}" for item in record["products_removed"]]
    removed += [str(item["name"]) for item in record["removed"]]
    way_in = record["way_in"]
    rows = [
        ("removed", "; ".join(removed) or "nothing"),
        ("left", "; ".join(left_behind(language, item) for item in record["left"])),
        ("way in", "gone: nothing answers any more" if way_in else "still there"),
        ("record", f"{store}/devices/{name}/handback.json"),
    ]
    return Group(Text(name, style="bold" if way_in else "bold red"), _rows(rows))


def _titles(products: Sequence[Product]) -> str:
    return "; ".join(" ".join(filter(None, (item.title, item.version))) for item in products)


def _rows(rows: Sequence[tuple[str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=10)
    table.add_column()
    for label, text in rows:
        if text:
            table.add_row(Text(label, style="dim"), text)
    return Padding(table, (0, 0, 0, 2))
