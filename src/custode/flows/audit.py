"""One look at one PC: which probes to send, and what the answer means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from custode.core.antivirus import PRODUCTS_PROBE
from custode.core.antivirus_products import summary
from custode.core.backup_client import ACCOUNTS_PROBE
from custode.core.backup_statement import backup_statement
from custode.core.errors import UsageError
from custode.core.identity import IDENTITY_PROBES, Identity, Match, compare
from custode.core.observation import Facts, utc_text
from custode.core.policy import judge, needed_probes
from custode.core.probes import Probe, normalise, plan
from custode.core.symptoms import Reason
from custode.core.traces import PROBES as TRACE_PROBES
from custode.core.traces import REMOVALS_PROBE, product_traces
from custode.core.waivers import Waiver, waivers_in_date, with_waivers
from custode.edges.policies import Policies

HARDWARE = ("hardware",)
EVERYTHING = ("hardware", "compliance")
SCOPES = {
    "inspect": HARDWARE,
    "onboard": EVERYTHING,
    "monthly": EVERYTHING,
    "offboard": EVERYTHING,
    "remediate": EVERYTHING,
}
"""What each playbook looks at in the end."""

PREFLIGHT_PROBES = ("operating_system", "logical_disks", "disk_failure_prediction")
"""What `identity_check` reads besides the identity; the last one needs an administrator."""


def planned_probes(
    policies: Policies, scopes: Sequence[str], *, kinds: Collection[str] | None = None
) -> list[Probe]:
    """Return the probes that the rules of these scopes need, the identity's, and the traces'.

    Args:
        policies: The probes and rules.
        scopes: What is looked at: hardware, compliance.
        kinds: Kinds of device that are looked at, or None for every kind.
    """
    wanted = {*needed_probes(policies.rules.values(), scopes), *IDENTITY_PROBES}
    if "compliance" in scopes:
        # Policies of one's own need not have them: what was not read is then told as such.
        wanted |= set(TRACE_PROBES) & set(policies.probes)
    probes = [policies.probes[probe_id] for probe_id in sorted(wanted)]
    return [
        probe
        for probe in probes
        if kinds is None or not probe.device_kinds or set(probe.device_kinds) & set(kinds)
    ]


def named_probes(policies: Policies, probe_ids: Sequence[str]) -> list[Probe]:
    """Return probes by id, in order of id.

    Raises:
        UsageError: The policies have no such probe.
    """
    missing = sorted(set(probe_ids) - set(policies.probes))
    if missing:
        raise UsageError(f"the policies lack the probes {', '.join(missing)}")
    return [policies.probes[probe_id] for probe_id in sorted(set(probe_ids))]


def wire_plan(probes: Sequence[Probe], *, now: datetime) -> list[dict[str, Any]]:
    """Return the probes as `fleet_probe` takes them."""
    return plan(probes, now=now)


def observe(
    policies: Policies,
    raw: Mapping[str, Any],
    *,
    probes: Sequence[Probe],
    scopes: Sequence[str],
    device: Mapping[str, Any],
    contract: Mapping[str, Any],
    waivers: Sequence[Waiver],
    salt: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Judge what came back and return the observation for the journal.

    Args:
        policies: The rules to judge by.
        raw: `facts` as `fleet_probe` returned them.
        probes: The probes that were planned.
        scopes: The scopes whose rules apply: hardware, compliance.
        device: The PC as rules see it: name, kind, covered.
        contract: The contract as rules see it.
        waivers: What the client accepted in writing.
        salt: The name of the salt that people's accounts were digested with, or None.
        now: The moment of the look.

    Returns:
        `{kind, antivirus, backup, device, at, scopes, identity, facts, findings, policy_digest,
        traces}`; antivirus is how each known product stands, backup the statement about it, and
        traces what the event logs say of both, or None when nobody looked at it.
    """
    facts = normalise(probes, raw)
    rules = [rule for rule in policies.rules.values() if rule.scope in scopes]
    judged = judge(
        rules,
        facts=facts,
        device=device,
        contract=contract,
        limits=policies.baselines.limits(str(device["kind"]), contract),
        now=now,
    )
    day = now.astimezone(ZoneInfo(str(contract["client"]["timezone"]))).date()
    findings = with_waivers(
        [finding.to_json() for finding in judged],
        waivers,
        device=str(device["name"]),
        day=day,
    )
    if "compliance" in scopes:
        findings += waivers_in_date(waivers, device=str(device["name"]), day=day)
    antivirus = contract["services"]["antivirus"]
    return {
        "kind": "observation",
        "antivirus": summary(facts, accept=antivirus["accept"], now=now)
        if PRODUCTS_PROBE in facts
        else None,
        "backup": _backup(facts, now=now),
        "device": device["name"],
        "at": utc_text(now),
        "scopes": list(scopes),
        "identity": Identity.from_facts(facts).to_json(),
        "facts": facts.to_json(),
        "findings": findings,
        "policy_digest": policies.digest,
        "traces": product_traces(facts, accept=antivirus["accept"], salt=salt)
        if REMOVALS_PROBE in facts
        else None,
    }


