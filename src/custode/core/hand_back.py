"""The end of a contract on one PC: what of it is ours to take away, and the record of what was.

The ledger alone knows what we installed, and what stood there before us: that is the client's and
stays. Whatever cannot be told from it stays too, and is said to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from custode.core.needs import catalog_id
from custode.core.observation import utc_moment
from custode.core.steps import INSTALL, OPENED, WITHDRAWN

VERB = "offboard"
RELEASED, KEPT, UNKNOWN = "released", "kept", "unknown"
"""How the way in ended: gone, left on purpose, or nobody knows."""

# The step of the role teamviewer that puts a PC into the technician's account.
_ASSIGNING = "assignment |"
_ONBOARDING = "onboard"
Json = dict[str, Any]


@dataclass(frozen=True)
class Product:
    """One product on one PC.

    Attributes:
        product: Its catalog id.
        title: Its name for people.
        version: The version that was installed, or None where a person installed it.
        why: Why it stays; empty where it goes.
    """

    product: str
    title: str
    version: str | None
    why: str = ""

    def to_json(self) -> Json:
        """Return plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """What is taken away from one PC.

    Attributes:
        remove: Products that we installed where none was.
        by_person: The same, which only a person can remove.
        left: Products that stay: `kept` (the contract says so), `there_before`, `origin_unknown`,
            or `not_ours`.
        keep_tool: Whether the clean-up tool stays, as the contract says.
        unassign: Whether TeamViewer belongs to an account of ours.
    """

    remove: tuple[Product, ...]
    by_person: tuple[Product, ...]
    left: tuple[Product, ...]
    keep_tool: bool
    unassign: bool

    def to_json(self) -> Json:
        """Return plain data."""
        groups = {"remove": self.remove, "by_person": self.by_person, "left": self.left}
        return {
            **{name: [item.to_json() for item in items] for name, items in groups.items()},
            "keep_tool": self.keep_tool,
            "unassign": self.unassign,
        }


def plan(
    ledger: Iterable[Mapping[str, Any]],
    contract: Mapping[str, Any],
    *,
    titles: Mapping[str, str],
    attended: Collection[str],
) -> Plan:
    """Return what of a PC is ours to take away.

    Args:
        ledger: The PC's lines.
        contract: The contract as plain data.
        titles: Names of the catalog's products by id.
        attended: Those of them that only a person can remove.
    """
    services = [item["product"] for item in contract["services"].values() if item]
    wanted = {catalog_id(str(name)) for name in services}
    kept = {catalog_id(str(name)) for name in (contract.get("hand_back") or {}).get("keep", ())}
    lines = sorted(ledger, key=lambda line: (str(line["at"]), str(line["run_id"])))
    found = _installed(lines)
    remove: list[Product] = []
    by_person: list[Product] = []
    left: list[Product] = []
    for product in sorted({*wanted, *found}):
        line = found.get(product)
        title = titles.get(product) or str((line or {}).get("title") or product)
        version = None if line is None else line.get("version")
        why = _why_left(product, line, kept)
        item = Product(product, title, version, why)
        if why:
            left.append(item)
        else:
            (by_person if product in attended else remove).append(item)
    cleanup = contract.get("cleanup") or {}
    keep_tool = bool(cleanup.get("keep")) and cleanup.get("tool") == "ccleaner"
    return Plan(tuple(remove), tuple(by_person), tuple(left), keep_tool, _assigned_by_us(lines))


def _assigned_by_us(lines: Iterable[Mapping[str, Any]]) -> bool:
    changes = [item for line in lines for item in line.get("changes", ())]
    return any(item["role"] == "teamviewer" and _ASSIGNING in item["task"] for item in changes)


def _why_left(product: str, line: Mapping[str, Any] | None, kept: Collection[str]) -> str:
    if product in kept:
        return "kept"
    if line is None:
        return "not_ours"
    before = line.get("found")
    if before is None:
        return "origin_unknown"
    return "" if before == "absent" else "there_before"


