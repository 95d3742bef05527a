"""Every product through its whole life, over PCs in every state: told, put there, taken away.

One play over all PCs for each step; a second run of each step changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from winsim.host import UNINSTALL, UNINSTALL_32, Host

from .conftest import Run, Workshop

pytestmark = pytest.mark.slow

OWNCLOUD = "{1D382CF5-AF11-4E42-A85B-7504BD2D3240}"
TEAMVIEWER = "{89CD1CFF-5DFA-4B06-9CF8-7747102EA624}"
PCS = ("clean", "ghost", "half", "lost", "newer", "older", "program")
ROLES = ("owncloud", "teamviewer")
MISSING = {
    "owncloud": {"clean", "ghost", "half", "lost", "older", "program"},
    "teamviewer": {"clean", "ghost", "half", "lost", "older", "program"},
}
NAMES = {"owncloud": "ownCloud", "teamviewer": "TeamViewer"}
STAGING = "C:\\Program Files\\Custode\\staging"


@dataclass(frozen=True)
class Step:
    """One play: what it said, and the PCs before and after it."""

    run: Run
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@pytest.fixture(scope="module")
def workshop(make_workshop: Callable[..., Workshop]) -> Workshop:
    made = make_workshop("products", "states")
    lose_the_list(made)
    return made


def lose_the_list(workshop: Workshop) -> None:
    """Take what Windows Installer knows off the list of installed programs."""
    for code in (OWNCLOUD, TEAMVIEWER):
        workshop.fleet.host("lost").registry.delete(f"{UNINSTALL}\\{code}")


@pytest.fixture(scope="module")
def life(workshop: Workshop) -> dict[str, Step]:
    """The steps of a product's life, in their order."""
    play = workshop.play("products", *ROLES)
    steps = {}
    for name, state, arguments in (
        ("told", "present", ("--check", "--diff")),
        ("put", "present", ()),
        ("put again", "present", ()),
        ("told of removal", "absent", ("--check", "--diff")),
        ("taken", "absent", ()),
        ("taken again", "absent", ()),
    ):
        before = workshop.snapshots()
        wanted = {f"{role}_state": state for role in ROLES}
        run = workshop.run(play, *arguments, variables=wanted)
        steps[name] = Step(run, before, workshop.snapshots())
    return steps


def whole(snapshot: Mapping[str, Any], name: str) -> bool:
    """Tell whether a PC's data list a product, and hold the program that it consists of."""
    listed = any(
        values.get("DisplayName", ["", ""])[1].startswith(name)
        for key, values in snapshot["registry"].items()
        if key.startswith((UNINSTALL, UNINSTALL_32))
    )
    program = f"\\{name}.exe".lower()
    there = any(file["path"].lower().endswith(program) for file in snapshot["files"]["files"])
    return listed and there


def traces(host: Host, name: str) -> list[str]:
    """Return what is left of a product on a PC: entries, files below Program Files, services."""
    keys = [
        f"{root}\\{key}"
        for root in (UNINSTALL, UNINSTALL_32)
        for key in host.registry.subkeys(root)
        if str(host.registry.get(f"{root}\\{key}", "DisplayName")).startswith(name)
    ]
    roots = ("C:\\Program Files", "C:\\Program Files (x86)")
    files = [file.path for root in roots for file in host.files.below(f"{root}\\{name}")]
    return [*keys, *files, *(item for item in host.services if item == name.lower())]


def said(run: Run, host: str) -> list[Mapping[str, Any]]:
    return [found for task, at, found in run.results if at == host and " | Say what" in task]


def test_the_pcs_are_in_the_states_that_they_are_called_after(life: dict[str, Step]) -> None:
    before = life["told"].before
    for role in ROLES:
        found = {pc for pc in PCS if whole(before[pc], NAMES[role])}
        assert found == {"newer", "older"} | ({"program"} if role == "teamviewer" else set())


@pytest.mark.parametrize("step", ["told", "told of removal"])
def test_check_mode_changes_nothing(life: dict[str, Step], step: str) -> None:
    assert life[step].before == life[step].after
    assert life[step].run.code == 0


@pytest.mark.parametrize("pc", PCS)
def test_check_mode_tells_what_would_be_installed_and_shows_the_difference(
    life: dict[str, Step], pc: str
) -> None:
    told = {
        found["diff"]["after"].strip(): found
        for found in said(life["told"].run, pc)
        if "diff" in found and not found.get("skipped")
    }
    titles = {"owncloud": "ownCloud desktop client", "teamviewer": "TeamViewer Host"}
    expected = {titles[role] for role in ROLES if pc in MISSING[role]}
    assert {text.rpartition(" ")[0] for text in told} == expected
    for found in told.values():
        assert found["changed"]
        assert "would be installed: " in found["msg"]


@pytest.mark.parametrize("pc", PCS)
def test_every_product_is_whole_whatever_was_there(life: dict[str, Step], pc: str) -> None:
    assert life["put"].run.counts[pc]["failures"] == 0
    for role in ROLES:
        assert whole(life["put"].after[pc], NAMES[role]), role


def test_a_version_newer_than_any_that_is_allowed_is_kept_and_recorded(
    life: dict[str, Step],
) -> None:
    kept = {
        (host, found["custode"]["product"]): found["custode"]
        for task, host, found in life["put"].run.results
        if task == "state | Read what is installed" and "custode" in found
    }
    assert set(kept) == {("newer", "owncloud"), ("newer", "teamviewer_host")}
    client = kept["newer", "owncloud"]
    assert (client["kind"], client["version"]) == ("kept", "7.1.0.19041")
    assert client["wanted"] == "6.0.3.18040"


@pytest.mark.parametrize("step", ["put again", "taken again"])
def test_a_second_run_changes_nothing(life: dict[str, Step], step: str) -> None:
    assert {pc: life[step].run.changed(pc) for pc in PCS} == {pc: [] for pc in PCS}
    assert life[step].before == life[step].after
    assert life[step].run.code == 0


@pytest.mark.parametrize("pc", PCS)
def test_check_mode_tells_what_would_be_removed(life: dict[str, Step], pc: str) -> None:
    told = [found["diff"] for found in said(life["told of removal"].run, pc) if "diff" in found]
    assert len(told) == len(ROLES)
    assert all(sides["after"] == "" and sides["before"] for sides in told)


@pytest.mark.parametrize("pc", PCS)
def test_nothing_is_left_of_a_product_that_was_taken_away(
    life: dict[str, Step], workshop: Workshop, pc: str
) -> None:
    assert life["taken"].run.counts[pc]["failures"] == 0
    host = workshop.fleet.host(pc)
    assert [trace for role in ROLES for trace in traces(host, NAMES[role])] == []


@pytest.mark.parametrize("step", ["put", "taken"])
def test_no_installer_is_left_behind(life: dict[str, Step], step: str) -> None:
    for pc in PCS:
        files = life[step].after[pc]["files"]["files"]
        assert [file["path"] for file in files if file["path"].startswith(STAGING)] == []


@pytest.mark.parametrize("pc", ["ghost", "half", "lost", "program"])
def test_what_is_broken_can_be_taken_away_as_it_is(workshop: Workshop, pc: str) -> None:
    workshop.fleet.reset()
    lose_the_list(workshop)
    host = workshop.fleet.host(pc)
    play = workshop.root / "playbooks" / "products.yml"
    wanted = {f"{role}_state": "absent" for role in ROLES}

    run = workshop.run(play, "--limit", pc, variables=wanted)

    assert run.counts[pc]["failures"] == 0
    assert [trace for role in ROLES for trace in traces(host, NAMES[role])] == []
