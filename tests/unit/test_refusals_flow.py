"""`custode refused`: what a technician writes down when the client does not let us look."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from custode.core.errors import UsageError
from custode.edges.project import Project
from custode.flows import refusals
from custode.flows.refusals import Refusal

from .conftest import custode

OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"  # in the agreed hours
DECEMBER = "2026-12-14T08:00:00Z"
NOW = datetime(2026, 11, 9, 8, 20, tzinfo=UTC)


@pytest.fixture
def project(office: Any, checkout: Project) -> Project:
    """A real checkout of one client, whose PC was put into service in October."""
    office.visit("onboard", OCTOBER, office.seen("desk", OCTOBER))
    office.publish()
    return checkout


def said(*, device: str = "desk", at: str | None = NOVEMBER, by: str = "owner") -> Refusal:
    return Refusal(device, at, by, "tecnico")


def test_a_refused_visit_is_a_try_that_depended_on_the_client(
    project: Project, office: Any
) -> None:
    commit = refusals.record(project, "sample", said(), now=NOW)

    tree = office.store.read()
    (run,) = [json.loads(text) for path, text in tree.items() if path.endswith("-refusal.json")]
    host = run["hosts"]["desk"]
    assert commit is not None
    assert (host["outcome"], host["observed_at"]) == ("unreachable", None)
    assert host["reason"] == {
        "kind": "client_refused",
        "message": "Refused by the client (owner), as we wrote down on 2026-11-09T08:20:00Z.",
        "hint": "Agree on another time.",
    }
    lines = tree["devices/desk/ledger.jsonl"].decode().splitlines()
    missed = [line for line in map(json.loads, lines) if line["entry"] == "missed"]
    assert [(line["party"], line["why"]) for line in missed] == [("client", "client_refused")]


def test_the_next_report_says_that_the_client_refused(project: Project, office: Any) -> None:
    refusals.record(project, "sample", said(), now=NOW)
    office.visit("monthly", DECEMBER, office.seen("desk", DECEMBER))
    office.publish()

    report = office.store.read()["reports/2026-12/report.en.md"].decode().replace("\\", "")
    assert (
        "| desk | visit of November 2026 | the client | the client refused the visit, as we wrote "
        "down; tried at 1 of 2 agreed hours |"
    ) in report.splitlines()


def test_it_is_recorded_once_and_made_again_from_the_journals(
    project: Project, office: Any
) -> None:
    refusals.record(project, "sample", said(), now=NOW)
    before = office.store.read()

    again = refusals.record(project, "sample", said(), now=NOW)
    subprocess.run(["rm", "-rf", str(project.store("sample"))], check=True)
    office.publish()

    assert again is None
    assert office.store.read() == before


def test_outside_the_agreed_hours_it_counts_against_nobody(project: Project, office: Any) -> None:
    refusals.record(project, "sample", said(at="2026-11-07T22:00:00Z"), now=NOW)

    lines = office.store.read()["devices/desk/ledger.jsonl"].decode().splitlines()
    missed = [line for line in map(json.loads, lines) if line["entry"] == "missed"]
    assert [(line["party"], line["why"]) for line in missed] == [("nobody", "outside_hours")]


def test_the_command_says_the_commit(project: Project) -> None:
    words = ("refused", "sample", "desk", "--by", "owner", "--at", "2026-11-09T09:00:00+01:00")

    done = custode(*words, cwd=project.root)
    again = custode(*words, cwd=project.root)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("desk: refused by owner, ")
    assert again.stdout == "desk: refused by owner, recorded before\n"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (said(device="dsek"), "sample has no PC 'dsek'"),
        (said(by="Mario Rossi"), "no contact whose role is 'Mario Rossi'"),
        (said(at="yesterday"), "'yesterday' is not a moment"),
        (said(at="2026-12-01T08:00:00Z"), "has not come yet"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_leaves_nothing(
    project: Project, refusal: Refusal, words: str
) -> None:
    before = sorted(project.journals("sample").iterdir())

    with pytest.raises(UsageError) as caught:
        refusals.record(project, "sample", refusal, now=NOW)

    assert words in str(caught.value)
    assert caught.value.hint
    assert sorted(project.journals("sample").iterdir()) == before
