"""Acceptance of simulated PCs: a sound one passes, each fault is caught by the check it is about."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.end_to_end.acceptance import (
    AT,
    CANARIES,
    FAULTS,
    ONBOARDED,
    PCS,
    RELAXED,
    play,
    replace_by_liars,
    write_client,
    write_profiles,
)
from tests.end_to_end.sandbox import BIN, REPOSITORY, Sandbox, copy_project
from tests.junit_schema import wrong

from custode.core.acceptance import Verdict
from custode.edges.acceptance_suite import SuiteRequest, run_suite
from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.installers import build_installers
from winsim.timeline import performer

pytestmark = pytest.mark.slow

CRYPTOGRAPHY = r"HKLM\SOFTWARE\Microsoft\Cryptography"


@dataclass(frozen=True)
class Story:
    """One acceptance, told once."""

    sandbox: Sandbox
    fleet: Fleet
    lied: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    ran: Mapping[str, set[str]]
    code: int
    printed: str
    errors: str

    @property
    def junit(self) -> Path:
        (path,) = (self.sandbox.root / "reports" / "acceptance" / "workshop").glob("*.xml")
        return path

    def said(self, pc: str, *tags: str) -> dict[str, str]:
        """Return what the checks of a PC say that end in one of these ways, by name."""
        root = ET.fromstring(self.junit.read_text(encoding="utf-8"))
        (suite,) = (suite for suite in root if suite.get("name") == pc)
        return {
            case.attrib["name"]: ended.get("message", "")
            for case in suite
            for ended in case
            if ended.tag in tags
        }

    def verdict(self, pc: str) -> str:
        """Return what the table says of a PC."""
        lines = [line.split(None, 1) for line in self.printed.splitlines()]
        return next(line[1].strip() for line in lines if len(line) > 1 and line[0] == pc)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Fleet]]:
    """Two clients whose PCs are served; the vault's key comes from the environment."""
    root = tmp_path_factory.mktemp("acceptance")
    sandbox = copy_project(root / "project")
    shutil.copytree(REPOSITORY / "tests" / "acceptance", sandbox.root / "tests" / "acceptance")
    build_installers("office", sandbox.root / "cache")
    (root / "profiles").mkdir()
    (root / "tmp").mkdir()
    fleet = Fleet(
        [write_profiles(root / "profiles")],
        network=free_network(),
        state=root / "winsim",
        clock=datetime.fromisoformat(AT),
    )
    with fleet, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(root / "tmp"))
        write_client(sandbox, fleet, "workshop", PCS)
        write_client(
            *(sandbox, fleet, "relaxed", RELAXED),
            antivirus={"accept": ["norton", "defender"]},
            cleanup={"tool": "ccleaner", "keep": True},
        )
        patch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(sandbox.root / "vault-key"))
        yield sandbox, fleet


@pytest.fixture(scope="module")
def story(workshop: tuple[Sandbox, Fleet]) -> Story:
    sandbox, fleet = workshop
    limit = ",".join(ONBOARDED)
    sandbox.run("custode", "onboard", "workshop", "--at", AT, "--limit", limit, check=False)
    # The technician finishes what only a person can install, and the role clears up after that.
    performer({"install": "norton"})(fleet.host("sound"))
    play(sandbox, "sound", "norton")
    replace_by_liars(sandbox, "teamviewer", "owncloud")
    lied = play(sandbox, "liar", "teamviewer", "owncloud")
    for pc, faults in FAULTS.items():
        for action in (action for fault in faults for action in fault.actions):
            performer(action)(fleet.host(pc))
    # Windows was installed anew on it, or another PC has its address.
    performer({"registry": {CRYPTOGRAPHY: {"MachineGuid": "another"}}})(fleet.host("waiting"))
    fleet.set_faults([{"host": "mute", "fault": "garbage", "module": "*.win_reg_stat"}])
    before = {name: host.snapshot() for name, host in fleet.hosts.items()}
    begun = {name: len(fleet.log(name)) for name in fleet.hosts}
    done = sandbox.run("custode", "accept", "workshop", check=False)
    ran = {
        name: {str(entry["ran"]) for entry in fleet.log(name)[begun[name] :] if "ran" in entry}
        for name in fleet.hosts
    }
    fleet.set_faults([])
    return Story(
        sandbox=sandbox,
        fleet=fleet,
        lied=lied,
        before=before,
        after={name: host.snapshot() for name, host in fleet.hosts.items()},
        ran=ran,
        code=done.returncode,
        printed=done.stdout,
        errors=done.stderr,
    )


