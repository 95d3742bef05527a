"""How a program of the contract disappeared: what our own looks saw, and what the logs add to it.

Our looks are the evidence that it is gone, and between which moments it went. The logs only refine
it, and how much they can is part of the answer: a log that was emptied, is too short, or could not
be read is told as such, and so is one that holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from custode.core.observation import utc_moment
from custode.core.services import SERVICES, ServiceStanding
from custode.core.traces import (
    CLEARINGS_PROBE,
    INSTALL_FAILED,
    INSTALLED,
    REMOVAL_FAILED,
    REMOVALS_PROBE,
    REMOVED,
    SECURITY_PROBE,
    SWITCHED_OFF,
)

UPGRADED, REINSTALLED, UPGRADE_FAILED, UNINSTALLED = (
    "upgraded",
    "reinstalled",
    "upgrade_failed",
    "uninstalled",
)

REMOVED_BY_US, NO_EVENT = "removed_by_us", "no_event"
UNINSTALLED_BY_PERSON = "uninstalled_by_person"

VERDICTS = (
    REMOVED_BY_US,
    UNINSTALLED_BY_PERSON,
    "uninstalled_by_system",
    "uninstalled_by_unknown",
    UPGRADE_FAILED,
    SWITCHED_OFF,
    "log_cleared",
    "log_not_read",
    "log_too_short",
    NO_EVENT,
)
"""Everything that may be said of how a program disappeared."""

STRONG, WEAK, NONE = "strong", "weak", "none"
"""How far the evidence goes: our own record, a trace that any program could forge, or nothing."""

ENTRY = "disappeared"
"""The word for it in the ledger."""

_TOGETHER = timedelta(minutes=30)
"""An upgrade takes the old version away first, and notes the new one within this time."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """What was done to a program: one record of Windows Installer, or two that belong together.

    Attributes:
        what: `installed`, `uninstalled`, `upgraded`, `reinstalled`, `upgrade_failed`,
            `install_failed` or `removal_failed`.
        event: The record that tells it; of two, the removal.
    """

    what: str
    event: Mapping[str, Any]


def deeds(events: Iterable[Mapping[str, Any]]) -> list[Deed]:
    """Tell an uninstallation from an upgrade, a reinstallation and what failed.

    Args:
        events: The records about one program, each once.

    Returns:
        What was done, in the order of the records' times.
    """
    left = sorted((event for event in events if event["what"] != SWITCHED_OFF), key=_order)
    out = []
    for removal in [event for event in left if event["what"] == REMOVED]:
        partner = _partner(removal, left)
        if partner is None:
            out.append(Deed(UNINSTALLED, removal))
        else:
            left.remove(partner)
            out.append(Deed(_pair(removal, partner), removal))
    plain = {INSTALLED, INSTALL_FAILED, REMOVAL_FAILED}
    out += [Deed(str(event["what"]), event) for event in left if event["what"] in plain]
    return sorted(out, key=lambda deed: _order(deed.event))


def disappearances(
    runs: Sequence[Mapping[str, Any]], device: str, products: Mapping[str, Iterable[str]]
) -> list[Json]:
    """Return how each program of the contract disappeared from a PC, oldest first.

    Args:
        runs: Every run's record, oldest first.
        device: The PC.
        products: By service, the catalog's ids of its products.

    Returns:
        `service`; `seen_at` and `missing_at`, the looks between which it went; `run_id`, the run
        that missed it; `verdict`; `strength` (`strong`, `weak` or `none`); `event`, the record it
        leans on, or None.
    """
    hosts = [(run, run["hosts"][device]) for run in runs if device in run["hosts"]]
    out = []
    for service in SERVICES:
        seen_at, gone = None, False
        for run, host in hosts:
            told = host["services"][service]
            if told["installed"]:
                seen_at, gone = str(host["observed_at"]), False
            elif told["standing"] == ServiceStanding.ABSENT and seen_at and not gone:
                gone = True
                span = (seen_at, str(host["observed_at"]))
                ours = _ours(hosts, span, set(products[service]))
                found = ours or _by_trace(hosts, service, span)
                out.append({"run_id": run["run_id"], "service": service, **found})
    return sorted(out, key=lambda item: (item["missing_at"], item["service"]))


def disappearance_lines(
    ledger: Iterable[Mapping[str, Any]], found: Iterable[Json], at: Mapping[str, str]
) -> list[Json]:
    """Return the ledger's lines of what disappeared; one that says something new is told again.

    Args:
        ledger: The PC's lines.
        found: What `disappearances` gave.
        at: By run id, when the run began.
    """
    known = {
        (line["service"], line["missing_at"]): line for line in ledger if line["entry"] == ENTRY
    }
    lines = [{"at": at[item["run_id"]], "entry": ENTRY, **item} for item in found]
    return [line for line in lines if known.get((line["service"], line["missing_at"])) != line]


def _ours(
    hosts: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    span: tuple[str, str],
    products: set[str],
) -> Json | None:
    """Return the evidence that a run of ours removed it: our own record."""
    runs = [
        run["run_id"]
        for run, host in hosts
        if span[0] <= str(run["at"]) <= span[1]
        and any(item["product"] in products for item in host.get("removed", ()))
    ]
    if not runs:
        return None
    event = {"provider": "custode", "run_id": runs[-1]}
    return _answer(span, REMOVED_BY_US, STRONG, event)


def _by_trace(
    hosts: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    service: str,
    span: tuple[str, str],
) -> Json:
    """Return what the logs say of a disappearance; every later look may add to it."""
    looks = [
        host["traces"]
        for _, host in hosts
        if host.get("traces") is not None and str(host["observed_at"]) >= span[1]
    ]
    inside = [
        event
        for look in looks
        for event in look["events"]
        if event["service"] == service and span[0] < str(event["at"]) <= span[1]
    ]
    last = [
        deed for deed in deeds(_once(inside)) if deed.what not in {INSTALL_FAILED, REMOVAL_FAILED}
    ]
    if last and last[-1].what == UNINSTALLED:
        by = {"user": "person", "system": "system"}.get(str(last[-1].event["account"]), "unknown")
        return _answer(span, f"uninstalled_by_{by}", WEAK, last[-1].event)
    if last and last[-1].what == UPGRADE_FAILED:
        return _answer(span, UPGRADE_FAILED, WEAK, last[-1].event)
    off = [event for event in inside if event["what"] == SWITCHED_OFF]
    if off:
        return _answer(span, SWITCHED_OFF, WEAK, max(off, key=_order))
    return _silence(looks, service, span)


def _silence(looks: Sequence[Mapping[str, Any]], service: str, span: tuple[str, str]) -> Json:
    """Return why no event says anything: emptied, not read, too short, or just none there."""
    cleared = [
        event
        for look in looks
        for event in look["cleared"]
        if span[0] < str(event["at"]) <= span[1]
    ]
    if cleared:
        return _answer(span, "log_cleared", NONE, min(cleared, key=_order))
    needed = {
        REMOVALS_PROBE,
        CLEARINGS_PROBE,
        *({SECURITY_PROBE} if service == "antivirus" else ()),
    }
    read = [look for look in looks if not needed & set(look["unread"])]
    if not read:
        return _answer(span, "log_not_read", NONE, None)
    if not any(str(look["starts_at"] or "9999") <= span[0] for look in read):
        return _answer(span, "log_too_short", NONE, None)
    return _answer(span, NO_EVENT, NONE, None)


def _answer(
    span: tuple[str, str], verdict: str, strength: str, event: Mapping[str, Any] | None
) -> Json:
    told = None
    if event is not None:
        told = {name: value for name, value in event.items() if name not in {"service", "what"}}
    return {
        "event": told,
        "missing_at": span[1],
        "seen_at": span[0],
        "strength": strength,
        "verdict": verdict,
    }


def _partner(
    removal: Mapping[str, Any], events: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Return the installation that a removal was the first half of: the next one, if it is near."""
    until = utc_moment(str(removal["at"])) + _TOGETHER
    after = [
        event
        for event in events
        if event["what"] in {INSTALLED, INSTALL_FAILED}
        and _order(event) > _order(removal)
        and utc_moment(str(event["at"])) <= until
    ]
    return min(after, key=_order, default=None)


def _pair(removal: Mapping[str, Any], partner: Mapping[str, Any]) -> str:
    if partner["what"] == INSTALL_FAILED:
        return UPGRADE_FAILED
    return REINSTALLED if partner["version"] == removal["version"] else UPGRADED


def _once(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return each record once, however many looks read it."""
    known = {(*_order(event), str(event["what"])): event for event in events}
    return [known[name] for name in sorted(known)]


def _order(event: Mapping[str, Any]) -> tuple[str, int, str]:
    return (str(event["at"]), int(event["record_id"] or 0), str(event["provider"]))
