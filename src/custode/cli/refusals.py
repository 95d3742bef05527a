"""`custode refused`: the client refused a visit, and it is written down as that."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from custode.cli.common import ClientName, current_project

refusals_app = typer.Typer()


@refusals_app.command(epilog="Example: custode refused acme pc-7 --by owner")
def refused(
    client: ClientName,
    pc: Annotated[str, typer.Argument(metavar="PC", help="The PC that we were not to look at.")],
    by: Annotated[
        str, typer.Option(metavar="ROLE", help="Which of the client's contacts refused it.")
    ],
    at: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="When that was, ISO 8601 with zone; now if left out."),
    ] = None,
) -> None:
    """Record that the client refused a visit to a PC, so that nobody else is blamed for it."""
    from custode.flows.refusals import Refusal, record

    operator = os.environ.get("CUSTODE_OPERATOR") or getpass.getuser()
    commit = record(current_project(), client, Refusal(pc, at, by, operator), now=datetime.now(UTC))
    typer.echo(f"{pc}: refused by {by}, {commit or 'recorded before'}")
