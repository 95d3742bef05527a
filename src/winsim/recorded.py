"""From facts to a machine's description: the world in which the same probes find the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from winsim.model.cim import CIMV2, DEFENDER, ERRORS, INVALID_NAMESPACE
from winsim.profiles.checks import Place, SchemaError
from winsim.recorded_accounts import accounts_of, group_of
from winsim.recorded_markers import marker_files
from winsim.recorded_rows import (
    ACCOUNT,
    MEANING,
    Row,
    Shapes,
    data,
    join,
    processes,
    satisfying,
    services,
    without_folders,
)
from winsim.redaction import Redactor, computer_name

Probe = Mapping[str, Any]
Results = Mapping[str, Mapping[str, Any]]

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "accounts": (),
    "cim": ("namespace", "class", "properties"),
    "earlier": (),
    "event_log": ("log", "providers", "ids"),
    "file": ("paths",),
    "log_start": ("log",),
    "marker": ("paths", "markers"),
    "registry": ("keys",),
    "server": (),
}
# A server or an archive was asked, not the PC.
_ELSEWHERE = {"earlier", "server"}
# Errors that say nothing of the PC: the probe was not made.
_NOT_ASKED = {"DeadlinePassed", "MalformedAnswer", "NotReturned"}
_SLOW_MS = 5_000
_FOLDERS = {
    "%programdata%": r"C:\ProgramData",
    "%programfiles%": r"C:\Program Files",
    "%programfiles(x86)%": r"C:\Program Files (x86)",
    "%systemroot%": r"C:\Windows",
}
_SERVICE, _PROCESS = (CIMV2, "Win32_Service"), (CIMV2, "Win32_Process")
_RESTORE = ("root/default", "SystemRestore")
# Namespaces that every simulated PC has.
_ALWAYS = {CIMV2, "root/default", DEFENDER}


@dataclass(frozen=True)
class Recorded:
    """What facts amount to.

    Attributes:
        machine: The machine's description.
        canaries: Its pseudonyms, which may not leak either.
        unread: The probes that told nothing of the PC, by id.
    """

    machine: Mapping[str, Any]
    canaries: Sequence[str]
    unread: Sequence[str]


def check_probe(value: Any, place: Place) -> None:
    """Check that a file says what a probe reads; what is there for others is not looked at."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise SchemaError(place, "no id", "a probe with id, kind and what it reads")
    kind = str(value.get("kind"))
    if kind not in _NEEDED:
        raise SchemaError((*place, "kind"), value.get("kind"), ", ".join(_NEEDED))
    for key in _NEEDED[kind]:
        if not value.get(key):
            raise SchemaError(place, f"no {key}", f"{', '.join(_NEEDED[kind])} for {kind}")


def machine_of(
    results: Results,
    probes: Mapping[str, Probe],
    redactor: Redactor,
    *,
    at: datetime | None,
    name: str,
) -> Recorded:
    """Return a machine's description, and what may not leak of it.

    Args:
        results: Rows or an error, by probe.
        probes: What each probe reads.
        redactor: Replaces what is personal.
        at: When the facts were read; with it, recent times follow the clock.
        name: The machine's new name.

    Raises:
        WinsimError: A probe's filter is one that no row can be made for.
    """
    results = {
        probe_id: result
        for probe_id, result in results.items()
        if probes[probe_id]["kind"] not in _ELSEWHERE
    }
    for probe_id, result in results.items():
        redactor.learn(_meant(probes[probe_id], row) for row in result.get("rows") or [])
    told = _Told(redactor, at)
    for probe_id in sorted(results):
        told.add(probes[probe_id], results[probe_id])
    return told.machine(name)


def _meant(probe: Probe, row: Mapping[str, Any]) -> Row:
    kind = str(probe.get("class", "")).lower()
    return {MEANING.get((kind, column.lower()), column): value for column, value in row.items()}


