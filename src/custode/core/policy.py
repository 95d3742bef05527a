"""Judge facts by rules: the same facts, rules, contract and moment give the same findings.

What is not known never passes: an expression that touches a value Windows did not give ends in
`unknown`, with the reason, and so does one that touches a probe that failed or is too old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from custode.core.baselines import Number
from custode.core.expressions import Scope, evaluate, evaluate_rows
from custode.core.observation import Facts, ProbeError, ProbeResult, canonical
from custode.core.probes import honest
from custode.core.rule_words import ExpressionError, Uncertain


class Verdict(StrEnum):
    """What a rule says about one PC."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"


@dataclass(frozen=True)
class Example:
    """Facts for which a rule must give a stated verdict; part of the rule's file.

    Attributes:
        verdict: What the rule must say.
        facts: The rows or errors it is shown.
        device: The device it is shown.
        contract: The part of a contract it is shown.
        limits: The thresholds that hold for that device.
        now: The moment of judging.
    """

    verdict: Verdict
    facts: Facts
    device: Mapping[str, Any]
    contract: Mapping[str, Any]
    limits: Mapping[str, Number]
    now: datetime


@dataclass(frozen=True)
class Rule:
    """One requirement, with its words for the client and its examples.

    Attributes:
        id: Stable name, lower snake case; never reused.
        title: A sentence that is true when the PC complies, by language.
        why: Why it matters to the client, by language.
        area: Part of the PC it is about, such as `hardware` or `backup`.
        scope: `hardware` (inspection) or `compliance`.
        severity: `low`, `medium`, `high` or `critical`.
        clause: The promise of the contract it serves.
        needs: Ids of the probes it reads.
        passes: Expression: true when the PC complies.
        remedy: What to do, by language; `role` names an Ansible role that does it.
        applies: Expression: false when the rule says nothing about this PC.
        each: Expression giving rows; `passes` is then judged for each `row`.
        when_empty: The verdict when `each` gives no row.
        observed: Expressions by name: what to show as evidence.
        volatile_observed: Names in `observed` whose value changes by itself; shown only when
            the verdict is not `pass`, so that the record of a healthy PC stays the same.
        unknown_means: What it means for the client when the rule cannot tell, by language.
        gate: A failure stops the onboarding of that PC.
        hazard: A failure calls for another visit soon.
        service: `antivirus` or `backup`, when the rule is evidence about that service.
        proves: `installed` or `working`: what it is evidence of.
        freshness_days: By probe id, how old its answer may be, in days.
        no_data: By probe id and column, the values that only look like an answer.
        limits: Names of the thresholds it compares with.
        examples: Facts and the verdict each must get.
    """

    id: str
    title: Mapping[str, str]
    why: Mapping[str, str]
    area: str
    scope: str
    severity: str
    clause: str
    needs: tuple[str, ...]
    passes: str
    remedy: Mapping[str, str]
    applies: str | None = None
    each: str | None = None
    when_empty: Verdict | None = None
    observed: Mapping[str, str] = field(default_factory=dict)
    volatile_observed: frozenset[str] = frozenset()
    unknown_means: Mapping[str, str] | None = None
    gate: bool = False
    hazard: bool = False
    service: str | None = None
    proves: str | None = None
    freshness_days: Mapping[str, int] = field(default_factory=dict)
    no_data: Mapping[str, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict)
    limits: frozenset[str] = frozenset()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why a verdict is unknown.

    Attributes:
        kind: `probe_error`, `probe_missing`, `missing_value`, `stale` or `expression`.
        detail: The probe and column, or the probe and its error, without any value of the PC.
    """

    kind: str
    detail: str

    def to_json(self) -> dict[str, str]:
        """Return plain data."""
        return {"kind": self.kind, "detail": self.detail}


@dataclass(frozen=True)
class Finding:
    """What one rule said about one PC, with the evidence and the words for the report."""

    rule: Rule
    verdict: Verdict
    observed: Mapping[str, Any]
    reason: Reason | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the journal, the store and the report."""
        rule = self.rule
        reason: dict[str, Any] | None = None
        if self.reason is not None:
            words = rule.unknown_means
            reason = {**self.reason.to_json(), "words": None if words is None else dict(words)}
        return {
            "area": rule.area,
            "clause": rule.clause,
            "gate": rule.gate,
            "hazard": rule.hazard,
            "observed": dict(self.observed),
            "proves": rule.proves,
            "reason": reason,
            "remedy": dict(rule.remedy),
            "rule": rule.id,
            "scope": rule.scope,
            "service": rule.service,
            "severity": rule.severity,
            "title": dict(rule.title),
            "verdict": self.verdict.value,
            "why": dict(rule.why),
        }


def judge(
    rules: Iterable[Rule],
    *,
    facts: Facts,
    device: Mapping[str, Any],
    contract: Mapping[str, Any],
    limits: Mapping[str, Number],
    now: datetime,
    observed_at: Mapping[str, datetime] | None = None,
) -> list[Finding]:
    """Return one finding for each rule, sorted by rule id; never raises on any facts.

    Args:
        rules: What is required.
        facts: What was seen, normalised.
        device: `{"name", "kind", "covered"}` of this PC.
        contract: The contract as plain data.
        limits: The thresholds that hold for this PC, as `Baselines.limits` gives them.
        now: The moment of judging, aware.
        observed_at: By probe id, when its answer was taken; older than the probe's freshness
            counts as unknown. None when everything was taken just now.
    """
    return [
        _judged(
            rule,
            scope=Scope(
                facts=_fresh(rule, facts, now=now, observed_at=observed_at or {}),
                device=device,
                contract=contract,
                limits=limits,
                now=now,
            ),
        )
        for rule in sorted(rules, key=lambda rule: rule.id)
    ]


