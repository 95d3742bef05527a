"""The clean-up takes what is on its list and nothing else, and leaves no PC worse than it found it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from custode.core.products import Product
from custode.edges.catalog import load_product
from winsim import programs

from .conftest import ROOT, Run, Workshop

pytestmark = pytest.mark.slow

CACHE = "C:\\Windows\\SoftwareDistribution\\Download"
WINDOWS_TEMP = "C:\\Windows\\Temp"
REPORTS = "C:\\ProgramData\\Microsoft\\Windows\\WER\\ReportQueue"
OLD = ("one.cab", "two.cab")
# What is somebody's, or evidence: at its place in everybody's profile, or on the drive.
OF_PEOPLE = (
    "Documents\\Thesis.docx",
    "Documents\\thesis.tmp",
    "Desktop\\Notes.txt",
    "Desktop\\Old shortcut.lnk",
    "Downloads\\setup.tmp",
    "Pictures\\Sea.jpg",
    "Videos\\film.tmp",
    "Music\\song.tmp",
    "OneDrive\\Budget.xlsx",
    "ownCloud\\Offer.pdf",
    "ownCloud\\.sync_journal.db",
    "AppData\\Local\\Microsoft\\Outlook\\mail.ost",
    "AppData\\Local\\Microsoft\\Outlook\\archive.pst",
    "AppData\\Roaming\\Microsoft\\Signatures\\own.htm",
    "AppData\\Roaming\\Thunderbird\\Profiles\\default\\Mail\\Inbox",
    "AppData\\Local\\Microsoft\\Windows\\INetCache\\Content.Outlook\\ABC\\Letter.docx",
    "AppData\\Local\\Microsoft\\Windows\\INetCache\\IE\\page.htm",
    "AppData\\Local\\Packages\\microsoft.outlookforwindows_x\\LocalState\\store.db",
    "AppData\\Local\\Google\\Chrome\\User Data\\Default\\History",
    "AppData\\Local\\Google\\Chrome\\User Data\\Default\\Login Data",
    "AppData\\Local\\Google\\Chrome\\User Data\\Default\\Cache\\f_000001",
    "AppData\\Local\\Microsoft\\Edge\\User Data\\Default\\History",
    "AppData\\Roaming\\Mozilla\\Firefox\\Profiles\\default\\places.sqlite",
    "AppData\\Roaming\\Microsoft\\Windows\\Recent\\Thesis.lnk",
    "AppData\\Roaming\\Microsoft\\Office\\UnsavedFiles\\draft.asd",
    "AppData\\Roaming\\Microsoft\\Office\\Recent\\Thesis.url",
    "AppData\\Roaming\\Microsoft\\Credentials\\0A1B",
    "AppData\\Local\\Temp\\Letter from the bank.pdf",
    "AppData\\Local\\Temp\\~$draft.docx",
)
ON_THE_DRIVE = (
    "C:\\$Recycle.Bin\\S-1-5-21-1-2-3-1001\\$R1.docx",
    "C:\\$Recycle.Bin\\S-1-5-21-1-2-3-1001\\$R2.tmp",
    "D:\\Data\\Documents\\Redirected.docx",
    "D:\\Data\\Documents\\redirected.tmp",
    "C:\\FOUND.000\\FILE0000.CHK",
    "C:\\Windows\\MEMORY.DMP",
    "C:\\Windows\\Logs\\CBS\\CBS.log",
    "C:\\Windows.old\\Users\\anna\\Documents\\Old.docx",
)
MACHINE: Mapping[str, Any] = {
    "values": "synthetic",
    "extends": ["windows_11_pro"],
    "users": [{"sid": "S-1-5-21-1-2-3-1001", "folder": "C:\\Users\\anna"}],
    "component_store": {"superseded_bytes": 800 << 20},
    "services": {
        "wuauserv": {"display": "Windows Update", "start": "Manual", "state": "Running"},
        "BITS": {"display": "BITS", "start": "Delayed", "state": "Running"},
        "UsoSvc": {"display": "Orchestrator", "start": "Auto", "state": "Stopped"},
        "DoSvc": {"display": "Delivery Optimization", "start": "Delayed", "state": "Running"},
    },
    "junctions": {
        "C:\\Users\\anna\\AppData\\Local\\Temp\\link": "C:\\Users\\anna\\Documents",
        "C:\\Windows\\Temp\\link": "D:\\Data\\Documents",
    },
}
EVERYTHING = ["component_store", "profile_temp", "update_download_cache", "windows_temp"]


@dataclass(frozen=True)
class Case:
    """One PC: what is special about it, how it is cleaned, and what it must come to.

    Attributes:
        machine: What is special about it.
        variables: How the role is called.
        fault: What goes wrong, once.
        fails: Words of the failure, or empty.
        gone: Which groups of files go in the end.
    """

    machine: Mapping[str, Any]
    variables: Mapping[str, Any]
    fault: Mapping[str, Any] | None = None
    fails: str = ""
    gone: tuple[str, ...] = ()


ALL = ("cache", "profiles", "temp")
CASES: Mapping[str, Case] = {
    "cache": Case({}, {"cleanup_areas": ["update_download_cache"]}, gone=("cache",)),
    "temp": Case({}, {"cleanup_areas": ["windows_temp"]}, gone=("temp",)),
    "profiles": Case({}, {"cleanup_areas": ["profile_temp"]}, gone=("profiles",)),
    "store": Case({}, {"cleanup_areas": ["component_store"]}),
    "everything": Case({}, {"cleanup_areas": EVERYTHING}, gone=ALL),
    "italian": Case(
        {"extends": ["windows_10_pro_it", "desktop_ssd"]}, {"cleanup_areas": EVERYTHING}, gone=ALL
    ),
    "pending": Case(
        {"component_store": {"superseded_bytes": 9, "exit_code": 0x800F0806}},
        {"cleanup_areas": EVERYTHING},
        fails="DISM ended with 0x800F0806",
        gone=ALL,
    ),
    "hanging": Case(
        {"component_store": {"superseded_bytes": 9, "hangs": True}},
        {"cleanup_areas": EVERYTHING},
        fails="did not end within 3600 s and was stopped",
        gone=ALL,
    ),
    "silent": Case(
        {"cim": {"root/cimv2": {"Win32_LogicalDisk": []}}},
        {"cleanup_areas": EVERYTHING},
        gone=ALL,
    ),
    "killed": Case(
        {},
        {"cleanup_areas": ["update_download_cache"]},
        fault={"fault": "killed", "module": "fleet_cleanup", "steps": 6, "nth": 1},
        gone=("cache",),
    ),
    "cut": Case(
        {},
        {"cleanup_areas": ["update_download_cache"]},
        fault={"fault": "lost_reply", "module": "fleet_cleanup", "nth": 1},
        gone=("cache",),
    ),
    "ccleaner": Case(
        {}, {"cleanup_tool": "ccleaner", "cleanup_areas": ["windows_temp"]}, gone=("temp", "wer")
    ),
    "broken-off": Case(
        {},
        {"cleanup_tool": "ccleaner", "cleanup_areas": ["windows_temp"]},
        fault={"fault": "killed", "module": "fleet_cleaner", "steps": 2, "nth": 1},
        gone=("temp", "wer"),
    ),
}


def removable(group: str) -> list[str]:
    """Return the files of a group that are on the role's list."""
    if group == "cache":
        return [f"{CACHE}\\a\\{name}" for name in OLD]
    if group == "temp":
        return [f"{WINDOWS_TEMP}\\ours.tmp", f"{WINDOWS_TEMP}\\deep\\hidden.tmp"]
    if group == "wer":
        return [f"{REPORTS}\\crash.wer"]
    return [f"C:\\Users\\{who}\\AppData\\Local\\Temp\\old.tmp" for who in ("anna", "custode")]


