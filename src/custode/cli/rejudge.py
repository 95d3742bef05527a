"""`custode rejudge`: what today's or other policies say of the past."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from custode.cli.common import ClientName, Json, current_project, print_json, terminal

rejudge_app = typer.Typer()


@rejudge_app.command(epilog="Example: custode rejudge acme --since 2026-01 --policies ../next")
def rejudge(
    client: ClientName,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], metavar="YYYY-MM", help="First month; all if left out."),
    ] = None,
    policies: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Judge by these policies instead of the project's."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge what is stored by today's or other policies, and show what would change."""
    from custode.cli.rejudge_table import rejudge_lines
    from custode.edges.policies import load_policies
    from custode.flows.rejudge import rejudge_client

    project = current_project()
    found = rejudge_client(
        project,
        client,
        policies=load_policies(policies or project.policies),
        since=since.date() if since else None,
    )
    if as_json:
        print_json(found.to_json())
    else:
        console = terminal()
        for line in rejudge_lines(found):
            console.print(line)
    raise SystemExit(int(found.exit_code))
