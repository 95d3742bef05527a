"""The words of validity: states, terms, looks, reasons, transitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from custode.core.observation import utc_text
from custode.core.services import SERVICES, ServiceEvidence, ServiceStanding


class State(StrEnum):
    """Where the contract stands for one PC."""

    PENDING = "pending"
    """Both services have never yet been seen working, or the contract has not begun."""
    VALID = "valid"
    """Both services were working when they were last seen."""
    AT_RISK = "at_risk"
    """A service was seen missing or not working; the grace period is still running."""
    SUSPENDED = "suspended"
    """A service was still seen missing or not working when its grace period had ended."""
    UNSEEN = "unseen"
    """The last look that proved anything is too old to say where the contract stands."""
    CLOSED = "closed"
    """The contract has ended."""


@dataclass(frozen=True)
class Look:
    """One dated look at one PC; a service that is not named was not looked at: unknown."""

    at: datetime
    run_id: str = ""
    services: Mapping[str, ServiceEvidence] = field(default_factory=dict)

    def evidence(self, service: str) -> ServiceEvidence:
        """Return what this look says about one service."""
        return self.services.get(service, ServiceEvidence())

    @property
    def order(self) -> tuple[Any, ...]:
        """Return a total order: by time, then by run, then by content."""
        content = tuple(
            (item.standing, str(item.installed), item.rules)
            for item in (self.evidence(service) for service in SERVICES)
        )
        return (self.at, self.run_id, content)


@dataclass(frozen=True)
class Terms:
    """The contract's dates and grace periods.

    Attributes:
        starts_at: The first moment of the contract.
        ends_at: The first moment after it, or None when it has no end.
        end_kind: Why it ends: `ended`, or `handed_back` for a PC that was.
        grace: How long each service may be missing after the first look that saw it so.
        unseen_after: How old the last proof may be before nothing can be said.
    """

    starts_at: datetime
    ends_at: datetime | None
    grace: Mapping[str, timedelta]
    unseen_after: timedelta
    end_kind: str = "ended"

    @classmethod
    def from_contract(cls, contract: Mapping[str, Any]) -> Terms:
        """Read the terms from a contract's plain data, in the client's own time zone."""
        zone = ZoneInfo(str(contract["client"]["timezone"]))
        ends_on = contract.get("ends_on")
        grace = contract["grace"]
        return cls(
            starts_at=_midnight(str(contract["starts_on"]), zone),
            ends_at=_midnight(str(ends_on), zone, days=1) if ends_on else None,
            grace={name: timedelta(days=int(grace[f"{name}_days"])) for name in SERVICES},
            unseen_after=timedelta(days=int(grace["unseen_days"])),
        )

    def ended_at(self, moment: datetime, *, kind: str) -> Terms:
        """Return the terms of a contract that ends at a moment, unless it ends before."""
        if self.ends_at is not None and self.ends_at <= moment:
            return self
        return replace(self, ends_at=moment, end_kind=kind)


@dataclass(frozen=True)
class Reason:
    """One reason of a state.

    Attributes:
        kind: `not_started`, `ended`, `never_seen`, `not_seen`, `unproven` (never yet seen
            working), `unknown`, or a bad service standing.
        service: The service it is about, or None when it is about the whole PC.
        since: The first moment of which it is true, as far as anybody saw.
        until: When the grace period or the age limit ends or ended, or None.
        run_id: The run that saw it first, or None when no run did.
    """

    kind: str
    service: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    run_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the store and the report."""
        return {
            "kind": self.kind,
            "service": self.service,
            "since": utc_text(self.since) if self.since else None,
            "until": utc_text(self.until) if self.until else None,
            "run_id": self.run_id,
        }


@dataclass(frozen=True)
class Transition:
    """One change of state, when it became true, and why."""

    at: datetime
    before: State
    after: State
    reasons: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the ledger."""
        return {
            "at": utc_text(self.at),
            "from": str(self.before),
            "to": str(self.after),
            "reasons": [reason.to_json() for reason in self.reasons],
        }


@dataclass(frozen=True)
class Standing:
    """Where the contract stands for one PC, since when, why, and how it came there."""

    state: State
    since: datetime
    reasons: tuple[Reason, ...]
    transitions: tuple[Transition, ...]
    services: Mapping[str, ServiceStanding]
    """How each service stands: what the last look at it said, with `removed` told apart from
    `absent`, and a proof of its work that is too old called `stale`."""


def _midnight(text: str, zone: ZoneInfo, *, days: int = 0) -> datetime:
    day = date.fromisoformat(text) + timedelta(days=days)
    return datetime.combine(day, time(), zone).astimezone(UTC)
