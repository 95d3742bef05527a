"""`winsim record`: a real PC's facts become a simulated machine that answers the same, redacted."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from winsim.errors import WinsimError
from winsim.profiles.checks import SchemaError
from winsim.profiles.reading import read
from winsim.profiles.schema import check_fleet, check_machine
from winsim.profiles.writing import yaml_text
from winsim.recorded import Probe, check_probe, machine_of
from winsim.redaction import Redactor

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# What each row of a kind has; other columns are the probe's own.
_COLUMNS: Mapping[str, Mapping[str, type]] = {
    "accounts": {"class": str, "accounts": int, "enabled": int, "administrators": int},
    "event_log": {"event_id": int, "provider": str, "record_id": int, "time": str},
    "file": {"exists": bool, "path": str},
    "log_start": {"log": str},
    "marker": {"marker": str, "path": str, "profile": int},
    "registry": {"key": str},
    "user_registry": {"user": int},
}
_NAMES = {bool: "true or false", int: "a whole number", str: "a text"}
_ABOUT = """\
Recorded from a PC by `winsim record`: its shapes are real; its names, numbers and addresses are not.
Say here what is strange about it."""
_LEAKS = "Pseudonyms that may stand in no journal, log, store or report."


@dataclass(frozen=True)
class Facts:
    """What was read on a PC: when, and rows or an error by probe."""

    at: datetime | None
    results: Mapping[str, Mapping[str, Any]]


def record(facts: Path, *, probes: Path, name: str, out: Path) -> Path:
    """Write a machine from facts into a profile set, and return its folder.

    Args:
        facts: JSON: `{"collected_at": ..., "facts": {PROBE: {"rows": [...]} | {"error": ...}}}`.
        probes: Folder of YAML files that say what each probe reads.
        name: The machine's new name.
        out: The set's folder; made when it is not there, otherwise the machine joins it.

    Raises:
        WinsimError: The input is not what it should be, or there is such a machine already.
    """
    if not _NAME.fullmatch(name):
        raise WinsimError(f"{name!r} is no name for a machine; use a-z, 0-9 and hyphens")
    folder = out / name
    if folder.exists():
        raise WinsimError(f"{folder} is there already; another name, or remove it first")
    known = _read_probes(probes)
    found = _read_facts(facts, known)
    redactor = Redactor(name)
    recorded = machine_of(found.results, known, redactor, at=found.at, name=name)
    try:
        check_machine(recorded.machine, ())
    except SchemaError as error:
        place = ".".join(str(part) for part in error.place)
        raise WinsimError(
            f"{facts}: the machine's {place} would be {error.found!r}; allowed: {error.allowed}"
        ) from error
    unread = f"\nNot told: {', '.join(recorded.unread)}." if recorded.unread else ""
    text = yaml_text(recorded.machine, comment=_ABOUT + unread)
    _refuse_leaks(text, redactor, facts)
    fleet = _fleet_with(out / "fleet.yml", name)
    try:
        folder.mkdir(parents=True)
        (folder / "machine.yml").write_bytes(text.encode())
        (folder / "must_not_leak.yml").write_bytes(
            yaml_text(recorded.canaries, comment=_LEAKS).encode()
        )
        (out / "fleet.yml").write_bytes(fleet.encode())
    except OSError as error:
        raise WinsimError(f"{error.filename or folder}: {error.strerror}") from error
    return folder


def _read_probes(folder: Path) -> dict[str, Probe]:
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise WinsimError(f"{folder} has no probes; give the folder of their YAML files")
    probes = (read(path, check_probe) for path in paths)
    return {str(probe["id"]): probe for probe in probes}


def _read_facts(path: Path, probes: Mapping[str, Probe]) -> Facts:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WinsimError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise WinsimError(f"{path}: no JSON: {error}") from error
    facts = data.get("facts") if isinstance(data, Mapping) else None
    if not isinstance(facts, Mapping) or not facts:
        raise _wrong(path, "facts", _kind(data if facts is None else facts), "results by probe")
    for probe, result in facts.items():
        if probe not in probes:
            raise _wrong(path, f"facts.{probe}", "a probe that nobody defined", ", ".join(probes))
        kind = str(probes[probe]["kind"])
        if kind == "registry" and probes[probe].get("each_user"):
            kind = "user_registry"
        _check_result(path, f"facts.{probe}", result, kind)
    told = data.get("collected_at") or data.get("at")
    if told is None:
        return Facts(None, facts)
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _wrong(path, "collected_at", str(told), "a moment such as 2026-10-05T07:00:00Z")
    return Facts(at, facts)


def _check_result(path: Path, key: str, result: Any, kind: str) -> None:
    about = result if isinstance(result, Mapping) else {}
    error, rows = about.get("error"), about.get("rows")
    if error is not None:
        texts = ("kind", "message")
        if not isinstance(error, Mapping) or not all(isinstance(error.get(k), str) for k in texts):
            raise _wrong(path, f"{key}.error", _kind(error), "kind and message, each a text")
    elif not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise _wrong(path, key, _kind(result), "rows (a list of objects), or error")
    else:
        for index, row in enumerate(rows):
            _check_row(path, f"{key}.rows.{index}", row, kind)


def _check_row(path: Path, key: str, row: Mapping[str, Any], kind: str) -> None:
    for column, type_ in _COLUMNS.get(kind, {}).items():
        if not isinstance(row.get(column), type_):
            found = _kind(row.get(column))
            raise _wrong(path, f"{key}.{column}", found, _NAMES[type_])
    for column in ("first_at", "last_at", "modified_at", "oldest_at", "time"):
        told = row.get(column)
        if kind != "cim" and told is not None and not _MOMENT.fullmatch(str(told)):
            raise _wrong(path, f"{key}.{column}", _kind(told), "a moment as 2026-10-05T07:00:00Z")


def _wrong(path: Path, key: str, found: str, allowed: str) -> WinsimError:
    return WinsimError(f"{path}: {key}: found {found}; allowed: {allowed}")


def _kind(value: Any) -> str:
    """Return what a value is, without showing what may be somebody's."""
    if isinstance(value, Mapping):
        return f"the keys {', '.join(sorted(map(str, value))) or '(none)'}"
    names = {bool: "true or false", list: "a list", str: "a text", type(None): "nothing"}
    return names.get(type(value), "a number")


def _refuse_leaks(text: str, redactor: Redactor, source: Path) -> None:
    low = text.lower()
    for secret in redactor.secrets:
        if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", low):
            line = 1 + low[: low.index(secret)].count("\n")
            raise WinsimError(
                f"{source}: a name or number could not be replaced everywhere (line {line} of the "
                "machine it would give); nothing was written"
            )


def _fleet_with(path: Path, name: str) -> str:
    """Return the text of a set's `fleet.yml` with one machine more.

    Raises:
        WinsimError: There is a file, and a line at its end would not do.
    """
    if not path.is_file():
        return f"---\n# Machines recorded from real PCs.\nmachines:\n  {name}: 1\n"
    machines = read(path, check_fleet)["machines"]
    taken = set(machines.values())
    number = next(n for n in itertools.count(1) if n not in taken)
    text = path.read_text(encoding="utf-8").rstrip("\n") + f"\n  {name}: {number}\n"
    try:
        if yaml.safe_load(text) == {"machines": {**machines, name: number}}:
            return text
    except yaml.YAMLError:
        pass
    raise WinsimError(
        f"{path}: machines: write it with one machine a line, so that one can be added"
    )
