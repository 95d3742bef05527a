"""One statement about the backup: what the PC shows and what its server says, combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custode.core.backup_client import (
    ACCOUNT,
    ACCOUNTS_PROBE,
    COPYING,
    ENDED,
    ENTRIES_PROBE,
    FOLDER,
    PAUSED,
    RUNS_PROBE,
    STARTED,
    BackupWord,
)
from custode.core.backup_server import SERVER_PROBE, ServerWord
from custode.core.backup_statement import PROBES, BackupStatement, backup_statement
from custode.core.observation import Facts, ProbeError, ProbeResult, utc_text
from custode.flows.report.words import words

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
INSTALLED = [{"DisplayName": "ownCloud", "DisplayVersion": "6.0.3.18040"}]


def ago(**span: float) -> str:
    return utc_text(NOW - timedelta(**span))


def account(profile: int, folder: int = 1, *, paused: str | None = "false") -> list[dict[str, Any]]:
    at = {"profile": profile, "exists": True, "count": 1}
    return [
        {**at, "folder": None, "marker": ACCOUNT, "word": None},
        {**at, "folder": folder, "marker": FOLDER, "word": None},
        {**at, "folder": folder, "marker": PAUSED, "word": paused},
    ]


def log(
    profile: int,
    folder: int = 1,
    *,
    began: str | None = ago(minutes=21),
    copied: str | None = ago(minutes=21),
    ended: str | None = ago(minutes=20),
) -> list[dict[str, Any]]:
    moments = {STARTED: began, COPYING: copied, ENDED: ended}
    at = {"profile": profile, "folder": folder, "exists": True}
    return [
        {**at, "marker": marker, "count": 0 if moment is None else 9, "last_at": moment}
        for marker, moment in moments.items()
    ]


def person(number: int = 1, **changes: Any) -> dict[str, Any]:
    said = {
        "person": number,
        "product": "classic",
        "maintenance": False,
        "needs_upgrade": False,
        "account": "known",
        "enabled": True,
        "ever_logged_in": True,
        "quota_full": False,
        "last_login_at": ago(hours=2),
    }
    return {**said, **changes}


def facts(accounts: Any = None, runs: Any = None, server: Any = (), software: Any = None) -> Facts:
    told = {
        ENTRIES_PROBE: INSTALLED if software is None else software,
        ACCOUNTS_PROBE: account(1) if accounts is None else accounts,
        RUNS_PROBE: log(1) if runs is None else runs,
        SERVER_PROBE: server,
    }
    return Facts(
        {
            name: ProbeResult(error=ProbeError(rows, rows))
            if isinstance(rows, str)
            else ProbeResult(rows=tuple(rows))
            for name, rows in told.items()
        }
    )


def said(found: Facts) -> BackupStatement:
    return backup_statement(found, now=NOW)


@pytest.mark.parametrize(
    ("found", "state", "why"),
    [
        (facts(), "working", ""),
        (facts(software=[]), "broken", "not_installed"),
        (facts(software="access_denied"), "unknown", "access_denied"),
        (facts(accounts=[]), "broken", "not_configured"),
        (facts(accounts=account(1)[:1], runs=[]), "broken", "not_configured"),
        # A folder of an account that is gone.
        (facts(accounts=account(1)[1:]), "broken", "not_configured"),
        (facts(accounts="timeout"), "unknown", "timeout"),
        (facts(accounts=account(1, paused="true")), "broken", "paused"),
        (facts(accounts=account(1, paused=None)), "unknown", "settings_unread"),
        (facts(runs="access_denied"), "unknown", "access_denied"),
        (facts(runs=[]), "unknown", "log_unread"),
        (facts(runs=[{**row, "count": None} for row in log(1)]), "unknown", "log_unread"),
        (facts(runs=[{**row, "last_at": None} for row in log(1)]), "unknown", "log_unread"),
        (facts(runs=log(1, began=None, copied=None, ended=None)), "broken", "never_ran"),
        (facts(runs=log(1, began=ago(days=3), copied=ago(days=3), ended=None)), "unknown", "first_run"),
        (facts(runs=log(1, began=ago(days=3), copied=ago(days=3), ended=ago(days=4))), "broken", "hangs"),
        (facts(runs=log(1, began=ago(hours=9), copied=ago(hours=9), ended=ago(hours=11))), "working", ""),
        (facts(runs=log(1, copied=ago(days=3))), "broken", "runs_fail"),
        (facts(runs=log(1, copied=None)), "broken", "runs_fail"),
        (facts(runs=log(1, began=ago(days=-3), copied=ago(days=-3), ended=ago(days=-3))), "unknown", "clock"),
        (facts(runs=log(1, copied=ago(hours=9))), "working", ""),
        (facts(runs=log(1, began=ago(days=8), copied=ago(days=8), ended=ago(days=8))), "late", "stopped"),
        (facts(runs=log(1, began=ago(days=32), copied=ago(days=32), ended=ago(days=32))), "broken", "stopped"),
    ],
)  # fmt: skip
def test_the_pc_alone(found: Facts, state: str, why: str) -> None:
    statement = said(found)

    assert (state, why) == (statement.state, statement.why)
    assert statement.works is {"working": True, "unknown": None}.get(state, False)


TWO = [*account(1), *account(2)]


@pytest.mark.parametrize(
    ("accounts", "runs", "state", "why"),
    [
        # Who was away for two months leaves nothing behind.
        (TWO, [*log(1), *log(2, began=ago(days=60), copied=ago(days=60), ended=ago(days=60))],
         "working", ""),
        ([*account(1), *account(2, paused="true")], [*log(1), *log(2)], "late", "paused"),
        (TWO, [*log(1), *log(2, copied=ago(days=3))], "late", "runs_fail"),
        (TWO, log(1), "unknown", "log_unread"),
        ([*account(1), {"profile": 2, "marker": ACCOUNT, "exists": True, "count": None}], log(1),
         "unknown", "settings_unread"),
        # Nobody signed in under the second profile.
        ([*account(1), {"profile": 2, "marker": ACCOUNT, "exists": False, "count": 0}], log(1),
         "working", ""),
    ],
)  # fmt: skip
def test_several_people_use_one_pc(accounts: Any, runs: Any, state: str, why: str) -> None:
    statement = said(facts(accounts, runs))

    assert (state, why) == (statement.state, statement.why)


STALE = log(1, began=ago(days=9), copied=ago(days=9), ended=ago(days=9))


@pytest.mark.parametrize(
    ("server", "word", "state", "why", "works"),
    [
        ([], "not_asked", "working", "", True),
        ([person()], "confirms", "working", "", True),
        ([person(last_login_at=ago(days=90))], "doubts", "working", "", True),
        ([person(enabled=False)], "denies", "broken", "user_disabled", False),
        ([person(account="not_found", enabled=None)], "denies", "broken", "user_not_found", False),
        ([person(quota_full=True)], "denies", "broken", "quota_full", False),
        ([person(ever_logged_in=False, last_login_at=None)], "denies", "unknown",
         "server_disagrees", None),
        ([person(account="unauthorised", enabled=None)], "unknown", "unknown", "server_unknown", True),
        ([person(quota_full=None)], "unknown", "unknown", "server_unknown", True),
        ("unreachable", "unknown", "unknown", "server_unknown", True),
        # Who left may still be declared.
        ([person(1, enabled=False), person(2)], "confirms", "working", "", True),
        ([person(1, enabled=False), person(2, account="unread")], "unknown", "unknown",
         "server_unknown", True),
        # Declared is the server's administrator, and nobody of this PC.
        ([person(None, account=None)], "not_asked", "working", "", True),
        ([person(maintenance=True)], "out_of_service", "working", "", True),
        ([person(needs_upgrade=True)], "out_of_service", "working", "", True),
        ([person(product="infinite_scale")], "confirms", "working", "", True),
        ([person(product=None)], "confirms", "unknown", "version_unread", None),
    ],
)  # fmt: skip
def test_a_pc_that_works_and_its_server(
    server: Any, word: str, state: str, why: str, works: object
) -> None:
    statement = said(facts(server=server))

    assert (word, state, why) == (statement.server.word, statement.state, statement.why)
    assert works is statement.works


@pytest.mark.parametrize(
    ("runs", "server", "state", "why"),
    [
        # A server in maintenance is not the PC's fault.
        (STALE, [person(maintenance=True)], "unknown", "server_out_of_service"),
        (log(1, copied=ago(days=9)), [person(maintenance=True)], "unknown", "server_out_of_service"),
        # But for so long no server is.
        (log(1, began=ago(days=40), copied=ago(days=40), ended=ago(days=40)),
         [person(maintenance=True)], "broken", "stopped"),
        # Nor does a server out of reach excuse what the PC shows.
        (STALE, "unreachable", "late", "stopped"),
        (STALE, [person()], "late", "stopped"),
        # A closed account is known, whatever the PC shows.
        ("access_denied", [person(enabled=False)], "broken", "user_disabled"),
        ("access_denied", [person()], "unknown", "access_denied"),
    ],
)  # fmt: skip
def test_a_pc_that_does_not_work_and_its_server(
    runs: Any, server: Any, state: str, why: str
) -> None:
    statement = said(facts(runs=runs, server=server))

    assert (state, why) == (statement.state, statement.why)


def test_a_wrong_client_fails_also_where_the_person_could_not_be_read() -> None:
    seven = [{"DisplayName": "ownCloud", "DisplayVersion": "7.1.0.19041"}]

    statement = said(facts(software=seven, server=[person(account="unauthorised")]))

    assert ("broken", "wrong_client", False) == (statement.state, statement.why, statement.works)


@pytest.mark.parametrize("product", ["classic", "infinite_scale"])
def test_a_client_that_cannot_speak_to_the_server_is_no_backup(product: str) -> None:
    seven = [{"DisplayName": "ownCloud", "DisplayVersion": "7.1.0.19041"}]

    statement = said(facts(software=seven, server=[person(product=product)]))

    assert ("wrong_client" if product == "classic" else "") == statement.why


def test_what_is_kept_names_no_person_and_no_place() -> None:
    kept = said(facts(TWO, [*log(1), *log(2)], server=[person()])).to_json()

    assert kept == {
        "state": "working",
        "why": "",
        "client": {"state": "working", "why": "", "folders": 2, "last_good_at": ago(minutes=21)},
        "server": {"says": "confirms", "why": ""},
    }


# --- whatever was read --------------------------------------------------------------------------

_MOMENTS = st.sampled_from([None, *(ago(hours=hours) for hours in (1, 9, 30, 200, 300, 900))])
_PEOPLE = st.builds(
    person,
    st.sampled_from([None, 1, 2]),
    product=st.sampled_from(["classic", "infinite_scale"]),
    maintenance=st.booleans(),
    needs_upgrade=st.just(value=False),
    account=st.sampled_from(["known", "known", "not_found", "unauthorised"]),
    enabled=st.booleans(),
    ever_logged_in=st.booleans(),
    quota_full=st.booleans(),
    last_login_at=_MOMENTS,
)
_FACTS = st.builds(
    facts,
    st.lists(
        st.builds(account, st.integers(1, 2), st.integers(1, 2), paused=st.sampled_from(["true", "false"])),
        max_size=3,
    ).map(lambda several: [row for rows in several for row in rows]),
    st.lists(
        st.builds(log, st.integers(1, 2), st.integers(1, 2), began=_MOMENTS, copied=_MOMENTS, ended=_MOMENTS),
        max_size=3,
    ).map(lambda several: [row for rows in several for row in rows]),
    st.lists(_PEOPLE, max_size=2) | st.just("unreachable"),
    st.sampled_from([INSTALLED, [], [{"DisplayName": "ownCloud", "DisplayVersion": "7.1.0.1"}]]),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(_FACTS, st.randoms(use_true_random=False))
def test_the_order_of_what_was_read_counts_for_nothing(found: Facts, random: Random) -> None:
    turned = {
        name: replace(result, rows=tuple(random.sample(result.rows, len(result.rows))))
        for name, result in found.items()
    }

    assert said(found) == said(Facts(turned))


def _blinded(found: Facts, random: Random) -> Facts:
    """Return the facts with some of what they tell no longer known."""

    def row(data: Mapping[str, Any]) -> dict[str, Any]:
        names = {"profile", "folder", "marker", "person"}
        return {k: None if k not in names and random.random() < 0.3 else v for k, v in data.items()}

    results = {}
    for name, result in found.items():
        if random.random() < 0.15:
            results[name] = ProbeResult(error=ProbeError("failed", "failed"))
        else:
            results[name] = replace(result, rows=tuple(map(row, result.rows)))
    return Facts(results)


@settings(deadline=None, max_examples=500)
@given(_FACTS, st.randoms(use_true_random=False))
def test_what_is_not_known_never_makes_a_backup_work(found: Facts, random: Random) -> None:
    blind = said(_blinded(found, random))

    if said(found).state is not BackupWord.WORKING:
        assert blind.state is not BackupWord.WORKING


@settings(deadline=None)
@given(_FACTS, st.sampled_from(sorted(PROBES)))
def test_without_one_of_its_sources_nothing_works(found: Facts, gone: str) -> None:
    for results in (
        {name: result for name, result in found.items() if name != gone},
        {**found.results, gone: ProbeResult(error=ProbeError("timeout", "timeout"))},
    ):
        assert said(Facts(results)).state is not BackupWord.WORKING


@settings(deadline=None)
@given(_FACTS)
def test_a_server_out_of_reach_never_fails_a_pc(found: Facts) -> None:
    silent = {**found.results, SERVER_PROBE: ProbeResult(error=ProbeError("timeout", "timeout"))}
    unasked = {**found.results, SERVER_PROBE: ProbeResult()}

    assert said(Facts(unasked)).works is said(Facts(silent)).works
    assert said(Facts(silent)).server.word is ServerWord.UNKNOWN


@pytest.mark.parametrize("language", ["it", "en"])
@settings(deadline=None, max_examples=200)
@given(found=_FACTS)
def test_every_reason_has_words(found: Facts, language: str) -> None:
    told = said(found)

    texts = words(language, timezone="Europe/Rome").texts
    if told.state is BackupWord.WORKING:
        assert "backup.working" in texts
    else:
        assert f"backup.{told.state}.{told.why}" in texts
    assert told.server.word is ServerWord.NOT_ASKED or f"backup.server.{told.server.word}" in texts
