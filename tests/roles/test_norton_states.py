"""Norton on PCs in every state: told, laid ready once, asked for, and nothing the second time.

Nothing of it can be installed or removed unattended, so what the role may change is one file.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.host import UNINSTALL

from .conftest import ROOT, Run, Story, Workshop, tell

pytestmark = pytest.mark.slow

STAGED = r"C:\Program Files\Custode\staging\NortonSetup.exe"
COPY = "stage | Copy the installer"
OPEN = "attended | Open the step that only a person can finish"
PROGRAM = {
    r"C:\Program Files\Norton\Suite\NortonSvc.exe": {"size": 1, "version": "26.8.11125.2681"}
}
SERVICE = {"Norton Antivirus": {"display": "Norton Antivirus", "start": "Auto", "state": "Stopped"}}
ENTRY = {f"{UNINSTALL}\\Norton 360": {"DisplayName": "Norton 360", "DisplayVersion": "26.8"}}


@dataclass(frozen=True)
class Case:
    """One PC: what it has of Norton, how that is judged, and whether the installer is laid ready."""

    machine: Mapping[str, Any]
    state: str
    laid_ready: bool


CASES: Mapping[str, Case] = {
    "clean": Case({}, "absent", laid_ready=True),
    "ghost": Case({"extends": ["windows_11_pro", "norton_ghost"]}, "ghost", laid_ready=True),
    "service-only": Case({"services": SERVICE}, "half", laid_ready=True),
    "file-only": Case({"files": PROGRAM}, "half", laid_ready=True),
    "entry-only": Case({"registry": ENTRY}, "half", laid_ready=True),
    "older": Case({"programs": ["norton_21"]}, "healthy", laid_ready=True),
    "of-22": Case({"programs": ["norton_22"]}, "healthy", laid_ready=False),
    "newer": Case({"programs": ["norton"]}, "healthy", laid_ready=False),
    # The uninstall key is broken, and Norton works: the test damages it.
    "no-version": Case({"programs": ["norton"]}, "healthy", laid_ready=False),
    "no-key": Case({"programs": ["norton"]}, "healthy", laid_ready=False),
}


def write_machines(folder: Path) -> None:
    shutil.copytree(ROOT / "tests" / "profiles" / "norton" / "installers", folder / "installers")
    of_22 = yaml.safe_load((folder / "installers" / "norton_22.yml").read_text(encoding="utf-8"))
    of_21 = {**of_22, "version": "21.7.0.11", "file": "NortonSetup21.exe"}
    text = "---\n# A generation that the catalog does not accept.\n" + yaml.safe_dump(of_21)
    (folder / "installers" / "norton_21.yml").write_text(text, encoding="utf-8")
    machines = {name: 21 + number for number, name in enumerate(CASES)}
    (folder / "fleet.yml").write_text(yaml.safe_dump({"machines": machines}), encoding="utf-8")
    for number, (name, case) in enumerate(CASES.items()):
        system = {
            "Vendor": "Example",
            "Name": "Model",
            "IdentifyingNumber": f"EX{number}",
            "UUID": f"4C4C4544-0000-1000-8000-0000000000{number:02}",
        }
        about = {
            "values": "synthetic",
            "extends": ["windows_11_pro"],
            "computer_name": name.upper(),
            "cim": {"root/cimv2": {"Win32_ComputerSystemProduct": [system]}},
            "programs": [],
            **case.machine,
        }
        (folder / name).mkdir()
        text = "---\n# A PC with something of Norton.\n" + yaml.safe_dump(about)
        (folder / name / "machine.yml").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Told:
    """The role run three times, then asked for a removal twice."""

    story: Story
    removed: Run
    again: Run
    after_removal: Mapping[str, Any]
    after_again: Mapping[str, Any]


@pytest.fixture(scope="module")
def told(make_workshop: Callable[..., Workshop], tmp_path_factory: pytest.TempPathFactory) -> Told:
    machines = tmp_path_factory.mktemp("norton_states") / "machines"
    write_machines(machines)
    workshop = make_workshop("norton_states", str(machines))
    entry = f"{UNINSTALL}\\Norton 360"
    workshop.fleet.host("no-version").registry.delete_value(entry, "DisplayVersion")
    workshop.fleet.host("no-key").registry.delete(entry)
    playbook = workshop.play("norton", "norton")
    story = tell(workshop, playbook, "--diff")
    absent = {"norton_state": "absent"}
    removed = workshop.run(playbook, variables=absent)
    after_removal = workshop.snapshots()
    again = workshop.run(playbook, variables=absent)
    return Told(story, removed, again, after_removal, workshop.snapshots())


def staged(world: Mapping[str, Any]) -> set[str]:
    return {
        name
        for name, host in world.items()
        if any(STAGED == file["path"] for file in host["files"]["files"])
    }


def opened(run: Run, task: str) -> dict[str, str]:
    """Return with which note a step was opened, by PC."""
    return {
        host: result["custode"]["note"]
        for name, host, result in run.results
        if name == task and "custode" in result
    }


READY = {name for name, case in CASES.items() if case.laid_ready}


def test_every_state_is_told_apart(told: Told) -> None:
    look = "look | Tell how the PC's antivirus programs stand"
    found = {name: told.story.done.result(name, look)["state"] for name in CASES}
    assert found == {name: case.state for name, case in CASES.items()}


def test_check_mode_changes_nothing_and_tells_where_the_installer_would_be_laid(
    told: Told,
) -> None:
    story = told.story
    assert story.pretended.code == 0
    assert story.after_pretending == story.before
    would = {
        host for task, host, found in story.pretended.results if task == COPY and found["changed"]
    }
    assert would == READY


def test_the_installer_is_laid_ready_and_asked_for_where_norton_has_to_come(told: Told) -> None:
    story = told.story
    assert story.done.code == 0
    assert staged(story.after) == READY
    assert opened(story.done, OPEN) == {name: CASES[name].state for name in READY}


def test_nothing_but_that_file_is_changed(told: Told) -> None:
    for name in CASES:
        before, after = told.story.before[name], told.story.after[name]
        for part in ("registry", "services", "processes", "tasks", "people"):
            assert before[part] == after[part], (name, part)
        added = {f["path"] for f in after["files"]["files"]} - {
            f["path"] for f in before["files"]["files"]
        }
        assert added == ({STAGED} if name in READY else set())


def test_the_second_run_changes_nothing(told: Told) -> None:
    story = told.story
    assert {host: counts["changed"] for host, counts in story.again.counts.items()} == (
        dict.fromkeys(CASES, 0)
    )
    assert story.after_again == story.after


def test_a_removal_is_a_step_for_whatever_is_there_and_clears_the_installer_away(
    told: Told,
) -> None:
    asked = opened(told.removed, "remove | Ask for the removal")
    assert asked == {name: case.state for name, case in CASES.items() if case.state != "absent"}
    assert staged(told.after_removal) == set()
    assert {host: counts["changed"] for host, counts in told.again.counts.items()} == (
        dict.fromkeys(CASES, 0)
    )
    assert told.after_again == told.after_removal
    assert (told.removed.code, told.again.code) == (0, 0)