def files() -> dict[str, dict[str, Any]]:
    old = {"size": 3 << 20, "modified": "now - 400d"}
    made = {path: dict(old) for path in ON_THE_DRIVE}
    for who in ("anna", "custode"):
        made |= {f"C:\\Users\\{who}\\{path}": dict(old) for path in OF_PEOPLE}
    for group in (*ALL, "wer"):
        made |= {path: dict(old) for path in removable(group)}
    made[f"{WINDOWS_TEMP}\\deep\\hidden.tmp"]["hidden"] = True
    made[f"{CACHE}\\new.cab"] = {"size": 5, "modified": "now - 1d"}
    made[f"{CACHE}\\open.cab"] = {**old, "locked": True}
    return made


# What the base of every machine has in temporary folders.
BASE = {
    "cache": [f"{CACHE}\\1f0c5d2e\\package.cab"],
    "temp": [f"{WINDOWS_TEMP}\\chrome_installer.log", f"{WINDOWS_TEMP}\\vcredist_20260311.tmp"],
}


def write_machines(folder: Path) -> None:
    folder.mkdir()
    machines = {name: 21 + number for number, name in enumerate(CASES)}
    (folder / "fleet.yml").write_text(yaml.safe_dump({"machines": machines}), encoding="utf-8")
    for name, case in CASES.items():
        about = {**MACHINE, "computer_name": name.upper(), "files": files(), **case.machine}
        (folder / name).mkdir()
        (folder / name / "machine.yml").write_text(
            "---\n# A PC with something of everything.\n" + yaml.safe_dump(about), encoding="utf-8"
        )