def test_a_pc_that_was_onboarded_and_finished_is_accepted(story: Story) -> None:
    assert "accepted" == story.verdict("sound"), story.printed
    assert {} == story.said("sound", "failure", "error", "skipped")


def test_a_pc_whose_antivirus_waits_for_the_technician_is_not(story: Story) -> None:
    assert "not accepted" == story.verdict("waiting")
    assert "An accepted antivirus is installed" in story.said("waiting", "failure")
    assert {
        "The antivirus runs and starts with Windows",
        "Windows says that the antivirus is on",
    } == set(story.said("waiting", "skipped"))


def test_another_windows_than_the_enrolled_one_is_not_accepted(story: Story) -> None:
    check = "This is the Windows that was enrolled"
    failed = story.said("waiting", "failure")

    assert {check, "An accepted antivirus is installed"} == set(failed)
    assert "another Windows than the one that was enrolled" in failed[check]
    # What was never onboarded has no identity to be compared with.
    assert check in story.said("worn", "skipped")
    assert check not in story.said("sound", "failure", "error", "skipped")


@pytest.mark.parametrize("pc", FAULTS)
def test_each_fault_is_caught_by_the_check_that_is_about_it_and_by_no_other(
    story: Story, pc: str
) -> None:
    caught = story.said(pc, "failure")

    assert {fault.check for fault in FAULTS[pc]} == set(caught)
    assert [] == [fault for fault in FAULTS[pc] if fault.found not in caught[fault.check]]
    assert {} == story.said(pc, "error")
    assert "not accepted" == story.verdict(pc)


def test_a_role_that_says_it_is_done_and_does_nothing_is_caught(story: Story) -> None:
    assert "It is installed, registered, and runs." in story.lied
    assert "failed=0" in story.lied

    assert {
        "TeamViewer is there in the version of the catalog",
        "The ownCloud client is one that the server understands",
        "ownCloud does not update itself",
    } == set(story.said("liar", "failure"))


def test_what_cannot_be_read_is_unknown_and_the_rest_is_judged(story: Story) -> None:
    assert "unknown" == story.verdict("mute")
    assert {
        "Windows lists TeamViewer as installed",
        "Windows lists ownCloud as installed",
        "Windows says that the antivirus is on",
        "ownCloud does not update itself",
    } == set(story.said("mute", "error"))
    assert {} == story.said("mute", "failure")


def test_a_pc_that_is_off_was_not_seen_and_held_nobody_up(story: Story) -> None:
    assert "not seen" == story.verdict("away")
    assert {"The PC did not answer on its WinRM port."} == set(story.said("away", "error").values())
    assert 3 == story.code
    assert "8 PCs: 1 accepted, 5 not accepted, 1 unknown, 1 not seen" in story.printed


def test_it_looks_with_its_own_eyes_and_changes_nothing(story: Story) -> None:
    assert story.before == story.after
    eyes = {"win_file_version", "win_find", "win_reg_stat", "win_service_info", "win_stat"}
    assert {name.rpartition(".")[2] for ran in story.ran.values() for name in ran} == eyes


def test_its_words_fit_the_terminal_and_name_the_files(story: Story) -> None:
    assert [] == [line for line in story.printed.splitlines() if len(line) > 80]
    assert f"junit {story.junit.relative_to(story.sandbox.root)}" in story.printed
    assert "Traceback" not in story.printed + story.errors


def test_the_junit_file_keeps_to_the_schema_with_a_suite_a_pc(story: Story) -> None:
    root = ET.fromstring(story.junit.read_text(encoding="utf-8"))

    assert [] == wrong(root)
    assert sorted(PCS) == [suite.attrib["name"] for suite in root]
    assert {"13"} == {suite.attrib["tests"] for suite in root}


def test_no_secret_and_nobodys_name_is_in_any_byte(story: Story) -> None:
    reports = story.sandbox.root / "reports"
    produced = {
        "terminal": story.printed + story.errors,
        str(story.junit): story.junit.read_text(encoding="utf-8"),
        **{
            str(path): path.read_text(encoding="utf-8")
            for path in (reports / "logs" / "workshop").glob("*-accept/*")
        },
    }
    assert len(produced) == 2 + len(PCS)

    found = [
        (name, canary)
        for name, text in produced.items()
        for canary in CANARIES
        if canary.lower() in text.lower()
    ]
    assert [] == found


def test_nothing_is_left_in_the_temporary_folder(story: Story) -> None:
    folder = story.sandbox.root.parent / "tmp"

    assert [] == [path.name for path in folder.glob("custode-accept-*")]