def _installed(lines: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    """Return what we installed and did not remove again, by product, with what was there before."""
    replaced = {(line["run_id"], line["product"]) for line in lines if line["entry"] == "installed"}
    found: dict[str, Json] = {}
    for line in lines:
        product = str(line.get("product"))
        if line["entry"] == "installed":
            first = found.get(product, {}).get("found", line.get("found"))
            found[product] = {**line, "found": first}
        elif line["entry"] == "removed" and (line["run_id"], product) not in replaced:
            found.pop(product, None)
        elif line["entry"] == OPENED and line["step"] == INSTALL and product not in found:
            # A step is opened where the product is absent, or where only remains of it are.
            before = "absent" if not line.get("note") else "broken"
            found[product] = {"found": before, "version": None}
        elif line["entry"] == WITHDRAWN and line["step"] == INSTALL:
            found.pop(product, None)
    return found


def released_items(
    planned: Mapping[str, Any],
    *,
    registry: Mapping[str, Any],
    folders: Iterable[str],
    account: str,
    stays: Collection[str],
) -> tuple[list[Json], list[Json]]:
    """Return what was removed beside products, and everything that stays, with the reason.

    Args:
        planned: A `Plan` as plain data.
        registry: What `fleet_registry_backup` brought back and left.
        folders: Folders of ours that were removed.
        account: The account that goes last, or empty.
        stays: What of the way in stays: `token_filter_policy`, which gives local accounts their
            full rights, and the listener's `certificate`; other words mean nothing here.
    """
    removed = [{"what": "folder", "name": path} for path in folders]
    removed += [{"what": "registry_value", "name": name} for name in registry["restored"]]
    if planned["unassign"]:
        removed.append({"what": "assignment", "name": "TeamViewer"})
    left = [_left("product", item["title"], item["why"]) for item in planned["left"]]
    left += [_left("product", item["title"], "by_person") for item in planned["by_person"]]
    left += [_left("registry_value", name, "changed_since") for name in registry["left"]]
    if planned["keep_tool"]:
        left.append(_left("tool", "CCleaner", "kept"))
    left.append(_left("profile", account, "in_use") if account else _left("account", "", "kept"))
    why = "origin_unknown" if account else "kept"
    if "token_filter_policy" in stays:
        left.append(_left("setting", "LocalAccountTokenFilterPolicy", why))
    if "certificate" in stays:
        left.append(_left("certificate", "WinRM", why))
    return removed, left


def _left(what: str, name: str, why: str) -> Json:
    return {"what": what, "name": name, "why": why}


def released_at(runs: Sequence[Mapping[str, Any]], device: str) -> str | None:
    """Return when a PC was handed back, ISO 8601 UTC, or None while it is ours to look after."""
    last = _since_onboarding(runs, device)
    released = [run for run in last if _released(run, device) == RELEASED]
    if not released:
        return None
    host = released[-1]["hosts"][device]
    return max(str(released[-1]["at"]), str(host["observed_at"] or ""), key=_moment)


def hand_back(
    runs: Sequence[Mapping[str, Any]], device: str, *, contract: Mapping[str, Any], identity: Json
) -> Json | None:
    """Return the record of a PC's hand-back, or None when there was none since it was onboarded.

    Args:
        runs: Every run's record, oldest first.
        device: The PC.
        contract: The contract as plain data.
        identity: The recorded identity of the machine, digested.
    """
    tried = [
        run
        for run in _since_onboarding(runs, device)
        if run["verb"] == VERB and run["hosts"][device].get("handed_back")
    ]
    if not tried:
        return None
    hosts = [run["hosts"][device] for run in tried]
    removed = [item for host in hosts for item in host.get("removed", [])]
    told = [item for host in hosts for each in host["handed_back"] for item in each["removed"]]
    last = hosts[-1]["handed_back"][-1]
    way_in = [item for host in hosts for item in host.get("released", [])]
    return {
        "at": tried[-1]["at"],
        "began_at": tried[0]["at"],
        "contract": {
            "client": contract["client"]["name"],
            "ends_on": contract.get("ends_on"),
            "provider": contract["provider"]["name"],
            "signed_on": contract["signed_on"],
        },
        "device": device,
        "identity": identity,
        "left": last["left"],
        "operator": tried[-1]["operator"],
        "products_removed": [
            {name: item[name] for name in ("product", "title", "version")} for item in removed
        ],
        "removed": told,
        "run_ids": [run["run_id"] for run in tried],
        "way_in": way_in[-1] if way_in else None,
    }


def _since_onboarding(
    runs: Sequence[Mapping[str, Any]], device: str
) -> Sequence[Mapping[str, Any]]:
    own = [run for run in runs if device in run["hosts"] and not run["check_mode"]]
    begun = [
        index
        for index, run in enumerate(own)
        if run["verb"] == _ONBOARDING and run["hosts"][device]["observed_at"] is not None
    ]
    return own[begun[-1] + 1 :] if begun else own


def _released(run: Mapping[str, Any], device: str) -> str | None:
    told = run["hosts"][device].get("released")
    return str(told[-1]["outcome"]) if told else None


def _moment(text: str) -> float:
    return utc_moment(text).timestamp() if text else 0.0