def _backup(facts: Facts, *, now: datetime) -> dict[str, Any] | None:
    return backup_statement(facts, now=now).to_json() if ACCOUNTS_PROBE in facts else None


def identity_problem(recorded: Identity | None, found: Identity, *, device: str) -> Reason | None:
    """Return why the machine that answered must not be touched, or None."""
    match = compare(recorded, found)
    if match in {Match.NEW, Match.SAME}:
        return None
    if match is Match.UNPROVEN:
        return Reason(
            "identity_unproven",
            f"The machine at {device}'s address does not say which machine it is.",
            "Look at it by hand; run again with --accept-new-identity if it is the right one.",
        )
    serial = found.serial or "unknown"
    expected = recorded.serial if recorded and recorded.serial else "unknown"
    return Reason(
        "wrong_machine",
        f"Another machine answers at {device}'s address: "
        f"serial {serial} found, {expected} recorded.",
        "Correct the address; if the PC was replaced, run again with --accept-new-identity.",
    )


def closed_gate(findings: Sequence[Mapping[str, Any]]) -> Reason | None:
    """Return why the inspection stops this PC, or None.

    Only a failed gate closes: what could not be read is reported as unknown, not treated as a
    fault of the PC.
    """
    failed = [item for item in findings if item["gate"] and item["verdict"] == "fail"]
    if not failed:
        return None
    return Reason(
        "gate",
        "Faults to cure before anything is installed: "
        + "; ".join(f"{item['rule']}" for item in failed)
        + ".",
        " ".join(str(item["remedy"]["en"]) for item in failed),
    )


def preflight_problem(
    facts: Facts,
    *,
    collected_at: datetime,
    now: datetime,
    min_free_bytes: int,
    max_clock_offset_seconds: int,
) -> Reason | None:
    """Return why work must not begin on this PC: rights, clock or space; or None.

    Args:
        facts: The rows of `PREFLIGHT_PROBES`.
        collected_at: The PC's own clock when it answered.
        now: The controller's clock.
        min_free_bytes: Free space that the system drive must have.
        max_clock_offset_seconds: How far the two clocks may be apart.
    """
    denied = sorted(
        probe_id
        for probe_id, result in facts.items()
        if result.error is not None and result.error.kind == "access_denied"
    )
    if denied:
        return Reason(
            "authorization",
            f"The account may not read {', '.join(denied)}: it is not a full administrator.",
            "Use an administrator; for a local one set LocalAccountTokenFilterPolicy.",
        )
    offset = abs((collected_at - now).total_seconds())
    if offset > max_clock_offset_seconds:
        return Reason(
            "clock",
            f"The PC's clock is {offset:.0f} s away; at most {max_clock_offset_seconds} s.",
            "Set the PC's clock and its time source, then run again.",
        )
    return _space_problem(facts, min_free_bytes)


def _space_problem(facts: Facts, min_free_bytes: int) -> Reason | None:
    system = [
        row for row in facts["logical_disks"].rows if str(row.get("DeviceID")).upper() == "C:"
    ]
    free = system[0].get("FreeSpace") if system else None
    if free is None:
        return Reason(
            "space_unknown",
            "The free space of drive C: could not be read.",
            "Look at the drive by hand: it may be locked or failing.",
        )
    if int(free) < min_free_bytes:
        return Reason(
            "space",
            f"Drive C: has {int(free) / 2**30:.1f} GiB free; {min_free_bytes / 2**30:.1f} needed.",
            "Free some space with the client's consent, then run again.",
        )
    return None
