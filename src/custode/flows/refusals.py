"""A visit that the client refused: what a person records, so that it counts as what it was.

It is a run of its own that looks at nothing. It goes through a journal, so that the store can be
made from the journals alone, and stands among the tries of the visit with its moment and its hours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from custode import __version__
from custode.core.attribution import CLIENT_REFUSED
from custode.core.errors import UsageError
from custode.core.observation import utc_text
from custode.edges.inventory import Client, load_client
from custode.edges.journal import Journal
from custode.edges.project import Project
from custode.edges.store import Store
from custode.edges.yaml_source import did_you_mean
from custode.flows.publish import publish
from custode.flows.task_context import moment_input

VERB = "refusal"


@dataclass(frozen=True)
class Refusal:
    """What a person says of a visit that was refused.

    Attributes:
        device: The PC.
        at: When it was refused, ISO 8601 with zone; None is now.
        by: The role of the client's contact who refused it.
        operator: Who records it.
    """

    device: str
    at: str | None
    by: str
    operator: str


def record(project: Project, client_id: str, said: Refusal, *, now: datetime) -> str | None:
    """Record that a client refused a visit to a PC, for good.

    Args:
        project: The project.
        client_id: The client.
        said: What is recorded.
        now: The real time; a simulated client has a time of its own, that of `said.at`.

    Returns:
        The commit that holds it, or None when exactly this was recorded before.

    Raises:
        UsageError: There is no such client, PC or role, or the moment cannot be.
        StoreError: The record could not be written.
    """
    client = load_client(project, client_id)
    at = moment_input(said.at) if said.at else now
    if client.contract.simulated:
        if not said.at:
            raise UsageError(
                f"{client.id} is simulated: its time is not ours", hint="name it: --at"
            )
        now = at
    _check(client, said, at=at, now=now)
    known = Store(project.store(client.id)).read(below="runs").values()
    if any(_is_same(json.loads(content), said, at=at) for content in known):
        return None
    journal = Journal.create(project.journals(client.id), verb=VERB, at=at)
    for event in _events(client, said, run_id=journal.run_id, at=at, now=now):
        journal.append(event)
    return publish(project, client.id, run_id=journal.run_id)[0].commit


def _check(client: Client, said: Refusal, *, at: datetime, now: datetime) -> None:
    devices = sorted(client.contract.devices)
    if said.device not in devices:
        near = did_you_mean(said.device, devices)
        raise UsageError(
            f"{client.id} has no PC {said.device!r}",
            hint=near or f"its PCs are: {', '.join(devices)}",
        )
    # A role and no name: whoever held it is in the contract, and can be erased there.
    roles = list(dict.fromkeys(item.role for item in client.contract.client.contacts))
    if said.by not in roles:
        raise UsageError(
            f"{client.id} has no contact whose role is {said.by!r}",
            hint=f"--by one of: {', '.join(roles)}; they are in contract.yml",
        )
    if at > now:
        raise UsageError(f"{utc_text(at)} has not come yet", hint="record what has happened")


def _is_same(run: Any, said: Refusal, *, at: datetime) -> bool:
    return run["verb"] == VERB and run["at"] == utc_text(at) and said.device in run["hosts"]


def _events(
    client: Client, said: Refusal, *, run_id: str, at: datetime, now: datetime
) -> list[dict[str, Any]]:
    """Return the journal of a refusal: a try at one PC that saw nothing."""
    told = f"Refused by the client ({said.by}), as we wrote down on {utc_text(now)}."
    reason = {"kind": CLIENT_REFUSED, "message": told, "hint": "Agree on another time."}
    return [
        {
            "event": "run_started",
            "run_id": run_id,
            "verb": VERB,
            "client": client.id,
            "at": utc_text(at),
            "operator": said.operator,
            "hosts": [said.device],
            "scopes": [],
            "check_mode": False,
            "versions": {"custode": __version__},
        },
        {"event": "unreachable", "host": said.device, "task": "visit", "reason": reason},
        {"event": "run_finished", "at": utc_text(at), "counts": {}},
    ]
