"""`custode remediate`: apply the roles that cure what was found, after asking, and look again."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
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
    from custode.flows.remedies import Prospect


def remediate(
    client: ClientName,
    limit: Limit = None,
    at: At = None,
    check: Check = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    as_json: Json = False,
) -> None:
    """Apply the roles that cure what the last look found, and look again."""
    from custode.cli.progress import Progress
    from custode.cli.remedy_tables import outcome_tables, prospect_tables
    from custode.flows.remedies import prospect
    from custode.flows.remedies import remediate as apply

    project = current_project()
    console = terminal(to_stderr=as_json)
    found = prospect(project, client, limit=limit)
    for table in prospect_tables(found):
        console.print(table)
    if found.plans:
        _ask(found, check=check, yes=yes)
    with Progress(console) as progress:
        done = apply(
            project,
            found,
            at=at,
            check=check,
            now=datetime.now(UTC),
            on_start=progress.start,
            on_event=progress.event,
        )
    if as_json:
        print_json(done.to_json())
    else:
        for table in outcome_tables(done):
            console.print(table)
    raise SystemExit(int(done.exit_code))


def _ask(found: Prospect, *, check: bool, yes: bool) -> None:
    from custode.core.errors import UsageError

    if check or yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to say yes to what would be changed",
            hint="look with --check, then run again with --yes",
        )
    pcs = "this PC" if len(found.plans) == 1 else f"these {len(found.plans)} PCs"
    typer.confirm(f"Apply these roles to {pcs}?", abort=True, err=True)