def test_what_the_contract_accepts_and_keeps_is_accepted(story: Story, tmp_path: Path) -> None:
    """Windows' own antivirus, the older Norton whose program only Windows names, a kept tool."""
    junit = tmp_path / "out" / "junit.xml"

    done = story.sandbox.run("custode", "accept", "relaxed", "--json", "--junit", str(junit))

    said = json.loads(done.stdout)
    assert ({"accepted"}, 0) == ({pc["verdict"] for pc in said["pcs"].values()}, said["exit_code"])
    assert sorted(RELAXED) == sorted(said["pcs"])
    assert said["junit"] == str(junit)
    assert [] == wrong(ET.fromstring(junit.read_text(encoding="utf-8")))


def running(sandbox: Sandbox) -> list[str]:
    """Return the processes that speak of the sandbox's clients."""
    said = subprocess.run(
        ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
    ).stdout
    return [line for line in said.splitlines() if str(sandbox.root / "inventories") in line]


def until(wanted: Callable[[], object]) -> None:
    """Wait until something is so; a minute at most."""
    end = time.monotonic() + 60
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.fixture
def speechless(story: Story) -> Iterator[Story]:
    """The story, and a PC that takes what it is told and never answers."""
    story.fleet.set_faults([{"host": "sound", "fault": "never_ends"}])
    yield story
    story.fleet.set_faults([])


def test_a_pc_that_never_answers_is_unknown_when_its_time_is_over(speechless: Story) -> None:
    root = speechless.sandbox.root
    request = SuiteRequest(
        root=root,
        inventory=root / "inventories" / "workshop",
        pcs=["sound"],
        logs=root / "late",
        deadline_seconds=12,
    )

    (judged,) = run_suite(request, on_pc=lambda _: None)

    assert judged.ran
    assert Verdict.UNKNOWN is judged.acceptance.verdict
    assert "it was not done after 12 seconds" == judged.acceptance.checks[0].found
    until(lambda: not running(speechless.sandbox))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Listen to whoever stops us: what a script runs in the background begins deaf, and so its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_whoever_stops_it_leaves_nothing_running(speechless: Story) -> None:
    sandbox = speechless.sandbox
    command = [str(BIN / "custode"), "accept", "workshop", "--limit", "sound"]
    with subprocess.Popen(
        command, cwd=sandbox.root, env=sandbox.environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        until(lambda: any("include_tasks" in line for line in running(sandbox)))

        process.send_signal(signal.SIGINT)

        _, errors = process.communicate(timeout=60)
    assert process.returncode not in {0, 1, 3}
    assert "Traceback" not in errors
    until(lambda: not running(sandbox))


def test_a_file_that_cannot_be_written_is_told_before_any_pc_is_asked(story: Story) -> None:
    there = story.sandbox.root / "ansible.cfg" / "junit.xml"

    done = story.sandbox.run("custode", "accept", "relaxed", "--junit", str(there), check=False)

    assert (2, "") == (done.returncode, done.stdout)
    assert f"error: {there} cannot be written" in done.stderr
    assert "look at" not in done.stderr


@pytest.mark.parametrize("limit", ["nobody", "sound,nobody"])
def test_a_pc_that_is_none_of_the_clients_is_one_error(
    workshop: tuple[Sandbox, Fleet], limit: str
) -> None:
    sandbox, _ = workshop

    done = sandbox.run("custode", "accept", "workshop", "--limit", limit, check=False)

    assert (2, "") == (done.returncode, done.stdout)
    assert 1 == done.stderr.count("error:")
    assert "nobody" in done.stderr


def test_a_vault_without_its_key_is_a_failed_run_and_no_verdict(
    workshop: tuple[Sandbox, Fleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox, _ = workshop
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE")

    done = sandbox.run("custode", "accept", "workshop", "--limit", "sound", check=False)

    assert (4, "") == (done.returncode, done.stdout)
    assert "ANSIBLE_VAULT_PASSWORD_FILE" in done.stderr


def test_a_folder_without_the_suite_is_told_what_is_missing(
    workshop: tuple[Sandbox, Fleet], tmp_path: Path
) -> None:
    sandbox, _ = workshop
    bare = Sandbox(tmp_path / "bare")
    shutil.copytree(sandbox.root, bare.root, ignore=shutil.ignore_patterns("tests", "reports"))

    done = bare.run("custode", "accept", "workshop", check=False)

    assert 2 == done.returncode
    assert "there is no tests/acceptance" in done.stderr
