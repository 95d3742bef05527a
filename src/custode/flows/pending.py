"""What waits for a person at a client's PCs, and since when; read from the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from custode.core.errors import ExitCode
from custode.edges.inventory import load_client
from custode.edges.project import Project
from custode.flows.report.sentences import step_hint, step_words
from custode.flows.report.words import Words, words
from custode.flows.status import read_status
from custode.flows.task_context import clock_input


@dataclass(frozen=True)
class Waiting:
    """One step that a person must finish.

    Attributes:
        pc: The PC's name.
        step: The step as the ledger tells it, with its age: product, step, at, age_days, note,
            run_id, staged_at.
        what: What is to be done, in English.
    """

    pc: str
    step: Mapping[str, Any]
    what: str


@dataclass(frozen=True)
class Pending:
    """Every step that waits, the oldest first, at a moment (ISO 8601 UTC)."""

    client: str
    now: str
    steps: tuple[Waiting, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return what the process says to the shell."""
        return ExitCode.FINDINGS if self.steps else ExitCode.STANDS

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a machine to read."""
        return {
            "at": self.now,
            "client": self.client,
            "steps": [{"pc": item.pc, "what": item.what, **item.step} for item in self.steps],
        }


def pending(project: Project, client_id: str, *, at: str | None, now: datetime) -> Pending:
    """Return what waits for a person; nothing is contacted.

    Args:
        project: The project.
        client_id: The client.
        at: The clock as input, ISO 8601 with zone; only for simulated inventories.
        now: The real time. Simulated PCs have a time of their own: without `at` it is that of
            the last published run.

    Raises:
        UsageError: There is no such client, or the clock may not be set.
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    client = load_client(project, client_id)
    given = clock_input(client.contract, at)
    real = None if client.contract.simulated else now
    fleet = read_status(project, client.id, now=given or real).fleet
    language = words("en", timezone=client.contract.client.timezone)
    waiting = [
        Waiting(pc.name, step, _what(language, step)) for pc in fleet.pcs for step in pc.open_steps
    ]
    waiting.sort(key=lambda item: (str(item.step["at"]), item.pc))
    return Pending(client.id, fleet.now, tuple(waiting))


def _what(language: Words, step: Mapping[str, Any]) -> str:
    said = [f"{step_words(language, dict(step))}.", step_hint(language, dict(step))]
    return " ".join(part for part in said if part)
