"""`custode accept`: whether a client's PCs are as promised, a verdict each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from custode.cli.common import ClientName, Json, Limit, current_project, print_json, terminal

if TYPE_CHECKING:
    from custode.core.acceptance import PcAcceptance


def accept(
    client: ClientName,
    limit: Limit = None,
    junit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the JUnit file here, not into reports/acceptance."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at PCs after onboarding and judge them by the contract; change and record nothing."""
    from custode.cli.acceptance_table import acceptance_table
    from custode.flows.acceptance import accept as judge

    accepted = judge(
        current_project(),
        client,
        limit=limit,
        junit=junit,
        now=datetime.now(UTC),
        on_start=_started,
        on_pc=_judged,
    )
    acceptance = accepted.acceptance
    if as_json:
        print_json({**acceptance.to_json(), "junit": str(accepted.junit)})
    else:
        terminal().print(acceptance_table(acceptance))
        typer.echo(f"\njunit {_short(accepted.junit)}\nlogs  {_short(accepted.logs)}")
    raise SystemExit(int(acceptance.exit_code))


def _started(pcs: tuple[str, ...]) -> None:
    typer.echo(f"PCs to look at: {len(pcs)}", err=True)


def _judged(pc: PcAcceptance) -> None:
    typer.echo(f"{pc.pc}: {pc.verdict}", err=True)


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
