"""Judging again: the same as judging then, and the store is left as it was."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from custode.cli.rejudge_table import rejudge_lines
from custode.core.errors import ExitCode, StoreError, UsageError
from custode.core.observation import Facts, ProbeResult
from custode.core.policy import judge
from custode.core.probes import Probe, join_volatile, normalise, split_volatile
from custode.core.references import spoken_of
from custode.core.rejudging import Judge
from custode.edges.policies import Policies, load_policies
from custode.flows import audit
from custode.flows.rejudge import rejudge_client
from winsim.modules import run_module
from winsim.profiles import load_profiles

OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"
JANUARY = "2027-01-11T08:00:00Z"
ROOT = Path(__file__).resolve().parents[2]
HOW_TO = "docs/how_to/judge_the_past_again.md"

Office = Any

PROBE = """---
id: disk
purpose: {it: Sapere se è pieno., en: Know if it is full.}
kind: cim
namespace: root/cimv2
class: Win32_LogicalDisk
properties: [DeviceID, FreeSpace, Size]
freshness_days: 35
cost: low
key: [DeviceID]
volatile: [FreeSpace]
examples:
  - {values: synthetic, shape: a desktop, rows: [{DeviceID: 'C:', FreeSpace: 5, Size: 9}]}
"""
RULE = """---
id: disk_healthy
title: {it: Spazio, en: Space}
why: {it: Prova., en: Test.}
area: hardware
scope: hardware
severity: low
clause: inspection
needs: [disk]
each: facts.disk
when_empty: unknown
pass: row.FreeSpace > limits.free
observed: {free: row.FreeSpace}
remedy: {it: Prova., en: Test.}
examples:
  limits: {free: 10}
  pass:
    - facts: {disk: [{DeviceID: 'C:', FreeSpace: 11}]}
  fail:
    - facts: {disk: [{DeviceID: 'C:', FreeSpace: 10}]}
