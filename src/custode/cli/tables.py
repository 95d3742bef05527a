"""What a technician sees: one row a PC, in plain words, at eighty columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from custode.core.fleet import Pc, Summary
from custode.core.notices import DUE, Notice
from custode.edges.project import Project
from custode.flows.doctor import Answer
from custode.flows.notices import Notices
from custode.flows.pending import Pending
from custode.flows.report.sentences import (
    attempt_reason,
    expiring,
    state_reasons,
    step_age,
    step_words,
    why_unknown,
)
from custode.flows.report.words import Words, words
from custode.flows.status import FleetStatus

_STYLES = {
    Summary.STANDS: "green",
    Summary.FAILS: "red",
    Summary.UNKNOWN: "yellow",
    Summary.NOT_SEEN: "magenta",
    Summary.CLOSED: "dim",
}


def status_tables(status: FleetStatus) -> Iterator[RenderableType]:
    """Yield the fleet's table, then where the contract stands and why, PC by PC."""
    client = status.fleet.contract["client"]
    language = words("en", timezone=str(client["timezone"]))
    yield Text()
    yield _fleet_table(status)
    yield Text()
    for pc in status.pcs:
        yield _pc_lines(pc, status.fleet.now, language)
    for number, names in status.shared_ids.items():
        yield Text(
            f"{' and '.join(names)} have the same TeamViewer ID, {number}: a disk was cloned. "
            "Give all but one a new ID.",
            style="yellow",
        )
    counts = status.counts
    yield Text()
    yield Text(
        f"{len(status.pcs)} PCs: {counts['stands']} stand, {counts['fails']} fail, "
        f"{counts['unknown']} unknown, {counts['not_seen']} not seen"
        + (f", {counts['closed']} closed" if counts["closed"] else "")
    )
    if (percent := status.fleet.coverage.percent()) is not None:
        yield Text(f"{percent[0]} % stand at worst, {percent[1]} % at best")
    notices = [notice for pc in status.pcs for notice in pc.notices]
    if any(notice.waits for notice in notices):
        yield Text(f"{_waiting(notices)}: custode notices {status.client}", style="yellow")


def doctor_table(answers: Sequence[Answer]) -> RenderableType:
    """Return what each PC answered, with the next step where work cannot begin."""
    table = Table(box=None, padding=(0, 1), show_edge=False)
    table.add_column("PC", no_wrap=True)
    table.add_column("answer")
    for answer in answers:
        if answer.reason is None:
            table.add_row(answer.host, "[green]ready[/]")
        else:
            table.add_row(answer.host, f"[red]{answer.reason.message}[/] {answer.reason.hint}")
    return table


def pending_table(pending: Pending) -> RenderableType:
    """Return each step that waits: where, since when, what to do, where its installer lies."""
    if not pending.steps:
        return Text(f"{pending.client}: nothing waits for a person")
    lines: list[RenderableType] = []
    for item in pending.steps:
        days = item.step["age_days"]
        age = "1 day" if days == 1 else f"{days} days"
        head = f"{item.pc}  {item.step['product']}  {item.step['step']}"
        lines.append(Text(f"{head}  since {item.step['at'][:10]}  {age}", style="bold"))
        lines.append(_line("to do", item.what))
        if item.step["staged_at"]:
            lines.append(_line("installer", item.step["staged_at"]))
    steps = "1 step waits" if len(pending.steps) == 1 else f"{len(pending.steps)} steps wait"
    return Group(*lines, Text(f"{steps} for a person"))


def notices_table(found: Notices) -> RenderableType:
    """Return each notice: its name, how far it has come, what it is about."""
    if not found.notices:
        return Text(f"{found.client}: nothing to warn of")
    lines: list[RenderableType] = []
    for notice in found.notices:
        word = "needless" if notice.status == DUE and notice.needless else notice.status
        style = "bold red" if notice.waits else "bold"
        lines.append(Text(f"{notice.id}  {word}", style=style))
        lines.append(Padding(Text(found.lines[notice.id]), (0, 0, 0, 2), expand=False))
    return Group(*lines, Text(_waiting(found.notices)))


def _waiting(notices: Iterable[Notice]) -> str:
    count = sum(notice.waits for notice in notices)
    return f"{'1 notice waits' if count == 1 else f'{count} notices wait'} to be sent"


def next_steps(project: Project, client: str, status: FleetStatus) -> RenderableType:
    """Return the report's path and three commands that work at once, with nothing running."""
    folder = _short(project.store(client))
    month = status.fleet.now[:7]
    language = status.fleet.contract["client"]["language"]
    return Group(
        Text(f"\nreport  {folder}/reports/{month}/report.{language}.html", no_wrap=True),
        Text("\nTry next:"),
        Text(f"  .venv/bin/custode status {client} --json", no_wrap=True),
        Text(f"  .venv/bin/custode report {client} --language en", no_wrap=True),
        Text(f"  git -C {folder} log --stat", no_wrap=True),
    )


def _fleet_table(status: FleetStatus) -> Table:
    table = Table(box=None, padding=(0, 1), show_edge=False)
    table.add_column("PC", no_wrap=True)
    table.add_column("contract", no_wrap=True)
    for name in ("antivirus", "backup"):
        table.add_column(name, no_wrap=True)
    for name in ("pass", "fail", "unknown"):
        table.add_column(name, justify="right")
    table.add_column("last seen", no_wrap=True)
    for pc in status.pcs:
        services = pc.standing.services
        table.add_row(
            pc.name,
            Text(str(pc.standing.state), style=_STYLES[pc.summary]),
            *(str(services.get(name, "unknown")) for name in ("antivirus", "backup")),
            *(str(len(pc.with_verdict(verdict))) for verdict in ("pass", "fail", "unknown")),
            pc.last_seen_at[:10] if pc.last_seen_at else "never",
        )
    return table


def _pc_lines(pc: Pc, now: str, language: Words) -> RenderableType:
    lines: list[RenderableType] = [Text(pc.name, style=f"bold {_STYLES[pc.summary]}")]
    state = language.text(f"state.{pc.standing.state}")
    reasons = " ".join(state_reasons(language, pc, now))
    lines.append(_line("contract", f"{state}. {reasons}"))
    if pc.summary is Summary.CLOSED:
        return Group(*lines)  # nothing is asked of it any more
    lines += [
        _line("not seen" if pc.missed else "stopped", attempt_reason(language, attempt))
        for attempt in [pc.last_attempt]
        if attempt is not None and attempt.outcome != "observed"
    ]
    lines += [_line("fails", language.local(item["title"])) for item in pc.with_verdict("fail")]
    lines += [
        _line("unknown", f"{language.local(item['title'])}: {why_unknown(language, item)}")
        for item in pc.with_verdict("unknown")
    ]
    lines += [_line("expires", expiring(language, waiver)) for waiver in pc.expiring_waivers]
    lines += [_line("waived", language.local(item["title"])) for item in pc.with_verdict("waived")]
    lines += [
        _line("to finish", f"{step_words(language, step)} ({step_age(language, step)})")
        for step in pc.open_steps
    ]
    return Group(*lines)


def _line(label: str, text: str) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=10)
    table.add_column()
    table.add_row(Text(label, style="dim"), text)
    return Padding(table, (0, 0, 0, 2))


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
