"""A contract from its first day to its last: what is ours goes, what is the client's stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from custode.edges.project import Project
from custode.edges.store import Store
from custode.flows.publish import publish

from .conftest import HERE, Run, Workshop

pytestmark = pytest.mark.slow

UNINSTALL = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
POLICY = "HKLM\\SOFTWARE\\Policies\\ownCloud\\ownCloud"
ASSIGNMENT = "0001CoABChDxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=="
END = "2027-10-04T09:00:00+02:00"
DOCUMENT = "C:\\Users\\anna\\ownCloud\\Offer.pdf"
# What the clean-up of onboarding removes for good.
CLEANED = {
    "C:\\Windows\\SoftwareDistribution\\Download\\1f0c5d2e\\package.cab",
    "C:\\Windows\\Temp\\chrome_installer.log",
    "C:\\Windows\\Temp\\vcredist_20260311.tmp",
}
MACHINE: Mapping[str, Any] = {
    "values": "synthetic",
    "extends": ["windows_11_pro"],
    "users": [{"sid": "S-1-5-21-1-2-3-1001", "folder": "C:\\Users\\anna"}],
    # Every Windows has them.
    "registry": {"HKLM\\SOFTWARE\\Policies": {}, UNINSTALL: {}},
    "firewall_rules": ["custode-winrm", "somebody-elses"],
    "files": {
        DOCUMENT: {"size": 5, "modified": "now - 9d"},
        "C:\\Users\\anna\\ownCloud\\.sync_journal.db": {"size": 5, "modified": "now - 9d"},
    },
}
THUMBPRINT = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
CERTIFICATE = f"HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\MY\\Certificates\\{THUMBPRINT}"
SYSTEM_POLICY = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System"
# What stands in the registry of a PC that was prepared, whoever wrote down what.
WAY_IN = {
    "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WSMAN\\Listener\\*+HTTPS": {
        "certThumbprint": THUMBPRINT
    },
    CERTIFICATE: {"Blob": "00"},
    SYSTEM_POLICY: {"LocalAccountTokenFilterPolicy": 1},
}
PREPARED = {
    "HKLM\\SOFTWARE\\Custode\\Preparation": {
        "TokenFilterPolicy": 1,
        "CertificateThumbprint": THUMBPRINT,
    }
}
CASES: Mapping[str, Mapping[str, Any]] = {
    # Nothing was there before us.
    "ours": {},
    # Everything was there before us, in older versions; and a value of the client's own.
    "theirs": {
        "programs": ["norton_old", "owncloud_old", "teamviewer_old"],
        "registry": {**MACHINE["registry"], POLICY: {"skipUpdateCheck": 0}},
    },
    # What was set to let us in was written down as ours.
    "prepared": {"registry": {**MACHINE["registry"], **WAY_IN, **PREPARED}},
    # It was not.
    "unmarked": {"registry": {**MACHINE["registry"], **WAY_IN}},
    # The answer to the last call is lost.
    "cut": {},
    # The last call is broken off before it did anything.
    "stuck": {},
    # Somebody at the client's changed the value that we had set.
    "changed": {},
}


@dataclass(frozen=True)
class Story:
    """Onboarding, a hand-back in check mode, for real, and once more."""

    workshop: Workshop
    runs: Mapping[str, Run]
    snapshots: Mapping[str, Mapping[str, Any]]
    store: Mapping[str, Mapping[str, bytes]]

    def record(self, name: str, moment: str = "done") -> dict[str, Any]:
        return dict(json.loads(self.store[moment][f"devices/{name}/handback.json"]))


def write_machines(folder: Path) -> None:
    shutil.copytree(HERE / "profiles" / "installers", folder / "installers")
    machines = {name: 21 + number for number, name in enumerate(CASES)}
    (folder / "fleet.yml").write_text(yaml.safe_dump({"machines": machines}), encoding="utf-8")
    for number, (name, more) in enumerate(CASES.items()):
        system = {
            "Vendor": "Example",
            "Name": "Model",
            "IdentifyingNumber": f"EX{number}",
            "UUID": f"4C4C4544-0000-1000-8000-00000000000{number}",
        }
        about = {
            **MACHINE,
            "computer_name": name.upper(),
            "cim": {"root/cimv2": {"Win32_ComputerSystemProduct": [system]}},
            **more,
        }
        (folder / name).mkdir()
        text = "---\n# A PC of a contract that ends.\n" + yaml.safe_dump(about)
        (folder / name / "machine.yml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def story(
    make_workshop: Callable[..., Workshop], tmp_path_factory: pytest.TempPathFactory
) -> Story:
    machines = tmp_path_factory.mktemp("hand_back") / "machines"
    write_machines(machines)
    workshop = make_workshop("hand_back", str(machines))
    project, store = Project(workshop.root), Store(workshop.root / "reports/store/workshop")
    variables = {
        "teamviewer_assignment_id": ASSIGNMENT,
        "teamviewer_assignment_delay_seconds": 0,
        "hand_back_wait_seconds": 5,
    }
    runs, trees = {}, {}
    snapshots = {"before": workshop.snapshots()}

    def play(moment: str, playbook: str, *arguments: str) -> None:
        path = workshop.root / "playbooks" / f"{playbook}.yml"
        at = {"custode_at": END} if playbook == "offboard" else {}
        runs[moment] = workshop.run(path, *arguments, variables={**variables, **at})
        publish(project, "workshop")
        snapshots[moment], trees[moment] = workshop.snapshots(), store.read()

    play("onboarded", "onboard")
    workshop.fleet.host("changed").registry.set(POLICY, "skipUpdateCheck", 2)
    workshop.fleet.set_clock(datetime.fromisoformat(END))
    snapshots["onboarded"] = workshop.snapshots()
    play("pretended", "offboard", "--check")
    workshop.fleet.set_faults(
        [
            # The first call only asks.
            {"host": "cut", "fault": "lost_reply", "module": "fleet_release", "nth": 2},
            {"host": "stuck", "fault": "killed", "module": "fleet_release", "steps": 0, "nth": 2},
        ]
    )
    play("done", "offboard")
    workshop.fleet.set_faults([])
    play("again", "offboard")
    return Story(workshop, runs, snapshots, trees)


def paths(snapshot: Mapping[str, Any]) -> set[str]:
    return {str(file["path"]) for file in snapshot["files"]["files"]}


def test_check_mode_changes_nothing_and_records_no_hand_back(story: Story) -> None:
    assert {
        name: counts["failures"] for name, counts in story.runs["pretended"].counts.items()
    } == (dict.fromkeys(CASES, 0))
    before, after = story.snapshots["onboarded"], story.snapshots["pretended"]
    assert before == after
    assert [path for path in story.store["pretended"] if path.endswith("handback.json")] == []


def test_it_was_worth_handing_back(story: Story) -> None:
    """Onboarding did what the hand-back undoes."""
    files = paths(story.snapshots["onboarded"]["ours"])
    assert "C:\\Program Files\\ownCloud\\owncloud.exe" in files
    assert "C:\\Program Files\\TeamViewer\\TeamViewer.exe" in files
    registry = story.snapshots["onboarded"]["ours"]["registry"]
    assert registry[POLICY]["skipUpdateCheck"] == ["REG_DWORD", 1]
    assert "ManagementId" in registry["HKLM\\SOFTWARE\\TeamViewer\\DeviceManagementV2"]


@pytest.mark.parametrize("name", ["ours", "cut"])
def test_the_pc_is_what_it_was_before_us(story: Story, name: str) -> None:
    before, after = story.snapshots["before"][name], story.snapshots["done"][name]
    assert paths(before) - CLEANED == paths(after) - CLEANED
    # TeamViewer's own uninstaller leaves the key of what was assigned, empty.
    left = {key: value for key, value in after["registry"].items() if "TeamViewer" in key}
    assert [{}, {}] == list(left.values())
    assert before["registry"] == {k: v for k, v in after["registry"].items() if k not in left}
    assert before["services"] == after["services"]
    assert before["processes"] == after["processes"]
    assert before["tasks"] == after["tasks"]


def test_what_was_set_to_let_us_in_goes_where_it_was_written_down_as_ours(story: Story) -> None:
    before = story.snapshots["onboarded"]["prepared"]["registry"]
    assert "TokenFilterPolicy" in before["HKLM\\SOFTWARE\\Custode\\Preparation"]
    after = story.snapshots["done"]["prepared"]["registry"]
    assert CERTIFICATE in before
    assert CERTIFICATE not in after
    assert "LocalAccountTokenFilterPolicy" not in after[SYSTEM_POLICY]
    assert [key for key in after if "Custode" in key] == []
    record = story.record("prepared")
    assert {"token_filter_policy", "certificate", "own_key"} <= set(record["way_in"]["removed"])
    assert {"setting", "certificate"}.isdisjoint(item["what"] for item in record["left"])


def test_what_nobody_wrote_down_as_ours_stays_and_is_said_to(story: Story) -> None:
    after = story.snapshots["done"]["unmarked"]["registry"]
    assert CERTIFICATE in after
    assert after[SYSTEM_POLICY]["LocalAccountTokenFilterPolicy"] == ["REG_DWORD", 1]
    left = {item["what"]: item["why"] for item in story.record("unmarked")["left"]}
    assert (left["setting"], left["certificate"]) == ("origin_unknown", "origin_unknown")
    assert left["profile"] == "in_use"


@pytest.mark.parametrize("name", ["ours", "cut", "theirs", "changed"])
def test_the_way_in_is_gone_and_nobody_elses_is(story: Story, name: str) -> None:
    after = story.snapshots["done"][name]
    assert ["HTTP"] == after["listeners"]
    assert ["somebody-elses"] == after["firewall_rules"]
    names = {user["name"] for user in after["people"]["users"]}
    assert "custode" not in names
    assert {"anna", "Administrator"} <= names
    record = story.record(name)
    assert "released" == record["way_in"]["outcome"]


def test_a_lost_answer_is_told_by_the_port(story: Story) -> None:
    assert story.record("cut")["way_in"]["removed"] is None
    assert story.record("ours")["way_in"]["removed"] == [
        "account",
        "firewall_rule",
        "listener_https",
    ]


def test_a_way_in_that_still_answers_is_unknown_and_tried_again(story: Story) -> None:
    assert story.runs["done"].counts["stuck"]["failures"] == 1
    assert "still answers: it may not have been done" in story.runs["done"].failure("stuck")
    assert story.record("stuck")["way_in"] is None
    assert story.snapshots["done"]["stuck"]["listeners"] == ["HTTP", "HTTPS"]

    assert story.runs["again"].counts["stuck"]["failures"] == 0
    record = story.record("stuck", "again")
    assert record["way_in"]["outcome"] == "released"
    assert len(record["run_ids"]) == 2
    # What the first run removed is not forgotten by the second.
    assert record["products_removed"] == story.record("ours")["products_removed"]


def test_what_was_there_before_us_stays(story: Story) -> None:
    after = story.snapshots["done"]["theirs"]
    for path in ("C:\\Program Files\\ownCloud\\owncloud.exe",):
        assert path in paths(after)
    assert after["registry"][POLICY]["skipUpdateCheck"] == ["REG_DWORD", 0]
    assert f"{POLICY}\\Updater" not in after["registry"]
    left = {item["name"]: item["why"] for item in story.record("theirs")["left"]}
    assert left["ownCloud desktop client"] == "there_before"
    assert left["TeamViewer Host"] == "there_before"
    assert left["Norton"] == "kept"
    assert [] == story.record("theirs")["products_removed"]


def test_what_somebody_else_changed_since_stays_and_is_said_to(story: Story) -> None:
    after = story.snapshots["done"]["changed"]
    assert after["registry"][POLICY]["skipUpdateCheck"] == ["REG_DWORD", 2]
    left = [item for item in story.record("changed")["left"] if item["what"] == "registry_value"]
    assert [item["why"] for item in left] == ["changed_since"]


@pytest.mark.parametrize("name", CASES)
def test_documents_and_synchronised_folders_are_never_touched(story: Story, name: str) -> None:
    for moment in ("onboarded", "done", "again"):
        assert DOCUMENT in paths(story.snapshots[moment][name])


def test_the_record_says_what_was_removed_and_what_was_left(story: Story) -> None:
    record = story.record("ours")
    removed = {(item["product"], item["version"]) for item in record["products_removed"]}
    assert removed == {("owncloud", "6.0.3.18040"), ("teamviewer_host", "15.76.5")}
    assert {item["what"] for item in record["removed"]} == {
        "assignment",
        "folder",
        "registry_value",
    }
    left = {(item["what"], item["why"]) for item in record["left"]}
    assert left == {
        ("product", "kept"),
        ("profile", "in_use"),
    }


def test_the_record_names_no_person_and_no_document(story: Story) -> None:
    said = json.dumps([story.record(name) for name in CASES])
    for word in ("anna", "Offer", "S-1-5-21", ASSIGNMENT):
        assert word not in said


def test_a_second_hand_back_is_told_what_it_is(story: Story) -> None:
    again = story.runs["again"]
    others = set(CASES) - {"stuck"}
    assert all(again.counts[name]["unreachable"] for name in others)
    assert "was handed back on 2027-10-04" in str(
        again.result("ours", "reach | Knock at the WinRM port")
    )
    for name in others:
        assert story.snapshots["again"][name] == story.snapshots["done"][name]
        assert story.record(name) == story.record(name, "again")


def test_the_contract_is_closed_for_the_pc(story: Story) -> None:
    lines = story.store["done"]["devices/ours/ledger.jsonl"].splitlines()
    states = [line for line in map(json.loads, lines) if line["entry"] == "state"]
    assert ("closed", ["handed_back"]) == (
        states[-1]["to"],
        [reason["kind"] for reason in states[-1]["reasons"]],
    )
