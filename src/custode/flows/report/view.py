"""What a month's report says, before any word of it is chosen: facts in reading order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from custode.core.attribution import Missed
from custode.core.errors import UsageError
from custode.core.fleet import Fleet, Pc, Summary, fleet_at
from custode.core.git_tree import tree_id
from custode.core.notices import ACKNOWLEDGED, Notice
from custode.core.register import month_register
from custode.core.standing import State
from custode.core.store_layout import (
    Json,
    Tree,
    load_contract,
    load_runs,
    month_of,
)
from custode.flows.report.missed import Span, missed_on, span_of

# Good news first, then what presses most.
_STATES = (
    State.VALID,
    State.AT_RISK,
    State.SUSPENDED,
    State.PENDING,
    State.UNSEEN,
    State.CLOSED,
)
_PRESSING = (State.SUSPENDED, State.AT_RISK)


@dataclass(frozen=True)
class Visit:
    """One run of the month: what was done, by whom, and how many PCs answered."""

    run_id: str
    at: str
    verb: str
    operator: str
    finished: bool
    check_mode: bool
    tried: int
    seen: int


@dataclass(frozen=True)
class PcView:
    """One PC's part of the report.

    Attributes:
        pc: Its state, findings and history.
        seen_this_month: Whether any run of the month looked at it.
        failed: What is required of it and was found wanting, gravest first.
        unknown: What could not be told, gravest first.
        waived: What the client accepted in writing, gravest first.
        passed: How many checks it passed.
        changes: What was done on it this month: (role, number of operations), by role.
        missed: What was missed on it, and on whom that depended: the month's visit, then services.
        visit: What became of the month's visit: `kept`, `open`, `missed`; None if none was agreed.
        notices: Notices that are still on their way, or that came along this month, oldest first.
        last_seen_day: Identifier of the last look for the reader, ISO 8601, or None.
    """

    pc: Pc
    seen_this_month: bool
    failed: Sequence[Json]
    unknown: Sequence[Json]
    waived: Sequence[Json]
    passed: int
    changes: Sequence[tuple[str, int]]
    missed: Sequence[Missed]
    visit: str | None
    notices: Sequence[Notice]
    last_seen_day: str | None

    @property
    def name(self) -> str:
        """Return the PC's name."""
        return self.pc.name

    @property
    def state(self) -> State:
        """Return where the contract stands for it."""
        return self.pc.standing.state

    @property
    def done(self) -> bool:
        """Return whether anything was done on it this month."""
        pc = self.pc
        told = (pc.installed, pc.removed, pc.cleaned, pc.remedied, pc.finished_steps)
        return bool(self.changes) or any(told)


@dataclass(frozen=True)
class ReportView:
    """Everything a report says about one month.

    Attributes:
        month: Its first day.
        contract: The contract as plain data.
        fleet: The fleet at the month's last run.
        pcs: Each covered PC, by name.
        visits: The month's runs, oldest first.
        states: How many PCs are in each state, in the order the report tells them.
        register: What was read this month and why, by source.
        thresholds: What the contract sets instead of the usual, as the month's last run had it.
        devices_tree: The id of the store's folder `devices/` that this report belongs to.
    """

    month: date
    contract: Mapping[str, Any]
    fleet: Fleet
    pcs: Sequence[PcView]
    visits: Sequence[Visit]
    states: Sequence[tuple[State, int]]
    register: Sequence[Json]
    thresholds: Sequence[Json]
    devices_tree: str

    @property
    def attention(self) -> Sequence[PcView]:
        """Return the PCs that need somebody to do something, the most pressing first."""
        return sorted(
            (pc for pc in self.pcs if pc.pc.summary is Summary.FAILS),
            key=lambda pc: (
                pc.state not in _PRESSING,
                -sum(item["severity"] == "critical" for item in pc.failed),
                pc.name,
            ),
        )

    @property
    def not_seen(self) -> Sequence[PcView]:
        """Return the PCs that the last visit did not see, or nobody ever did."""
        return [pc for pc in self.pcs if pc.pc.summary is Summary.NOT_SEEN]

    @property
    def missed(self) -> Sequence[tuple[PcView, Missed]]:
        """Return everything that was missed, PC by PC."""
        return [(pc, item) for pc in self.pcs for item in pc.missed]

    def visits_that_were(self, outcome: str | None = None) -> int:
        """Return how many PCs' agreed visits had an outcome, or were agreed at all."""
        return sum(pc.visit is not None and outcome in {None, pc.visit} for pc in self.pcs)

    @property
    def expiring(self) -> Sequence[tuple[str, Json]]:
        """Return the waivers that end soon, each with its PC's name."""
        return [(pc.name, waiver) for pc in self.pcs for waiver in pc.pc.expiring_waivers]

    @property
    def valid(self) -> int:
        """Return for how many PCs the contract's conditions are met."""
        return sum(pc.state is State.VALID for pc in self.pcs)

    @property
    def nothing_open(self) -> int:
        """Return how many PCs were seen, stand, and leave nothing to do."""
        return self.fleet.count(Summary.STANDS)

    @property
    def all_well(self) -> bool:
        """Return whether that is every PC."""
        return self.nothing_open == len(self.pcs)


