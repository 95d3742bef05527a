"""The contract's antivirus on one PC: what was found, what follows, what a silent PC may mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from custode.core.antivirus import PROBES, AntivirusState
from custode.core.antivirus_products import ANTIVIRUS, summary, superseded_by
from custode.core.observation import Facts, utc_text
from custode.core.probes import Probe
from custode.core.steps import firewall_step
from custode.core.symptoms import Reason, firewall_suspected
from custode.edges.policies import Policies

_WORDS: Mapping[str, str] = {
    AntivirusState.HEALTHY: "works",
    AntivirusState.OUTDATED: "is on, and its signatures are old",
    AntivirusState.OFF: "is there and does not protect",
    AntivirusState.SNOOZED: "was put to sleep by somebody",
    AntivirusState.EXPIRED: "is there, and its subscription has run out",
    AntivirusState.UNREGISTERED: "runs, and Windows' Security Center was never told of it",
    AntivirusState.HALF: "is there in parts only",
    AntivirusState.GHOST: "is gone, and Windows' Security Center goes on listing it",
    AntivirusState.ABSENT: "is not there",
    AntivirusState.UNKNOWN: "could not be judged",
}


@dataclass(frozen=True)
class Standing:
    """How one antivirus stands on a PC, and whether the contract wants it there.

    Attributes:
        seen: How each product stands, as `summary` gives it.
        state: The state of the product in question.
        installed: Whether its program is there, or None when that is not known.
        wanted: Whether it is to be installed where it is missing.
        words: The finding and what follows, as a sentence in English.
    """

    seen: Mapping[str, Any]
    state: str
    installed: bool | None
    wanted: bool
    words: str


def probes(policies: Policies, *, kind: str) -> list[Probe]:
    """Return the policies' probes that verdicts lean on, as far as a kind of device is asked."""
    found = [policies.probes[probe_id] for probe_id in sorted(PROBES)]
    return [probe for probe in found if not probe.device_kinds or kind in probe.device_kinds]


def standing(facts: Facts, *, product: str, accept: Sequence[str], now: datetime) -> Standing:
    """Return how an antivirus stands on a PC, and whether it is wanted there.

    Args:
        facts: The answers to `probes`.
        product: The antivirus in question.
        accept: What the contract accepts.
        now: The moment of the look, aware.
    """
    seen = summary(facts, accept=accept, now=now)
    entry = seen["products"][product]
    state = str(entry["state"])
    title = ANTIVIRUS[product].title
    words = f"{title} {_WORDS[state]}" + (f" ({entry['why']})" if entry["why"] else "")
    wanted = product in accept
    if not wanted:
        words += f"; the contract does not accept {title}: nothing is installed"
    elif other := superseded_by(product, seen):
        wanted = False
        words += (
            f"; {ANTIVIRUS[other].title}, which the contract accepts, works: nothing is installed"
        )
    return Standing(seen, state, entry["installed"], wanted, f"{words}.")


def firewall(found: Standing, *, product: str) -> dict[str, str] | None:
    """Return which antivirus may shut a PC's firewall during the visit, or None.

    It is there, or its installer waits on the PC for a technician.
    """
    if not ANTIVIRUS[product].has_firewall or not (found.installed or found.wanted):
        return None
    since = "seen there just now" if found.installed else "to be installed there now"
    return {"product": ANTIVIRUS[product].title, "since": since}


def silence(
    silent: Reason,
    ledger: Sequence[Mapping[str, Any]],
    *,
    port: int,
    just_seen: str,
    now: datetime,
) -> Reason:
    """Return why a PC may be silent: off, or behind the firewall of an antivirus that came to it.

    Args:
        silent: What is known: that nothing answers.
        ledger: The PC's lines.
        port: The TCP port of WinRM.
        just_seen: An antivirus that was seen on it a moment ago, or empty.
        now: The moment of the try, aware.
    """
    if just_seen in ANTIVIRUS and ANTIVIRUS[just_seen].has_firewall:
        title = ANTIVIRUS[just_seen].title
        return firewall_suspected(silent, port=port, product=title, since="seen there just now")
    step = firewall_step(ledger, now=utc_text(now))
    if step is None:
        return silent
    since = f"to be installed since {step.opened_at[:10]}"
    if step.ended_at is not None:
        since = f"seen there on {step.ended_at[:10]}"
    title = ANTIVIRUS[step.product].title
    return firewall_suspected(silent, port=port, product=title, since=since)
