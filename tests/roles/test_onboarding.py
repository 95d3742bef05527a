"""The roles of onboarding over PCs in every state: told in check mode, done once, then nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from custode.edges.journal import read_journal

from .conftest import Story, Workshop, tell

pytestmark = pytest.mark.slow

OWNCLOUD = "{1D382CF5-AF11-4E42-A85B-7504BD2D3240}"
UNINSTALL = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
POLICY = "HKLM\\SOFTWARE\\Policies\\ownCloud\\ownCloud"
STAGED = "C:\\Program Files\\Custode\\staging\\NortonSetup.exe"
SERVED = ("broken", "clean", "newer", "older")


@pytest.fixture(scope="module")
def story(make_workshop: Callable[[str], Workshop]) -> Story:
    workshop = make_workshop("onboarding")
    return tell(workshop, workshop.root / "playbooks" / "onboard.yml")


def installed(story: Story, host: str, name: str) -> dict[str, str]:
    """Return the keys and versions under which a PC lists a product."""
    registry = story.workshop.fleet.host(host).registry
    keys = [f"{UNINSTALL}\\{key}" for key in registry.subkeys(UNINSTALL)]
    return {
        key.rpartition("\\")[2]: str(registry.get(key, "DisplayVersion"))
        for key in keys
        if registry.get(key, "DisplayName") == name
    }


def test_check_mode_changes_nothing_on_any_pc(story: Story) -> None:
    assert story.after_pretending == story.before


def test_check_mode_tells_what_a_real_run_would_do(story: Story) -> None:
    told = {
        host: [
            found["msg"]
            for task, at, found in story.pretended.results
            if at == host and task.startswith("install | Say") and "msg" in found
        ]
        for host in SERVED
    }
    assert len(told["clean"]) == len(told["older"]) == len(told["broken"]) == 2
    assert told["newer"] == []
    assert any("is older than 15.76.5" in words for words in told["older"])
    assert any("parts of it are missing" in words for words in told["broken"])
    for host in SERVED:
        assert story.pretended.counts[host]["failures"] == 0


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert {
        host: counts["changed"] for host, counts in story.again.counts.items()
    } == dict.fromkeys(story.again.counts, 0)
    assert story.after_again == story.after


def test_a_fault_of_the_hardware_stops_only_that_pc(story: Story) -> None:
    assert {host: counts["failures"] for host, counts in story.done.counts.items()} == {
        **dict.fromkeys(SERVED, 0),
        "dying": 1,
    }
    assert story.after["dying"] == story.before["dying"]
    assert "before anything is installed" in story.done.failure("dying")


@pytest.mark.parametrize("host", ["clean", "older", "broken"])
def test_the_pinned_client_is_there_whatever_was_there_before(story: Story, host: str) -> None:
    assert installed(story, host, "ownCloud") == {OWNCLOUD: "6.0.3.18040"}
    files = story.workshop.fleet.host(host).files
    client = files.get("C:\\Program Files\\ownCloud\\owncloud.exe")
    assert client is not None
    assert client.version == "6.0.3.18040"
    service = files.get("C:\\Program Files\\TeamViewer\\TeamViewer_Service.exe")
    assert service is not None
    assert service.version == "15.76.5.0"


def test_a_newer_version_is_kept(story: Story) -> None:
    assert list(installed(story, "newer", "ownCloud").values()) == ["7.1.0.19041"]
    assert list(installed(story, "newer", "TeamViewer Host").values()) == ["15.99.1"]
    assert story.done.result("newer", "state | Read what is installed")["state"] == "newer"


@pytest.mark.parametrize("host", SERVED)
def test_the_automatic_update_is_locked_in_both_spellings(story: Story, host: str) -> None:
    registry = story.workshop.fleet.host(host).registry
    assert registry.get(POLICY, "skipUpdateCheck") == 1
    assert registry.get(f"{POLICY}\\Updater", "SkipUpdateCheck") == 1


def test_norton_waits_for_a_person_only_where_it_is_missing_or_broken(story: Story) -> None:
    waiting = {host for host in story.after if story.workshop.fleet.host(host).files.exists(STAGED)}
    assert waiting == {"clean", "broken"}
    [run] = [
        journal
        for journal in sorted(story.workshop.root.glob("reports/journals/workshop/*/journal.jsonl"))
        if journal.parent.name.endswith("onboard-2")
    ]
    opened = [event for event in read_journal(run) if event["event"] == "step_opened"]
    assert {(event["host"], event["product"], event["step"]) for event in opened} == {
        ("clean", "norton", "install"),
        ("broken", "norton", "install"),
    }


def test_no_copied_installer_is_left_behind_but_the_one_that_waits(story: Story) -> None:
    staging = STAGED.rpartition("\\")[0]
    for host in SERVED:
        left = {file.path for file in story.workshop.fleet.host(host).files.below(staging)}
        assert left == ({STAGED} if host in {"broken", "clean"} else set())


def test_old_temporary_files_are_gone_and_what_is_in_use_is_left(story: Story) -> None:
    files = story.workshop.fleet.host("clean").files
    assert not files.exists("C:\\Windows\\Temp\\vcredist_20260311.tmp")
    assert files.exists("C:\\Windows\\Temp\\open_by_a_program.tmp")
    assert files.exists("C:\\Windows\\Temp\\MpSigStub.log")
    said = story.done.result("clean", "clean | Say what became free")
    assert "3 old temporary files removed" in said["msg"]
    assert ("cleaned", "not_cleaned") == (said["custode"]["kind"], said["custode"]["registry"])


def test_there_is_a_way_back_made_before_the_first_change(story: Story) -> None:
    points = story.workshop.fleet.host("clean").restore_points
    assert [point.number for point in points] == [41, 42]
    first_change = story.done.changed("clean")[0]
    assert first_change == "restore_point | Create a restore point"


def test_every_served_pc_is_looked_at_in_the_end(story: Story) -> None:
    for host in SERVED:
        seen = story.done.result(
            host, "observe | Look once at everything the contract asks, and judge it"
        )
        assert seen["custode"]["device"] == host
        assert seen["custode"]["scopes"] == ["hardware", "compliance"]
