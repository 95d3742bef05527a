"""`custode pending`: what waits for a person."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from custode.cli.common import At, ClientName, Json, current_project, print_json, terminal

pending_app = typer.Typer()


@pending_app.command(epilog="Example: custode pending acme")
def pending(client: ClientName, at: At = None, as_json: Json = False) -> None:
    """List the steps that only a person can finish, with their age; nothing is contacted."""
    from custode.cli.tables import pending_table
    from custode.flows.pending import pending as read_pending

    found = read_pending(current_project(), client, at=at, now=datetime.now(UTC))
    if as_json:
        print_json(found.to_json())
    else:
        terminal().print(pending_table(found))
    raise SystemExit(int(found.exit_code))