def view_month(tree: Tree, *, month: date) -> ReportView:
    """Return what the report of a month says.

    Args:
        tree: Every file of the store's commit.
        month: Any day of the month.

    Raises:
        UsageError: There was no run in that month.
        StoreError: The store is empty or damaged.
    """
    contract = load_contract(tree)
    first = month.replace(day=1)
    known = [(month_of(str(run["at"]), contract), run) for run in load_runs(tree)]
    whole = [run for each, run in known if each == first]
    runs = [run for run in whole if run["hosts"]]
    if not runs:
        visited = sorted({f"{each:%Y-%m}" for each, run in known if run["hosts"]})
        raise UsageError(
            f"there was no visit in {first:%Y-%m}", hint=f"months with one: {', '.join(visited)}"
        )
    span = span_of(first, [pair for pair in known if pair[0] <= first], contract)
    fleet = fleet_at(tree, now=str(whole[-1]["at"]), since=span.since)
    return ReportView(
        month=first,
        contract=contract,
        fleet=fleet,
        pcs=[_pc_view(pc, fleet, runs, span) for pc in fleet.pcs],
        visits=[_visit(run, fleet) for run in runs],
        states=[
            (state, count)
            for state in _STATES
            if (count := sum(pc.standing.state is state for pc in fleet.pcs))
        ],
        register=month_register(runs),
        thresholds=runs[-1].get("thresholds", []),
        devices_tree=tree_id(tree, "devices"),
    )


def _pc_view(pc: Pc, fleet: Fleet, runs: Sequence[Json], span: Span) -> PcView:
    seen = any(run["hosts"].get(pc.name, {}).get("observed_at") for run in runs)
    roles: dict[str, int] = {}
    for change in pc.changes:
        if change["role"] == "software_package" and (pc.installed or pc.removed):
            continue  # told by product and version instead
        roles[change["role"]] = roles.get(change["role"], 0) + 1
    missed, visit = missed_on(pc, fleet, span)
    return PcView(
        pc=pc,
        seen_this_month=bool(seen),
        failed=pc.with_verdict("fail"),
        unknown=pc.with_verdict("unknown"),
        waived=pc.with_verdict("waived"),
        passed=len(pc.with_verdict("pass")),
        changes=sorted(roles.items()),
        missed=missed,
        visit=visit,
        notices=[notice for notice in pc.notices if _is_told(notice, span.since)],
        last_seen_day=pc.last_seen_at,
    )


def _is_told(notice: Notice, since: str) -> bool:
    """Tell whether a notice belongs into the report: it came this month, moved, or waits."""
    ended = notice.status == ACKNOWLEDGED or notice.needless
    moved = (notice.due_at, *(told["on"] for told in notice.records.values()))
    return not ended or max(moved) >= since


def _visit(run: Json, fleet: Fleet) -> Visit:
    hosts = [run["hosts"][pc.name] for pc in fleet.pcs if pc.name in run["hosts"]]
    return Visit(
        run_id=run["run_id"],
        at=run["at"],
        verb=run["verb"],
        operator=run["operator"],
        finished=run["finished"],
        check_mode=run["check_mode"],
        tried=len(hosts),
        seen=sum(host["observed_at"] is not None for host in hosts),
    )
