"""What an installer's signature and its ending mean, in words and events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from custode.core.guard import refusal
from custode.core.observation import Facts
from custode.core.products import Outcome
from custode.core.symptoms import Reason
from custode.edges.catalog import load_product
from custode.flows import installing
from custode.flows.installing import Ending, Step

CATALOG = Path(__file__).parents[2] / "policies" / "catalog"
OWNCLOUD = load_product(CATALOG, "owncloud")
NORTON = load_product(CATALOG, "norton")
STAGED = "C:\\Program Files\\Custode\\staging\\owncloud\\ownCloud-6.0.3.18040.x64.msi"


def told(ending: Ending) -> Reason:
    found = installing.judged(OWNCLOUD, ending)
    assert isinstance(found, Reason)
    return found


@pytest.mark.parametrize(
    ("exit_code", "kind", "words"),
    [
        (1618, "installer_busy", "another installation is in progress"),
        (1603, "installer_failed", "ended with 1603: a fatal error"),
        (-1, "installer_failed", "does not say"),
        (1605, "installer_failed", "the product is not installed"),
    ],
)
def test_a_failed_installation_has_a_reason_and_a_next_step(
    exit_code: int, kind: str, words: str
) -> None:
    reason = told(Ending("install", exit_code))
    assert reason.kind == kind
    assert words in reason.message
    assert reason.hint.endswith("run again.")


@pytest.mark.parametrize(("step", "kind"), [("install", "installed"), ("remove", "removed")])
def test_a_wanted_restart_is_an_event_and_no_failure(step: Step, kind: str) -> None:
    found = installing.judged(OWNCLOUD, Ending(step, 3010))
    assert isinstance(found, Outcome)
    assert installing.event(OWNCLOUD, found, Ending(step, 3010)) == {
        "kind": kind,
        "product": "owncloud",
        "title": "ownCloud desktop client",
        "version": "6.0.3.18040",
        "found": None,
        "restart_wanted": True,
    }


@pytest.mark.parametrize("exit_code", [0, 1605, 1614])
def test_removing_what_is_not_there_is_no_failure(exit_code: int) -> None:
    found = installing.judged(OWNCLOUD, Ending("remove", exit_code))
    assert isinstance(found, Outcome)


def test_a_removal_that_failed_is_said_of_the_uninstaller() -> None:
    assert told(Ending("remove", 1603)).message.startswith("The uninstaller of ownCloud")


def test_an_installer_that_was_ended_says_its_limit_and_what_it_may_have_waited_for() -> None:
    reason = told(Ending("install", None, hung=True))
    assert reason.kind == "installer_hung"
    assert "did not end within 1800 s and was ended on the PC" in reason.message
    assert "waited for a click" in reason.hint


def test_what_could_not_be_ended_asks_for_a_restart() -> None:
    reason = told(Ending("install", None, hung=True, still_running=2))
    assert "2 of its processes could not be ended" in reason.message
    assert reason.hint.startswith("Restart the PC")


def test_an_installer_that_could_not_be_run_is_no_success() -> None:
    assert told(Ending("install", None)).kind == "installer_failed"


@pytest.mark.parametrize("step", ["install", "remove"])
def test_an_attended_step_says_where_its_installer_lies_and_what_was_found(step: Step) -> None:
    text, event = installing.attended_step(NORTON, step, staged_at="C:\\a", note="ghost")
    assert event == {
        "kind": "step_opened",
        "product": "norton",
        "step": step,
        "staged_at": "C:\\a",
        "note": "ghost",
    }
    assert ("C:\\a" in text) == (step == "install")


def test_a_step_without_an_installer_says_so() -> None:
    _, event = installing.attended_step(NORTON, "remove", staged_at="", note="")
    assert (event["staged_at"], event["note"]) == (None, "")


def signed(answer: dict[str, Any]) -> tuple[str, Reason | None]:
    facts = Facts.from_json({installing.SIGNER_PROBE: answer})
    return installing.signer_problem(OWNCLOUD, STAGED, facts)


def test_a_file_in_the_staging_folder_may_be_looked_at() -> None:
    assert refusal("file", installing.signer_probe(STAGED)) is None


def test_the_makers_signature_is_accepted() -> None:
    assert signed({"rows": [{"path": STAGED, "signer": "ownCloud GmbH"}]}) == (
        "ownCloud GmbH",
        None,
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"rows": [{"path": STAGED, "signer": "Somebody"}]}, "is signed by Somebody; allowed: own"),
        ({"rows": [{"path": STAGED, "signer": None}]}, "bears no valid signature; allowed: own"),
        ({"error": {"kind": "refused", "message": "OutsideRoots"}}, "could not be read on the PC"),
    ],
    ids=["another maker", "unsigned", "not looked at"],
)
def test_any_other_file_is_not_run(answer: dict[str, Any], words: str) -> None:
    _, reason = signed(answer)
    assert reason is not None
    assert reason.kind == "installer_signer"
    assert words in reason.message
    assert "othing was run" in reason.message


def test_an_answer_that_is_missing_is_no_signature() -> None:
    _, reason = installing.signer_problem(OWNCLOUD, STAGED, Facts())
    assert reason is not None
    assert "not_returned" in reason.message


@pytest.mark.parametrize(
    ("step", "version", "words", "before", "after"),
    [
        ("install", None, "6.0.3.18040 would be installed", "", "6.0.3.18040\n"),
        ("install", "5.3.2", "6.0.3.18040 would be installed", "5.3.2\n", "6.0.3.18040\n"),
        ("remove", "5.3.2", "5.3.2 would be removed", "5.3.2\n", ""),
        ("remove", None, "(no version) would be removed", "(no version)\n", ""),
    ],
)
def test_a_change_is_told_with_both_its_sides(
    step: Step, version: str | None, words: str, before: str, after: str
) -> None:
    sentence, sides = installing.change(OWNCLOUD, step, version=version, reason="it is older")
    assert words in sentence
    assert (sides["before"].endswith(before), sides["after"].endswith(after)) == (True, True)
    assert bool(sides["before"]) == bool(before)
