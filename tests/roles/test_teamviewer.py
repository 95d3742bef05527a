"""TeamViewer over PCs in every state: installed, assigned once, and done only when the PC shows it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from tests.servers import HttpsServer
from tests.servers.teamviewer import BASE_PATH, TOKEN, TeamViewerApi, managed

from custode.edges.journal import read_journal

from .conftest import Run, Story, Workshop, tell

pytestmark = pytest.mark.slow

ASSIGNMENT_ID = "0001CoABCanaryOfTheAssignmentId4711=="
KEY = "HKLM\\SOFTWARE\\TeamViewer"
MANAGEMENT = f"{KEY}\\DeviceManagementV2"
ASSIGNED = ("fresh", "half", "owned", "patient", "stale")
FAILING = ("refused", "silent", "stubborn")
SEEN = "2026-10-05T06:58:11Z"
RUNS = "assignment | Run TeamViewer's own command"
SHOWS = "verify | Read how the product stands"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    with HttpsServer(TeamViewerApi(), tmp_path_factory.mktemp("api")) as server:
        yield server


@pytest.fixture(scope="module")
def story(make_workshop: Callable[..., Workshop], api: HttpsServer) -> Story:
    workshop = make_workshop("teamviewer", "teamviewer_profiles")
    vault = ("--vault-password-file", str(entrust(workshop, api)))
    playbook = workshop.play("onboard", "teamviewer")
    return tell(workshop, playbook, *vault, shown=("-vvvvv", "--diff"))


def entrust(workshop: Workshop, api: HttpsServer) -> Path:
    """Put the secrets into the client's vault and the settings beside it; return its password."""
    password = workshop.root / "vault_password"
    password.write_text("open-sesame\n", encoding="utf-8")
    secrets = {"teamviewer_assignment_id": ASSIGNMENT_ID, "teamviewer_api_token": TOKEN}
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"open-sesame"))])
    folder = workshop.inventory / "group_vars" / "all"
    folder.mkdir(parents=True)
    (folder / "vault.yml").write_bytes(vault.encrypt(yaml.safe_dump(secrets)))
    settings = {
        "teamviewer_api_ca_path": str(api.ca_path),
        "teamviewer_api_url": f"{api.address}{BASE_PATH}",
        "teamviewer_assignment_delay_seconds": 0,
        "teamviewer_assignment_retries": 3,
        "teamviewer_custom_config_id": "abc1234",
    }
    (folder / "teamviewer.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    hosts = workshop.inventory / "host_vars"
    hosts.mkdir()
    (hosts / "leaving.yml").write_text("teamviewer_state: absent\n", encoding="utf-8")
    (hosts / "quiet.yml").write_text("teamviewer_assignment_id: ''\n", encoding="utf-8")
    return password


def registry(story: Story, host: str, key: str, name: str) -> Any:
    return story.workshop.fleet.host(host).registry.get(key, name)


def unpacked(output: str) -> Iterator[str]:
    """Yield what is hidden in a text as base64, as Ansible sends its payloads."""
    for packed in re.findall(r"[A-Za-z0-9+/]{24,}", output):
        for start in range(4):  # what stands before it may look like a part of it
            whole = packed[start : start + (len(packed) - start) // 4 * 4]
            data = base64.b64decode(whole)
            yield data.decode("utf-8", "replace")
            yield data.decode("utf-16-le", "replace")
            yield data[1:].decode("utf-16-le", "replace")


def aspects(run: Run, host: str) -> dict[str, Any]:
    told = run.result(host, SHOWS)["verification"]["aspects"]
    return {name: entry["value"] or entry["why"] for name, entry in told.items()}


def test_check_mode_changes_nothing_and_runs_no_command(story: Story) -> None:
    assert story.after_pretending == story.before
    assert RUNS not in {task for task, _, result in story.pretended.results if result["changed"]}


def test_check_mode_tells_who_would_be_assigned(story: Story) -> None:
    would = {
        host
        for task, host, result in story.pretended.results
        if task == "assignment | Say what a real run would do" and result["changed"]
    }

    assert would == {"fresh", "half", "patient", "refused", "silent", "stale", "stubborn"}
    assert {found["failures"] for found in story.pretended.counts.values()} == {0}
    assert (
        "as fresh"
        in story.pretended.result("fresh", "assignment | Say what a real run would do")["msg"]
    )


@pytest.mark.parametrize("host", ASSIGNED)
def test_the_pc_shows_that_it_is_assigned(story: Story, host: str) -> None:
    assert story.done.counts[host]["failures"] == 0
    assert registry(story, host, MANAGEMENT, "ManagementId")
    assert aspects(story.done, host)["configured"] is True


def test_a_pc_that_is_assigned_already_is_left_as_it_is(story: Story) -> None:
    assert story.done.counts["owned"]["changed"] == 0
    assert story.after["owned"] == story.before["owned"]


def test_the_package_is_installed_with_its_custom_module_and_a_number_of_its_own(
    story: Story,
) -> None:
    assert registry(story, "fresh", KEY, "InstallationConfigurationId") == "abc1234"
    assert 1_000_000_000 <= registry(story, "fresh", KEY, "ClientID") <= 1_999_999_999
    assert "TeamViewer has the custom module none; wanted: abc1234" in story.done.output


def test_a_fault_that_passes_is_tried_again(story: Story) -> None:
    assert story.done.counts["patient"]["failures"] == 0
    assert story.workshop.fleet.host("patient").answered[("", 0)] == 2


def test_what_does_not_pass_is_tried_so_often_and_then_said_in_words(story: Story) -> None:
    assert "ended with 401: TeamViewer's service is not running" in story.done.failure("stubborn")
    assert "and it went on so" in story.done.failure("stubborn")
    assert "Start the service TeamViewer on the PC" in story.done.failure("stubborn")
    # Once and three times more, in each of the two real runs.
    assert story.workshop.fleet.host("stubborn").answered[("", 0)] == 8


def test_a_refusal_is_not_tried_again_and_is_said_in_words(story: Story) -> None:
    assert "ended with 400: the assignment id is not valid" in story.done.failure("refused")
    assert "Management Console" in story.done.failure("refused")
    assert story.workshop.fleet.host("refused").answered[("", 0)] == 2


def test_a_command_that_says_it_is_done_proves_nothing(story: Story) -> None:
    assert "the PC does not show that it is assigned" in story.done.failure("silent")
    assert registry(story, "silent", MANAGEMENT, "ManagementId") is None


def test_keys_of_a_program_that_is_gone_prove_nothing(story: Story) -> None:
    assert RUNS in story.done.changed("stale")
    assert "An old registration of TeamViewer is left under" in story.done.output
    assert registry(story, "stale", MANAGEMENT, "ManagementId") is not None


def test_nothing_is_assigned_where_nobody_asked(story: Story) -> None:
    assert story.done.counts["quiet"]["changed"] == 0
    assert story.done.counts["quiet"]["failures"] == 0
    assert aspects(story.done, "quiet")["configured"] == ""


def test_what_is_to_go_goes(story: Story) -> None:
    host = story.workshop.fleet.host("leaving")

    assert not host.files.exists("C:\\Program Files\\TeamViewer\\TeamViewer.exe")
    assert "teamviewer" not in host.services
    assert aspects(story.done, "leaving") == {
        "version": "not_installed",
        "registered": "",
        "service": "missing",
        "running": "",
        "configured": "not_installed",
        "last_sign_of_life": "not_installed",
    }


def test_the_second_run_changes_nothing(story: Story) -> None:
    counts = {host: found["changed"] for host, found in story.again.counts.items()}
    # The one whose command succeeds and comes to nothing is asked again, as it must be.
    assert counts == {**dict.fromkeys(story.again.counts, 0), "silent": 1}
    assert story.after_again == story.after


def test_the_last_sign_of_life_is_what_the_web_api_saw(story: Story, tmp_path: Path) -> None:
    numbers = {
        name: registry(story, name, KEY, "ClientID") for name in ("owned", "patient", "fresh")
    }
    account = TeamViewerApi(
        managed=[
            managed(numbers["owned"], online=False, last_seen=SEEN),
            managed(numbers["patient"], online=True),
        ]
    )
    with HttpsServer(account, tmp_path) as server:
        run = story.workshop.run(
            story.workshop.play("look", "teamviewer"),
            *("--vault-password-file", str(story.workshop.root / "vault_password")),
            *("--limit", "owned,patient,fresh", "--tags", "teamviewer_verify"),
            variables={
                "teamviewer_api_ca_path": str(server.ca_path),
                "teamviewer_api_url": f"{server.address}{BASE_PATH}",
            },
        )

    assert aspects(run, "owned")["last_sign_of_life"] == SEEN
    assert aspects(run, "patient")["last_sign_of_life"] == "2026-10-05T07:00:00Z"
    assert aspects(run, "fresh")["last_sign_of_life"] == "not_in_the_account"
    assert TOKEN not in run.output


def test_a_web_api_that_cannot_tell_fails_nothing_and_is_said(story: Story) -> None:
    run = story.workshop.run(
        story.workshop.play("look", "teamviewer"),
        *("--vault-password-file", str(story.workshop.root / "vault_password")),
        *("--limit", "owned", "--tags", "teamviewer_verify"),
        variables={"teamviewer_api_url": "http://api.example/"},
    )

    assert run.counts["owned"]["failures"] == 0
    assert aspects(run, "owned")["last_sign_of_life"] == "settings"
    said = run.result("owned", "lookup | Say why the web API could not tell")["msg"]
    assert "found http://api.example/; allowed: an address with https://" in said


def test_each_end_stands_in_the_journal_with_its_reason(story: Story) -> None:
    [run] = [
        path
        for path in story.workshop.root.glob("reports/journals/workshop/*/journal.jsonl")
        if path.parent.name.endswith("onboard-2")
    ]
    events = read_journal(run)
    failed = {event["host"]: event["reason"] for event in events if event["event"] == "failed"}
    assert {host: reason["kind"] for host, reason in failed.items()} == {
        "refused": "teamviewer_refused",
        "silent": "teamviewer_unassigned",
        "stubborn": "teamviewer_refused",
    }
    verified = {event["host"] for event in events if event["event"] == "verification"}
    assert verified == {*ASSIGNED, "leaving", "quiet"}


def test_no_secret_leaves_the_vault(story: Story) -> None:
    """Not on the terminal at the highest verbosity, not in a file of ours, not on a PC."""
    for run in (story.pretended, story.done, story.again):
        for secret in (ASSIGNMENT_ID, TOKEN):
            assert secret not in run.output
            assert not any(secret in text for text in unpacked(run.output))
    for path in story.workshop.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            assert ASSIGNMENT_ID.encode() not in content, path
            assert TOKEN.encode() not in content, path
    for name in story.workshop.fleet.hosts:
        assert ASSIGNMENT_ID not in str(story.after[name])
        assert ASSIGNMENT_ID not in str(story.workshop.fleet.log(name))