@dataclass(frozen=True)
class Story:
    """One clean-up told three times: in check mode, for real, and once more."""

    workshop: Workshop
    runs: Mapping[str, Run]
    snapshots: Mapping[str, Mapping[str, Any]]
    free: Mapping[str, Mapping[str, int | None]]


@pytest.fixture(scope="module")
def story(
    make_workshop: Callable[..., Workshop], tmp_path_factory: pytest.TempPathFactory
) -> Story:
    machines = tmp_path_factory.mktemp("cleanup") / "machines"
    write_machines(machines)
    workshop = make_workshop("cleanup", str(machines))
    folder = workshop.inventory / "host_vars"
    folder.mkdir()
    for name, case in CASES.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(dict(case.variables)), encoding="utf-8")
    playbook = workshop.play("cleanup", "cleanup")
    runs: dict[str, Run] = {}
    snapshots = {"before": workshop.snapshots()}
    free = {"before": free_bytes(workshop)}
    faults = [{"host": name, **case.fault} for name, case in CASES.items() if case.fault]
    for moment in ("pretended", "done", "again"):
        workshop.fleet.set_faults(faults if moment == "done" else [])
        runs[moment] = workshop.run(playbook, *(["--check"] if moment == "pretended" else []))
        snapshots[moment], free[moment] = workshop.snapshots(), free_bytes(workshop)
    return Story(workshop, runs, snapshots, free)


def free_bytes(workshop: Workshop) -> dict[str, int | None]:
    return {name: host.free_bytes() for name, host in workshop.fleet.hosts.items()}


def paths(snapshot: Mapping[str, Any]) -> set[str]:
    return {str(file["path"]) for file in snapshot["files"]["files"]}


def test_check_mode_changes_nothing(story: Story) -> None:
    assert story.snapshots["before"] == story.snapshots["pretended"]
    for name, counts in story.runs["pretended"].counts.items():
        assert (0, True) == (counts["failures"], counts["changed"] > 0), name


