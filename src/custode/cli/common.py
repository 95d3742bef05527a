"""What several commands share: their arguments, where they stand, how they print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from custode.edges.project import Project


def _clients(incomplete: str) -> list[str]:
    """Complete a client's name from the inventories at hand."""
    folder = current_project().root / "inventories"
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


def current_project() -> Project:
    """Return the checkout that the user stands in."""
    from custode.edges.project import find_project

    return find_project(Path.cwd())


def terminal(*, to_stderr: bool = False) -> Console:
    """Return the terminal."""
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False)


def print_json(data: object) -> None:
    """Print data as JSON, keys in order."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True))
