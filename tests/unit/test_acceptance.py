"""Verdicts of acceptance: what checks say, what a PC is then, and the JUnit file of it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from tests.acceptance.judging import fits, same
from tests.junit_schema import wrong

from custode.core.acceptance import (
    Acceptance,
    Check,
    PcAcceptance,
    Verdict,
    check_from,
    sentence,
    words,
)
from custode.core.errors import ExitCode
from custode.core.junit import read_junit, write_junit

PYTEST = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="1"
 tests="5" time="8.100" timestamp="2026-10-05T09:00:00" hostname="controller">
<testcase classname="tests.acceptance.test_backup" name="test_owncloud_runs[ansible://pc-1]" time="7.5" />
<testcase classname="x" name="test_teamviewer_runs[ansible://pc-1]" time="0.1">
<failure message="not accepted&#10;found: x">not accepted
found: state stopped
expected: state started
next: start it</failure></testcase>
<testcase classname="x" name="test_windows_says_so[ansible://pc-1]" time="0.1">
<error message="failed on setup with &quot;unknown&quot;">unknown
found: no answer</error></testcase>
<testcase classname="x" name="test_the_antivirus_runs[ansible://pc-1]" time="0.1">
<skipped type="pytest.skip" message="no antivirus is there">/home/x/test.py:7: no antivirus</skipped>
</testcase>
<testcase classname="x" name="test_a_bug[ansible://pc-1]" time="0.1">
<failure message="KeyError: 'Mario'">/home/mario/custode/test.py:3: KeyError: 'Mario'</failure>
</testcase></testsuite></testsuites>"""


def test_a_function_name_is_read_as_a_sentence() -> None:
    assert "TeamViewer runs and starts with Windows" == sentence(
        "test_teamviewer_runs_and_starts_with_windows[ansible://pc-1]"
    )
    assert "The ownCloud client is there" == sentence("test_the_owncloud_client_is_there")


def test_what_a_check_says_is_read_back() -> None:
    said = words(Verdict.NOT_ACCEPTED, found="a:\n b", expected="c", next_step="d: e")

    assert Check("It is", Verdict.NOT_ACCEPTED, "a: b", "c", "d: e", 1.5) == check_from(
        "test_it_is", said, seconds=1.5
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KeyError: 'Mario'",
        "not accepted",
        "not accepted\nfound: ",
        "unknown\nfound: a\n/home/mario/test.py: b",
        "accepted?\nfound: a",
    ],
)
def test_what_a_check_that_broke_says_is_not_repeated(text: str) -> None:
    check = check_from("test_it_is", text, seconds=0)

    assert (Verdict.UNKNOWN, "the check itself broke") == (check.verdict, check.found)
    assert "ario" not in str(check)


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        ("", Verdict.UNKNOWN),
        ("-", Verdict.UNKNOWN),
        ("a", Verdict.ACCEPTED),
        ("a-", Verdict.ACCEPTED),
        ("au", Verdict.UNKNOWN),
        ("aus", Verdict.NOT_SEEN),
        ("ausn", Verdict.NOT_ACCEPTED),
    ],
)
def test_a_pc_is_accepted_only_when_a_check_says_so_and_none_says_otherwise(
    said: str, is_: Verdict
) -> None:
    meaning = {
        "-": Verdict.NOT_APPLICABLE,
        "a": Verdict.ACCEPTED,
        "n": Verdict.NOT_ACCEPTED,
        "s": Verdict.NOT_SEEN,
        "u": Verdict.UNKNOWN,
    }

    pc = PcAcceptance("pc-1", tuple(Check(letter, meaning[letter]) for letter in said))

    assert is_ is pc.verdict


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.ACCEPTED], ExitCode.STANDS),
        ([Verdict.ACCEPTED, Verdict.UNKNOWN], ExitCode.FINDINGS),
        ([Verdict.NOT_ACCEPTED], ExitCode.FINDINGS),
        ([Verdict.NOT_ACCEPTED, Verdict.NOT_SEEN], ExitCode.NOT_SEEN),
        ([], ExitCode.FINDINGS),
    ],
)
def test_the_exit_code_tells_the_worst(verdicts: list[Verdict], code: ExitCode) -> None:
    pcs = [PcAcceptance(f"pc-{i}", (Check("x", v),)) for i, v in enumerate(verdicts)]

    assert code is Acceptance("acme", tuple(pcs)).exit_code


@pytest.mark.parametrize(
    ("found", "wanted", "enough", "equal"),
    [
        ("15.76.5.0", "15.76.5", True, True),
        ("6.0.3", "6.0.3.18040", True, True),
        ("6.0.2.9", "6.0.3", False, False),
        ("6.1", "6.0.3", True, False),
        ("15.100.1", "15.76.5", True, False),
        ("7.1.0", "6.0.3", False, False),
        ("v6.0.3-rc1", "6.0.3", True, True),
        ("", "6.0.3", False, False),
        ("unknown", "6.0.3", False, False),
    ],
)
def test_a_version_fits_that_is_as_new_and_of_the_same_generation(
    found: str, wanted: str, *, enough: bool, equal: bool
) -> None:
    assert (enough, equal) == (fits(found, wanted), same(found, wanted))


def test_pytests_file_is_read_and_nothing_of_it_but_our_own_words() -> None:
    pc = read_junit("pc-1", PYTEST)

    assert [
        ("ownCloud runs", Verdict.ACCEPTED, ""),
        ("TeamViewer runs", Verdict.NOT_ACCEPTED, "state stopped"),
        ("Windows says so", Verdict.UNKNOWN, "no answer"),
        ("The antivirus runs", Verdict.NOT_APPLICABLE, "no antivirus is there"),
        ("A bug", Verdict.UNKNOWN, "the check itself broke"),
    ] == [(check.name, check.verdict, check.found) for check in pc.checks]
    assert ("state started", "start it") == (pc.checks[1].expected, pc.checks[1].next_step)


def test_the_junit_file_keeps_to_the_schema_and_counts_right() -> None:
    unseen = PcAcceptance("pc <2>", (Check("A & b", Verdict.NOT_SEEN, 'it said "no"'),))
    acceptance = Acceptance("acme", (read_junit("pc-1", PYTEST), unseen))

    text = write_junit(acceptance)

    root = ET.fromstring(text)
    assert [] == wrong(root)
    assert ("6", "1", "3") == tuple(root.attrib[key] for key in ("tests", "failures", "errors"))
    assert [("pc-1", "5", "1", "2", "1"), ("pc <2>", "1", "0", "1", "0")] == [
        tuple(suite.attrib[key] for key in ("name", "tests", "failures", "errors", "skipped"))
        for suite in root
    ]
    cases = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert ("acme.pc-1", "TeamViewer runs") in cases
    assert "ario" not in text
    assert "controller" not in text


def test_the_same_acceptance_gives_the_same_file() -> None:
    acceptance = Acceptance("acme", (read_junit("pc-1", PYTEST),))

    assert write_junit(acceptance) == write_junit(acceptance)
