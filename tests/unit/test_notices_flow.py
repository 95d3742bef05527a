"""`custode notices`: what a technician reads, prints and records, with a real project and store."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from custode.core.errors import ExitCode, UsageError
from custode.edges.project import Project
from custode.flows import notices
from custode.flows.notices import Record

from .conftest import custode

OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"
DUE = "20261109T080000Z-desk"
NOW = datetime(2026, 11, 10, 8, tzinfo=UTC)


@pytest.fixture
def project(office: Any, checkout: Project) -> Project:
    """A real checkout of one client, whose antivirus was removed between two visits."""
    office.visit("onboard", OCTOBER, office.seen("desk", OCTOBER))
    office.visit("monthly", NOVEMBER, office.seen("desk", NOVEMBER, antivirus="absent"))
    office.publish()
    return checkout


def said(status: str, *, at: str | None = None, by: str = "provider", of: str = DUE) -> Record:
    return Record(of, status, at, by, "tecnico")


def test_the_list_names_each_notice_and_asks_for_the_unsent(project: Project) -> None:
    done = custode("notices", "sample", cwd=project.root)

    assert done.returncode == ExitCode.FINDINGS, done.stderr
    assert done.stdout == (
        f"{DUE}  due\n"
        "  Notice due since 9 November 2026 (antivirus). Not sent yet.\n"
        "1 notice waits to be sent\n"
    )


def test_the_draft_is_in_the_clients_language_or_another(project: Project) -> None:
    theirs = custode("notices", "sample", DUE, cwd=project.root)
    english = custode("notices", "sample", DUE, "--language", "en", cwd=project.root)

    assert theirs.stdout.startswith("Avviso sul PC desk\n")
    assert english.stdout.startswith("Notice about the PC desk\n")


def test_what_became_of_it_is_recorded_once(project: Project) -> None:
    first = notices.record(project, "sample", said("sent", at=NOVEMBER), now=NOW)
    again = notices.record(project, "sample", said("sent", at=NOVEMBER), now=NOW)
    notices.record(project, "sample", said("acknowledged", by="owner"), now=NOW)

    found = notices.read_notices(project, "sample")
    assert first is not None
    assert again is None
    assert found.exit_code is ExitCode.STANDS
    (notice,) = found.notices
    assert notice.records == {
        "sent": {"on": NOVEMBER, "by": "provider"},
        "acknowledged": {"on": "2026-11-10T08:00:00Z", "by": "owner"},
    }
    store = project.store("sample")
    log = subprocess.run(
        ["git", "-C", str(store), "log", "-2", "--reverse", "--format=%s"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert log.stdout == (f"notice 2026-11: sent {DUE}\nnotice 2026-11: acknowledged {DUE}\n")


def test_the_command_records_and_says_the_commit(project: Project) -> None:
    done = custode("notices", "sample", "--record", "sent", DUE, "--at", NOVEMBER, cwd=project.root)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{DUE}: sent, ")
    listed = json.loads(custode("notices", "sample", "--json", cwd=project.root).stdout)
    assert listed["notices"][0]["status"] == "sent"


def test_the_store_can_be_made_again_from_the_journals(project: Project, office: Any) -> None:
    notices.record(project, "sample", said("sent", at=NOVEMBER), now=NOW)
    before = office.store.read()
    subprocess.run(["rm", "-rf", str(project.store("sample"))], check=True)
    office.publish()

    assert office.store.read() == before


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (said("due"), "'due' is nothing that can be recorded"),
        (said("sent", of="x"), "sample has no notice 'x'"),
        (said("sent", by="owner"), "a notice is not sent by 'owner'"),
        (said("acknowledged", by="Mario Rossi"), "not acknowledged by 'Mario Rossi'"),
        (said("acknowledged", by="owner"), "it was not sent yet"),
        (said("sent", at="yesterday"), "'yesterday' is not a moment"),
        (said("sent", at="2026-11-01T08:00:00Z"), "is before 2026-11-09T08:00:00Z"),
        (said("sent", at="2026-12-01T08:00:00Z"), "has not come yet"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_leaves_nothing(
    project: Project, record: Record, words: str
) -> None:
    before = sorted(project.journals("sample").iterdir())

    with pytest.raises(UsageError) as caught:
        notices.record(project, "sample", record, now=NOW)

    assert words in str(caught.value)
    assert caught.value.hint
    assert sorted(project.journals("sample").iterdir()) == before


def test_a_record_needs_a_notice(project: Project) -> None:
    done = custode("notices", "sample", "--record", "sent", cwd=project.root)

    assert done.returncode == ExitCode.USAGE
    assert "--record needs the notice" in done.stderr
