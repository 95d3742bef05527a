"""The notices of a client: which are due, their drafts, and what became of those that were sent.

What a person records is a run of its own: it goes through a journal, so that the store can be made
from the journals alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from custode import __version__
from custode.core.errors import ExitCode, UsageError
from custode.core.notices import ACKNOWLEDGED, SENT, STATUSES, Notice, record_problem
from custode.core.observation import utc_moment, utc_text
from custode.edges.inventory import Client, load_client
from custode.edges.journal import Journal
from custode.edges.project import Project
from custode.flows.publish import publish
from custode.flows.report import LANGUAGES, notice_path
from custode.flows.report.sentences import notice_line
from custode.flows.report.words import words
from custode.flows.status import published_tree, read_status
from custode.flows.task_context import moment_input

VERB = "notice"
PROVIDER = "provider"
"""Who sends: the company that gives the assistance."""


@dataclass(frozen=True)
class Notices:
    """Every notice of a client at a moment (ISO 8601 UTC), oldest first, and what each says."""

    client: str
    now: str
    notices: tuple[Notice, ...]
    lines: Mapping[str, str]

    @property
    def exit_code(self) -> ExitCode:
        """Return what the process says to the shell: whether one waits to be sent."""
        waits = any(notice.waits for notice in self.notices)
        return ExitCode.FINDINGS if waits else ExitCode.STANDS

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a machine to read."""
        return {
            "at": self.now,
            "client": self.client,
            "notices": [notice.to_json() for notice in self.notices],
        }


@dataclass(frozen=True)
class Record:
    """What a person says of a notice.

    Attributes:
        notice: The notice's id.
        status: `sent`, `delivered` or `acknowledged`.
        at: When it happened, ISO 8601 with zone; None is now.
        by: `provider`, or the role of one of the client's contacts.
        operator: Who records it.
    """

    notice: str
    status: str
    at: str | None
    by: str
    operator: str


def read_notices(project: Project, client_id: str) -> Notices:
    """Return a client's notices, as the last published run knows them; nothing is contacted.

    Raises:
        UsageError: There is no such client.
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    client = load_client(project, client_id)
    fleet = read_status(project, client.id).fleet
    found = [notice for pc in fleet.pcs for notice in pc.notices]
    found.sort(key=lambda notice: (notice.due_at, notice.id))
    language = words("en", timezone=client.contract.client.timezone)
    lines = {notice.id: notice_line(language, notice) for notice in found}
    return Notices(client.id, fleet.now, tuple(found), lines)


def draft(project: Project, client_id: str, notice_id: str, *, language: str | None) -> str:
    """Return the draft of a notice, as it was made when the notice became due.

    Args:
        project: The project.
        client_id: The client.
        notice_id: The notice.
        language: `it` or `en`, or None for the client's own.

    Raises:
        UsageError: There is no such client, notice or language.
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    client = load_client(project, client_id)
    if language is not None and language not in LANGUAGES:
        raise UsageError(
            f"there is no notice in {language!r}", hint=f"languages: {', '.join(LANGUAGES)}"
        )
    _, tree = published_tree(project, client.id)
    found = tree.get(notice_path(notice_id, language or str(client.contract.client.language)))
    if found is None:
        raise _no_such(client.id, notice_id)
    return found.decode()


def record(project: Project, client_id: str, said: Record, *, now: datetime) -> str | None:
    """Record what became of a notice, for good.

    Args:
        project: The project.
        client_id: The client.
        said: What is recorded.
        now: The real time. Simulated clients have a time of their own: that of `said.at`, or of
            the last published run.

    Returns:
        The commit that holds it, or None when exactly this was recorded before.

    Raises:
        UsageError: There is no such client, notice, status or role, or it cannot be so.
        StoreError: The record could not be written.
    """
    client = load_client(project, client_id)
    known = read_notices(project, client.id)
    on = moment_input(said.at) if said.at else None
    if client.contract.simulated:
        now = on or utc_moment(known.now)
    happened = utc_text(on or now)
    notice = next((item for item in known.notices if item.id == said.notice), None)
    if notice is None:
        raise _no_such(client.id, said.notice)
    _check_words(client, said)
    told = notice.records.get(said.status)
    if told is not None and told["by"] == said.by and said.at in {None, told["on"]}:
        return None
    if problem := record_problem(notice, said.status, on=happened, now=utc_text(now)):
        raise UsageError(
            f"{notice.id} cannot be recorded as {said.status}: {problem}",
            hint=f"see `custode notices {client.id}`",
        )
    journal = Journal.create(project.journals(client.id), verb=VERB, at=now)
    for event in _events(client, notice, said, run_id=journal.run_id, now=now, on=happened):
        journal.append(event)
    return publish(project, client.id, run_id=journal.run_id)[0].commit


def _events(
    client: Client, notice: Notice, said: Record, *, run_id: str, now: datetime, on: str
) -> list[dict[str, Any]]:
    """Return the journal of a record: a run that looks at no PC."""
    return [
        {
            "event": "run_started",
            "run_id": run_id,
            "verb": VERB,
            "client": client.id,
            "at": utc_text(now),
            "operator": said.operator,
            "hosts": [],
            "check_mode": False,
            "versions": {"custode": __version__},
        },
        {
            "event": "notice_recorded",
            "by": said.by,
            "device": notice.device,
            "notice": notice.id,
            "on": on,
            "status": said.status,
        },
        {"event": "run_finished", "at": utc_text(now), "counts": {}},
    ]


def _check_words(client: Client, said: Record) -> None:
    statuses = STATUSES[1:]
    if said.status not in statuses:
        raise UsageError(
            f"{said.status!r} is nothing that can be recorded of a notice",
            hint=f"one of: {', '.join(statuses)}",
        )
    # A role and no name: whoever held it is in the contract, and can be erased there.
    theirs = list(dict.fromkeys(item.role for item in client.contract.client.contacts))
    roles = {SENT: [PROVIDER], ACKNOWLEDGED: theirs}.get(said.status, [PROVIDER, *theirs])
    if said.by not in roles:
        raise UsageError(
            f"a notice is not {said.status} by {said.by!r}",
            hint=f"--by one of: {', '.join(roles)}; the client's roles are in contract.yml",
        )


def _no_such(client: str, notice_id: str) -> UsageError:
    return UsageError(
        f"{client} has no notice {notice_id!r}", hint=f"see `custode notices {client}`"
    )
