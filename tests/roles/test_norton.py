"""The role norton by itself: it lays ready, asks, looks, and says why where it does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from .conftest import ROOT, Run, Story, Workshop, tell

pytestmark = pytest.mark.slow

STAGED = r"C:\Program Files\Custode\staging\NortonSetup.exe"
LOOK = "look | Tell how the PC's antivirus programs stand"
OPEN = "attended | Open the step that only a person can finish"
ASK_REMOVAL = "remove | Ask for the removal"
MISSING = {"bare": "absent", "strict": "absent", "ghost": "ghost", "parts": "half"}
THERE = {"owned": "healthy", "old": "healthy", "expired": "expired"}


@dataclass(frozen=True)
class Told:
    """The role run three times, then asked for a removal, then under another contract."""

    story: Story
    removed: Run
    elsewhere: Run
    after_elsewhere: Mapping[str, Any]


@pytest.fixture(scope="module")
def told(make_workshop: Callable[..., Workshop]) -> Told:
    workshop = make_workshop("norton", str(ROOT / "tests" / "profiles" / "norton"))
    playbook = workshop.play("norton", "norton")
    story = tell(workshop, playbook)
    removed = workshop.run(playbook, "--check", variables={"norton_state": "absent"})
    accept(workshop, "norton", "defender")
    elsewhere = workshop.run(playbook)
    return Told(story, removed, elsewhere, workshop.snapshots())


@pytest.fixture
def story(told: Told) -> Story:
    return told.story


def accept(workshop: Workshop, *products: str) -> None:
    """Let the client's contract accept these antivirus products."""
    path = workshop.inventory / "contract.yml"
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    contract["services"]["antivirus"]["accept"] = list(products)
    path.write_text(yaml.safe_dump(contract), encoding="utf-8")


def steps(run: Run, task: str) -> dict[str, Mapping[str, Any]]:
    """Return the events by which steps were opened, by PC."""
    return {
        host: result["custode"]
        for name, host, result in run.results
        if name == task and "custode" in result
    }


def staged(world: Mapping[str, Any]) -> set[str]:
    return {
        name
        for name, host in world.items()
        if any(STAGED == file["path"] for file in host["files"]["files"])
    }


def test_check_mode_changes_nothing(story: Story) -> None:
    assert story.pretended.code == 0
    assert story.after_pretending == story.before


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert (story.done.code, story.again.code) == (0, 0)
    assert [counts["changed"] for counts in story.again.counts.values()] == [0] * 7
    assert story.after_again == story.after


def test_every_pc_is_judged_before_anything_is_done(story: Story) -> None:
    found = {host: story.done.result(host, LOOK)["state"] for host in story.workshop.fleet.hosts}

    assert found == {**MISSING, **THERE}


def test_a_missing_norton_is_laid_ready_and_asked_for_with_what_was_found(story: Story) -> None:
    assert staged(story.after) == set(MISSING)
    assert steps(story.done, OPEN) == {
        host: {
            "kind": "step_opened",
            "product": "norton",
            "step": "install",
            "staged_at": STAGED,
            "note": state,
        }
        for host, state in MISSING.items()
    }


def test_a_norton_that_is_there_is_left_alone_whatever_is_wrong_with_it(story: Story) -> None:
    for host in THERE:
        assert story.after[host] == story.before[host]
    said = story.done.result("expired", LOOK)["msg"]
    assert said == "Norton is there, and its subscription has run out (security_center)."


def test_where_norton_is_there_the_pc_is_proven_to_be_reached_again(story: Story) -> None:
    knocked = {
        host for name, host, _ in story.done.results if name == "reach | Knock at the WinRM port"
    }

    assert knocked == {*THERE, "parts"}


def test_another_accepted_antivirus_that_works_leaves_nothing_to_do_and_says_why(
    told: Told,
) -> None:
    said = told.elsewhere.result("bare", "unwanted | Say why nothing is done")["msg"]

    assert said == (
        "Norton is not there; Microsoft Defender, which the contract accepts, works: "
        "nothing is installed."
    )
    assert set(steps(told.elsewhere, OPEN)) == {"ghost", "parts"}
    # The installer that was laid ready before is cleared away where nobody needs it now.
    assert staged(told.after_elsewhere) == {"ghost", "parts"}


def test_where_defender_is_accepted_it_is_verified_too(told: Told) -> None:
    verified = {
        (host, found["custode"]["product"]): found["verification"]["aspects"]
        for task, host, found in told.elsewhere.results
        if task == "verify | Read how the product stands"
    }
    assert verified["bare", "defender"]["running"]["value"] is True
    assert verified["owned", "defender"]["running"]["value"] is False
    assert verified["owned", "norton"]["running"]["value"] is True
    asked = {task for task, _, _ in told.story.done.results}
    assert "defender | Read how Defender stands" not in asked


def test_a_ghost_keeps_defender_off_so_norton_is_still_wanted_there(told: Told) -> None:
    assert told.elsewhere.result("ghost", LOOK)["wanted"] is True
    assert told.elsewhere.result("ghost", LOOK)["products"]["defender"]["state"] == "off"


def test_a_removal_is_asked_for_and_nothing_is_uninstalled(told: Told) -> None:
    asked = steps(told.removed, ASK_REMOVAL)

    assert {host: event["note"] for host, event in asked.items()} == {
        **THERE,
        "parts": "half",
        "ghost": "ghost",
    }
    assert {event["step"] for event in asked.values()} == {"remove"}
    assert told.removed.code == 0


def test_a_pc_that_is_silent_after_norton_was_seen_has_a_reason_of_its_own(story: Story) -> None:
    run = story.workshop.run(
        story.workshop.root / "playbooks" / "norton.yml",
        "--limit",
        "owned",
        variables={"preflight_port": 5999},
    )

    reason = run.result("owned", "reach | Knock at the WinRM port")["custode_reason"]
    assert reason["kind"] == "firewall_suspected"
    assert "Norton (seen there just now) brings a firewall" in reason["message"]
    assert "allow TCP 5999 in" in reason["hint"]
    assert run.counts["owned"]["unreachable"] == 1
