"""From the events of one run to its record: who was seen, changed, missed, and what was found.

A pure function of the journal's events, so that publishing again says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from custode.core import teamviewer
from custode.core.observation import Facts
from custode.core.probes import Probe, split_volatile
from custode.core.register import read_in_run
from custode.core.remedies import outcomes
from custode.core.services import SERVICES, service_evidence

Event = Mapping[str, Any]

INTERRUPTED = {
    "kind": "interrupted",
    "message": "The run ended before this PC's turn came or was over.",
    "hint": "Run it again; the PC is not to blame.",
}
_PRODUCT_FACTS = ("product", "title", "version", "restart_wanted", "found")
_KEPT_FACTS = ("product", "title", "version", "wanted")
_CLEANING_FACTS = (
    "tool", "removed_count", "removed_bytes", "free_bytes_before", "free_bytes_after", "freed_bytes",
    "registry",
)  # fmt: skip
_FINDING_FACTS = ("verdict", "observed", "reason", "waiver")


@dataclass(frozen=True)
class Observation:
    """One look at one PC, parted into what the store keeps where.

    Attributes:
        at: When, ISO 8601 UTC.
        scopes: What was looked at: hardware, compliance.
        identity: Digested identity of the machine.
        facts: Plain facts that stay the same on an unchanged PC, without timing.
        volatile: Rows of the columns that change by themselves, by probe id.
        findings: Plain findings, sorted by rule.
        policy_digest: Which policies judged.
        antivirus: How each antivirus product stands and which are accepted, or None when nobody
            looked.
        backup: The statement about the backup, or None when nobody looked.
        traces: What the event logs say of both, or None when nobody read them.
    """

    at: str
    scopes: tuple[str, ...]
    identity: Mapping[str, Any]
    facts: Mapping[str, Any]
    volatile: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]]
    policy_digest: str
    antivirus: Mapping[str, Any] | None
    backup: Mapping[str, Any] | None
    traces: Mapping[str, Any] | None


@dataclass(frozen=True)
class RunRecord:
    """One run as the store keeps it.

    Attributes:
        summary: The content of `runs/<run_id>.json`.
        observations: Every look by PC, in the order they were made.
        contract: The contract that the run worked by; empty when the journal has none.
    """

    summary: Mapping[str, Any]
    observations: Mapping[str, Sequence[Observation]]
    contract: Mapping[str, Any]


def build_run(events: Sequence[Event], *, journal_sha256: str) -> RunRecord | None:
    """Return the record of a run, or None when the journal ends before it had begun.

    Args:
        events: The whole events of the journal, in order.
        journal_sha256: Their digest, kept as proof of what the record was made from.
    """
    if not events or events[0]["event"] != "run_started":
        return None
    start = events[0]
    finished = any(event["event"] == "run_finished" for event in events)
    hosts = list(start["hosts"])
    hosts += sorted({str(event["host"]) for event in events if "host" in event} - set(hosts))
    own = {host: [event for event in events if event.get("host") == host] for host in hosts}
    observations = {host: _observations(own[host], start) for host in hosts}
    check_mode = bool(start.get("check_mode"))
    register, read = read_in_run(events)
    summary = {
        "at": start["at"],
        "check_mode": check_mode,
        "client": start["client"],
        "finished": finished,
        "hosts": {
            host: {
                **_host(own[host], observations[host], start=start, finished=finished),
                "read": read.get(host, []),
            }
            for host in sorted(hosts)
        },
        "journal_events": len(events),
        "journal_sha256": journal_sha256,
        "notices": [
            _pick(event, "by", "device", "notice", "on", "status")
            for event in events
            if event["event"] == "notice_recorded"
        ],
        "operator": start["operator"],
        "policy_digest": _digest(start, observations),
        "register": register,
        "run_id": start["run_id"],
        "thresholds": list(start.get("thresholds", [])),
        "verb": start["verb"],
        "versions": dict(start.get("versions", {})),
    }
    return RunRecord(summary, observations, dict(start.get("contract", {})))


def _observations(events: Sequence[Event], start: Event) -> list[Observation]:
    probes = [
        Probe(
            id=str(item["id"]),
            purpose={},
            kind="",
            arguments={},
            key=tuple(item["key"]),
            volatile=tuple(item["volatile"]),
        )
        for item in start.get("probes", [])
    ]
    return [_observation(e["payload"], probes) for e in events if e["event"] == "observation"]


def _observation(payload: Mapping[str, Any], probes: Sequence[Probe]) -> Observation:
    stable, volatile = split_volatile(probes, Facts.from_json(payload["facts"]))
    return Observation(
        at=str(payload["at"]),
        scopes=tuple(sorted(payload["scopes"])),
        identity=dict(payload["identity"]),
        facts=stable.to_json(with_timing=False),
        volatile=volatile,
        findings=sorted(payload["findings"], key=lambda finding: str(finding["rule"])),
        policy_digest=str(payload["policy_digest"]),
        antivirus=payload.get("antivirus"),
        backup=payload.get("backup"),
        traces=payload.get("traces"),
    )


def _host(
    events: Sequence[Event], looks: Sequence[Observation], *, start: Event, finished: bool
) -> dict[str, Any]:
    outcome, reason = _outcome(events, looks, start=start, finished=finished)
    ended = outcome != "interrupted"
    changes = [_pick(event, "role", "task") for event in events if event["event"] == "changed"]
    steps = [
        _pick(e, "product", "step", "staged_at", "note")
        for e in events
        if e["event"] == "step_opened"
    ]
    products = {
        kind: [_pick(e, *_PRODUCT_FACTS) for e in events if e["event"] == kind]
        for kind in ("installed", "removed")
    }
    kept = [_pick(e, *_KEPT_FACTS) for e in events if e["event"] == "kept"]
    cleaned = [_pick(e, *_CLEANING_FACTS) for e in events if e["event"] == "cleaned"]
    handed_back = [_pick(e, "removed", "left") for e in events if e["event"] == "handed_back"]
    released = [_pick(e, "outcome", "removed") for e in events if e["event"] == "released"]
    # In check mode Ansible says what it would have done; nothing of it happened.
    pretended = bool(start.get("check_mode"))
    findings = _latest_findings(looks)
    services = {name: service_evidence(findings, name).to_json() for name in SERVICES}
    counts = Counter(str(finding["verdict"]) for finding in findings)
    antivirus = [look.antivirus for look in looks if look.antivirus is not None]
    backup = [look.backup for look in looks if look.backup is not None]
    traces = [look.traces for look in looks if look.traces is not None]
    return {
        "antivirus": antivirus[-1] if antivirus else None,
        "attended": [] if pretended else steps,
        "backup": backup[-1] if backup else None,
        "changed": [] if pretended else changes,
        "cleaned": [] if pretended else cleaned,
        "findings": {
            str(item["rule"]): {name: item.get(name) for name in _FINDING_FACTS}
            for item in findings
        },
        "findings_count": dict(sorted(counts.items())),
        "handed_back": [] if pretended else handed_back,
        "installed": [] if pretended else products["installed"],
        "kept": [] if pretended else kept,
        "observed_at": looks[-1].at if looks else None,
        "outcome": outcome,
        "reason": reason,
        "released": [] if pretended else released,
        "remedied": []
        if pretended
        else _remedied(events, findings, looked=bool(looks), ended=ended),
        "removed": [] if pretended else products["removed"],
        "scopes": sorted({scope for look in looks for scope in look.scopes}),
        "services": services,
        "teamviewer_id": _teamviewer_id(looks),
        "traces": traces[-1] if traces else None,
        "verified": {
            str(event["product"]): _pick(event, "aspects", "at", "title")
            for event in events
            if event["event"] == "verification"
        },
        "volatile": {name: rows for look in looks for name, rows in look.volatile.items()},
        "would_change": changes if pretended else [],
    }


def _teamviewer_id(looks: Sequence[Observation]) -> int | None:
    """Return the TeamViewer ID that the last look showed, or None where it showed none."""
    for look in reversed(looks):
        try:
            found = teamviewer.registration_in(Facts.from_json(look.facts))
        except teamviewer.UnclearError:
            continue
        return found.client_id if found else None
    return None


def _outcome(
    events: Sequence[Event], looks: Sequence[Observation], *, start: Event, finished: bool
) -> tuple[str, Mapping[str, Any] | None]:
    """Return how the run ended for one PC: a stop, failure or loss outweighs what was seen."""
    for kind in ("stopped", "failed", "unreachable"):
        found = [event for event in events if event["event"] == kind]
        if found:
            return kind, _pick(found[-1]["reason"], "kind", "message", "hint")
    wanted = set(start.get("scopes", []))
    seen = {scope for look in looks for scope in look.scopes}
    if looks and (finished or wanted <= seen):
        return "observed", None
    return "interrupted", INTERRUPTED


def _remedied(
    events: Sequence[Event], findings: Sequence[Mapping[str, Any]], *, looked: bool, ended: bool
) -> list[dict[str, Any]]:
    """Return what came of the remedies that were tried; nothing while it may still be found out."""
    planned = [item for e in events if e["event"] == "remedies_planned" for item in e["remedies"]]
    if not looked and not ended:
        return []
    verdicts = {str(item["rule"]): str(item["verdict"]) for item in findings}
    return outcomes(planned, verdicts if looked else None)


def _latest_findings(looks: Sequence[Observation]) -> list[Mapping[str, Any]]:
    """Return the findings of the last look at each scope, sorted by rule."""
    latest: dict[str, Mapping[str, Any]] = {}
    for look in looks:
        kept = {r: item for r, item in latest.items() if item["scope"] not in look.scopes}
        latest = {**kept, **{str(item["rule"]): item for item in look.findings}}
    return [latest[rule] for rule in sorted(latest)]


def _digest(start: Event, observations: Mapping[str, Sequence[Observation]]) -> str:
    made_by = {look.policy_digest for looks in observations.values() for look in looks}
    return str(start.get("policy_digest") or min(made_by, default=""))


def _pick(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data.get(name) for name in names}
