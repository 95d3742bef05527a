"""`custode offboard`: hand PCs back at the end of a contract, after asking."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from custode.cli.common import (
    At,
    Check,
    ClientName,
    Json,
    Limit,
    current_project,
    print_json,
    terminal,
)

if TYPE_CHECKING:
    from custode.flows.hand_back import Prospect


def offboard(
    client: ClientName,
    limit: Limit = None,
    at: At = None,
    check: Check = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    as_json: Json = False,
) -> None:
    """Hand PCs back: remove what we installed, restore what we changed, and last the way in."""
    from custode.cli.offboard_tables import handed_tables, prospect_tables
    from custode.cli.progress import Progress
    from custode.flows.hand_back import hand_over, prospect

    project = current_project()
    console = terminal(to_stderr=as_json)
    found = prospect(project, client, limit=limit)
    for table in prospect_tables(found, now=datetime.now(UTC).date()):
        console.print(table)
    if found.plans:
        _ask(found, check=check, yes=yes)
    with Progress(console) as progress:
        handed = hand_over(
            project,
            found,
            at=at,
            check=check,
            now=datetime.now(UTC),
            on_start=progress.start,
            on_event=progress.event,
        )
    if as_json:
        print_json(handed.to_json())
    else:
        for table in handed_tables(handed, store=_short(project.store(client))):
            console.print(table)
    raise SystemExit(int(handed.exit_code))


def _ask(found: Prospect, *, check: bool, yes: bool) -> None:
    from custode.core.errors import UsageError

    if check or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to say yes: what is removed does not come back by itself",
            hint="look with --check, then run again with --yes",
        )
    pcs = "this PC" if len(found.plans) == 1 else f"these {len(found.plans)} PCs"
    typer.confirm(f"Hand {pcs} back?", abort=True, err=True)


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
