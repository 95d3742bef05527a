"""Whether the contract stands for one PC: a pure fold over the dated looks at its two services.

The contract stands only while antivirus and backup are installed and working. Nothing here decides
anything legal: it says what the evidence shows, since when, and which run saw it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from custode.core.services import SERVICES, ServiceEvidence, ServiceStanding
from custode.core.standing import Look, Reason, Standing, State, Terms, Transition

_BEGINNING = datetime.min.replace(tzinfo=UTC)


def standing(looks: Iterable[Look], *, terms: Terms, now: datetime) -> Standing:
    """Tell where the contract stands for one PC at a moment.

    The answer does not depend on the order of the looks or on their repetition. Looks later than
    `now`, or later than the contract's end, count for nothing.

    Args:
        looks: Every look at this PC, in any order.
        terms: The contract's dates and grace periods.
        now: The moment of which the answer is true.

    Returns:
        The state with its reasons and every transition up to `now`.
    """
    horizon = now if terms.ends_at is None else min(now, terms.ends_at)
    ordered = sorted((look for look in looks if look.at <= horizon), key=lambda look: look.order)
    fold = _Fold(terms)
    for look in ordered:
        fold = fold.pass_time(look.at).see(look)
    return fold.pass_time(now, inclusive=True).standing(now)


@dataclass(frozen=True)
class _Service:
    """What is known of one service so far."""

    last: ServiceStanding = ServiceStanding.UNKNOWN
    ever_installed: bool = False
    proven_at: datetime | None = None  # the last look that proved anything, good or bad
    proven_run: str | None = None
    bad_since: datetime | None = None  # the first of the bad looks that no good one ended
    bad_kind: ServiceStanding | None = None
    bad_run: str | None = None
    bad_after_grace: bool = False
    unknown_since: datetime | None = None
    unknown_run: str | None = None

    def see(self, look: Look, evidence: ServiceEvidence, grace: timedelta) -> _Service:
        found = evidence.standing
        if found is ServiceStanding.ABSENT and self.ever_installed:
            found = ServiceStanding.REMOVED
        known = replace(
            self, last=found, ever_installed=self.ever_installed or evidence.installed is True
        )
        if found is ServiceStanding.UNKNOWN:
            if self.unknown_since is not None:
                return known
            return replace(known, unknown_since=look.at, unknown_run=look.run_id)
        known = replace(
            known, proven_at=look.at, proven_run=look.run_id, unknown_since=None, unknown_run=None
        )
        if found is ServiceStanding.WORKING:
            return replace(
                known, bad_since=None, bad_kind=None, bad_run=None, bad_after_grace=False
            )
        since = self.bad_since or look.at
        return replace(
            known,
            bad_since=since,
            bad_kind=found,
            bad_run=self.bad_run if self.bad_since else look.run_id,
            # Nobody could be warned before the first bad look: grace counts from there.
            bad_after_grace=self.bad_after_grace or look.at >= since + grace,
        )


@dataclass(frozen=True)
class _Fold:
    """The state while time passes and looks arrive."""

    terms: Terms
    services: Mapping[str, _Service] = field(
        default_factory=lambda: {name: _Service() for name in SERVICES}
    )
    activated: bool = False
    last_look: Look | None = None
    clock: datetime = _BEGINNING
    transitions: tuple[Transition, ...] = ()

    def see(self, look: Look) -> _Fold:
        services = {
            name: known.see(look, look.evidence(name), self.terms.grace[name])
            for name, known in self.services.items()
        }
        both = all(item.proven_at and not item.bad_since for item in services.values())
        seen = replace(self, services=services, activated=self.activated or both, last_look=look)
        return seen.step(look.at)

    def pass_time(self, until: datetime, *, inclusive: bool = False) -> _Fold:
        """Apply what time alone changes: the start, the end, and the age of the last proof.

        A look that comes at that very moment speaks for itself, so it is left out then.
        """
        moments = {self.terms.starts_at, self._stale_at(), self.terms.ends_at}
        fold = self
        for moment in sorted(item for item in moments if item is not None):
            if self.clock < moment < until or (inclusive and moment == until):
                fold = fold.step(moment)
        return fold

    def standing(self, now: datetime) -> Standing:
        since = self.transitions[-1].at if self.transitions else self.terms.starts_at
        return Standing(
            state=self._state_at(now),
            since=since,
            reasons=self._reasons(now),
            transitions=self.transitions,
            services={name: self._service_at(item, now) for name, item in self.services.items()},
        )

    def step(self, at: datetime) -> _Fold:
        """Move the clock to `at` and note the transition, if there is one."""
        before = self.transitions[-1].after if self.transitions else State.PENDING
        after = self._state_at(at)
        if before is after:
            return replace(self, clock=at)
        note = Transition(at, before, after, self._reasons(at))
        return replace(self, clock=at, transitions=(*self.transitions, note))

    def _service_at(self, item: _Service, now: datetime) -> ServiceStanding:
        """Return how a service stands at a moment: a proof of its work does not keep for ever."""
        proven_at = item.proven_at if item.last is ServiceStanding.WORKING else None
        if proven_at is not None and now >= proven_at + self.terms.unseen_after:
            return ServiceStanding.STALE
        return item.last

    def _state_at(self, now: datetime) -> State:
        if self.terms.ends_at is not None and now >= self.terms.ends_at:
            return State.CLOSED
        if now < self.terms.starts_at:
            return State.PENDING
        # An old proof never softens a suspension: only a good look ends it.
        if self.activated and any(item.bad_after_grace for item in self.services.values()):
            return State.SUSPENDED
        stale_at = self._stale_at()
        if stale_at is not None and now >= stale_at:
            return State.UNSEEN
        if not self.activated:
            return State.PENDING
        bad = any(item.bad_since for item in self.services.values())
        return State.AT_RISK if bad else State.VALID

    def _stale_at(self) -> datetime | None:
        """Return when what is known grows too old: for a PC in service, its older proof."""
        if self.last_look is None:
            return None
        proofs = [self.last_look.at]
        if self.activated:
            proofs = [item.proven_at for item in self.services.values() if item.proven_at]
        return min(proofs) + self.terms.unseen_after

    def _reasons(self, now: datetime) -> tuple[Reason, ...]:
        ends_at = self.terms.ends_at
        if ends_at is not None and now >= ends_at:
            return (Reason(self.terms.end_kind, since=ends_at),)
        out: list[Reason] = []
        if now < self.terms.starts_at:
            out.append(Reason("not_started", until=self.terms.starts_at))
        if self.last_look is None:
            return (*out, Reason("never_seen"))
        too_old = self.last_look.at + self.terms.unseen_after
        if now >= too_old:
            out.append(Reason("not_seen", None, self.last_look.at, too_old, self.last_look.run_id))
        for name in SERVICES:
            out.extend(self._service_reasons(name))
        return tuple(out)

    def _service_reasons(self, name: str) -> Sequence[Reason]:
        item = self.services[name]
        out: list[Reason] = []
        if item.bad_since is not None and item.bad_kind is not None:
            until = item.bad_since + self.terms.grace[name] if self.activated else None
            out.append(Reason(str(item.bad_kind), name, item.bad_since, until, item.bad_run))
        if item.unknown_since is not None:
            kind = "unknown" if item.proven_at else "unproven"
            stale = item.proven_at + self.terms.unseen_after if item.proven_at else None
            out.append(Reason(kind, name, item.unknown_since, stale, item.unknown_run))
        return out
