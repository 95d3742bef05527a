"""A client's whole fleet at one moment, as the store's runs tell it; reports and status read this.

A pure function of a tree and a moment: runs after the moment count for nothing, so any past month
can be told again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from custode.core.connections import shared_groups
from custode.core.coverage import Coverage
from custode.core.disappearance import disappearances
from custode.core.errors import ExitCode
from custode.core.hand_back import hand_back
from custode.core.hazards import causes
from custode.core.notices import Notice, notices_at
from custode.core.standing import Standing, State
from custode.core.steps import steps_at
from custode.core.store_layout import (
    Json,
    Tree,
    covered_devices,
    device_standing,
    load_contract,
    load_ledger,
    load_rules,
    load_runs,
    rules_path,
    service_products,
)
from custode.core.waivers import RULE as WAIVERS_RULE

_SEVERITIES = ("critical", "high", "medium", "low")


class Summary(StrEnum):
    """One word for one PC; every PC has exactly one."""

    STANDS = "stands"
    FAILS = "fails"
    UNKNOWN = "unknown"
    NOT_SEEN = "not_seen"
    CLOSED = "closed"
    """The contract is over for it: nothing is asked of it any more."""


@dataclass(frozen=True)
class Attempt:
    """One run's try at one PC that did not see it, or did not end well."""

    run_id: str
    at: str
    verb: str
    outcome: str
    reason: Mapping[str, Any] | None


@dataclass(frozen=True)
class Pc:
    """One PC at one moment.

    Attributes:
        name: Its name in the contract.
        device: What the contract says of it: kind, description.
        standing: Where the contract stands for it.
        findings: The newest finding of every rule with its words, gravest first.
        last_seen_at: When it was last looked at, or None.
        last_host: The record of that look, or None.
        last_attempt: The last run that should have seen it, or None.
        missed: Tries since it was last seen, oldest first.
        changes: What was changed on it in the period: run_id, at, role, task.
        installed: What was installed on it in the period: run_id, at, product, title, version,
            restart_wanted.
        removed: What was removed from it in the period, in the same words.
        shares_id_with: The other PCs that show the same TeamViewer ID: a disk was cloned.
        remedied: What came of the remedies tried in the period: run_id, at, role, rule, title, outcome.
        backup: The newest statement about its backup, or None when nobody made one.
        hand_back: The record of its hand-back, or None.
        open_steps: Steps that a person must still finish, oldest first: product, step, at,
            age_days, run_id, staged_at, note.
        finished_steps: Steps that came to their end in the period, the same with `ended_at` and
            `withdrawn`.
        notices: Every notice about it, oldest first.
        disappearances: How programs of the contract disappeared from it, oldest first.
    """

    name: str
    device: Mapping[str, Any]
    standing: Standing
    findings: Sequence[Json]
    last_seen_at: str | None
    last_host: Json | None
    last_attempt: Attempt | None
    missed: Sequence[Attempt]
    changes: Sequence[Json]
    installed: Sequence[Json]
    removed: Sequence[Json]
    cleaned: Sequence[Json]
    remedied: Sequence[Json]
    hand_back: Json | None
    shares_id_with: Sequence[str]
    backup: Json | None
    open_steps: Sequence[Json]
    finished_steps: Sequence[Json]
    notices: Sequence[Notice]
    disappearances: Sequence[Json]

    def with_verdict(self, verdict: str) -> list[Json]:
        """Return the findings of one verdict, gravest first."""
        return [item for item in self.findings if item["verdict"] == verdict]

    @property
    def expiring_waivers(self) -> list[Json]:
        """Return the waivers that end soon: rule, expires_on, and the rule's title."""
        titles = {item["rule"]: item["title"] for item in self.findings}
        own = [item for item in self.findings if item["rule"] == WAIVERS_RULE]
        soon = own[0]["observed"].get("expiring_waivers", []) if own else []
        return [{**waiver, "title": titles.get(waiver["rule"])} for waiver in soon]

    @property
    def summary(self) -> Summary:
        """Return the one word; what was not seen outweighs what was known before."""
        if self.standing.state is State.CLOSED:
            return Summary.CLOSED
        if self.last_seen_at is None or self.missed or self.standing.state is State.UNSEEN:
            return Summary.NOT_SEEN
        if self.with_verdict("fail") or self.standing.state in {State.AT_RISK, State.SUSPENDED}:
            return Summary.FAILS
        if self.with_verdict("unknown") or self.standing.state is not State.VALID:
            return Summary.UNKNOWN
        return Summary.STANDS


@dataclass(frozen=True)
class Fleet:
    """The covered PCs of one client at one moment, by name, and the runs it was read from."""

    now: str
    contract: Mapping[str, Any]
    pcs: Sequence[Pc]
    runs: Sequence[Json]

    def count(self, summary: Summary, *, among: Sequence[str] | None = None) -> int:
        """Return how many PCs have this summary, among all or among some names."""
        return sum(pc.summary is summary for pc in self.pcs if among is None or pc.name in among)

    @property
    def coverage(self) -> Coverage:
        """Return what stands among the PCs that the contract still covers, and what is not known."""
        return Coverage(
            passed=self.count(Summary.STANDS),
            failed=self.count(Summary.FAILS),
            unknown=self.count(Summary.UNKNOWN),
            not_seen=self.count(Summary.NOT_SEEN),
        )

    @property
    def exit_code(self) -> ExitCode:
        """Return what a process says to the shell about this fleet."""
        if self.count(Summary.NOT_SEEN):
            return ExitCode.NOT_SEEN
        if self.count(Summary.STANDS) + self.count(Summary.CLOSED) < len(self.pcs):
            return ExitCode.FINDINGS
        return ExitCode.STANDS


