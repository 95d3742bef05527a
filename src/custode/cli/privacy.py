"""`custode privacy`: what was read on the PCs, for the client's processing register."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from custode.cli.common import ClientName, Json, current_project, print_json

if TYPE_CHECKING:
    from custode.flows.privacy import Privacy

privacy_app = typer.Typer()

_WIDTH = 80


@privacy_app.command(epilog="Example: custode privacy acme --month 2026-11 --lang en")
def privacy(
    client: ClientName,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="The month; the last one if left out.")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option("--lang", "--language", help="it or en; the client's own if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what was read on the PCs in a month, why, how long it is kept and who sees it."""
    from custode.edges.inventory import load_client
    from custode.flows.privacy import read_privacy

    project = current_project()
    known = load_client(project, client).id
    found = read_privacy(project, known, month=month, language=language)
    if as_json:
        print_json(found.to_json())
        return
    for line in _lines(found):
        typer.echo(line)


def _lines(found: Privacy) -> Iterator[str]:
    yield from _wrapped(found.title)
    for said in found.said:
        yield ""
        yield from _wrapped(said)
    for kind, about, lines in found.kinds:
        yield ""
        yield from _heading(kind)
        yield from _wrapped(about)
        for line in lines:
            yield ""
            told = f"{line.told} ({line.seen_on})" if line.seen_on else line.told
            yield from _wrapped(line.purpose, first="- ", rest="  ")
            for place in line.places:
                yield from _wrapped(place, first="  ", rest="    ")
            yield from _wrapped(told, first="  = ", rest="    ")
    for title, sentences in found.sections:
        yield ""
        yield from _heading(title)
        for sentence in sentences:
            yield from _wrapped(sentence)


def _heading(text: str) -> list[str]:
    return [text, "-" * len(text)]


def _wrapped(text: str, *, first: str = "", rest: str = "") -> list[str]:
    return wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest)
