"""Kind `marker` of `fleet_probe`: what may be told of the lines that begin with a marker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from winsim.host import Host
from winsim.modules.readable import MARKER_WORDS, RUN_LOG, SETTINGS_FILE, SETTINGS_MARKERS

_LARGEST = 64 * 2**20
_MOST_FOLDERS = 20
_TAIL = 10_000
_LONGEST_ROOT = 200
_LINE = re.compile(
    r"[0-9A-Za-z-]{1,64}\\"
    r"(?P<inside>(?:Folders|Multifolders|FoldersWithPlaceholders)\\[^\\=]{1,64}\\)?"
    r"(?P<rest>[A-Za-z]{1,32}=.*)"
)
_REST = re.compile(
    rf"(?P<word>{'|'.join(MARKER_WORDS)})$"
    r"| (?P<at>20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z)"
    r"( \(last step: [0-9]{1,9} msec ?, total: (?P<number>[0-9]{1,9}) msec\)$)?"
)
_ESCAPED = re.compile(r"\\x([0-9a-f]{1,4})")
_PLACE = re.compile(r"[A-Za-z]:(\\[^\\:*?\"<>|\x00-\x1f]+)*")
_CLIMBING = re.compile(r"\\\.{1,2}(\\|\Z)")
_BREAK = re.compile("\r\n|\n|\r")


@dataclass(frozen=True)
class _Log:
    """A file's lines with the folder each speaks of; None where they cannot be read.

    `exists` is None where nobody can tell.
    """

    exists: bool | None = False
    lines: Sequence[tuple[str, int | None]] | None = ()
    folder: int | None = None


def marker_rows(host: Host, probe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each profile, marker, folder and word."""
    rows: list[dict[str, Any]] = []
    (path,) = probe["paths"]
    for number, profile in enumerate(host.profile_folders(), start=1):
        settings = _settings(_tail(host, f"{profile}\\{SETTINGS_FILE[0]}"))
        logs = _run_logs(host, settings) if path.lower() in RUN_LOG else [settings]
        for log in logs:
            shown = {"path": path, "profile": number, "exists": log.exists}
            rows += [{**shown, **row} for row in _rows(probe, log)]
    return rows


def _tail(host: Host, path: str) -> _Log:
    if not host.files.has_drive(path):
        return _Log(exists=None, lines=None)
    file = host.files.get(path)
    if file is None and not host.files.is_folder(path):
        return _Log()
    if file is None or file.locked or file.size > _LARGEST:
        return _Log(exists=True, lines=None)
    lines = _BREAK.split(host.files.read(path).decode("utf-8-sig", "replace"))
    ended = lines[:-1] if lines[-1] == "" else lines
    return _Log(exists=True, lines=[(line, None) for line in ended[-_TAIL:]])


def _settings(log: _Log) -> _Log:
    """Return the lines of accounts and folders; folders are numbered as they come."""
    if log.lines is None:
        return log
    numbers: dict[str, int] = {}
    told: list[tuple[str, int | None]] = []
    for line, _ in log.lines:
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        if found["inside"]:
            number = numbers.setdefault(line[: found.start("rest")].lower(), len(numbers) + 1)
            told.append(("<n>\\Folders\\<id>\\" + found["rest"], number))
        else:
            told.append(("<n>\\" + found["rest"], None))
    return _Log(log.exists, told)


def _run_logs(host: Host, settings: _Log) -> Iterable[_Log]:
    begin = SETTINGS_MARKERS[0]
    named = [pair for pair in settings.lines or () if pair[0].startswith(begin)][:_MOST_FOLDERS]
    if not named:
        yield _Log(None if settings.lines is None else False, settings.lines)
    for text, folder in named:
        root = _sync_root(text[len(begin) :])
        log = _tail(host, f"{root}\\.owncloudsync.log") if root else _Log(None, None)
        lines = log.lines and [(line, folder) for line, _ in log.lines]
        yield _Log(log.exists, lines, folder)


def _sync_root(value: str) -> str | None:
    """Return a folder on a lettered drive from the client's own spelling; None for any other."""
    inner = re.fullmatch(r'"(.*)"', value)
    path = inner[1] if inner else value
    while found := _ESCAPED.search(path):
        path = path.replace(found[0], chr(int(found[1], 16)))
    path = path.replace("\\\\", "\\").replace("/", "\\").rstrip("\\")
    if not _PLACE.fullmatch(path) or len(path) > _LONGEST_ROOT or _CLIMBING.search(path):
        return None
    return path


def _rows(probe: Mapping[str, Any], log: _Log) -> Iterable[dict[str, Any]]:
    for marker in probe["markers"]:
        rows: dict[tuple[int | None, str | None], dict[str, Any]] = {}
        for text, folder in log.lines or ():
            if not text.startswith(marker):
                continue
            told = _REST.match(text[len(marker) :])
            word, at = (told["word"], told["at"]) if told else (None, None)
            row = rows.setdefault((folder, word), {"folder": folder, "word": word, "count": 0})
            row["count"] += 1
            if told and at:
                number = told["number"]
                row |= {"first_at": row.get("first_at") or at, "last_at": at}
                row["number"] = int(number) if number else None
        if not rows:
            count = None if log.lines is None else 0
            rows[None, None] = {"folder": log.folder, "count": count}
        for row in rows.values():
            asked = {name: row.get(name) for name in probe["properties"] or []}
            yield {"folder": row["folder"], "marker": marker, **asked}
