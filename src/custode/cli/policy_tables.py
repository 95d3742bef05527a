"""Rules, probes and raw facts at eighty columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from custode.core.observation import Row
from custode.core.probes import Probe
from custode.edges.policies import Policies
from custode.flows.look import Look

_WIDTH = 80
_SEVERITIES = ("critical", "high", "medium", "low")


def rule_tables(policies: Policies) -> Iterator[RenderableType]:
    """Yield one table for each area, the gravest rules first."""
    rules = policies.rules.values()
    for area in sorted({rule.area for rule in rules}):
        table = _table("rule", "severity", "true when the PC complies")
        own = [rule for rule in rules if rule.area == area]
        for rule in sorted(own, key=lambda rule: (_SEVERITIES.index(rule.severity), rule.id)):
            marks = [
                name for name, is_set in (("gate", rule.gate), ("hazard", rule.hazard)) if is_set
            ]
            title = rule.title["en"] + (f" [{', '.join(marks)}]" if marks else "")
            table.add_row(rule.id, rule.severity, Text(title))
        yield Text()
        yield Text(area.replace("_", " "), style="bold")
        yield table
    yield Text()
    yield Text(
        f"{len(policies.rules)} rules, {len(policies.baselines.thresholds)} thresholds in "
        "policies/baselines/.\nA gate stops an onboarding; a hazard asks for an early visit."
    )


def probe_tables(policies: Policies) -> Iterator[RenderableType]:
    """Yield one table for each kind of source."""
    probes = policies.probes.values()
    for kind in sorted({probe.kind for probe in probes}):
        table = _table("probe", "cost", "why it is read")
        for probe in sorted(probes, key=lambda probe: probe.id):
            if probe.kind == kind:
                table.add_row(probe.id, probe.cost, Text(probe.purpose["en"]))
        yield Text()
        yield Text(kind.replace("_", " "), style="bold")
        yield table
    yield Text()
    yield Text(f"{len(policies.probes)} probes; nothing else is read.")


def look_lines(look: Look, *, explain: bool) -> Iterator[str]:
    """Yield what a PC answered, probe by probe, or why it did not.

    Args:
        look: The answers.
        explain: Whether to say what is read and why beside each.
    """
    if look.reason is not None:
        yield f"{look.device}: {look.reason.message}"
        yield from wrap(look.reason.hint, _WIDTH, initial_indent="  ", subsequent_indent="  ")
        return
    yield f"{look.device} at {look.collected_at}, by its own clock; nothing was recorded"
    for probe_id, result in look.facts.items():
        probe = look.probes[probe_id]
        count = f"{len(result.rows)} row{'' if len(result.rows) == 1 else 's'}"
        yield ""
        yield f"{probe_id}: {'no answer' if result.error else count}, {result.ms} ms"
        if explain:
            yield from _paragraph(probe.purpose["en"])
            yield from _paragraph(f"{probe.kind} {probe.target}")
            yield from _paragraph(f"columns: {', '.join(probe.columns)}")
        if result.error:
            yield from _paragraph(f"{result.error.kind} ({result.error.message})")
        for row in result.rows:
            yield from _row(probe, row)


def _paragraph(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _row(probe: Probe, row: Row) -> list[str]:
    cells = [f"{name}={_cell(probe, name, row[name])}" for name in probe.columns]
    return wrap(
        ", ".join(cells),
        _WIDTH,
        initial_indent="  - ",
        subsequent_indent="    ",
        break_long_words=True,
    )


def _cell(probe: Probe, name: str, value: Any) -> str:
    """Return a value as it came; a number by which a source says that it has none is marked."""
    if isinstance(value, Mapping | list):
        shown = json.dumps(value, ensure_ascii=False)
    else:
        shown = "null" if value is None else str(value)
    return f"{shown} (no data)" if value in probe.no_data.get(name, ()) else shown


def _table(name: str, middle: str, words: str) -> Table:
    table = Table(box=None, padding=(0, 1), show_edge=False, width=_WIDTH)
    table.add_column(name, no_wrap=True)
    table.add_column(middle, no_wrap=True)
    table.add_column(words, ratio=1)
    return table
