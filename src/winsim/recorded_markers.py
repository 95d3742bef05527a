"""Rows of kind `marker`, made into the client's settings and logs that a machine may declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from winsim.modules.readable import MARKER_WORDS, RUN_LOG, RUN_MARKERS, SETTINGS_MARKERS

Row = Mapping[str, Any]

_SETTINGS = r"AppData\Roaming\ownCloud\owncloud.cfg"
_MOST = 10_000  # the lines of a log that are looked at
_ROOT, _ACCOUNT = SETTINGS_MARKERS[0], SETTINGS_MARKERS[3]


def marker_files(
    rows: Iterable[Row], folders: Sequence[str], *, time: Callable[[Any], Any]
) -> dict[str, dict[str, Any]]:
    """Return files by path.

    Args:
        rows: What was told, of settings and of logs.
        folders: The profiles' folders, in their order.
        time: Makes a moment one that follows the clock, where it should.
    """
    found: dict[str, dict[str, Any]] = {}
    told = [row for row in rows if row["marker"] in {*SETTINGS_MARKERS, *RUN_MARKERS}]
    for number, profile in enumerate(folders, start=1):
        own = [row for row in told if row["profile"] == number]
        runs = [row for row in own if _of_log(row)]
        settings = [row for row in own if not _of_log(row)]
        last = max((_whole(row.get("folder")) for row in own), default=0)
        if last or any(row.get("exists") for row in settings):
            lines = list(_settings(settings, runs, profile, last))
            found[rf"{profile}\{_SETTINGS}"] = _file(settings, lines)
        for folder in range(1, last + 1):
            log = [row for row in runs if row.get("folder") == folder]
            if any(row.get("exists") for row in log):
                lines = [line for row in log for line in _run_lines(row, time)]
                found[rf"{_root(profile, folder)}\.owncloudsync.log"] = _file(log, lines)
    return found


def _of_log(row: Row) -> bool:
    return str(row["path"]).lower() in RUN_LOG


def _file(rows: Iterable[Row], lines: Sequence[str]) -> dict[str, Any]:
    """Return a file with these lines, or one that a program has open for itself."""
    unread = any(row.get("exists") and row.get("count", 0) is None for row in rows)
    return {"lines": [*lines, ""], **({"locked": True} if unread else {})}


def _settings(rows: Sequence[Row], runs: Sequence[Row], profile: str, last: int) -> Iterator[str]:
    for account in (row for row in rows if row["marker"] == _ACCOUNT):
        for _ in range(_count(account)):
            yield r"0\url=https://cloud.recorded.example"
    for folder in range(1, last + 1):
        log = [row for row in runs if row.get("folder") == folder]
        hidden = bool(log) and all(row.get("exists") is None for row in log)
        place = "//recorded" if hidden else _root(profile, folder).replace("\\", "/")
        yield rf"0\Folders\{folder}\localPath={place}/"
        for row in (row for row in rows if row.get("folder") == folder and row["marker"] != _ROOT):
            head = str(row["marker"]).replace("<n>", "0").replace("<id>", str(folder))
            word = row.get("word") if row.get("word") in MARKER_WORDS else ""
            for _ in range(_count(row)):
                yield f"{head}{word}"


def _run_lines(row: Row, time: Callable[[Any], Any]) -> Iterator[str]:
    first, last, number = row.get("first_at"), row.get("last_at"), _whole(row.get("number"))
    for left in range(_count(row) - 1, -1, -1):
        at = time(first or last if left else last or first)
        shown = f" {{{at}}}" if str(at).startswith("now") else f" {at}" if at else ""
        length = f" (last step: {number} msec , total: {number} msec)" if number else ""
        yield f"{row['marker']}{shown}{length}"


def _root(profile: str, folder: int) -> str:
    return rf"{profile}\ownCloud" + (f" {folder}" if folder > 1 else "")


def _count(row: Row) -> int:
    return min(_whole(row.get("count", 1)), _MOST)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
