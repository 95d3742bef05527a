"""What a newcomer sees: the whole story, told by one command, the same each time."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.end_to_end.sandbox import Sandbox, copy_project

OFFICE = Path(__file__).resolve().parents[2] / "src" / "winsim" / "profiles" / "office"
PASSWORD = "Simulated-Only-1"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sandbox, str]:
    """The demo, told once: the project it left, and what it printed."""
    sandbox = copy_project(tmp_path_factory.mktemp("demo"))
    return sandbox, sandbox.run("custode", "demo").stdout


def stored(sandbox: Sandbox, path: str) -> dict[str, object]:
    data: dict[str, object] = json.loads((sandbox.store / path).read_text(encoding="utf-8"))
    return data


def verdicts(sandbox: Sandbox, pc: str, verdict: str) -> set[str]:
    findings = stored(sandbox, f"devices/{pc}/findings.json")["findings"]
    assert isinstance(findings, list)
    return {item["rule"] for item in findings if item["verdict"] == verdict}


def test_it_tells_where_the_contract_stands_on_each_pc(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    status = json.loads(sandbox.run("custode", "status", "demo", "--json", check=False).stdout)

    assert {
        "archivio": ("pending", "fails"),
        "contabilita-1": ("at_risk", "fails"),
        "direzione": ("valid", "stands"),
        "portatile-1": ("pending", "fails"),
        "portatile-2": ("valid", "not_seen"),
        "sala-riunioni": ("pending", "unknown"),
        "segreteria": ("valid", "fails"),
    } == {name: (pc["state"], pc["summary"]) for name, pc in status["pcs"].items()}


def test_a_technician_finds_the_way_to_a_pc(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    printed = sandbox.run("custode", "connect", "demo", "direzione").stdout

    assert re.fullmatch(
        r"direzione: TeamViewer ID 1 \d{3} \d{3} \d{3}\n"
        r"  https://start\.teamviewer\.com/1\d{9}\n"
        r"  TeamViewer Host, not assigned; as seen on 2026-\d\d-\d\d \d\d:\d\d\n",
        printed,
    )


def test_what_it_prints_fits_the_terminal_and_names_the_next_steps(
    told: tuple[Sandbox, str],
) -> None:
    _, printed = told

    assert all(len(line) <= 80 for line in printed.splitlines())
    for words in (
        "inspection         5 ok, 1 stopped",
        "The antivirus, installed before, was removed",
        "reports/2026-11/report.it.html",
        "Try next:",
        "log reports/logs/demo/20261109T080000Z-monthly.log",
    ):
        assert words in printed


def test_the_proof_is_in_git_one_commit_a_run(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    assert [
        "onboard 2026-10: 7 PCs, 2 stand, 3 fail, 1 unknown, 1 not seen",
        "monthly 2026-11: 7 PCs, 1 stand, 4 fail, 1 unknown, 1 not seen",
    ] == sandbox.git("log", "--reverse", "--format=%s").splitlines()
    sandbox.git("fsck", "--strict")


def test_telling_it_again_gives_the_same_bytes(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told
    before = sandbox.git("rev-parse", "HEAD")

    sandbox.run("custode", "demo")

    assert before == sandbox.git("rev-parse", "HEAD")
    assert "" == sandbox.git("status", "--porcelain")


def test_judged_again_by_the_same_policies_the_past_is_the_same(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    done = sandbox.run("custode", "rejudge", "demo", "--since", "2026-10", "--json", check=False)

    months = json.loads(done.stdout)["months"]
    seen = {
        (month["month"], month["device"]): month["changes"] for month in months if month["seen"]
    }
    assert len(seen) == 12
    assert {pc: [] for pc in seen} == seen


def test_nothing_is_left_running(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    processes = subprocess.run(
        ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
    )
    assert str(sandbox.root) not in processes.stdout
    with socket.socket() as probe:
        assert probe.connect_ex(("127.87.0.12", 5986)) != 0


def test_the_monthly_look_is_one_task_on_each_pc(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    for pc in ("archivio", "contabilita-1", "direzione", "portatile-1", "sala-riunioni"):
        lines = (sandbox.root / ".demo" / "winsim" / "log" / f"{pc}.jsonl").read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        ran = [e["ran"] for e in entries if "ran" in e and e["at"].startswith("2026-11-09")]

        assert ["fleet_probe"] == ran


def test_a_pc_stopped_at_the_gate_was_only_looked_at(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told
    lines = (sandbox.root / ".demo" / "winsim" / "log" / "archivio.jsonl").read_text().splitlines()

    assert {"fleet_probe"} == {e["ran"] for e in map(json.loads, lines) if "ran" in e}
    assert {"disk_events_absent", "disk_health_good", "disk_read_errors_absent"} <= verdicts(
        sandbox, "archivio", "fail"
    )


def test_a_removed_antivirus_is_seen_and_counts_from_the_first_look(
    told: tuple[Sandbox, str],
) -> None:
    sandbox, _ = told

    assert {"antivirus_installed", "antivirus_not_switched_off", "antivirus_working"} == verdicts(
        sandbox, "contabilita-1", "fail"
    )
    ledger = (sandbox.store / "devices/contabilita-1/ledger.jsonl").read_text().splitlines()
    states = [e for e in map(json.loads, ledger) if e["entry"] == "state"]
    assert [("pending", "valid"), ("valid", "at_risk")] == [(e["from"], e["to"]) for e in states]
    assert "2026-11-16T08:00:00Z" == states[-1]["reasons"][0]["until"]


def test_the_client_must_be_warned_of_the_pc_that_fell_at_risk(
    told: tuple[Sandbox, str],
) -> None:
    sandbox, printed = told

    listed = json.loads(sandbox.run("custode", "notices", "demo", "--json", check=False).stdout)
    due = {notice["device"]: notice for notice in listed["notices"]}
    draft = sandbox.run("custode", "notices", "demo", due["contabilita-1"]["id"]).stdout

    assert "removed" in [cause["kind"] for cause in due["contabilita-1"]["causes"]]
    assert due["contabilita-1"]["until"] == "2026-11-16T08:00:00Z"
    assert draft.startswith("Avviso sul PC contabilita-1\n")
    assert "Il termine per rimediare scade il 16 novembre 2026" in draft
    assert "waits to be sent: custode notices demo" in printed or "wait to be sent" in printed


def test_the_report_says_how_the_antivirus_disappeared(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told
    report = (sandbox.store / "reports" / "2026-11" / "report.en.md").read_text(encoding="utf-8")

    assert "The Security Center noted that the product went off" in report
    assert "Event 15 of SecurityCenter, log Application, record" in report
    assert "Weak evidence" in report


def test_null_counters_and_a_missing_row_are_unknown_not_fine(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    assert {
        "antivirus_signatures_current",
        "antivirus_subscription_valid",
        "antivirus_working",
        "disk_wear_acceptable",
    } == verdicts(sandbox, "sala-riunioni", "unknown")


def test_an_unchanged_pc_gives_an_empty_diff(told: tuple[Sandbox, str]) -> None:
    sandbox, _ = told

    assert "" == sandbox.git("diff", "HEAD~1", "HEAD", "--", "devices/sala-riunioni")


def test_no_name_of_a_person_or_document_and_no_password_is_in_any_byte(
    told: tuple[Sandbox, str],
) -> None:
    sandbox, printed = told
    canaries = [PASSWORD]
    for path in OFFICE.glob("*/must_not_leak.yml"):
        canaries += [str(word) for word in yaml.safe_load(path.read_text(encoding="utf-8"))]
    assert len(canaries) > 40

    found = [
        (name, canary)
        for name, data in produced(sandbox, printed)
        for canary in canaries
        if canary.lower().encode() in data
    ]
    assert [] == found


def produced(sandbox: Sandbox, printed: str) -> Iterator[tuple[str, bytes]]:
    """Yield every byte of the story: journals, logs, store with its history, terminal."""
    yield "terminal", printed.lower().encode()
    for path in sorted((sandbox.root / "reports").rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            yield str(path), path.read_bytes().lower()
    for path in sorted((sandbox.root / ".demo" / "winsim" / "log").glob("*")):
        yield str(path), path.read_bytes().lower()
    objects = subprocess.run(
        ["git", "-C", str(sandbox.store), "cat-file", "--batch-all-objects", "--batch"],
        capture_output=True,
        check=True,
    )
    yield "git objects", objects.stdout.lower()


def test_the_readme_quotes_what_the_demo_says(told: tuple[Sandbox, str]) -> None:
    sandbox, printed = told
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- from the demo -->\n```\n(.*?)```", readme, re.DOTALL)
    report = (sandbox.store / "reports" / "2026-11" / "report.en.md").read_text(encoding="utf-8")
    said = {line.rstrip() for line in (printed + report).splitlines()}

    assert len(blocks) == 2
    assert [] == [line for block in blocks for line in block.splitlines() if line not in said]