def fleet_at(tree: Tree, *, now: str | None = None, since: str = "") -> Fleet:
    """Return a client's fleet at a moment.

    Args:
        tree: Every file of the store's commit.
        now: The moment, ISO 8601 UTC; None is the moment of the last run.
        since: Changes before this moment are not listed.

    Raises:
        StoreError: The store is empty or damaged.
    """
    contract = load_contract(tree)
    runs = load_runs(tree)
    moment = now or (str(runs[-1]["at"]) if runs else "")
    runs = [run for run in runs if run["at"] <= moment]
    shared = shared_groups(covered_devices(contract), runs)
    rules = load_rules(tree)
    pcs = [
        _pc(
            name,
            contract=contract,
            runs=runs,
            rules=rules,
            shared=shared,
            ledger=load_ledger(tree, name),
            now=moment,
            since=since,
        )
        for name in covered_devices(contract)
    ]
    return Fleet(moment, contract, pcs, runs)


def commit_message(tree: Tree, run: Mapping[str, Any], month: str) -> str:
    """Return the line that names a run's commit, such as `monthly 2026-11: 7 PCs, 4 stand, ...`."""
    if told := run.get("notices"):
        return f"{run['verb']} {month}: {told[0]['status']} {told[0]['notice']}"
    fleet = fleet_at(tree, now=str(run["at"]))
    covered = [pc.name for pc in fleet.pcs if pc.name in run["hosts"]]
    words = {
        Summary.STANDS: "stand",
        Summary.FAILS: "fail",
        Summary.UNKNOWN: "unknown",
        Summary.NOT_SEEN: "not seen",
        Summary.CLOSED: "closed",
    }
    counts = {summary: fleet.count(summary, among=covered) for summary in Summary}
    # What stands and what fails is always said; the rest only when there is any.
    shown = [
        f"{count} {words[summary]}"
        for summary, count in counts.items()
        if count or summary in {Summary.STANDS, Summary.FAILS}
    ]
    note = " (check)" if run["check_mode"] else ""
    note += "" if run["finished"] else " (interrupted)"
    pcs = "1 PC" if len(covered) == 1 else f"{len(covered)} PCs"
    return f"{run['verb']} {month}{note}: {', '.join([pcs, *shown])}"


def _pc(
    name: str,
    *,
    contract: Json,
    runs: Sequence[Json],
    rules: Mapping[str, Json],
    shared: Sequence[Sequence[str]],
    ledger: Sequence[Json],
    now: str,
    since: str,
) -> Pc:
    tried = [run for run in runs if name in run["hosts"]]
    seen = [run for run in tried if run["hosts"][name]["observed_at"] is not None]
    missed = tried[tried.index(seen[-1]) + 1 :] if seen else tried
    state = device_standing(runs, name, contract=contract, now=now)
    steps = steps_at(ledger, now=now)
    return Pc(
        name=name,
        device=contract["devices"][name],
        standing=state,
        findings=_findings(name, seen, rules),
        last_seen_at=seen[-1]["hosts"][name]["observed_at"] if seen else None,
        last_host=seen[-1]["hosts"][name] if seen else None,
        last_attempt=_attempt(tried[-1], name) if tried else None,
        missed=[_attempt(run, name) for run in missed],
        changes=[
            {"run_id": run["run_id"], "at": run["at"], **change}
            for run in tried
            if run["at"] >= since
            for change in run["hosts"][name]["changed"]
        ],
        installed=_told(tried, name, "installed", since=since),
        removed=_told(tried, name, "removed", since=since),
        cleaned=_told(tried, name, "cleaned", since=since),
        shares_id_with=[
            other for names in shared if name in names for other in names if other != name
        ],
        remedied=_told(tried, name, "remedied", since=since),
        hand_back=hand_back(runs, name, contract=contract, identity={}),
        backup=next(
            (told for run in reversed(seen) if (told := run["hosts"][name].get("backup"))), None
        ),
        open_steps=[step.to_json(now=now) for step in steps if step.ended_at is None],
        finished_steps=[
            {
                **step.to_json(now=step.ended_at),
                "ended_at": step.ended_at,
                "withdrawn": step.withdrawn,
            }
            for step in steps
            if step.ended_at is not None and step.ended_at >= since
        ],
        disappearances=disappearances(runs, name, service_products(contract)),
        notices=notices_at(ledger, causes(runs, name, rules), device=name, now=now),
    )


def _told(runs: Sequence[Json], name: str, kind: str, *, since: str) -> list[Json]:
    """Return what was told of a kind; records of older versions do not know every kind."""
    return [
        {"run_id": run["run_id"], "at": run["at"], **item}
        for run in runs
        if run["at"] >= since
        for item in run["hosts"][name].get(kind, [])
    ]


def _attempt(run: Json, name: str) -> Attempt:
    host = run["hosts"][name]
    return Attempt(run["run_id"], run["at"], run["verb"], host["outcome"], host["reason"])


def _findings(name: str, seen: Sequence[Json], rules: Mapping[str, Json]) -> list[Json]:
    """Return, scope by scope, what the newest run that looked at it found."""
    findings: dict[str, Json] = {}
    for run in seen:
        host = run["hosts"][name]
        texts = rules[rules_path(run["policy_digest"])]
        findings = {
            rule: item for rule, item in findings.items() if item["scope"] not in host["scopes"]
        }
        for rule, item in host["findings"].items():
            findings[rule] = {"rule": rule, "run_id": run["run_id"], **texts[rule], **item}
    return sorted(
        findings.values(),
        key=lambda item: (_SEVERITIES.index(item["severity"]), item["area"], item["rule"]),
    )
