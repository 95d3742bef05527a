"""The commands of `custode`."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from custode import __version__
from custode.core.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from custode.edges.project import Project

EPILOG = (
    "Exit codes: 0 everything stands, 1 findings, 2 usage or contract error, "
    "3 some PCs not seen, 4 the run itself failed."
)

app = typer.Typer(
    name="custode",
    help="Keep the promises of an assistance contract, and the proof.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
client_app = typer.Typer(no_args_is_help=True, help="Write and check a client's inventory.")
schema_app = typer.Typer(no_args_is_help=True, help="Print a JSON Schema, for editors.")
app.add_typer(client_app, name="client")
app.add_typer(schema_app, name="schema")


def _clients(incomplete: str) -> list[str]:
    """Complete a client's name from the inventories at hand."""
    folder = _project().root / "inventories"
    return sorted(p.parent.name for p in folder.glob(f"{incomplete}*/contract.yml"))


ClientName = Annotated[
    str,
    typer.Argument(
        metavar="CLIENT", help="Name of a folder in inventories/.", autocompletion=_clients
    ),
]
Limit = Annotated[
    str | None, typer.Option(help="Only these PCs: a name or an Ansible pattern.", metavar="PCS")
]
At = Annotated[
    str | None,
    typer.Option(
        help="The clock as input, ISO 8601 with zone; simulated inventories only.",
        metavar="MOMENT",
    ),
]
Check = Annotated[bool, typer.Option("--check", help="Say what would change, change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"custode {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Keep the promises of an assistance contract, and the proof."""
    del version


@app.command(epilog="Example: custode onboard acme --limit pc-7")
def onboard(
    client: ClientName,
    limit: Limit = None,
    at: At = None,
    check: Check = False,
    accept_new_identity: Annotated[
        bool,
        typer.Option(
            "--accept-new-identity", help="The other hardware that answers is the right one."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Inspect a client's PCs, make their data safe, install the contract's software."""
    _visit(
        client,
        "onboard",
        limit=limit,
        at=at,
        check=check,
        accept_new_identity=accept_new_identity,
        as_json=as_json,
    )


@app.command(epilog="Example: custode monthly acme")
def monthly(
    client: ClientName,
    limit: Limit = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Look at every PC of a client, once, and write the month's report."""
    _visit(client, "monthly", limit=limit, at=at, as_json=as_json)


@app.command(epilog="Example: custode inspect acme --limit 'pc-7,pc-8'")
def inspect(
    client: ClientName,
    limit: Limit = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Look at the hardware only and change nothing: the visit before a contract."""
    _visit(client, "inspect", limit=limit, at=at, as_json=as_json)


@app.command(epilog="Example: custode doctor acme")
def doctor(client: ClientName, limit: Limit = None, at: At = None) -> None:
    """Check inventory, installers and the way to each PC; change and record nothing."""
    from custode.cli.tables import doctor_table
    from custode.flows.doctor import examine

    answers = examine(_project(), client, limit=limit, at=at, now=datetime.now(UTC))
    _console().print(doctor_table(answers))
    if any(answer.reason for answer in answers):
        raise SystemExit(int(ExitCode.NOT_SEEN))


@app.command(epilog="Example: custode publish acme")
def publish(client: ClientName, as_json: Json = False) -> None:
    """Put every journal not yet published into the client's store; repeating changes nothing."""
    from custode.edges.inventory import load_client
    from custode.flows.publish import publish as publish_all

    project = _project()
    published = publish_all(project, load_client(project, client).id)
    if as_json:
        _print_json([{"run_id": item.run_id, "commit": item.commit} for item in published])
        return
    new = [item for item in published if item.commit]
    for item in new:
        typer.echo(f"{item.run_id}: {item.commit}")
    if not new:
        typer.echo("nothing new to publish")


@app.command(epilog="Example: custode status acme --json")
def status(client: ClientName, as_json: Json = False) -> None:
    """Say where the contract stands on each PC, from the last proof; nothing is contacted."""
    from custode.cli.tables import status_tables
    from custode.edges.inventory import load_client
    from custode.flows.status import read_status

    project = _project()
    fleet = read_status(project, load_client(project, client).id)
    if as_json:
        _print_json(fleet.to_json())
    else:
        console = _console()
        for table in status_tables(fleet):
            console.print(table)
    raise SystemExit(int(fleet.exit_code))


@app.command(epilog="Example: custode report acme --language en --format html --output acme.html")
def report(
    client: ClientName,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="The month; the last one if left out.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="it or en; the client's own if left out.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="md or html.")] = "md",
    output: Annotated[
        Path | None, typer.Option(help="Write to this file instead of the terminal.")
    ] = None,
) -> None:
    """Print a month's report, made anew from the store."""
    from custode.edges.inventory import load_client
    from custode.flows.report import report_from_store

    project = _project()
    text = report_from_store(
        project, load_client(project, client).id, month=month, language=language, form=form
    )
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
        typer.echo(output)


@app.command(epilog="Example: custode demo")
def demo(as_json: Json = False) -> None:
    """Onboard seven simulated PCs, visit them a month later, and show the proof."""
    from custode.cli.progress import Progress
    from custode.cli.tables import next_steps, status_tables
    from custode.flows import demo as story
    from custode.flows.status import read_status

    os.environ.setdefault("CUSTODE_OPERATOR", "demo")
    project = _project()
    console = _console(to_stderr=as_json)
    with Progress(console) as progress:
        story.run_demo(
            project,
            now=datetime.now(UTC),
            on_chapter=lambda chapter: progress.title(chapter.title),
            on_start=progress.start,
            on_event=progress.event,
        )
    fleet = read_status(project, story.CLIENT)
    if as_json:
        _print_json(fleet.to_json())
        return
    for table in status_tables(fleet):
        console.print(table)
    console.print(next_steps(project, story.CLIENT, fleet))


@client_app.command("check", epilog="Example: custode client check acme")
def client_check(client: ClientName) -> None:
    """Check a client's contract, hosts and connection settings; every error has its place."""
    from custode.core.errors import InputError
    from custode.edges.inventory import check_client, load_client

    project = _project()
    if problems := check_client(project, client):
        raise InputError(problems)
    loaded = load_client(project, client)
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
        _project(),
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


@schema_app.command("contract", epilog="Example: custode schema contract > contract.schema.json")
def schema_contract() -> None:
    """Print the JSON Schema of contract.yml."""
    from custode.core.contract import contract_schema

    _print_json(contract_schema())


def _visit(
    client: str,
    verb: str,
    *,
    limit: str | None,
    at: str | None,
    as_json: bool,
    check: bool = False,
    accept_new_identity: bool = False,
) -> None:
    from custode.cli.progress import Progress
    from custode.cli.tables import status_tables
    from custode.flows.status import read_status
    from custode.flows.visits import Visit, visit

    project = _project()
    console = _console(to_stderr=as_json)
    request = Visit(
        client=client,
        verb=verb,
        at=at,
        limit=limit,
        check=check,
        accept_new_identity=accept_new_identity,
    )
    with Progress(console) as progress:
        result = visit(
            project,
            request,
            now=datetime.now(UTC),
            on_start=progress.start,
            on_event=progress.event,
        )
    fleet = read_status(project, client)
    if as_json:
        _print_json({"run_id": result.run_id, "log": str(result.log), **fleet.to_json()})
    else:
        for table in status_tables(fleet):
            console.print(table)
    raise SystemExit(int(fleet.exit_code))


def _project() -> Project:
    from custode.edges.project import find_project

    return find_project(Path.cwd())


def _console(*, to_stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False)


def _print_json(data: object) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True))
