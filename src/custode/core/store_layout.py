"""What the store's files hold, and how one run changes them: pure functions from tree to tree.

A tree is every file of one commit, path to content. `runs/` is the source of everything that is
said about the past; `devices/` holds the newest state of each PC at constant paths.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from custode.core.errors import StoreError
from custode.core.hand_back import hand_back, released_at
from custode.core.identity import Identity, Match, compare
from custode.core.observation import utc_moment
from custode.core.run_record import Observation, RunRecord
from custode.core.services import ServiceEvidence
from custode.core.standing import Look, Standing, Terms
from custode.core.validity import standing

Tree = Mapping[str, bytes]
Json = dict[str, Any]

CONTRACT = "contract.json"
HAND_BACK = "handback.json"
ONBOARDING = "onboard"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VOLATILE = ("last_sign_of_life",)
"""Aspects of a product that move by themselves; they are kept in the run's record alone."""
_RULE_TEXTS = (
    "area", "clause", "gate", "hazard", "proves", "remedy", "scope", "service", "severity",
    "title", "why",
)  # fmt: skip


def dump_json(data: Any) -> bytes:
    """Return data as the store writes it: sorted keys, two spaces, UTF-8, a final newline."""
    text = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def dump_lines(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """Return entries one a line, as the ledger writes them."""
    lines = (json.dumps(entry, sort_keys=True, ensure_ascii=False) for entry in entries)
    return "".join(f"{line}\n" for line in lines).encode()


def load_json(tree: Tree, path: str) -> Json | None:
    """Return one file's data, or None when it is not there.

    Raises:
        StoreError: The file is not what the store writes.
    """
    content = tree.get(path)
    if content is None:
        return None
    try:
        data = json.loads(content)
    except ValueError as error:
        raise StoreError(f"{path} in the store is no JSON", hint="see `git log` there") from error
    return dict(data)


def load_contract(tree: Tree) -> Json:
    """Return the contract that the store holds.

    Raises:
        StoreError: Nothing was ever published here.
    """
    contract = load_json(tree, CONTRACT)
    if contract is None:
        raise StoreError("the store is empty", hint="run `custode onboard` or `custode publish`")
    return contract


def load_runs(tree: Tree) -> list[Json]:
    """Return every run's record, oldest first."""
    paths = (path for path in tree if path.startswith("runs/"))
    runs = [load_json(tree, path) or {} for path in paths]
    return sorted(runs, key=run_order)


def load_ledger(tree: Tree, device: str) -> list[Json]:
    """Return a PC's ledger, oldest line first."""
    content = tree.get(f"devices/{device}/ledger.jsonl", b"")
    return [dict(json.loads(line)) for line in content.splitlines()]


def rules_path(policy_digest: str) -> str:
    """Return where the words of the rules are kept that a policy digest stands for."""
    return f"rules/{re.sub(r'[^0-9A-Za-z]', '-', policy_digest)}.json"


def load_rules(tree: Tree) -> dict[str, Json]:
    """Return the words of every rule that judged, by the file they are kept in; see `rules_path`."""
    return {path: load_json(tree, path) or {} for path in tree if path.startswith("rules/")}


def run_order(run: Mapping[str, Any]) -> tuple[str, str]:
    """Return what runs are sorted by: their moment, then their name."""
    return (str(run["at"]), str(run["run_id"]))


def month_of(moment: str, contract: Mapping[str, Any]) -> date:
    """Return the first day of the month a moment falls in, where the client is."""
    local = utc_moment(moment).astimezone(ZoneInfo(str(contract["client"]["timezone"])))
    return local.date().replace(day=1)


def looks_at(runs: Iterable[Mapping[str, Any]], device: str) -> list[Look]:
    """Return every look at one PC that the runs recorded."""
    looks = []
    for run in runs:
        host = run["hosts"].get(device)
        if host is None or host["observed_at"] is None:
            continue
        services = {
            name: ServiceEvidence.from_json(data) for name, data in host["services"].items()
        }
        looks.append(Look(utc_moment(host["observed_at"]), str(run["run_id"]), services))
    return looks


def device_standing(
    runs: Sequence[Mapping[str, Any]], device: str, *, contract: Mapping[str, Any], now: str
) -> Standing:
    """Return where the contract stands for one PC at a moment (ISO 8601)."""
    terms = Terms.from_contract(contract)
    if (released := released_at(runs, device)) is not None:
        terms = terms.ended_at(utc_moment(released), kind="handed_back")
    return standing(looks_at(runs, device), terms=terms, now=utc_moment(now))


def covered_devices(contract: Mapping[str, Any]) -> list[str]:
    """Return the names of the covered PCs; mobile devices hold copies and are never visited."""
    return sorted(
        name
        for name, device in contract["devices"].items()
        if device["covered"] and device["kind"] != "mobile"
    )


def service_products(contract: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return by service of the contract the ids of the products that give it."""
    services = contract["services"]
    antivirus = services["antivirus"]
    return {
        "antivirus": {antivirus["product"], *antivirus.get("accept", ())},
        "backup": {services["backup"]["product"]},
    }


def apply_run(tree: Tree, record: RunRecord) -> dict[str, bytes]:
    """Return the tree with one run in it; the reports are not touched.

    An older run never overwrites what a newer one saw, and a run that is already there is
    replaced by its fuller record.

    Args:
        tree: The last commit's files.
        record: The run.

    Raises:
        StoreError: A PC's name cannot be a folder's.
    """
    summary = record.summary
    before = [run for run in load_runs(tree) if run["run_id"] != summary["run_id"]]
    after = dict(tree)
    newest = all(run_order(run) <= run_order(summary) for run in before)
    if record.contract and (newest or CONTRACT not in tree):
        after[CONTRACT] = dump_json(record.contract)
    after[f"runs/{summary['run_id']}.json"] = dump_json(summary)
    for device, looks in record.observations.items():
        verified = summary["hosts"][device]["verified"]
        if (looks or verified) and not _SAFE_NAME.fullmatch(device):
            raise StoreError(f"{device!r} cannot be the name of a PC's folder")
        newer = _products_seen_after(before, device, run_order(summary))
        _keep_software(after, device, {k: v for k, v in verified.items() if k not in newer})
        for look in looks:
            _keep_rules(after, look)
            known = _known_scopes(before, device)
            _keep_look(after, device, look, known=known, order=run_order(summary))
            if summary["verb"] == ONBOARDING:
                _keep_identity(after, device, Identity.from_json(look.identity))
    return after


def keep_hand_back(tree: dict[str, bytes], runs: Sequence[Json], device: str) -> None:
    """Write the record of a PC's hand-back, or take it away where the PC was put into service again."""
    folder = f"devices/{device}"
    record = hand_back(
        runs,
        device,
        contract=load_contract(tree),
        identity=load_json(tree, f"{folder}/identity.json") or {},
    )
    tree.pop(f"{folder}/{HAND_BACK}", None)
    if record is not None:
        tree[f"{folder}/{HAND_BACK}"] = dump_json(record)


def _keep_rules(tree: dict[str, bytes], look: Observation) -> None:
    """Keep the words of the rules beside the digest of the policies, once for all runs."""
    path = rules_path(look.policy_digest)
    texts = {
        str(item["rule"]): {name: item[name] for name in _RULE_TEXTS} for item in look.findings
    }
    tree[path] = dump_json({**(load_json(tree, path) or {}), **texts})


def _known_scopes(runs: Iterable[Mapping[str, Any]], device: str) -> dict[str, tuple[str, str]]:
    """Return which run looked last at each scope of a PC."""
    known: dict[str, tuple[str, str]] = {}
    for run in runs:
        host = run["hosts"].get(device, {"scopes": []})
        for scope in host["scopes"]:
            known[scope] = max(known.get(scope, ("", "")), run_order(run))
    return known


def _keep_look(
    tree: dict[str, bytes],
    device: str,
    look: Observation,
    *,
    known: Mapping[str, tuple[str, str]],
    order: tuple[str, str],
) -> None:
    """Write a look into a PC's files, as far as no newer run looked at the same scope."""
    fresh = {scope for scope in look.scopes if known.get(scope, ("", "")) <= order}
    if not fresh:
        return
    folder = f"devices/{device}"
    stored = load_json(tree, f"{folder}/findings.json") or {"findings": []}
    findings = {item["rule"]: item for item in stored["findings"] if item["scope"] not in fresh}
    whole = not findings and fresh == set(look.scopes)
    findings |= {item["rule"]: item for item in look.findings if item["scope"] in fresh}
    facts = (load_json(tree, f"{folder}/facts.json") or {"facts": {}})["facts"]
    if whole:
        facts = look.facts
    elif fresh == set(look.scopes):
        facts = {**facts, **look.facts}
    else:
        facts = {**look.facts, **facts}
    tree[f"{folder}/facts.json"] = dump_json({"facts": facts})
    ordered = [findings[rule] for rule in sorted(findings)]
    tree[f"{folder}/findings.json"] = dump_json({"findings": ordered})


def _products_seen_after(
    runs: Iterable[Mapping[str, Any]], device: str, order: tuple[str, str]
) -> set[str]:
    """Return the products of a PC that a newer run than `order` has verified."""
    newer = [run["hosts"].get(device, {}) for run in runs if run_order(run) > order]
    return {product for host in newer for product in host.get("verified", {})}


def _keep_software(
    tree: dict[str, bytes], device: str, verified: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write how products stand on a PC, without what changes by itself."""
    if not verified:
        return
    path = f"devices/{device}/software.json"
    products = (load_json(tree, path) or {"products": {}})["products"]
    for product, entry in verified.items():
        aspects = {name: data for name, data in entry["aspects"].items() if name not in _VOLATILE}
        products[product] = {"title": entry["title"], "aspects": aspects}
    tree[path] = dump_json({"products": products})


def _keep_identity(tree: dict[str, bytes], device: str, found: Identity) -> None:
    """Write the identity that onboarding saw; other visits only compare with it.

    A value that was not given this time does not erase the known one.
    """
    path = f"devices/{device}/identity.json"
    stored = load_json(tree, path)
    known = Identity.from_json(stored) if stored else None
    merged = found.to_json()
    if known is not None and compare(known, found) is not Match.DIFFERENT:
        merged = {name: value or known.to_json()[name] for name, value in merged.items()}
    tree[path] = dump_json(merged)
