"""Judge again: what rules say about stored facts, month by month, beside what was said then.

Verdicts are compared as the rules gave them: a waived fault failed.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from custode.core.baselines import Baselines
from custode.core.expressions import Scope
from custode.core.observation import Facts, ProbeResult, utc_moment
from custode.core.policy import Reason, Rule, Verdict, stale, weigh
from custode.core.probes import join_volatile
from custode.core.references import spoken_of

_STALE = "stale"
_Answer = tuple[Verdict, Reason | None]


@dataclass(frozen=True)
class Look:
    """What one run left of one PC in the store.

    Attributes:
        at: The moment of the look, ISO 8601 UTC.
        scopes: What was looked at: hardware, compliance.
        read: Ids of the probes that were read.
        facts: The PC's facts after it, without volatile columns; None when they were not kept,
            because a newer run was published before.
        volatile: By probe id, the rows of its volatile columns.
        verdicts: By rule id, what was recorded.
        contract: The contract as plain data.
    """

    at: str
    scopes: frozenset[str]
    read: frozenset[str]
    facts: Mapping[str, Any] | None
    volatile: Mapping[str, Sequence[Mapping[str, Any]]]
    verdicts: Mapping[str, str]
    contract: Mapping[str, Any]


@dataclass(frozen=True)
class Month:
    """A month of the client's; moments are ISO 8601 UTC.

    Attributes:
        name: Such as `2026-10`.
        begins_at: Its first moment.
        ends_at: The first moment after it.
        as_of: When a PC that was not seen is judged: its end, or the last run where that was before.
    """

    name: str
    begins_at: str
    ends_at: str
    as_of: str


@dataclass(frozen=True)
class Change:
    """One verdict that is not what it was.

    Attributes:
        rule: The rule's id.
        was: What was recorded, or None: there was no such rule.
        now: What the policies say, or None: they have no such rule.
        reason: Why it is unknown now, or None.
    """

    rule: str
    was: str | None
    now: str | None
    reason: Reason | None = None

    @property
    def aged(self) -> bool:
        """Tell whether nothing but the age of the facts changed it."""
        return self.reason is not None and self.reason.kind == _STALE

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        reason = None if self.reason is None else self.reason.to_json()
        return {"rule": self.rule, "was": self.was, "now": self.now, "reason": reason}


@dataclass(frozen=True)
class PcMonth:
    """One PC in one month, judged again.

    Attributes:
        device: The PC.
        month: Such as `2026-10`.
        seen: Whether it was looked at in that month; if not, older facts were judged.
        facts_at: When it was last looked at.
        kept: Whether the store kept those facts; if not, nothing could be judged.
        judged: How many rules were.
        changes: What is not as it was recorded, by rule.
    """

    device: str
    month: str
    seen: bool
    facts_at: str
    kept: bool
    judged: int = 0
    changes: Sequence[Change] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "changes": [change.to_json() for change in self.changes]}


class Judge:
    """Gives verdicts, and remembers those that hang on neither the PC nor the moment.

    Args:
        rules: What is required.
        baselines: What the rules compare with.
    """

    def __init__(self, rules: Iterable[Rule], baselines: Baselines) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.id)
        self._names = {rule.id: _names(rule) for rule in self._rules}
        self._baselines = baselines
        self._results: dict[str, tuple[int, ProbeResult]] = {}
        self._contracts: dict[int, Mapping[str, Any]] = {}
        self._known: dict[tuple[Hashable, ...], _Answer] = {}

    def verdicts(
        self,
        facts: Facts,
        *,
        scopes: Iterable[str],
        device: Mapping[str, Any],
        contract: Mapping[str, Any],
        now: datetime,
        observed_at: Mapping[str, datetime],
    ) -> dict[str, tuple[Verdict, Reason | None]]:
        """Return what each rule of some scopes says, as `policy.judge` would.

        Args:
            facts: What is known of the PC.
            scopes: hardware, compliance.
            device: `{"name", "kind", "covered"}`.
            contract: The contract as plain data; it must not change afterwards.
            now: The moment of judging.
            observed_at: By probe id, when its answer was taken.
        """
        wanted = set(scopes)
        numbered = dict(self._numbered(facts))
        scope = Scope(
            facts=Facts({probe_id: result for probe_id, (_, result) in numbered.items()}),
            device=device,
            contract=contract,
            limits=self._baselines.limits(str(device["kind"]), contract),
            now=now,
        )
        numbers = {probe_id: number for probe_id, (number, _) in numbered.items()}
        earlier = {probe_id: at for probe_id, at in observed_at.items() if at < now}
        return {
            rule.id: self._verdict(rule, scope, numbers=numbers, earlier=earlier)
            for rule in self._rules
            if rule.scope in wanted
        }

    def _verdict(
        self,
        rule: Rule,
        scope: Scope,
        *,
        numbers: Mapping[str, int],
        earlier: Mapping[str, datetime],
    ) -> _Answer:
        names = self._names[rule.id]
        if "now" in names:
            return weigh(rule, scope, observed_at=earlier)
        old = stale(rule, now=scope.now, observed_at=earlier)
        answers = tuple(_STALE if p in old else numbers.get(p) for p in rule.needs)
        key = (rule.id, answers, *self._marks(scope, names))
        if key not in self._known:
            self._known[key] = weigh(rule, scope, observed_at=earlier)
        return self._known[key]

    def _marks(self, scope: Scope, names: frozenset[str]) -> Iterator[Hashable]:
        """Yield what else a verdict hangs on: only what the rule speaks of."""
        device = scope.device
        if "device.name" in names:
            yield device["name"]
        if "device" in names or "limits" in names:
            yield (device["kind"], device["covered"])
        if "contract" in names or "limits" in names:
            # It is kept, so that no other can have its number.
            yield id(self._contracts.setdefault(id(scope.contract), scope.contract))

    def _numbered(self, facts: Facts) -> Iterator[tuple[str, tuple[int, ProbeResult]]]:
        """Yield each probe's result with a number: the same for the same content."""
        for probe_id, entry in facts.to_json(with_timing=False).items():
            text = json.dumps(entry, sort_keys=True)
            yield probe_id, self._results.setdefault(text, (len(self._results), facts[probe_id]))


