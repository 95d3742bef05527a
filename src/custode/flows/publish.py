"""From journals to commits: each run becomes one commit of the client's store.

The journal is the source. Publishing is safe to repeat, safe to kill, and safe to do late: the
tree is worked out in memory, committed in one stroke, and a run that is already there in full is
left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from custode.core.disappearance import disappearance_lines, disappearances
from custode.core.errors import UsageError
from custode.core.fleet import commit_message
from custode.core.hazards import causes
from custode.core.identity import Identity
from custode.core.ledger import ledger_additions
from custode.core.notices import notices_due
from custode.core.observation import utc_moment
from custode.core.run_record import RunRecord, build_run
from custode.core.standing import Terms
from custode.core.steps import step_lines
from custode.core.store_layout import (
    Tree,
    apply_run,
    covered_devices,
    device_standing,
    dump_lines,
    keep_hand_back,
    load_contract,
    load_json,
    load_ledger,
    load_rules,
    load_runs,
    month_of,
    rules_path,
    run_order,
    service_products,
)
from custode.edges.journal import journal_digest, journal_path, list_runs, read_journal
from custode.edges.signing import signing_key
from custode.edges.store import Store
from custode.flows.report import render_month, render_notice


class Folders(Protocol):
    """Where a client's journals and store are: what publishing needs of a project."""

    def journals(self, client: str, /) -> Path:
        """Return the folder of a client's journals."""

    def store(self, client: str, /) -> Path:
        """Return the folder of a client's store."""


@dataclass(frozen=True)
class Published:
    """One run and the commit that holds it; None when there was nothing new to commit."""

    run_id: str
    commit: str | None


def publish(project: Folders, client: str, *, run_id: str | None = None) -> list[Published]:
    """Bring a client's store up to date with its journals.

    Args:
        project: The project.
        client: The client's id.
        run_id: One run, or None for every run that has a journal.

    Returns:
        Each run, in order of time, with its commit or None. A run whose journal holds nothing,
        or less than what was published of it, has None.

    Raises:
        UsageError: There is no such run, or no such key to sign with.
        StoreError: A journal is damaged, or the store cannot be written; what was committed
            before stays.
    """
    records = _records(project, client, run_id)
    store = Store(project.store(client), signing_key=signing_key())
    published: list[Published] = []
    with store.locked():
        for record in sorted(records, key=lambda item: run_order(item.summary)):
            tree = store.read()
            summary = record.summary
            commit = None
            if _is_news(tree, summary):
                after = publish_run(tree, record)
                month = month_of(str(summary["at"]), load_contract(after))
                commit = store.write(
                    after,
                    message=commit_message(after, summary, f"{month:%Y-%m}"),
                    at=utc_moment(str(summary["at"])),
                )
            published.append(Published(str(summary["run_id"]), commit))
    return published


def publish_run(tree: Tree, record: RunRecord) -> dict[str, bytes]:
    """Return the tree with one run in it: its record, the PCs' files, ledgers and reports.

    Reports are made anew for the run's month and every later month that has one, because a run
    that is published late can change what those months should have said.

    Args:
        tree: The last commit's files.
        record: The run.
    """
    after = apply_run(tree, record)
    contract = load_contract(after)
    runs, rules = load_runs(after), load_rules(after)
    backup = str(contract["services"]["backup"]["product"])
    grace = Terms.from_contract(contract).grace
    judged = {run["run_id"]: str(run["policy_digest"]) for run in runs}
    for device in sorted({*covered_devices(contract), *record.summary["hosts"]}):
        ledger = load_ledger(after, device)
        standing = device_standing(runs, device, contract=contract, now=runs[-1]["at"])
        added = ledger_additions(
            ledger,
            run=record.summary,
            device=device,
            contract=contract,
            standing=standing,
            identity=(_identity(tree, device), _identity(after, device)),
            steps=step_lines(runs, device, services={backup: "backup"}),
        )
        found = causes(runs, device, rules)
        due = notices_due(ledger, found, device=device, runs=runs, standing=standing, grace=grace)
        gone = disappearance_lines(
            ledger,
            disappearances(runs, device, service_products(contract)),
            at={run["run_id"]: run["at"] for run in runs},
        )
        for notice in due:
            after |= render_notice(
                contract,
                notice,
                device=device,
                rules=rules.get(rules_path(judged[notice["run_id"]]), {}),
            )
        if added or gone or due:
            after[f"devices/{device}/ledger.jsonl"] = dump_lines([*ledger, *added, *gone, *due])
    for device in record.summary["hosts"]:
        keep_hand_back(after, runs, device)
    first = month_of(str(record.summary["at"]), contract)
    months = {month_of(str(run["at"]), contract) for run in runs if run["hosts"]}
    for month in sorted(month for month in months if month >= first):
        after |= render_month(after, month=month)
    return after


def _records(project: Folders, client: str, run_id: str | None) -> list[RunRecord]:
    folder = project.journals(client)
    runs = list_runs(folder)
    if run_id is not None and run_id not in runs:
        raise UsageError(
            f"there is no journal of the run {run_id!r} of {client}",
            hint=f"the last runs are: {', '.join(runs[-5:]) or 'none'}",
        )
    records = []
    for name in runs if run_id is None else [run_id]:
        events = read_journal(journal_path(folder, name))
        record = build_run(events, journal_sha256=journal_digest(events))
        if record is not None:
            records.append(record)
    return records


def _is_news(tree: Tree, summary: Mapping[str, Any]) -> bool:
    """Tell whether the run is not in the store yet, or only with fewer events than now."""
    known = load_json(tree, f"runs/{summary['run_id']}.json")
    return known is None or int(known["journal_events"]) < int(summary["journal_events"])


def _identity(tree: Tree, device: str) -> Identity | None:
    stored = load_json(tree, f"devices/{device}/identity.json")
    return None if stored is None else Identity.from_json(stored)
