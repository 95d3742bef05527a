"""Where a client's PCs stand, read from the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from custode.core.connections import connections, shared
from custode.core.errors import ExitCode, StoreError
from custode.core.fleet import Fleet, Pc, Summary, fleet_at
from custode.core.observation import utc_text
from custode.edges.store import Store, Tree
from custode.flows.publish import Folders


@dataclass(frozen=True)
class FleetStatus:
    """A client's fleet at a moment, and the commit it was read from.

    Attributes:
        client: The client's id.
        commit: What it was read from.
        fleet: The PCs.
        shared_ids: TeamViewer IDs that more than one PC showed, with the PCs' names.
    """

    client: str
    commit: str
    fleet: Fleet
    shared_ids: Mapping[int, tuple[str, ...]]

    @property
    def pcs(self) -> tuple[Pc, ...]:
        """Return the covered PCs, by name."""
        return tuple(self.fleet.pcs)

    @property
    def exit_code(self) -> ExitCode:
        """Return what the process says to the shell."""
        return self.fleet.exit_code

    @property
    def counts(self) -> dict[str, int]:
        """Return how many PCs stand, fail, are unknown and were not seen."""
        return {str(summary): self.fleet.count(summary) for summary in Summary}

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a machine to read."""
        percent = self.fleet.coverage.percent()
        return {
            "at": self.fleet.now,
            "client": self.client,
            "commit": self.commit,
            "counts": self.counts,
            "percent": None if percent is None else {"worst": percent[0], "best": percent[1]},
            "exit_code": int(self.exit_code),
            "shared_teamviewer_ids": {
                str(number): list(names) for number, names in self.shared_ids.items()
            },
            "pcs": {pc.name: _pc_json(pc) for pc in self.fleet.pcs},
        }


def read_status(project: Folders, client: str, *, now: datetime | None = None) -> FleetStatus:
    """Return where a client's PCs stand.

    Args:
        project: The project.
        client: The client's id.
        now: The moment; None is the moment of the last published run.

    Raises:
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    commit, tree = published_tree(project, client)
    fleet = fleet_at(tree, now=utc_text(now) if now else None)
    return FleetStatus(client, commit, fleet, shared(connections(tree)))


def published_tree(project: Folders, client: str) -> tuple[str, Tree]:
    """Return the last commit of a client's store, and every file of it.

    Raises:
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    store = Store(project.store(client))
    commit = store.head()
    if commit is None:
        raise StoreError(
            f"nothing was published for {client} yet",
            hint=f"run `custode onboard {client}`, or `custode publish {client}`",
        )
    return commit, store.read(commit)


def _pc_json(pc: Pc) -> dict[str, Any]:
    return {
        "failed": [_finding_json(item) for item in pc.with_verdict("fail")],
        "last_attempt": None if pc.last_attempt is None else vars(pc.last_attempt),
        "last_seen_at": pc.last_seen_at,
        "missed": [vars(attempt) for attempt in pc.missed],
        "open_steps": list(pc.open_steps),
        "passed": len(pc.with_verdict("pass")),
        "reasons": [reason.to_json() for reason in pc.standing.reasons],
        "services": {name: str(item) for name, item in pc.standing.services.items()},
        "since": utc_text(pc.standing.since),
        "state": str(pc.standing.state),
        "summary": str(pc.summary),
        "unknown": [_finding_json(item) for item in pc.with_verdict("unknown")],
    }


def _finding_json(finding: dict[str, Any]) -> dict[str, Any]:
    names = ("rule", "severity", "title", "observed", "reason", "remedy")
    return {name: finding[name] for name in names}
