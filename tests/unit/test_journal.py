"""The journal keeps what was seen, through kills, torn lines and runs of the same second."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.errors import StoreError, UsageError
from custode.edges.journal import Journal, journal_digest, list_runs, read_journal

AT = datetime(2026, 11, 9, 8, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.create(tmp_path, verb="monthly", at=AT)


def test_a_run_is_named_by_its_moment_and_verb(journal: Journal) -> None:
    assert journal.run_id == "20261109T080000Z-monthly"


def test_runs_of_the_same_second_have_names_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(
            pool.map(lambda _: Journal.create(tmp_path, verb="monthly", at=AT).run_id, range(16))
        )

    assert len(set(runs)) == 16
    assert list_runs(tmp_path) == sorted(runs)


def test_events_come_back_numbered_and_in_order(journal: Journal) -> None:
    journal.append({"event": "run_started", "who": "Niccolò"})
    journal.append({"event": "run_finished"})

    assert read_journal(journal.path) == [
        {"event": "run_started", "who": "Niccolò", "seq": 1},
        {"event": "run_finished", "seq": 2},
    ]


def test_each_event_is_one_line_with_sorted_keys(journal: Journal) -> None:
    journal.append({"b": "two\nlines", "a": 1})

    assert journal.path.read_bytes() == b'{"a": 1, "b": "two\\nlines", "seq": 1}\n'


def test_text_that_utf8_cannot_hold_does_not_stop_the_run(journal: Journal) -> None:
    journal.append({"event": "bad \udcff byte"})

    assert read_journal(journal.path)[0]["event"] == "bad ? byte"


def test_a_torn_last_line_never_was(journal: Journal) -> None:
    journal.append({"event": "one"})
    journal.append({"event": "two"})
    whole = journal.path.read_bytes()
    first = whole.index(b"\n") + 1

    for length in range(len(whole) + 1):
        journal.path.write_bytes(whole[:length])
        events = read_journal(journal.path)

        # A line is whole once its closing brace is there, with or without its end.
        expected = 2 if length >= len(whole) - 1 else 1 if length >= first - 1 else 0
        assert len(events) == expected


def test_a_torn_journal_can_be_gone_on_with(journal: Journal) -> None:
    journal.append({"event": "one"})
    journal.append({"event": "two"})
    whole = journal.path.read_bytes()

    for length in range(len(whole) + 1):
        journal.path.write_bytes(whole[:length])
        kept = read_journal(journal.path)
        Journal.open(journal.path.parent.parent, journal.run_id).append({"event": "more"})

        assert [item["event"] for item in read_journal(journal.path)] == [
            *(item["event"] for item in kept),
            "more",
        ]


def test_garbage_at_the_end_counts_as_torn(journal: Journal) -> None:
    """A disk that lost power may leave zeros in a block that was never written."""
    journal.append({"event": "one"})
    with journal.path.open("ab") as file:
        file.write(b"\0" * 100 + b"\n")

    assert len(read_journal(journal.path)) == 1
    Journal.open(journal.path.parent.parent, journal.run_id).append({"event": "two"})
    assert len(read_journal(journal.path)) == 2


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"seq": 7}'])
def test_damage_in_the_middle_is_an_error_with_its_line(journal: Journal, damaged: bytes) -> None:
    for _ in range(3):
        journal.append({"event": "x"})
    lines = journal.path.read_bytes().splitlines()
    lines[1] = damaged
    journal.path.write_bytes(b"\n".join(lines) + b"\n")

    with pytest.raises(StoreError, match=r"journal\.jsonl:2: the line is damaged"):
        read_journal(journal.path)


def test_the_digest_does_not_depend_on_how_the_end_was_torn(journal: Journal) -> None:
    journal.append({"event": "one"})
    before = journal_digest(read_journal(journal.path))
    with journal.path.open("ab") as file:
        file.write(b'{"event": "tw')

    assert journal_digest(read_journal(journal.path)) == before


def test_an_unknown_run_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no journal of the run"):
        Journal.open(tmp_path, "20261109T080000Z-monthly")


def test_a_run_name_cannot_leave_its_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a run's name"):
        Journal.open(tmp_path, "../../etc")


def test_an_empty_journal_can_be_discarded_and_a_begun_one_not(tmp_path: Path) -> None:
    empty = Journal.create(tmp_path, verb="monthly", at=AT)
    begun = Journal.create(tmp_path, verb="monthly", at=AT)
    begun.append({"event": "run_started"})

    empty.discard()
    begun.discard()

    assert list_runs(tmp_path) == [begun.run_id]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="the journal cannot be written: Not a directory"):
        Journal.create(tmp_path / "file" / "below", verb="monthly", at=AT)


def test_a_missing_journal_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the journal cannot be read"):
        read_journal(tmp_path / "journal.jsonl")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=5))
def test_whatever_is_appended_comes_back(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, object]]
) -> None:
    journal = Journal.create(tmp_path_factory.mktemp("j"), verb="monthly", at=AT)
    for event in events:
        journal.append(event)

    expected = [{**event, "seq": number} for number, event in enumerate(events, start=1)]
    assert read_journal(journal.path) == json.loads(json.dumps(expected))