def weigh(
    rule: Rule, scope: Scope, *, observed_at: Mapping[str, datetime]
) -> tuple[Verdict, Reason | None]:
    """Return what a rule says, and why it cannot tell, without the evidence.

    Args:
        rule: The rule.
        scope: What it may speak of.
        observed_at: By probe id, when its answer was taken.
    """
    facts = _fresh(rule, scope.facts, now=scope.now, observed_at=observed_at)
    verdict, reason, _ = _weighed(rule, scope=replace(scope, facts=facts))
    return verdict, reason


def stale(rule: Rule, *, now: datetime, observed_at: Mapping[str, datetime]) -> frozenset[str]:
    """Return the probes whose answers are older than a rule may use."""
    return frozenset(
        probe_id
        for probe_id in rule.freshness_days.keys() & observed_at.keys()
        if now - observed_at[probe_id] > timedelta(days=rule.freshness_days[probe_id])
    )


def needed_probes(rules: Iterable[Rule], scopes: Iterable[str]) -> list[str]:
    """Return the ids of the probes that the rules of these scopes read, sorted, once each."""
    wanted = set(scopes)
    return sorted({probe_id for rule in rules if rule.scope in wanted for probe_id in rule.needs})


def judge_example(rule: Rule, example: Example) -> Finding:
    """Return what a rule says about one of its own examples."""
    (finding,) = judge(
        [rule],
        facts=example.facts,
        device=example.device,
        contract=example.contract,
        limits=example.limits,
        now=example.now,
    )
    return finding


def _fresh(
    rule: Rule, facts: Facts, *, now: datetime, observed_at: Mapping[str, datetime]
) -> Facts:
    # No verdict and no evidence hangs on the order Windows gave.
    shown: dict[str, ProbeResult] = {}
    old = stale(rule, now=now, observed_at=observed_at)
    for probe_id in rule.needs:
        result = facts.results.get(probe_id)
        if result is None:
            continue
        if probe_id in old:
            days = rule.freshness_days[probe_id]
            shown[probe_id] = ProbeResult(error=ProbeError("stale", f"older than {days} days"))
        else:
            no_data = rule.no_data.get(probe_id)
            rows = result.ordered
            if no_data:
                rows = tuple(honest(row, no_data) for row in rows)
            shown[probe_id] = ProbeResult(rows=rows, error=result.error)
    return Facts(shown)


def _judged(rule: Rule, *, scope: Scope) -> Finding:
    verdict, reason, scopes = _weighed(rule, scope=scope)
    return Finding(rule, verdict, _evidence(rule, scopes, verdict) if scopes else {}, reason)


def _weighed(rule: Rule, *, scope: Scope) -> tuple[Verdict, Reason | None, Sequence[Scope]]:
    """Return a verdict, its reason, and what decided it: the PC, or rows of it."""
    if rule.applies is not None:
        applies, reason = _decide(rule.applies, scope)
        if applies is Verdict.FAIL:
            return Verdict.NOT_APPLICABLE, None, ()
        if applies is Verdict.UNKNOWN:
            return Verdict.UNKNOWN, reason, ()
    if rule.each is None:
        return *_decide(rule.passes, scope), (scope,)
    return _weighed_each(rule, rule.each, scope=scope)


def _weighed_each(
    rule: Rule, each: str, *, scope: Scope
) -> tuple[Verdict, Reason | None, Sequence[Scope]]:
    try:
        scopes = [scope.with_row(row) for row in evaluate_rows(each, scope)]
    except Uncertain as uncertain:
        return Verdict.UNKNOWN, Reason(uncertain.kind, uncertain.detail), ()
    if not scopes:
        empty = rule.when_empty or Verdict.UNKNOWN
        reason = Reason("missing_value", f"{', '.join(rule.needs)}: no rows")
        return empty, reason if empty is Verdict.UNKNOWN else None, ()
    judged = [(row_scope, *_decide(rule.passes, row_scope)) for row_scope in scopes]
    for verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS):
        decisive = [entry for entry in judged if entry[1] is verdict]
        if decisive:
            break
    reasons = sorted((r.kind, r.detail) for _, _, r in decisive if r is not None)
    decided_by = [row_scope for row_scope, _, _ in decisive]
    return verdict, Reason(*reasons[0]) if reasons else None, decided_by


def _decide(expression: str, scope: Scope) -> tuple[Verdict, Reason | None]:
    try:
        value = evaluate(expression, scope)
        if not isinstance(value, bool):
            raise ExpressionError(f"gives {type(value).__name__}, not true or false")
    except Uncertain as uncertain:
        return Verdict.UNKNOWN, Reason(uncertain.kind, uncertain.detail)
    return (Verdict.PASS if value else Verdict.FAIL), None


def _evidence(rule: Rule, scopes: Sequence[Scope], verdict: Verdict) -> dict[str, Any]:
    """Return the value of each observed name; a list of them when rows were judged one by one."""
    evidence: dict[str, Any] = {}
    for name, expression in rule.observed.items():
        if verdict is Verdict.PASS and name in rule.volatile_observed:
            continue
        values = [_shown(expression, scope) for scope in scopes]
        evidence[name] = values[0] if rule.each is None else sorted(values, key=canonical)
    return evidence


def _shown(expression: str, scope: Scope) -> Any:
    try:
        return evaluate(expression, scope)
    except Uncertain:
        return None