"""
LIMITS = """---
thresholds:
  free: {value: 500, unit: bytes, means: {it: Spazio, en: Space}, source: Own practice.}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Policies of one rule, which wants more than 500 bytes free."""
    folder = tmp_path / "policies"
    for name, text in (
        ("probes/disk.yml", PROBE),
        ("rules/disk_healthy.yml", RULE),
        ("baselines/common.yml", LIMITS),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def wanting(folder: Path, free: int) -> Policies:
    path = folder / "baselines" / "common.yml"
    path.write_text(LIMITS.replace("500", str(free)), encoding="utf-8")
    return load_policies(folder)


def visit(office: Office, verb: str, at: str, **free: int) -> None:
    seen = [office.seen(host, at, free=free[host], scopes=("hardware",)) for host in free]
    office.visit(verb, at, *seen)
    office.publish()


def test_what_was_judged_by_the_same_policies_does_not_change(office: Office, folder: Path) -> None:
    visit(office, "onboard", OCTOBER, desk=1000, front=1000)

    found = rejudge_client(office.project, "sample", policies=wanting(folder, 500))

    assert [("2026-10", "desk", []), ("2026-10", "front", [])] == [
        (month.month, month.device, list(month.changes)) for month in found.months
    ]
    assert ExitCode.STANDS is found.exit_code


def test_a_stricter_threshold_changes_the_months_it_would_have_failed(
    office: Office, folder: Path
) -> None:
    visit(office, "onboard", OCTOBER, desk=1000, front=1000)
    visit(office, "monthly", NOVEMBER, desk=2000, front=1000)
    before = (office.store.head(), office.store.read())

    found = rejudge_client(office.project, "sample", policies=wanting(folder, 1500))

    assert [("2026-10", "desk"), ("2026-10", "front"), ("2026-11", "front")] == [
        (month.month, month.device) for month in found.months if month.changes
    ]
    (change,) = found.months[0].changes
    assert ("disk_healthy", "pass", "fail") == (change.rule, change.was, change.now)
    assert ExitCode.FINDINGS is found.exit_code
    assert before == (office.store.head(), office.store.read())
    assert json.loads(json.dumps(found.to_json()))["months"][0]["changes"][0]["now"] == "fail"


def test_the_how_to_shows_what_is_printed(office: Office, folder: Path) -> None:
    visit(office, "onboard", OCTOBER, desk=1000, front=1000)
    visit(office, "monthly", NOVEMBER, desk=2000, front=1000)
    visit(office, "monthly", "2026-12-07T08:00:00Z", front=2000)
    found = rejudge_client(office.project, "sample", policies=wanting(folder, 1500))
    console = Console(width=80, record=True, file=io.StringIO())

    for line in rejudge_lines(found):
        console.print(line)

    printed = "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())
    assert f"```\n{printed}```" in (ROOT / HOW_TO).read_text(encoding="utf-8")


def test_it_begins_with_the_month_it_is_told(office: Office, folder: Path) -> None:
    visit(office, "onboard", OCTOBER, desk=1000)
    visit(office, "monthly", NOVEMBER, desk=1000)
    policies = wanting(folder, 500)

    found = rejudge_client(office.project, "sample", policies=policies, since=date(2026, 11, 1))
    assert ["2026-11"] == [month.month for month in found.months]

    with pytest.raises(UsageError, match="there was no visit since 2026-12") as caught:
        rejudge_client(office.project, "sample", policies=policies, since=date(2026, 12, 1))
    assert "2026-11" in caught.value.hint


def test_facts_that_are_too_old_are_unknown(office: Office, folder: Path) -> None:
    visit(office, "onboard", OCTOBER, desk=1000, front=1000)
    visit(office, "monthly", JANUARY, front=1000)

    found = rejudge_client(office.project, "sample", policies=wanting(folder, 500))

    desk = {month.month: month for month in found.months if month.device == "desk"}
    assert [True, False, False, False] == [desk[name].seen for name in sorted(desk)]
    assert [] == list(desk["2026-10"].changes)
    # On the last of November they are 56 days old, and may be 35.
    (change,) = desk["2026-11"].changes
    assert ("pass", "unknown", True) == (change.was, change.now, change.aged)
    assert OCTOBER == desk["2027-01"].facts_at


def test_what_a_late_run_saw_was_not_kept(office: Office, folder: Path) -> None:
    office.visit("onboard", OCTOBER, office.seen("desk", OCTOBER, scopes=("hardware",)))
    late = office.visit(
        "monthly", NOVEMBER, office.seen("desk", NOVEMBER, free=1, scopes=("hardware",))
    )
    office.visit("monthly", JANUARY, office.seen("desk", JANUARY, scopes=("hardware",)))
    runs = [path.name for path in office.project.journals("sample").iterdir()]
    for run in sorted(runs):
        if run != late.run_id:
            office.publish(run)
    office.publish(late.run_id)

    found = rejudge_client(office.project, "sample", policies=wanting(folder, 500))

    assert [True, False, False, True] == [month.kept for month in found.months]
    lines = [str(line) for line in rejudge_lines(found)]
    assert "2026-11 desk: not judged, a newer run was published before this one" in lines


def test_a_waived_fault_failed(office: Office, folder: Path) -> None:
    seen = office.seen("desk", OCTOBER, disk="waived", free=1, scopes=("hardware",))
    waiver = {"reason": "To be replaced.", "approved_by": "owner", "expires_on": "2026-12-31"}
    seen["payload"]["findings"][0]["waiver"] = {**waiver, "approved_on": "2026-10-01"}
    office.visit("onboard", OCTOBER, seen)
    office.publish()

    found = rejudge_client(office.project, "sample", policies=wanting(folder, 500))

    assert [] == list(found.months[0].changes)


def test_rules_that_come_and_go_are_told_apart(office: Office, folder: Path) -> None:
    visit(office, "onboard", OCTOBER, desk=1)
    rule = folder / "rules" / "disk_healthy.yml"
    text = rule.read_text(encoding="utf-8").replace("disk_healthy", "space_enough")
    rule.unlink()
    (folder / "rules" / "space_enough.yml").write_text(text, encoding="utf-8")

    found = rejudge_client(office.project, "sample", policies=load_policies(folder))

    (month,) = found.months
    assert [("disk_healthy", "pass", None), ("space_enough", None, "fail")] == [
        (change.rule, change.was, change.now) for change in month.changes
    ]
    (*_, sums) = (str(line) for line in rejudge_lines(found))
    assert "Rules new 1, gone 1." in sums


def test_nothing_published_is_no_past(office: Office, folder: Path) -> None:
    with pytest.raises(StoreError, match="nothing was published"):
        rejudge_client(office.project, "sample", policies=load_policies(folder))


def test_many_pcs_are_shared_among_processes(
    office: Office, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(office, "onboard", OCTOBER, desk=1000, front=100, laptop=1000)
    policies = wanting(folder, 500)
    alone = rejudge_client(office.project, "sample", policies=policies)

    monkeypatch.setattr("custode.flows.rejudge._PCS_WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    assert alone == rejudge_client(office.project, "sample", policies=policies)


def test_a_judge_who_remembers_says_what_one_who_does_not_says() -> None:
    policies = load_policies(ROOT / "policies")
    rules = list(policies.rules.values())
    contract: dict[str, Any] = {
        "client": {"timezone": "Europe/Rome"},
        "services": {
            "antivirus": {"product": "norton", "accept": ["norton"]},
            "backup": {"product": "owncloud", "version": "6.0.3"},
            "remote_support": {"product": "teamviewer"},
        },
        "devices": {},
    }
    moments = [datetime(2026, 10, 5, 7, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)]
    remembering = Judge(rules, policies.baselines)
    for host in load_profiles(["clinic"])[::5]:
        for kind in ("desktop", "notebook"):
            probes = audit.planned_probes(policies, audit.EVERYTHING, kinds=[kind])
            plan = {"probes": audit.wire_plan(probes, now=moments[0])}
            host.advance(moments[0])
            facts = normalise(probes, run_module(host, "fleet_probe", plan)["facts"])
            device = {"name": host.name, "kind": kind, "covered": True}
            for now in moments:
                given = {
                    "facts": facts,
                    "device": device,
                    "contract": contract,
                    "now": now,
                    "observed_at": dict.fromkeys(facts, moments[0]),
                }
                limits = policies.baselines.limits(kind, contract)
                plain = judge(rules, limits=limits, **given)
                told = remembering.verdicts(scopes=audit.EVERYTHING, **given)
                assert {f.rule.id: (f.verdict, f.reason) for f in plain} == told


_ROWS = st.lists(
    st.fixed_dictionaries(
        {"Id": st.integers(0, 9), "Free": st.none() | st.integers(), "Size": st.text(max_size=3)}
    ),
    max_size=4,
)


@given(rows=_ROWS, volatile=st.sampled_from([(), ("Free",), ("Free", "Size"), ("*",)]))
def test_what_was_parted_is_joined_again(
    rows: list[dict[str, Any]], volatile: tuple[str, ...]
) -> None:
    probe = Probe(id="p", purpose={}, kind="", arguments={}, key=("Id",), volatile=volatile)
    facts = Facts({"p": ProbeResult(rows=tuple(rows))})

    assert facts == join_volatile(*split_volatile([probe], facts))


def test_two_parts_of_different_looks_are_not_joined() -> None:
    stable = Facts({"p": ProbeResult(rows=({"Id": 1, "Size": "a"},))})

    assert stable == join_volatile(stable, {"p": [{"Id": 2, "Free": 5}]})
    assert stable == join_volatile(stable, {"p": []})


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("facts.p | length > limits.x", {"facts", "limits"}),
        ("device.kind == 'desktop'", {"device"}),
        ("device.name == 'pc-1'", {"device", "device.name"}),
        ("age_days(facts.p[0].at) < 3", {"facts", "now"}),
        ("facts.p | selectattr('a', 'eq', 1) | list | length == 1", {"facts"}),
    ],
)
def test_what_a_verdict_hangs_on_is_read_from_the_rule(expression: str, names: set[str]) -> None:
    assert names == spoken_of(expression)
