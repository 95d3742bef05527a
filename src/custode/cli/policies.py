"""`custode rules`, `custode probes`, `custode probe`: what is required, what is read, and how it reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from custode.cli.common import At, ClientName, Json, current_project, print_json, terminal
from custode.core.errors import ExitCode

policies_app = typer.Typer()

Only = Annotated[
    list[str] | None,
    typer.Option(metavar="PROBE", help="Only this probe; again for each. All if left out."),
]


@policies_app.command(epilog="Example: custode rules --json")
def rules(as_json: Json = False) -> None:
    """List what is required of a PC: every rule that is loaded."""
    from custode.cli.policy_tables import rule_tables
    from custode.edges.policies import load_policies
    from custode.flows.policies import rules_json

    policies = load_policies(current_project().policies)
    if as_json:
        print_json(rules_json(policies))
        return
    console = terminal()
    for table in rule_tables(policies):
        console.print(table)


@policies_app.command(epilog="Example: custode probes --json")
def probes(as_json: Json = False) -> None:
    """List what is read on a PC and why: every probe that is loaded."""
    from custode.cli.policy_tables import probe_tables
    from custode.edges.policies import load_policies
    from custode.flows.policies import probes_json

    policies = load_policies(current_project().policies)
    if as_json:
        print_json(probes_json(policies))
        return
    console = terminal()
    for table in probe_tables(policies):
        console.print(table)


@policies_app.command(epilog="Example: custode probe acme pc-7 --only logical_disks --explain")
def probe(
    client: ClientName,
    pc: Annotated[str, typer.Argument(metavar="PC", help="Its name in the contract.")],
    only: Only = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what is read, and why, beside each answer.")
    ] = False,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Show what one PC answers right now, unjudged; nothing is changed or recorded."""
    from custode.cli.policy_tables import look_lines
    from custode.flows.look import look_at

    look = look_at(current_project(), client, pc, only=only or (), at=at, now=datetime.now(UTC))
    if as_json:
        print_json(look.to_json())
    else:
        for line in look_lines(look, explain=explain):
            typer.echo(line)
    if look.reason is not None:
        raise SystemExit(int(ExitCode.NOT_SEEN))
