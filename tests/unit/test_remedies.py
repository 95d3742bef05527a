"""Which roles are called for, and what is said of them afterwards: cured only where it was seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.conftest import CLIENT, Event, Office, finding

from custode.core.remedies import needed_installers, outcomes, remedies

NOVEMBER = "2026-11-09T08:00:00Z"


def failed(rule: str, role: str | None, **given: Any) -> dict[str, Any]:
    remedy = {"it": "Fare.", "en": "Do.", **({"role": role} if role else {})}
    return finding(rule, **{"verdict": "fail", "remedy": remedy, **given})


def test_a_role_is_called_for_once_and_in_the_order_of_an_onboarding() -> None:
    plan = remedies(
        [
            failed("space", "cleanup"),
            failed("copy_there", "owncloud"),
            failed("copy_locked", "owncloud"),
            failed("point", "safeguard"),
            failed("by_hand", None),
            failed("later", "a_role_of_tomorrow"),
        ]
    )

    assert [(remedy.role, list(remedy.rules)) for remedy in plan] == [
        ("safeguard", ["point"]),
        ("owncloud", ["copy_locked", "copy_there"]),
        ("cleanup", ["space"]),
        ("a_role_of_tomorrow", ["later"]),
    ]
    assert needed_installers(plan) == ["owncloud"]


@pytest.mark.parametrize("verdict", ["pass", "unknown", "waived", "not_applicable"])
def test_only_a_failure_is_remedied(verdict: str) -> None:
    assert remedies([failed("copy_there", "owncloud", verdict=verdict)]) == ()


def test_nothing_is_installed_while_a_gate_is_closed() -> None:
    wanted = failed("copy_there", "owncloud")

    assert remedies([wanted, finding("disk", "pass", gate=True)]) != ()
    assert remedies([wanted, finding("disk", "unknown", gate=True)]) != ()
    assert remedies([wanted, finding("disk", "fail", gate=True)]) == ()


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ({"copy_there": "pass"}, "cured"),
        ({"copy_there": "fail"}, "not_cured"),
        ({"copy_there": "waived"}, "not_cured"),
        ({"copy_there": "unknown"}, "uncertain"),
        ({"copy_there": "not_applicable"}, "uncertain"),
        ({}, "uncertain"),
        (None, "not_looked_at"),
    ],
)
def test_only_what_was_seen_to_pass_is_cured(verdicts: dict[str, str] | None, outcome: str) -> None:
    planned = [remedy.to_json() for remedy in remedies([failed("copy_there", "owncloud")])]

    (said,) = outcomes(planned, verdicts)

    assert said["outcome"] == outcome


def planned(*items: dict[str, Any]) -> Event:
    told = [remedy.to_json() for remedy in remedies(items)]
    return {"event": "remedies_planned", "host": "desk", "remedies": told}


TRIED = (
    failed("antivirus_installed", "norton"),
    failed("backup_working", "owncloud"),
    failed("disk_healthy", "cleanup"),
)


def remediated(office: Office, *events: Event, **extra: Any) -> dict[str, Any]:
    """Publish a run that was to apply remedies on one PC; return what its record says of it."""
    office.visit("remediate", NOVEMBER, planned(*TRIED), *events, hosts=["desk"], **extra)
    office.publish()
    (path,) = (office.project.store(CLIENT) / "runs").glob("*.json")
    host: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["hosts"]["desk"]
    return host


def ledger(office: Office) -> list[dict[str, Any]]:
    path = office.project.store(CLIENT) / "devices" / "desk" / "ledger.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def test_what_came_of_it_is_in_the_record_the_ledger_and_the_report(office: Office) -> None:
    looked = office.seen("desk", NOVEMBER, backup="not_working", antivirus="unknown")

    host = remediated(office, looked)

    said = {(item["role"], item["rule"]): item["outcome"] for item in host["remedied"]}
    assert said == {
        ("norton", "antivirus_installed"): "cured",
        ("owncloud", "backup_working"): "not_cured",
        ("cleanup", "disk_healthy"): "cured",
    }
    lines = [line for line in ledger(office) if line["entry"] == "remedied"]
    assert [line["outcome"] for line in lines] == ["cured", "not_cured", "cured"]
    reports = office.project.store(CLIENT) / "reports" / "2026-11"
    english, italian = (
        (reports / f"report.{language}.md").read_text(encoding="utf-8").replace("\\_", "_")
        for language in ("en", "it")
    )
    told = "Backup (ownCloud) was tried and did not cure it; not met: “backup_working holds”"
    assert told in english
    assert told in (reports / "report.en.html").read_text(encoding="utf-8")
    assert "Cured by Antivirus (Norton): “antivirus_installed holds”" in english
    assert "Copia dei dati (ownCloud): tentato, non ha risolto; requisito" in italian


def test_publishing_it_half_and_then_whole_tells_each_outcome_once(office: Office) -> None:
    journal = office.write([office.start("remediate", NOVEMBER, hosts=["desk"]), planned(*TRIED)])
    office.publish()
    assert [line for line in ledger(office) if line["entry"] == "remedied"] == []

    journal.append(office.seen("desk", NOVEMBER))
    journal.append(office.finished(NOVEMBER))
    office.publish()
    office.publish()

    lines = [line for line in ledger(office) if line["entry"] == "remedied"]
    assert [line["outcome"] for line in lines] == ["cured", "cured", "cured"]


def test_a_pc_that_fell_silent_is_not_said_to_be_cured(office: Office) -> None:
    host = remediated(office, office.unreachable("desk"))

    assert {item["outcome"] for item in host["remedied"]} == {"not_looked_at"}


def test_a_rehearsal_tries_nothing(office: Office) -> None:
    host = remediated(office, office.seen("desk", NOVEMBER), check_mode=True)

    assert host["remedied"] == []
