"""`custode notices`: whom the client must be warned about, and what became of each notice."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from custode.cli.common import ClientName, Json, current_project, print_json, terminal
from custode.core.errors import UsageError

notices_app = typer.Typer()


@notices_app.command(
    epilog="Example: custode notices acme 20261109T080000Z-pc-7 --record sent --by provider"
)
def notices(
    client: ClientName,
    notice: Annotated[
        str | None, typer.Argument(metavar="NOTICE", help="Print the draft of this one.")
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(metavar="STATUS", help="Record it as sent, delivered or acknowledged."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="When that was, ISO 8601 with zone; now if left out."),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="ROLE", help="By us (provider), or by which of the contacts.")
    ] = "provider",
    language: Annotated[
        str | None, typer.Option(help="it or en; the client's own if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the notices to a client, print a draft, or record what became of one."""
    from custode.flows import notices as flow

    project = current_project()
    if record is not None:
        if notice is None:
            raise UsageError(
                "--record needs the notice that it is about", hint="see `custode notices`"
            )
        operator = os.environ.get("CUSTODE_OPERATOR") or getpass.getuser()
        said = flow.Record(notice, record, at, by, operator)
        commit = flow.record(project, client, said, now=datetime.now(UTC))
        typer.echo(f"{notice}: {record}, {commit or 'recorded before'}")
        return
    if notice is not None:
        sys.stdout.write(flow.draft(project, client, notice, language=language))
        return
    found = flow.read_notices(project, client)
    if as_json:
        print_json(found.to_json())
    else:
        from custode.cli.tables import notices_table

        terminal().print(notices_table(found))
    raise SystemExit(int(found.exit_code))
