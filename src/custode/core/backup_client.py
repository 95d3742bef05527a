"""How the backup's client stands on one PC: each person's folder, from settings and run logs.

Nothing here knows a person, a folder's place or a document: people and folders are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from custode.core.observation import Facts, Row, utc_moment

ENTRIES_PROBE = "installed_software"
ACCOUNTS_PROBE = "owncloud_accounts"
RUNS_PROBE = "owncloud_runs"
CLIENT_PROBES = (ENTRIES_PROBE, ACCOUNTS_PROBE, RUNS_PROBE)

ACCOUNT = "<n>\\url="
FOLDER = "<n>\\Folders\\<id>\\localPath="
PAUSED = "<n>\\Folders\\<id>\\paused="
STARTED = "#=#=#=# Syncrun started"
COPYING = "#=#=#=#=# Propagation starts"
ENDED = "#=#=#=# Syncrun finished"

FRESH = timedelta(days=7)
"""How old the last good run may be: it runs every two hours, and people take a week off."""

LOST = timedelta(days=31)
"""How old it may be before the backup is not late but broken."""

PATIENCE = timedelta(days=1)
"""How long a run may take, or runs may end without copying, before that is a fault."""


class BackupWord(StrEnum):
    """How a backup stands."""

    WORKING = "working"
    """Everything is copied, as far as can be told without names of documents."""
    LATE = "late"
    """It was, some time ago; or it is for one folder and not for another."""
    BROKEN = "broken"
    """Nothing is copied, and somebody must act."""
    UNKNOWN = "unknown"
    """What was read does not say."""


@dataclass(frozen=True)
class ClientView:
    """What the PC shows, and what it leans on.

    Attributes:
        word: What it shows.
        why: A stable word, such as `paused` or `access_denied`; empty where it works.
        last_good_at: The last run of any folder that copied and ended; None when none is known.
        folders: How many folders are configured; None when that is not known.
        major: The installed client's generation; None when that is not known.
    """

    word: BackupWord
    why: str = ""
    last_good_at: datetime | None = None
    folders: int | None = None
    major: int | None = None


@dataclass(frozen=True)
class _Folder:
    word: BackupWord
    why: str
    good_at: datetime | None = None


def client_view(facts: Facts, *, now: datetime) -> ClientView:
    """Return what the PC shows; the order of rows counts for nothing.

    Working needs a folder that works and none that is at fault or unread; a folder whose person was
    away is no fault beside one that works.

    Args:
        facts: What was read of `installed_software`, `owncloud_accounts` and `owncloud_runs`.
        now: The moment of the look, aware.
    """
    if why := _trouble(facts, ENTRIES_PROBE):
        return ClientView(BackupWord.UNKNOWN, why)
    versions = [
        str(row.get("DisplayVersion") or "")
        for row in facts[ENTRIES_PROBE].rows
        if str(row.get("DisplayName") or "").lower().startswith("owncloud")
    ]
    if not versions:
        return ClientView(BackupWord.BROKEN, "not_installed")
    majors = {int(found[0]) for text in versions if (found := re.match(r"[0-9]{1,4}", text))}
    major = majors.pop() if len(majors) == 1 else None
    for probe_id in (ACCOUNTS_PROBE, RUNS_PROBE):
        if why := _trouble(facts, probe_id):
            return ClientView(BackupWord.UNKNOWN, why, major=major)
    folders = [
        *_unread_people(facts[ACCOUNTS_PROBE].rows),
        *(_folder(facts, place, now=now) for place in configured(facts[ACCOUNTS_PROBE].rows)),
    ]
    return _summed_up(folders, major=major, now=now)


def _summed_up(folders: Sequence[_Folder], *, major: int | None, now: datetime) -> ClientView:
    if not folders:
        return ClientView(BackupWord.BROKEN, "not_configured", folders=0, major=major)
    by_word = {word: [item for item in folders if item.word is word] for word in BackupWord}
    good_at = max((item.good_at for item in folders if item.good_at), default=None)
    works, faults = by_word[BackupWord.WORKING], by_word[BackupWord.BROKEN]
    found: Sequence[_Folder]
    if faults:
        # Somebody's documents are kept, somebody else's are not.
        word, found = (BackupWord.LATE if works else BackupWord.BROKEN), faults
    elif by_word[BackupWord.UNKNOWN]:
        word, found = BackupWord.UNKNOWN, by_word[BackupWord.UNKNOWN]
    elif works:
        word, found = BackupWord.WORKING, works
    else:
        found = folders
        lost = good_at is None or now - good_at > LOST
        word = BackupWord.BROKEN if lost else BackupWord.LATE
    why = min(item.why for item in found)
    return ClientView(word, why, good_at, len(folders), major)


def _trouble(facts: Facts, probe_id: str) -> str:
    result = facts.get(probe_id)
    if result is None:
        return "not_returned"
    return result.error.kind if result.error is not None else ""


def _unread_people(rows: Iterable[Row]) -> list[_Folder]:
    """Return a stand-in for each person whose settings were not read whole."""
    unread = {row.get("profile") for row in rows if row.get("count") is None}
    return [_Folder(BackupWord.UNKNOWN, "settings_unread") for _ in unread]


def configured(rows: Iterable[Row]) -> list[tuple[object, object]]:
    """Return the configured folders, as (person, folder); an account must be there too."""
    people = {row.get("profile") for row in rows if row.get("marker") == ACCOUNT and _some(row)}
    places = {
        (row.get("profile"), row.get("folder"))
        for row in rows
        if row.get("marker") == FOLDER and _some(row) and row.get("profile") in people
    }
    return sorted(places, key=repr)


def _some(row: Row) -> bool:
    count = row.get("count")
    return isinstance(count, int) and count > 0


def _folder(facts: Facts, place: tuple[object, object], *, now: datetime) -> _Folder:
    def of(probe_id: str, marker: str) -> list[Row]:
        return [
            row
            for row in facts[probe_id].rows
            if (row.get("profile"), row.get("folder")) == place and row.get("marker") == marker
        ]

    words = {row.get("word") for row in of(ACCOUNTS_PROBE, PAUSED)}
    if "true" in words:
        return _Folder(BackupWord.BROKEN, "paused")
    if words != {"false"}:
        return _Folder(BackupWord.UNKNOWN, "settings_unread")
    logs = {marker: of(RUNS_PROBE, marker) for marker in (STARTED, COPYING, ENDED)}
    if not all(logs.values()) or any(
        row.get("count") is None for log in logs.values() for row in log
    ):
        return _Folder(BackupWord.UNKNOWN, "log_unread")
    return _of_runs({marker: last_moment(log) for marker, log in logs.items()}, logs, now=now)


def _of_runs(
    last: Mapping[str, datetime | None], logs: Mapping[str, Sequence[Row]], *, now: datetime
) -> _Folder:
    begun, copied, ended = last[STARTED], last[COPYING], last[ENDED]
    counted = {marker: any(_some(row) for row in log) for marker, log in logs.items()}
    if not any(counted.values()):
        return _Folder(BackupWord.LATE, "never_ran")
    if begun is None or any(counted[marker] != (last[marker] is not None) for marker in logs):
        return _Folder(BackupWord.UNKNOWN, "log_unread")
    if ended is None:
        # A first copy takes its time; the end of the log may hold no end of a run.
        return _Folder(BackupWord.UNKNOWN, "first_run")
    if max(begun, ended) - now > PATIENCE:
        return _Folder(BackupWord.UNKNOWN, "clock")
    good_at = None if copied is None else min(copied, ended)
    if ended < begun and now - begun > PATIENCE:
        return _Folder(BackupWord.BROKEN, "hangs", good_at)
    if copied is None or good_at is None or begun - copied > PATIENCE:
        return _Folder(BackupWord.BROKEN, "runs_fail", good_at)
    if now - good_at > FRESH:
        return _Folder(BackupWord.LATE, "stopped", good_at)
    return _Folder(BackupWord.WORKING, "", good_at)


def last_moment(rows: Iterable[Row]) -> datetime | None:
    """Return the newest moment that rows tell, or None when they tell none."""
    moments = []
    for row in rows:
        with suppress(ValueError):
            moments.append(utc_moment(str(row.get("last_at"))))
    return max(moments, default=None)
