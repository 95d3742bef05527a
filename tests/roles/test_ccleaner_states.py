"""CCleaner on PCs in every state: told, unpacked, kept or taken away, and nothing the second time.

It is portable: Windows lists it nowhere, so there is no uninstall key that could be broken. What a
visit can meet is its folder, and that is ours alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Run, Story, Workshop, tell

pytestmark = pytest.mark.slow

FOLDER = "C:\\Program Files\\Custode\\tools\\ccleaner"
PROGRAM = f"{FOLDER}\\CCleaner64.exe"
PINNED = "6.39.0.11548"
RUN = "ccleaner | Run it with settings that touch nobody's data"
# What lies there before: nothing, what a call left that was killed while unpacking, other versions.
CASES: Mapping[str, Mapping[str, Any]] = {
    "clean": {},
    "half": {f"{FOLDER}\\portable.dat": {"size": 9}},
    "older": {PROGRAM: {"size": 9, "version": "5.88.0.9346"}},
    "newer": {PROGRAM: {"size": 9, "version": "7.1.0.1"}},
    "pinned": {PROGRAM: {"size": 9, "version": PINNED}},
}


def write_machines(folder: Path) -> None:
    folder.mkdir()
    machines = {name: 21 + number for number, name in enumerate(CASES)}
    (folder / "fleet.yml").write_text(yaml.safe_dump({"machines": machines}), encoding="utf-8")
    for name, files in CASES.items():
        about = {
            "values": "synthetic",
            "extends": ["windows_11_pro"],
            "computer_name": name.upper(),
            "files": dict(files),
        }
        (folder / name).mkdir()
        text = "---\n# A PC with something of CCleaner.\n" + yaml.safe_dump(about)
        (folder / name / "machine.yml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def stories(
    make_workshop: Callable[..., Workshop], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Story]:
    """The role run three times under a contract that keeps the tool, and under one that does not."""
    machines = tmp_path_factory.mktemp("ccleaner_states") / "machines"
    write_machines(machines)
    workshop = make_workshop("ccleaner_states", str(machines))
    play = workshop.play("cleanup", "cleanup")
    told = {}
    for name, keep in (("kept", True), ("taken away", False)):
        workshop.fleet.reset()
        agree(workshop, keep=keep)
        told[name] = tell(workshop, play, "--diff")
    return told


def agree(workshop: Workshop, *, keep: bool) -> None:
    """Let the client's contract say that CCleaner cleans, and whether it stays."""
    path = workshop.inventory / "contract.yml"
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    contract["cleanup"] = {"tool": "ccleaner", "keep": keep}
    path.write_text(yaml.safe_dump(contract), encoding="utf-8")
    folder = workshop.inventory / "group_vars" / "all"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cleanup.yml").write_text("cleanup_areas: []\n", encoding="utf-8")


def versions(world: Mapping[str, Any]) -> dict[str, str | None]:
    """Return which version of the tool lies on each PC; a word where it is not whole."""
    found: dict[str, str | None] = {}
    for name, host in world.items():
        files = {file["path"]: file for file in host["files"]["files"]}
        ours = [path for path in files if path.startswith(FOLDER)]
        program = files.get(PROGRAM)
        found[name] = (program["version"] if program else "not whole") if ours else None
    return found


def changed(run: Run) -> set[str]:
    return {host for task, host, found in run.results if task == RUN and found["changed"]}


@pytest.mark.parametrize("name", ["kept", "taken away"])
def test_check_mode_changes_nothing_and_says_what_it_cannot_know(
    stories: Mapping[str, Story], name: str
) -> None:
    story = stories[name]
    assert story.pretended.code == 0
    assert story.after_pretending == story.before
    # What CCleaner would free nobody knows before it has run.
    assert changed(story.pretended) == set(CASES)
    diff = story.pretended.result("older", RUN)["diff"]
    after = "the one in the archive" if name == "kept" else None
    assert (diff["before"], diff["after"]) == ({"tool": "5.88.0.9346"}, {"tool": after})


def test_the_pinned_version_is_what_is_kept_whatever_was_there(
    stories: Mapping[str, Story],
) -> None:
    story = stories["kept"]
    assert story.done.code == 0
    assert versions(story.after) == dict.fromkeys(CASES, PINNED)
    assert changed(story.done) == set(CASES) - {"pinned"}


def test_nothing_of_it_stays_where_the_contract_does_not_keep_it(
    stories: Mapping[str, Story],
) -> None:
    story = stories["taken away"]
    assert story.done.code == 0
    assert versions(story.after) == dict.fromkeys(CASES)
    assert changed(story.done) == set(CASES) - {"clean"}


@pytest.mark.parametrize("name", ["kept", "taken away"])
def test_the_second_run_changes_nothing(stories: Mapping[str, Story], name: str) -> None:
    story = stories[name]
    assert {host: counts["changed"] for host, counts in story.again.counts.items()} == (
        dict.fromkeys(CASES, 0)
    )
    assert versions(story.after_again) == versions(story.after)
    for host in CASES:
        for part in ("registry", "services", "processes"):
            assert story.after_again[host][part] == story.after[host][part]
