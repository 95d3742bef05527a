"""A waiver is a reason, an approver and an end; it never makes a fault disappear."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.unit.conftest import CLIENT, Office

from custode.cli.tables import status_tables
from custode.core.errors import InputError
from custode.core.waivers import Waiver, waivers_in_date, with_waivers
from custode.edges.inventory import load_client
from custode.edges.policies import load_policies
from custode.edges.project import find_project
from custode.edges.waivers import load_waivers
from custode.flows.status import read_status

PROJECT = find_project(Path(__file__))
GOOD = """\
---
waivers:
  - device: archivio
    rule: disk_health_good
    reason: The PC is replaced in November.
    approved_by: owner
    approved_on: 2026-10-01
    expires_on: 2026-11-30
"""


def waiver(**given: Any) -> Waiver:
    about = {
        "device": "pc",
        "rule": "disk",
        "reason": "r",
        "approved_by": "owner",
        "approved_on": date(2026, 10, 1),
        "expires_on": date(2026, 11, 30),
    }
    return Waiver.model_validate({**about, **given})


def verdict(finding: str, *, day: date, **given: Any) -> str:
    found = with_waivers(
        [{"rule": "disk", "verdict": finding}], [waiver(**given)], device="pc", day=day
    )
    return str(found[0]["verdict"])


def test_an_accepted_fault_is_waived_with_its_words() -> None:
    found = with_waivers(
        [{"rule": "disk", "verdict": "fail"}], [waiver()], device="pc", day=date(2026, 10, 5)
    )

    assert "waived" == found[0]["verdict"]
    assert {
        "reason": "r",
        "approved_by": "owner",
        "approved_on": "2026-10-01",
        "expires_on": "2026-11-30",
    } == found[0]["waiver"]


@given(st.integers(-90, 90))
def test_it_counts_from_its_approval_to_its_last_day_and_no_longer(days: int) -> None:
    day = date(2026, 10, 31) + timedelta(days=days)

    expected = "waived" if date(2026, 10, 1) <= day <= date(2026, 11, 30) else "fail"
    assert expected == verdict("fail", day=day)


@given(st.integers(-90, 90))
def test_its_end_is_announced_for_thirty_days_and_then_a_finding_of_its_own(days: int) -> None:
    day = date(2026, 11, 30) + timedelta(days=days)
    end = [{"rule": "disk", "expires_on": "2026-11-30"}]

    (found,) = waivers_in_date([waiver()], device="pc", day=day)

    assert found["verdict"] == ("fail" if days > 0 else "pass")
    expected = {"expired_waivers": end} if days > 0 else {"expiring_waivers": end}
    assert found["observed"] == ({} if days < -30 else expected)


def test_a_renewed_waiver_has_not_expired_and_other_pcs_have_no_part_in_it() -> None:
    renewed = waiver(approved_on=date(2026, 11, 20), expires_on=date(2027, 5, 31))
    day = date(2026, 12, 5)

    (found,) = waivers_in_date([renewed, waiver()], device="pc", day=day)

    assert (found["verdict"], found["observed"]) == ("pass", {})
    assert waivers_in_date([waiver()], device="other", day=day) == []


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "“disk_healthy holds”: accepted in writing until 30 November 2026"),
        ("it", "«Il requisito disk_healthy è rispettato»: accettata per iscritto fino al 30"),
    ],
)
@pytest.mark.parametrize("form", ["md", "html"])
def test_the_report_and_the_status_announce_an_end(
    office: Office, language: str, form: str, told: str
) -> None:
    about = waiver(device="desk", rule="disk_healthy")
    look = office.seen("desk", "2026-11-09T08:00:00Z", disk="fail")
    findings = look["payload"]["findings"]
    look["payload"]["findings"] = [
        *with_waivers(findings, [about], device="desk", day=date(2026, 11, 9)),
        *waivers_in_date([about], device="desk", day=date(2026, 11, 9)),
    ]
    office.visit("monthly", "2026-11-09T08:00:00Z", look, hosts=["desk"])
    office.publish()

    path = office.project.store(CLIENT) / "reports" / "2026-11" / f"report.{language}.{form}"
    assert told in path.read_text(encoding="utf-8").replace("\\_", "_")
    status = read_status(office.project, CLIENT)
    lines = Console(width=80, file=(out := io.StringIO()))
    for table in status_tables(status):
        lines.print(table)
    assert "accepted in writing until 30 November 2026" in " ".join(out.getvalue().split())


@pytest.mark.parametrize("other", ["pass", "unknown", "not_applicable"])
def test_only_a_failure_can_be_waived(other: str) -> None:
    assert other == verdict(other, day=date(2026, 10, 5))


def test_it_counts_for_its_own_pc_and_rule_only() -> None:
    assert "fail" == verdict("fail", day=date(2026, 10, 5), device="other")
    assert "fail" == verdict("fail", day=date(2026, 10, 5), rule="other")


def load(folder: Path, text: str) -> tuple[Waiver, ...]:
    (folder / "waivers.yml").write_text(text, encoding="utf-8")
    contract = load_client(PROJECT, "demo").contract
    return load_waivers(folder, contract=contract, rules=load_policies(PROJECT.policies).rules)


def test_a_file_is_read(tmp_path: Path) -> None:
    assert ["archivio"] == [item.device for item in load(tmp_path, GOOD)]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("archivio", "archivo", ":3:5: waivers.0.device: found archivo; allowed: a covered PC: "),
        ("archivio", "archivo", "did you mean `archivio`?"),
        ("disk_health_good", "disk_healthy", ":4:5: waivers.0.rule: found disk_healthy"),
        ("disk_health_good", "antivirus_working", "no signature replaces a working antivirus"),
        ("2026-11-30", "2026-09-30", "`expires_on` after `approved_on`"),
        ("    expires_on: 2026-11-30\n", "", "found no such key; allowed: the key `expires_on`"),
        ("approved_by", "approver", "found the key `approver`"),
    ],
)
def test_a_wrong_waiver_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, GOOD.replace(old, new))

    assert words in str(caught.value)
