"""Remedies as a technician meets them: shown, asked for, applied, and looked at again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from tests.end_to_end.sandbox import Sandbox, ServedOffice, copy_project, move_to, serve

from winsim.addresses import free_network

NOVEMBER = "2026-11-09T09:00:00+01:00"
PC, DYING, WELL = "portatile-1", "archivio", "direzione"
CURABLE = {"owncloud_installed", "teamviewer_installed"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedOffice]:
    """Two PCs of the office that were looked at and nothing more."""
    sandbox = copy_project(tmp_path_factory.mktemp("remediate"))
    network = free_network()
    move_to(sandbox, network)
    for served in serve(sandbox, network=network, clock=NOVEMBER):
        monthly = ["custode", "monthly", "demo", "--at", NOVEMBER]
        sandbox.run(*monthly, "--limit", f"{PC},{DYING}", check=False)
        yield served


def remediate(sandbox: Sandbox, *more: str) -> subprocess.CompletedProcess[str]:
    return sandbox.run("custode", "remediate", "demo", "--at", NOVEMBER, *more, check=False)


def playbook(sandbox: Sandbox, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = ["-i", "inventories/demo", "playbooks/remediate.yml", "--limit", PC]
    moment = ["-e", f"custode_at={NOVEMBER}"]
    return sandbox.run("ansible-playbook", *arguments, *moment, *more, check=False)


def one_line(text: str) -> str:
    return " ".join(text.split())


def last_host(sandbox: Sandbox) -> dict[str, Any]:
    paths = (sandbox.store / "runs").glob("*-remediate*.json")
    path = max(paths, key=lambda path: (len(path.stem), path.stem))
    host: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["hosts"][PC]
    return host


def test_without_a_terminal_the_plan_is_shown_and_nothing_is_done(office: ServedOffice) -> None:
    head = office.sandbox.git("rev-parse", "HEAD")

    done = remediate(office.sandbox)

    assert 2 == done.returncode
    said = one_line(done.stdout)
    assert f"{PC}, as seen on 2026-11-09" in said
    assert "owncloud owncloud_installed The backup program ownCloud is installed" in said
    assert f"{DYING}: faults to cure by hand first: " in said
    assert "Nothing that a role of ours cures: " in said
    assert "nobody is there to say yes to what would be changed" in one_line(done.stderr)
    assert head == office.sandbox.git("rev-parse", "HEAD")


def test_a_bare_playbook_that_nobody_answers_does_nothing(office: ServedOffice) -> None:
    head = office.sandbox.git("rev-parse", "HEAD")

    done = playbook(office.sandbox)

    assert 0 != done.returncode
    assert "owncloud: owncloud_installed" in one_line(done.stdout)
    assert "Nobody said yes, so nothing was done." in one_line(done.stdout + done.stderr)
    assert head == office.sandbox.git("rev-parse", "HEAD")


def test_a_rehearsal_changes_nothing(office: ServedOffice) -> None:
    done = remediate(office.sandbox, "--limit", PC, "--check")

    assert "Nothing was changed." in done.stdout, done.stdout + done.stderr
    assert [] == last_host(office.sandbox)["remedied"]


def test_what_was_cured_and_what_was_not_is_said_everywhere(office: ServedOffice) -> None:
    sandbox = office.sandbox

    done = remediate(sandbox, "--limit", PC, "--yes")

    assert 1 == done.returncode, done.stdout + done.stderr
    outcomes = {item["rule"]: item["outcome"] for item in last_host(sandbox)["remedied"]}
    assert {"cured"} == {outcomes[rule] for rule in CURABLE}
    # Only a person can install and activate Norton.
    assert "not_cured" == outcomes["antivirus_installed"]
    assert "not cured norton: antivirus_installed" in one_line(done.stdout)
    ledger = (sandbox.store / "devices" / PC / "ledger.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in ledger.splitlines()]
    told = {line["rule"]: line["outcome"] for line in lines if line["entry"] == "remedied"}
    assert outcomes == told
    report = sandbox.run("custode", "report", "demo", "--language", "en").stdout
    assert "Antivirus (Norton) was tried and did not cure it; not met: “The antivirus" in report
    assert "Cured by Backup (ownCloud): “The backup program ownCloud is installed”" in report


def test_a_bare_playbook_that_is_agreed_to_does_the_same(office: ServedOffice) -> None:
    """What was cured is not tried again; what was not is, and is told again."""
    before = {item["rule"] for item in last_host(office.sandbox)["remedied"]}

    playbook(office.sandbox, "-e", "remediate_yes=true")

    outcomes = {item["rule"]: item["outcome"] for item in last_host(office.sandbox)["remedied"]}
    assert "not_cured" == outcomes["antivirus_installed"]
    assert not CURABLE & set(outcomes)
    assert set(outcomes) < before


def test_where_there_is_nothing_to_cure_nobody_is_asked(office: ServedOffice) -> None:
    done = remediate(office.sandbox, "--limit", WELL)

    assert 0 == done.returncode
    assert f"Nothing that a role of ours cures: {WELL}." in one_line(done.stdout)
