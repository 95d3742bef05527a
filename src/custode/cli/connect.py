"""`custode connect`: the way to one PC, for the technician who takes the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from custode.cli.common import ClientName, Json, current_project, print_json
from custode.core.errors import ExitCode

if TYPE_CHECKING:
    from custode.edges.teamviewer_api import Presence
    from custode.flows.connect import Way

connect_app = typer.Typer()

PcName = Annotated[str, typer.Argument(metavar="PC", help="Its name in the contract.")]


@connect_app.command(epilog="Example: custode connect acme pc-7")
def connect(
    client: ClientName,
    pc: PcName,
    lookup: Annotated[
        bool,
        typer.Option("--lookup", help="Ask TeamViewer's web API too; its token is in the vault."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print a PC's TeamViewer ID and the link that opens it, from the last proof."""
    from custode.edges.inventory import load_client
    from custode.flows.connect import ask_presence, way_to

    project = current_project()
    way = way_to(project, load_client(project, client).id, pc)
    if not as_json:
        for line in _lines(way):
            typer.echo(line)
    presence = ask_presence(project, way) if lookup else None
    if as_json:
        seen = None if presence is None else vars(presence)
        print_json({**way.to_json(), **({"presence": seen} if lookup else {})})
    elif lookup:
        typer.echo(f"  {_presence(presence, way)}")
    if way.shared_with:
        raise SystemExit(int(ExitCode.FINDINGS))


def _lines(way: Way) -> list[str]:
    seen = way.connection
    product = {"host": "TeamViewer Host", "full": "TeamViewer, full"}.get(
        seen.edition or "", "TeamViewer"
    )
    states = {True: "assigned", False: "not assigned", None: "assignment not known"}
    lines = [
        f"{seen.device}: TeamViewer ID {seen.client_id:,}".replace(",", " "),
        f"  {way.link}",
        f"  {product}, {states[seen.assigned]}; as seen on {_local(str(seen.seen_at), way.timezone)}",
    ]
    if way.shared_with:
        others = ", ".join(way.shared_with)
        lines.append(f"  Careful: {others} showed the same ID (a cloned disk).")
        lines.append("  The link may open any of them.")
    return lines


def _presence(presence: Presence | None, way: Way) -> str:
    if presence is None:
        return "TeamViewer's account does not have this PC"
    if presence.online:
        return "online now"
    if presence.last_seen is None:
        return "offline"
    return f"offline; TeamViewer last saw it on {_local(presence.last_seen, way.timezone)}"


def _local(moment: str, timezone: str) -> str:
    from custode.core.observation import utc_moment

    return f"{utc_moment(moment).astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"
