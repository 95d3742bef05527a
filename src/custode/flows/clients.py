"""A new client: the inventory folder as a form that is already filled in and passes its check."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import yaml
from jinja2 import Environment, StrictUndefined

from custode.core.errors import InputError, UsageError
from custode.edges.inventory import check_client
from custode.edges.project import Project

_FILES = {
    "contract.yml": "contract.yml.j2",
    "hosts.yml": "hosts.yml.j2",
    "group_vars/all/connection.yml": "connection.yml.j2",
}


@dataclass(frozen=True)
class NewPc:
    """One PC to cover: its name, its kind, and the address or name it answers at."""

    name: str
    kind: str
    address: str


@dataclass(frozen=True)
class NewClient:
    """The answers that a new inventory is written from."""

    id: str
    name: str
    contact_name: str
    contact_email: str
    provider_name: str
    server_url: str
    signed_on: date
    starts_on: date
    pcs: tuple[NewPc, ...]
    contact_role: str = "owner"
    language: str = "it"
    timezone: str = "Europe/Rome"
    package: str = "Assistenza tecnica"


def new_client(project: Project, answers: NewClient) -> tuple[Path, ...]:
    """Write a client's inventory, whole or not at all.

    Args:
        project: The project.
        answers: What to write.

    Returns:
        The files, in the order to read them.

    Raises:
        UsageError: The client is there already, or the name cannot be a folder's.
        InputError: An answer is not what a contract allows; nothing was written.
    """
    target = project.inventory(answers.id)
    if target.exists():
        raise UsageError(
            f"{target} is there already", hint="choose another name, or edit that inventory"
        )
    if not answers.id.isidentifier() or answers.id != answers.id.lower():
        raise UsageError(
            f"{answers.id!r} cannot name a client", hint="use lower-case letters, digits and _"
        )
    project.inventories.mkdir(exist_ok=True)
    # Written beside its place and checked there, then moved in one step.
    with tempfile.TemporaryDirectory(dir=project.inventories, prefix=".new-") as draft:
        trial = Project(Path(draft))
        folder = trial.inventory(answers.id)
        for name, text in _render(answers).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if problems := check_client(trial, answers.id):
            raise InputError(problems, hint="nothing was written")
        shutil.move(folder, target)
    return tuple(target / name for name in _FILES)


def parse_pc(text: str) -> NewPc:
    """Return the PC that `NAME=KIND@ADDRESS` describes.

    Raises:
        UsageError: The text has another shape.
    """
    name, equals, rest = text.partition("=")
    kind, at, address = rest.partition("@")
    if not (name and equals and kind and at and address):
        raise UsageError(
            f"{text!r} does not describe a PC",
            hint="write NAME=KIND@ADDRESS, such as pc-1=desktop@192.0.2.10",
        )
    return NewPc(name, kind, address)


def parse_date(text: str) -> date:
    """Return the day that an ISO date names.

    Raises:
        UsageError: The text is no date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no date", hint="write it like 2026-10-05") from error


def _render(answers: NewClient) -> dict[str, str]:
    environment = Environment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, quoted by its own writer
    )
    environment.filters["quoted"] = _quoted
    environment.filters["comment"] = lambda text: " ".join(str(text).split())
    folder = files("custode.flows") / "client_templates"
    values = {**asdict(answers), "password_variable": f"CUSTODE_{answers.id.upper()}_PASSWORD"}
    return {
        name: environment.from_string((folder / template).read_text(encoding="utf-8")).render(
            values
        )
        for name, template in _FILES.items()
    }


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar on one line, whatever it contains."""
    dumped: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf"))
    return dumped.strip()