def rejudge(
    device: str,
    looks: Sequence[Look],
    *,
    months: Iterable[Month],
    judge: Judge,
    scope_of: Mapping[str, str],
) -> list[PcMonth]:
    """Return one PC's months, judged again; none before it was first looked at.

    A month in which it was looked at is judged as of its last look. Any other is judged as of its
    end, or of the last run, by facts that are as old as they then were.

    Args:
        device: The PC.
        looks: Every look at it, oldest first.
        months: The months.
        judge: What they are judged by.
        scope_of: The scope of each rule whose verdict was recorded.
    """
    out = []
    for month in months:
        past = [look for look in looks if look.at < month.ends_at]
        if past:
            out.append(_judged(device, past, month=month, judge=judge, scope_of=scope_of))
    return out


def _judged(
    device: str,
    past: Sequence[Look],
    *,
    month: Month,
    judge: Judge,
    scope_of: Mapping[str, str],
) -> PcMonth:
    last = past[-1]
    seen = last.at >= month.begins_at
    if last.facts is None:
        return PcMonth(device, month.name, seen, last.at, kept=False)
    about = last.contract["devices"].get(device, {})
    now = judge.verdicts(
        facts_then(past),
        scopes={scope for look in past for scope in look.scopes},
        device={"name": device, "kind": about.get("kind"), "covered": about.get("covered")},
        contract=last.contract,
        now=utc_moment(last.at if seen else month.as_of),
        observed_at=_taken(past),
    )
    was = _recorded(past, scope_of)
    changes = [
        Change(
            rule,
            was.get(rule),
            now[rule][0].value if rule in now else None,
            now.get(rule, (None, None))[1],
        )
        for rule in sorted(was.keys() | now.keys())
        if rule not in now or now[rule][0].value != was.get(rule)
    ]
    return PcMonth(device, month.name, seen, last.at, kept=True, judged=len(now), changes=changes)


def facts_then(looks: Sequence[Look]) -> Facts:
    """Return what was known of a PC after its looks: of each probe, the newest answer."""
    volatile: dict[str, Sequence[Mapping[str, Any]]] = {}
    for look in looks:
        # A probe that was read again and has no such rows now gave an error, or nothing.
        volatile = {p: rows for p, rows in volatile.items() if p not in look.read} | dict(
            look.volatile
        )
    return join_volatile(Facts.from_json(looks[-1].facts or {}), volatile)


def _taken(looks: Iterable[Look]) -> dict[str, datetime]:
    newest = {probe_id: look.at for look in looks for probe_id in look.read}
    moments = {text: utc_moment(text) for text in set(newest.values())}
    return {probe_id: moments[text] for probe_id, text in newest.items()}


def _recorded(looks: Iterable[Look], scope_of: Mapping[str, str]) -> dict[str, str]:
    """Return the newest verdict of each rule: each look replaces those of the scopes it looked at."""
    found: dict[str, str] = {}
    for look in looks:
        found = {
            rule: told for rule, told in found.items() if scope_of.get(rule) not in look.scopes
        }
        found |= look.verdicts
    failed = {rule: "fail" for rule, told in found.items() if told == Verdict.WAIVED.value}
    return found | failed


def _names(rule: Rule) -> frozenset[str]:
    texts = (text for text in (rule.applies, rule.each, rule.passes) if text is not None)
    return frozenset(name for text in texts for name in spoken_of(text))
