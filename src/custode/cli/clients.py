"""`custode client`: write and check a client's inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from custode.cli.common import ClientName, current_project

client_app = typer.Typer(no_args_is_help=True, help="Write and check a client's inventory.")


@client_app.command("check", epilog="Example: custode client check acme")
def client_check(client: ClientName) -> None:
    """Check a client's contract, hosts and connection settings; every error has its place."""
    from custode.core.errors import InputError
    from custode.edges.inventory import check_client, load_client
    from custode.flows.backup_pin import pin_problems

    project = current_project()
    if problems := check_client(project, client):
        raise InputError(problems)
    loaded = load_client(project, client)
    if problems := pin_problems(project, loaded):
        raise InputError(problems)
    typer.echo(
        f"{client}: contract and inventory are in order "
        f"({len(loaded.hosts)} PCs, {loaded.contract.client.name})"
    )


@client_app.command(
    "new",
    epilog="Example: custode client new acme --name 'ACME S.r.l.' --pc pc-1=desktop@192.0.2.10",
)
def client_new(
    client: Annotated[str, typer.Argument(metavar="NAME", help="Short name: its folder's.")],
    name: Annotated[str, typer.Option(prompt="Client's name as signed")],
    contact: Annotated[str, typer.Option(prompt="Contact's name")],
    email: Annotated[str, typer.Option(prompt="Contact's e-mail")],
    provider: Annotated[str, typer.Option(prompt="Your company's name")],
    server: Annotated[str, typer.Option(prompt="ownCloud server (https://...)")],
    signed: Annotated[str, typer.Option(prompt="Signed on (YYYY-MM-DD)", metavar="DATE")],
    starts: Annotated[str, typer.Option(prompt="Starts on (YYYY-MM-DD)", metavar="DATE")],
    pc: Annotated[
        list[str] | None,
        typer.Option(help="A PC as NAME=KIND@ADDRESS; again for each.", metavar="PC"),
    ] = None,
    language: Annotated[str, typer.Option(help="Of the reports: it or en.")] = "it",
    timezone: Annotated[str, typer.Option(help="Of the client's office.")] = "Europe/Rome",
) -> None:
    """Write a commented inventory that passes its own check; asks for what is not given."""
    from custode.flows.clients import NewClient, new_client, parse_date, parse_pc

    listed = pc or typer.prompt("PCs as NAME=KIND@ADDRESS, separated by spaces").split()
    paths = new_client(
        current_project(),
        NewClient(
            id=client,
            name=name,
            contact_name=contact,
            contact_email=email,
            provider_name=provider,
            server_url=server,
            signed_on=parse_date(signed),
            starts_on=parse_date(starts),
            pcs=tuple(parse_pc(text) for text in listed),
            language=language,
            timezone=timezone,
        ),
    )
    for path in paths:
        typer.echo(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    typer.echo(f"next: read them, then `custode client check {client}`")
