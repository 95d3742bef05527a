"""Rows as a probe told them, made into rows, services and processes that a machine may declare."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from winsim.errors import WinsimError
from winsim.model.wql import WqlError, compile_filter
from winsim.redaction import Redactor

Row = dict[str, Any]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DMTF = re.compile(r"\d{14}\.000000-000")
_RECENT = timedelta(days=400)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
# Columns whose name says less than their class does.
MEANING = {
    ("win32_computersystem", "name"): "computername",
    ("win32_computersystem", "caption"): "computername",
    ("win32_pnpentity", "name"): "productid",
    ("win32_pnpentity", "caption"): "productid",
    ("win32_printer", "name"): "productid",
    ("win32_printer", "caption"): "productid",
}
ACCOUNT = {"name": "custode", "password": "Simulated-Only-1", "administrator": True}
"""Who may come in to a machine that was recorded."""
_COMPARED = re.compile(
    r"(\w+)\s*(?:(<>|!=|<=|>=|=|<|>|like)\s*('(?:[^'\\]|\\.)*'|-?\d+|true|false)|is\s+(not\s+)?null)",
    re.IGNORECASE,
)
_MOST_GUESSES = 4096
_POINT = {"CreationTime", "Description", "RestorePointType", "SequenceNumber"}
_SETTINGS_CHANGED = 12
_START = {"Auto", "Manual", "Disabled"}
_NOT_STARTED = 1077
_STATES = {"Running", "Stopped", "Paused"}


def data(value: Any) -> Any:
    """Return a registry value as it is written down: PowerShell shows large ones as negative."""
    if isinstance(value, bool) or not isinstance(value, int | list | str):
        return str(value)
    if isinstance(value, int) and value < 0:
        return value + 2 ** (32 if value >= -(2**31) else 64)
    return [str(item) for item in value] if isinstance(value, list) else value


def join(table: list[Row], rows: Iterable[Row]) -> None:
    """Lay rows over those that other probes told of the same instances; add what is new."""
    taken: set[int] = set()
    for index, row in enumerate(rows):
        same = (
            at
            for at, known in enumerate(table)
            if at not in taken
            and all(known[column] == row[column] for column in known.keys() & row.keys())
            and (known.keys() & row.keys() or at == index)
        )
        found = next(same, None)
        if found is None:
            table.append(dict(row))
            found = len(table) - 1
        else:
            table[found] |= row
        taken.add(found)


def satisfying(where: str | None, row: Row) -> Row:
    """Return a row with the columns that its probe's filter asks for and does not tell.

    Raises:
        WinsimError: Nothing that is known to be in such a column lets the filter select the row.
    """
    if not where:
        return row
    try:
        selects = compile_filter(where)
    except WqlError as error:
        raise WinsimError(f"the filter {where!r} cannot be read: {error}") from error
    guesses: dict[str, list[Any]] = {}
    for column, sign, literal, _ in _COMPARED.findall(where):
        if column.lower() not in {known.lower() for known in row}:
            guesses.setdefault(column, [None, "recorded"]).extend(_guesses(sign, literal))
    choices = itertools.islice(itertools.product(*guesses.values()), _MOST_GUESSES)
    for choice in choices:
        added = {c: v for c, v in zip(guesses, choice, strict=True) if v is not None}
        with suppress(WqlError):  # such as a text where the filter compares numbers
            if selects({**row, **added}):
                return {**row, **added}
    raise WinsimError(
        f"no row can be made that the filter {where!r} selects; read its columns as well"
    )


def _guesses(sign: str, literal: str) -> list[Any]:
    if not sign:
        return []
    if literal.startswith("'"):
        text = literal[1:-1].replace("\\\\", "\\")
        return [text.replace("%", "").replace("_", "x"), f"{text}x"]
    if literal.lower() in {"true", "false"}:
        return [literal.lower() == "true", literal.lower() != "true"]
    number = int(literal)
    return [number, number + 1, number - 1]


def services(rows: Sequence[Row]) -> dict[str, Row] | None:
    """Return services, or None when a row tells what a service of the model does not have."""
    names = {"DisplayName": "display", "StartName": "account", "PathName": "path"}
    found: dict[str, Row] = {}
    for row in rows:
        start, state = row.get("StartMode", "Auto"), row.get("State", "Running")
        ended = row.get("ExitCode", 0)
        texts = {column: value for column, value in row.items() if column != "ExitCode"}
        told = all(isinstance(value, str) and value for value in texts.values())
        known = {*names, "Name", "State", "StartMode"} >= set(texts) and isinstance(ended, int)
        if not told or not known or "Name" not in row:
            return None
        if start not in _START or state not in _STATES or row["Name"] in found:
            return None
        more = {ours: row[theirs] for theirs, ours in names.items() if theirs in row}
        if state == "Stopped" and ended > 0 and ended != _NOT_STARTED:
            more["fails"] = ended
        found[row["Name"]] = {"display": row["Name"], **more, "start": start, "state": state}
    return found


def processes(rows: Sequence[Row]) -> list[str] | None:
    """Return names, or None when a row tells more of a process than its name."""
    named = all(set(row) == {"Name"} and row["Name"] and _is_text(row["Name"]) for row in rows)
    return [row["Name"] for row in rows] if named else None


def without_folders(found: Mapping[str, Row]) -> dict[str, Row]:
    """Return files without what is a folder, since another one is in it."""
    paths = [path.lower() for path in found]
    folders = {path for path in paths if any(p.startswith(f"{path}\\") for p in paths)}
    return {path: about for path, about in found.items() if path.lower() not in folders}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


class Shapes:
    """Makes parts of a machine of what probes told.

    Args:
        redactor: Replaces what is personal.
        at: When the facts were read; with it, recent times follow the clock.
    """

    def __init__(self, redactor: Redactor, at: datetime | None) -> None:
        self._redactor, self._at = redactor, at

    def row(self, name: str, row: Row) -> Row:
        """Return a row as it may be shown."""
        shown = {}
        for column, value in row.items():
            meaning = MEANING.get((name.lower(), column.lower()), column)
            shown[column] = self.time(self._redactor.value(meaning, value))
        return shown

    def time(self, value: Any) -> Any:
        """Return a recent moment as one that follows the clock; anything else as it is."""
        if self._at is None or not isinstance(value, str) or not _MOMENT.fullmatch(value):
            return value
        span = self._at.astimezone(UTC) - datetime.fromisoformat(value)
        if abs(span) > _RECENT:
            return value
        seconds = int(span.total_seconds())
        if not seconds:
            return "now"
        size, unit = next(pair for pair in _UNITS if seconds % pair[0] == 0)
        return f"now {'-' if seconds > 0 else '+'} {abs(seconds) // size}{unit}"

    def event(self, key: tuple[str, int], row: Row, users: Sequence[Mapping[str, str]]) -> Row:
        """Return one record of a log."""
        sids = {"system": "S-1-5-18", "service": "S-1-5-19", "user": users[0]["sid"]}
        event = {
            "log": key[0],
            "provider": row["provider"],
            "id": row["event_id"],
            "at": self.time(row["time"]),
        }
        if isinstance(row.get("level"), int):
            event["level"] = row["level"]
        if str(row.get("account")) in sids:
            event["sid"] = sids[str(row["account"])]
        data = {k: v for k, v in row["data"].items() if v is not None}
        data = {k: str(self._redactor.value(k, v)) for k, v in data.items()}
        if data and all(field.isdecimal() for field in data):
            last = max(int(field) for field in data)
            event["data"] = [data.get(str(index), "") for index in range(last + 1)]
        elif data:
            event["data"] = data
        return event

    def file_entries(
        self, files: Mapping[str, Row], users: Sequence[Mapping[str, str]]
    ) -> Iterator[tuple[str, Row]]:
        """Yield files by path; a folder is there because something is in it."""
        for key, known in files.items():
            number, _, path = key.partition("|")
            path = self._redactor.text(path)
            if number:
                index = int(number) - 1
                own = rf"C:\Users\{ACCOUNT['name']}"
                folder = users[index]["folder"] if index < len(users) else own
                path = rf"{folder}\{path}"
            if known and all(value is None for value in known.values()):
                # A folder has none of these; it is there because something is in it.
                yield rf"{path}\recorded.tmp", {"size": 0}
                continue
            about = {
                "size": known.get("size_bytes"),
                "modified": self.time(known.get("modified_at")),
                "version": known.get("version"),
                "signer": known.get("signer"),
            }
            yield path, {k: v for k, v in about.items() if v is not None}

    def restore_points(self, rows: Sequence[Row]) -> list[Row] | None:
        """Return restore points, or None when a row tells what a point of the model does not have."""
        points: list[Row] = []
        for row in rows:
            made, number = _dmtf(row.get("CreationTime")), row.get("SequenceNumber", len(points))
            whole = isinstance(number, int) and not isinstance(number, bool) and number >= 0
            if made is None or not whole or not set(row) <= _POINT:
                return None
            if row.get("RestorePointType", _SETTINGS_CHANGED) != _SETTINGS_CHANGED:
                return None
            point = {
                "number": number,
                "made": self.time(made.strftime("%Y-%m-%dT%H:%M:%SZ")),
                "description": self._redactor.text(str(row.get("Description") or "Recorded")),
            }
            points.append(point)
        return points


def _dmtf(told: Any) -> datetime | None:
    """Return the moment of a text such as `20261005070000.000000-000`, to the second and in UTC."""
    if not isinstance(told, str) or not _DMTF.fullmatch(told):
        return None
    with suppress(ValueError):
        return datetime.strptime(f"{told[:14]}Z", "%Y%m%d%H%M%S%z")
    return None
