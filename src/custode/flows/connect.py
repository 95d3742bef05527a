"""How a technician reaches a PC: the ID and the link from the last proof, and what the API adds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custode.core.connections import Connection, connections, shared
from custode.core.errors import UsageError
from custode.core.store_layout import load_contract
from custode.edges.inventory_variables import resolve_variables
from custode.edges.project import Project
from custode.edges.teamviewer_api import BASE_URL, ApiSettings, Presence, look_up
from custode.edges.yaml_source import did_you_mean
from custode.flows.status import published_tree

LINK = "https://start.teamviewer.com/"
"""Opens TeamViewer with an ID filled in, from any browser."""

_TOKEN, _URL, _CA_PATH, _TIMEOUT = (
    "teamviewer_api_token",
    "teamviewer_api_url",
    "teamviewer_api_ca_path",
    "teamviewer_api_timeout_seconds",
)
_WORDS = {
    "never_looked_at": "no visit has looked at its TeamViewer yet",
    "no_id_yet": "TeamViewer had no ID yet",
    "not_installed": "TeamViewer was not installed",
    "not_returned": "that visit did not read TeamViewer's ID",
}


@dataclass(frozen=True)
class Way:
    """The way to one PC.

    Attributes:
        client: The client's id.
        connection: What is on record of the PC; it has an ID.
        shared_with: Other PCs of the client that showed the same ID.
        timezone: Of the client's office.
    """

    client: str
    connection: Connection
    shared_with: tuple[str, ...]
    timezone: str

    @property
    def link(self) -> str:
        """Return what a technician opens."""
        return f"{LINK}{self.connection.client_id}"

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a machine to read."""
        return {
            "assigned": self.connection.assigned,
            "client": self.client,
            "edition": self.connection.edition,
            "link": self.link,
            "pc": self.connection.device,
            "seen_at": self.connection.seen_at,
            "shared_with": list(self.shared_with),
            "teamviewer_id": self.connection.client_id,
        }


def way_to(project: Project, client_id: str, pc: str) -> Way:
    """Return the way to a PC, from the store; nothing is contacted.

    Raises:
        StoreError: Nothing was published yet, or the store cannot be read.
        UsageError: The contract covers no such PC, or no ID of it is on record.
    """
    _, tree = published_tree(project, client_id)
    known = connections(tree)
    found = known.get(pc)
    if found is None:
        near = did_you_mean(pc, sorted(known))
        raise UsageError(
            f"{client_id} has no PC {pc!r}", hint=near or f"its PCs are: {', '.join(sorted(known))}"
        )
    if found.client_id is None:
        when = f" on {found.seen_at}" if found.seen_at else ""
        why = _WORDS.get(found.why, f"its TeamViewer could not be read: {found.why}")
        raise UsageError(
            f"no TeamViewer ID of {pc} is on record: {why}{when}",
            hint=f"run `custode onboard {client_id} --limit {pc}`",
        )
    others = shared(known).get(found.client_id, ())
    return Way(
        client=client_id,
        connection=found,
        shared_with=tuple(name for name in others if name != pc),
        timezone=str(load_contract(tree)["client"]["timezone"]),
    )


def ask_presence(project: Project, way: Way) -> Presence | None:
    """Ask TeamViewer's web API about a PC; None when the account does not have it.

    Raises:
        UsageError: There is no token, the vault cannot be opened, or a setting is wrong.
        TeamViewerApiError: The API could not tell.
    """
    pc = way.connection.device
    values = resolve_variables(project, way.client, pc, (_TOKEN, _URL, _CA_PATH, _TIMEOUT))
    if not values.get(_TOKEN):
        raise UsageError(
            f"{_TOKEN} is not set for {pc}",
            hint=f"put a script token into the vault of {project.inventory(way.client)}",
        )
    settings = ApiSettings(
        token=str(values[_TOKEN]),
        url=str(values.get(_URL) or BASE_URL),
        ca_path=Path(values[_CA_PATH]) if values.get(_CA_PATH) else None,
        timeout_seconds=float(values.get(_TIMEOUT) or 10.0),
    )
    return look_up(settings, int(way.connection.client_id or 0))
