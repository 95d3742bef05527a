"""By which number a technician reaches each PC, as the last look at it showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from custode.core import teamviewer
from custode.core.observation import Facts
from custode.core.store_layout import (
    Json,
    Tree,
    covered_devices,
    load_contract,
    load_json,
    load_runs,
)

_SCOPE = "compliance"
_LISTED_PROBE = "installed_software"


@dataclass(frozen=True)
class Connection:
    """What is on record of one PC's TeamViewer.

    Attributes:
        device: The PC.
        client_id: Its TeamViewer ID, or None when there is none on record.
        assigned: Whether the PC showed that it is assigned; None when that is not known.
        edition: `host`, `full`, or None when it was not told.
        seen_at: When it was looked at, ISO 8601 UTC; None when it never was.
        why: A stable word for why there is no ID, such as `not_installed`; empty when there is.
    """

    device: str
    client_id: int | None
    assigned: bool | None
    edition: str | None
    seen_at: str | None
    why: str


def connections(tree: Tree) -> dict[str, Connection]:
    """Return what is on record of each covered PC, by name.

    Args:
        tree: Every file of the store's commit.

    Raises:
        StoreError: The store is empty or damaged.
    """
    runs = load_runs(tree)
    return {
        device: _connection(tree, device, runs) for device in covered_devices(load_contract(tree))
    }


def shared(known: Mapping[str, Connection]) -> dict[int, tuple[str, ...]]:
    """Return the IDs that more than one PC showed, with the PCs' names: a disk was cloned."""
    return teamviewer.shared_ids({name: item.client_id for name, item in known.items()})


def shared_groups(names: Iterable[str], runs: Sequence[Json]) -> list[tuple[str, ...]]:
    """Return the groups of PCs that showed the same ID when they were last looked at.

    Args:
        names: The PCs.
        runs: The runs' records, oldest first; those of older versions do not know the ID.
    """
    ids: dict[str, int | None] = {}
    for name in names:
        hosts = [host for run in runs if (host := run["hosts"].get(name))]
        looks = [host for host in hosts if _SCOPE in host["scopes"]]
        ids[name] = looks[-1].get("teamviewer_id") if looks else None
    return list(teamviewer.shared_ids(ids).values())


def _connection(tree: Tree, device: str, runs: Sequence[Json]) -> Connection:
    seen_at = _seen_at(device, runs)
    stored = load_json(tree, f"devices/{device}/facts.json") or {"facts": {}}
    facts = Facts.from_json(stored["facts"])

    def without(why: str) -> Connection:
        return Connection(device, None, None, None, seen_at, why)

    if seen_at is None:
        return without("never_looked_at")
    try:
        found = teamviewer.registration_in(facts)
    except teamviewer.UnclearError as error:
        return without(error.why)
    if found is None:
        return without("not_installed")
    if found.client_id is None:
        return without("no_id_yet")
    listed = facts.get(_LISTED_PROBE)
    return Connection(
        device=device,
        client_id=found.client_id,
        assigned=_assigned(found, facts),
        edition=teamviewer.edition(listed.rows) if listed else None,
        seen_at=seen_at,
        why="",
    )


def _assigned(found: teamviewer.Registration, facts: Facts) -> bool | None:
    managed = facts.get(teamviewer.MANAGEMENT_PROBE)
    if managed is None or managed.error is not None:
        return None
    return teamviewer.is_assigned(found, managed.rows)


def _seen_at(device: str, runs: Sequence[Json]) -> str | None:
    """Return when the PC was last looked at closely enough to see its TeamViewer."""
    looks = [
        host["observed_at"]
        for run in runs
        if (host := run["hosts"].get(device)) and _SCOPE in host["scopes"]
    ]
    return str(looks[-1]) if looks else None
