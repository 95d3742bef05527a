"""The commands of `custode`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from custode import __version__
from custode.cli.acceptance import accept
from custode.cli.catalog import catalog_app
from custode.cli.clients import client_app
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
from custode.cli.connect import connect_app
from custode.cli.notices import notices_app
from custode.cli.offboard import offboard
from custode.cli.pending import pending_app
from custode.cli.policies import policies_app
from custode.cli.privacy import privacy_app
from custode.cli.refusals import refusals_app
from custode.cli.rejudge import rejudge_app
from custode.cli.remediate import remediate
from custode.core.errors import ExitCode

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
schema_app = typer.Typer(no_args_is_help=True, help="Print a JSON Schema, for editors.")
app.add_typer(catalog_app, name="catalog")
app.add_typer(client_app, name="client")
app.add_typer(connect_app)
app.add_typer(notices_app)
app.add_typer(pending_app)
app.add_typer(policies_app)
app.add_typer(privacy_app)
app.add_typer(refusals_app)
app.add_typer(rejudge_app)
app.add_typer(schema_app, name="schema")


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

    answers = examine(current_project(), client, limit=limit, at=at, now=datetime.now(UTC))
    terminal().print(doctor_table(answers))
    if any(answer.reason for answer in answers):
        raise SystemExit(int(ExitCode.NOT_SEEN))


app.command(epilog="Example: custode accept acme --limit pc-7")(accept)
app.command(epilog="Example: custode remediate acme --limit pc-7 --check")(remediate)
app.command(epilog="Example: custode offboard acme --limit pc-7 --check")(offboard)


@app.command(epilog="Example: custode publish acme")
def publish(client: ClientName, as_json: Json = False) -> None:
    """Put every journal not yet published into the client's store; repeating changes nothing."""
    from custode.edges.inventory import load_client
    from custode.flows.publish import publish as publish_all

    project = current_project()
    published = publish_all(project, load_client(project, client).id)
    if as_json:
        print_json([{"run_id": item.run_id, "commit": item.commit} for item in published])
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

    project = current_project()
    fleet = read_status(project, load_client(project, client).id)
    if as_json:
        print_json(fleet.to_json())
    else:
        console = terminal()
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

    project = current_project()
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
    project = current_project()
    console = terminal(to_stderr=as_json)
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
        print_json(fleet.to_json())
        return
    for table in status_tables(fleet):
        console.print(table)
    console.print(next_steps(project, story.CLIENT, fleet))


@schema_app.command("contract", epilog="Example: custode schema contract > contract.schema.json")
def schema_contract() -> None:
    """Print the JSON Schema of contract.yml."""
    from custode.core.contract import contract_schema

    print_json(contract_schema())


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

    project = current_project()
    console = terminal(to_stderr=as_json)
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
        print_json({"run_id": result.run_id, "log": str(result.log), **fleet.to_json()})
    else:
        for table in status_tables(fleet):
            console.print(table)
    raise SystemExit(int(fleet.exit_code))