class _Told:
    """What the probes told so far."""

    def __init__(self, redactor: Redactor, at: datetime | None) -> None:
        self._redactor, self._shapes = redactor, Shapes(redactor, at)
        self._classes: dict[tuple[str, str], list[Row]] = {}
        self._errors: dict[tuple[str, str], str] = {}
        self._spelt: dict[tuple[str, str], tuple[str, str]] = {}
        self._seconds: dict[tuple[str, str], int] = {}
        self._registry: dict[str, dict[str, Any]] = {}
        self._events: dict[tuple[str, int], Row] = {}
        self._starts: dict[tuple[str, int], Row] = {}
        self._missing: list[str] = []
        self._files: dict[str, Row] = {}
        self._marked: dict[str, Row] = {}
        self._accounts: list[Row] = []
        self._programs: list[tuple[int, str, Row]] = []
        self._profiles = 0
        self._unread: list[str] = []

    def add(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in what one probe told."""
        error = result.get("error")
        if error is None:
            _READERS[str(probe["kind"])](self, probe, result)
        elif error["kind"] == "refused" or error["message"] in _NOT_ASKED:
            self._unread.append(str(probe["id"]))
        elif probe["kind"] == "cim":
            self._errors[self._class(probe)] = _error(error)
        elif probe["kind"] in {"event_log", "log_start"} and error["kind"] == "not_found":
            self._missing.append(str(probe["log"]))
        else:
            self._unread.append(str(probe["id"]))

    def _class(self, probe: Probe) -> tuple[str, str]:
        """Return namespace and class as they were first spelt: Windows does not tell case apart."""
        namespace, name = str(probe["namespace"]), str(probe["class"])
        namespace = CIMV2 if namespace.lower() == CIMV2 else namespace
        return self._spelt.setdefault((namespace.lower(), name.lower()), (namespace, name))

    def cim(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in the rows of a class, and of the class that belongs to it."""
        rows, linked = [], []
        associated = probe.get("associated") or {}
        own, theirs = probe["properties"], associated.get("properties") or []
        for row in result["rows"]:
            kept = {column: row[column] for column in own if row.get(column) is not None}
            rows.append(satisfying(probe.get("filter"), kept))
            there = {column: row[column] for column in theirs if row.get(column) is not None}
            if there and "DeviceId" in kept:
                linked.append({"DeviceId": kept["DeviceId"], **there})
        place = self._class(probe)
        join(self._classes.setdefault(place, []), rows)
        if linked:
            target = (place[0], str(associated["class"]))
            join(self._classes.setdefault(target, []), linked)
        slow = int(result.get("ms") or 0)
        if slow >= _SLOW_MS:
            self._seconds[place] = max(self._seconds.get(place, 0), slow // 1000)

    def accounts(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in how many accounts there are of each kind."""
        del probe
        self._accounts = list(result["rows"])

    def registry(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in keys and their values."""
        if probe.get("each_user"):
            for row in result["rows"]:
                told = {name: row[name] for name in probe["values"] if row.get(name) is not None}
                self._programs.append((int(row["user"]), str(probe["keys"][0]), told))
                self._profiles = max(self._profiles, int(row["user"]) + 1)
            return
        for row in result["rows"]:
            key = self._redactor.text(str(row["key"]))
            values = self._registry.setdefault(key, {})
            for name in probe.get("values") or []:
                if row.get(name) is not None:
                    values[name] = data(self._redactor.value(name, row[name]))

    def event_log(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in records; two probes may tell of the same one."""
        for row in result["rows"]:
            known = self._events.setdefault((str(probe["log"]), int(row["record_id"])), {**row})
            known["data"] = {**(known.get("data") or {}), **(row.get("data") or {})}

    def log_start(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in the oldest record of a log; of one that no other probe told, only the time is known."""
        for row in result["rows"]:
            if isinstance(row.get("oldest_record_id"), int) and row.get("oldest_at"):
                about = {"provider": "Unknown", "event_id": 0, "time": row["oldest_at"], "data": {}}
                self._starts[str(probe["log"]), row["oldest_record_id"]] = about

    def file(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in files, of programs and of profiles."""
        for row in result["rows"]:
            number = row.get("profile")
            self._profiles = max(self._profiles, number or 0)
            if not row.get("exists"):
                continue
            path = str(row["path"])
            if number is None:
                variable = re.match("%[^%]+%", path.lower())
                if variable:
                    path = _FOLDERS[variable[0]] + path[variable.end() :]
                path = path.replace("<version>", "1.0")  # which one it was is not told
            known = self._files.setdefault(f"{number or ''}|{path}", {})
            known.update({k: row.get(k) for k in probe.get("properties") or []})

    def marker(self, probe: Probe, result: Mapping[str, Any]) -> None:
        """Take in what the lines of settings and logs told; two probes may tell of the same ones."""
        del probe
        for row in result["rows"]:
            self._profiles = max(self._profiles, row["profile"])
            same = [str(row.get(column)) for column in ("profile", "folder", "marker", "word")]
            self._marked.setdefault("|".join(same), {}).update(row)

    def machine(self, name: str) -> Recorded:
        """Return the description, and what may not leak."""
        authority = self._redactor.authority()
        # The account that comes in has a profile too, as the host model gives it one.
        people = [self._redactor.person(n) for n in range(1, max(self._profiles, 2))]
        users: list[dict[str, Any]] = [
            {"sid": f"{authority}-{1000 + number}", "folder": rf"C:\Users\{person}"}
            for number, person in enumerate(people, start=1)
        ]
        self._install(users)
        told: dict[str, Any] = {
            "values": "recorded",
            "computer_name": computer_name(name),
            "accounts": [ACCOUNT],
            "users": users,
        }
        parts = self._parts(users)
        if self._accounts:
            found = accounts_of(self._accounts, authority)
            parts["cim"].setdefault(CIMV2, {})["Win32_UserAccount"] = found["rows"]
            parts["groups"] = group_of(found["members"])
        told |= {key: part for key, part in parts.items() if part}
        canaries = [*people, *(user["sid"] for user in users)]
        product = parts["cim"].get("root/cimv2", {}).get("Win32_ComputerSystemProduct")
        if isinstance(product, list):
            canaries += [str(row["UUID"]) for row in product if row.get("UUID")]
        for values in self._registry.values():
            canaries += [str(v) for k, v in values.items() if k.lower() == "machineguid"]
        return Recorded(told, canaries, self._unread)

    def _install(self, users: Sequence[dict[str, Any]]) -> None:
        """Let people who are logged on have the programs that were told of theirs."""
        last = max((number for number, _, _ in self._programs), default=0)
        for user in users[:last]:
            user["logged_in"] = True
        for index, (number, key, values) in enumerate(self._programs, start=1):
            place = f"HKU\\{users[number - 1]['sid']}\\{key}\\recorded_{index}"
            self._registry[place] = {name: data(value) for name, value in values.items()}

    def _parts(self, users: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        classes = {
            place: [self._shapes.row(place[1], row) for row in rows]
            for place, rows in sorted(self._classes.items())
        }
        parts = {
            "services": services(classes.get(_SERVICE, [])),
            "processes": processes(classes.get(_PROCESS, [])),
            "restore_points": self._shapes.restore_points(classes.get(_RESTORE, [])),
        }
        folders = [*(user["folder"] for user in users), rf"C:\Users\{ACCOUNT['name']}"]
        marked = marker_files(self._marked.values(), folders, time=self._shapes.time)
        # What has lines is no folder, even where nobody told its size.
        inside = tuple(f"{path.lower()}\\" for path in marked)
        files = {
            path: about
            for path, about in self._shapes.file_entries(self._files, users)
            if not path.lower().startswith(inside)
        }
        # What the host model works out from its parts need not be declared beside them.
        for place, part in zip((_SERVICE, _PROCESS, _RESTORE), parts.values(), strict=True):
            if part is not None:
                classes.pop(place, None)
        return {
            "cim": self._namespaces(classes),
            "registry": self._registry,
            **parts,
            "files": without_folders(
                files | {path: {**files.get(path, {}), **marked[path]} for path in marked}
            ),
            "events": [
                self._shapes.event(key, row, users)
                for key, row in sorted({**self._starts, **self._events}.items())
            ],
            "missing_logs": sorted(set(self._missing)),
        }

    def _namespaces(self, classes: Mapping[tuple[str, str], list[Row]]) -> dict[str, Any]:
        out: dict[str, dict[str, Any]] = {}
        for place, rows in classes.items():
            shown: Any = rows
            if place in self._seconds:
                shown = {"seconds": self._seconds[place], "rows": rows}
            out.setdefault(place[0], {})[place[1]] = shown
        for place, error in sorted(self._errors.items()):
            namespace, name = place
            if error != INVALID_NAMESPACE:
                out.setdefault(namespace, {}).setdefault(name, {"error": error})
            elif namespace.lower() in _ALWAYS:
                out.setdefault(namespace, {}).setdefault(name, {"error": "not_found"})
            # Any other namespace that is not there is one that nobody describes.
        return out


_READERS: Mapping[str, Callable[[_Told, Probe, Mapping[str, Any]], None]] = {
    "accounts": _Told.accounts,
    "cim": _Told.cim,
    "event_log": _Told.event_log,
    "file": _Told.file,
    "log_start": _Told.log_start,
    "marker": _Told.marker,
    "registry": _Told.registry,
}


def _error(error: Mapping[str, str]) -> str:
    if error["message"].lower() == INVALID_NAMESPACE.lower():
        return INVALID_NAMESPACE
    by_message = {message.lower(): name for name, message in ERRORS.items()}
    kind = error["kind"] if error["kind"] in ERRORS else "failed"
    return by_message.get(error["message"].lower(), kind)