@pytest.mark.parametrize("name", CASES)
def test_exactly_what_is_on_the_list_is_gone(story: Story, name: str) -> None:
    """Documents, mail, pictures, the Recycle Bin, browsers, sync folders: all as they were."""
    before, after = (story.snapshots[moment][name] for moment in ("before", "again"))
    wanted = {path for group in CASES[name].gone for path in removable(group)}
    wanted |= {path for group in CASES[name].gone for path in BASE.get(group, [])}

    assert wanted == paths(before) - paths(after)
    assert set() == paths(after) - paths(before)
    kept = [file for file in before["files"]["files"] if file["path"] not in wanted]
    assert kept == after["files"]["files"]


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_of_the_pc_is_changed(story: Story, name: str) -> None:
    before = story.snapshots["before"][name]
    for moment in ("done", "again"):
        after = story.snapshots[moment][name]
        for part in ("events", "people", "processes", "registry", "services", "tasks"):
            assert before[part] == after[part], (moment, part)


@pytest.mark.parametrize("name", CASES)
def test_free_space_is_never_less_than_it_was(story: Story, name: str) -> None:
    found = story.free["before"][name]
    if name == "silent":
        assert found is None
        return
    assert found is not None
    for moment in ("done", "again"):
        assert (story.free[moment][name] or 0) >= found, moment


@pytest.mark.parametrize("name", CASES)
def test_a_failure_in_the_middle_is_told(story: Story, name: str) -> None:
    case, counts = CASES[name], story.runs["done"].counts[name]
    assert (counts["failures"] > 0) == bool(case.fails or case.fault), counts
    if case.fails:
        assert case.fails in story.runs["done"].failure(name)


def test_the_second_run_changes_nothing(story: Story) -> None:
    """Where the first was broken off, the second ends its work, and only there."""
    changed = {name for name, counts in story.runs["again"].counts.items() if counts["changed"]}
    assert changed <= {name for name, case in CASES.items() if case.fault or case.fails}
    assert "cut" not in changed  # what was done before the reply was lost, was done whole


def test_what_became_free_is_measured(story: Story) -> None:
    told = story.runs["done"].result("everything", "clean | Say what became free")["custode"]
    assert (
        told["freed_bytes"] == story.free["done"]["everything"] - story.free["before"]["everything"]
    )
    assert told["freed_bytes"] >= 800 << 20
    assert "not_cleaned" == told["registry"]
    silent = story.runs["done"].result("silent", "clean | Say what became free")
    assert (None, None) == (silent["custode"]["freed_bytes"], silent["freed_bytes"])
    assert "Windows did not say" in silent["msg"]


def test_no_name_of_a_file_reaches_the_controller(story: Story) -> None:
    said = json.dumps([run.output for run in story.runs.values()])
    for name in ("Thesis", "Letter from the bank", "Sea.jpg", "Inbox", "old.tmp", "$R1"):
        assert name not in said


def test_it_says_that_the_registry_is_not_cleaned(story: Story) -> None:
    said = story.runs["done"].result("everything", "clean | Say what became free")["msg"]
    assert "The registry was not cleaned: no tool does that unattended." in said


def test_ccleaner_leaves_nothing_behind(story: Story) -> None:
    for moment in ("done", "again"):
        found = paths(story.snapshots[moment]["ccleaner"])
        assert [path for path in found if "custode\\tools" in path.lower()] == []
        assert [path for path in found if path.endswith(".zip")] == []


def settings() -> dict[str, str]:
    product: Product = load_product(ROOT / "policies" / "catalog", "ccleaner")
    pairs = (line.rpartition("=") for line in product.installer.settings)
    return {name: value for name, _, value in pairs}


def test_ccleaners_settings_switch_on_what_is_nobodys_and_nothing_else() -> None:
    on = {name for name, value in settings().items() if value == "True"}
    assert {"(App)DNS Cache", "(App)Font Cache", "(App)Windows Error Reporting"} == on


def test_ccleaners_settings_switch_off_every_item_that_is_known() -> None:
    known = {f"(App){name}" for name in (*programs.OF_WINDOWS, *programs.OF_PEOPLE)}
    assert known | {"(App)Windows Event Logs"} <= set(settings())
