"""`fleet_probe`: declared facts, read in one round trip; answers as its PowerShell does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from winsim.host import CIMV2, PROFILE_LIST, Host
from winsim.model.cim import (
    ACCESS_DENIED,
    INVALID_CLASS,
    INVALID_NAMESPACE,
    NOT_SUPPORTED,
    TIMED_OUT,
    CimError,
)
from winsim.model.wql import WqlError
from winsim.moments import is_moment, resolve, utc_text

Probe = Mapping[str, Any]
Row = dict[str, Any]

_SAFE_INTEGER = 2**53 - 1
_KINDS = {
    INVALID_NAMESPACE: "not_found",
    INVALID_CLASS: "not_found",
    ACCESS_DENIED: "access_denied",
    NOT_SUPPORTED: "unsupported",
    TIMED_OUT: "timeout",
}
_FOLDERS = {
    "%programfiles%": r"C:\Program Files",
    "%programfiles(x86)%": r"C:\Program Files (x86)",
    "%programdata%": r"C:\ProgramData",
    "%systemroot%": r"C:\Windows",
}
_PROFILE_FILES = {
    r"appdata\roaming\owncloud\owncloud.cfg",
    r"owncloud\.owncloudsync.log",
    r"owncloud\.sync_journal.db",
}
_PERSON = re.compile(r"S-1-(5-21|12-1)-[0-9-]+")


def fleet_probe(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return rows or an error for each probe."""
    facts = {probe["id"]: _result(host, probe) for probe in arguments["probes"]}
    return {"changed": False, "collected_at": utc_text(host.clock.now()), "facts": facts}


def _result(host: Host, probe: Probe) -> dict[str, Any]:
    reader = _READERS.get(probe["kind"])
    if reader is None:
        return _error("refused", "UnknownKind")
    try:
        return {"rows": reader(host, probe), "ms": 1}
    except CimError as error:
        return _error(_KINDS.get(str(error), "failed"), str(error))
    except WqlError:
        return _error("failed", "HRESULT 0x80041017")
    except PermissionError as error:
        return _error("refused", str(error))


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": message}, "ms": 1}


def _cim(host: Host, probe: Probe) -> list[Row]:
    namespace, name = str(probe["namespace"]), str(probe["class"])
    associated = probe.get("associated")
    where = probe.get("filter")
    disks = namespace.lower() == CIMV2 and name.lower() == "win32_logicaldisk"
    if disks:
        kept = [row["DeviceID"] for row in host.cim.rows(namespace, name, where=where)]
        found = [row for row in host.disk_rows() if row["DeviceID"] in kept]
    else:
        found = host.cim.rows(namespace, name, where=where)
    rows = []
    for instance in found:
        row = {column: _value(_column(instance, column), host) for column in probe["properties"]}
        if associated:
            linked = host.cim.associated(namespace, name, instance, associated["class"]) or {}
            for column in associated["properties"]:
                row[column] = _value(_column(linked, column), host)
        rows.append(row)
    return rows


def _registry(host: Host, probe: Probe) -> list[Row]:
    rows = []
    for key in probe["keys"]:
        if probe.get("subkeys"):
            found = [f"{key}\\{name}" for name in host.registry.subkeys(key)]
        else:
            found = [key] if host.registry.exists(key) else []
        for path in found:
            values = {
                name: _value(host.registry.get(path, name), host)
                for name in probe.get("values") or []
            }
            rows.append({"key": path, **values})
    return rows


def _event_log(host: Host, probe: Probe) -> list[Row]:
    since = probe.get("since")
    found = [
        pair
        for provider in probe["providers"]
        for pair in host.events.find(
            probe["log"],
            provider=provider,
            ids=[int(number) for number in probe["ids"]],
            since=datetime.fromisoformat(str(since)) if since else None,
            now=host.clock.now(),
        )
    ]
    newest = sorted(found, key=lambda pair: (pair[0], pair[1].record_id), reverse=True)
    return [
        {
            "record_id": event.record_id,
            "event_id": event.id,
            "time": utc_text(at),
            "level": event.level,
            "provider": event.provider,
            "account": _account(event.sid),
            "data": {name: event.field(name) for name in probe.get("fields") or []},
        }
        for at, event in newest[: int(probe.get("max") or 50)]
    ]


def _file(host: Host, probe: Probe) -> list[Row]:
    rows = []
    for path in probe["paths"]:
        if not probe.get("each_profile"):
            rows.append(_file_row(host, probe, path, _expanded(path), None))
            continue
        if path.lower() not in _PROFILE_FILES:
            raise PermissionError("NotOnProfileList")
        for number, folder in enumerate(_profiles(host), start=1):
            rows.append(_file_row(host, probe, path, f"{folder}\\{path}", number))
    return rows


def _file_row(host: Host, probe: Probe, declared: str, path: str, number: int | None) -> Row:
    file = host.files.get(path)
    names = probe.get("properties") or []
    row: Row = {"path": declared, "profile": number, "exists": host.files.exists(path)}
    known = {
        "size_bytes": file.size if file else None,
        "modified_at": utc_text(resolve(file.modified, host.clock.now())) if file else None,
        "version": file.version if file else None,
        "signer": file.signer if file else None,
    }
    return {**row, **{name: known.get(name) for name in names}}


def _expanded(path: str) -> str:
    start, _, rest = path.partition("\\")
    root = _FOLDERS.get(start.lower())
    full = f"{root}\\{rest}" if root else path
    if not full.lower().startswith(tuple(f"{r.lower()}\\" for r in _FOLDERS.values())):
        raise PermissionError("OutsideRoots")
    return full


def _profiles(host: Host) -> list[str]:
    sids = [sid for sid in host.registry.subkeys(PROFILE_LIST) if _PERSON.fullmatch(sid)]
    return [
        str(host.registry.get(f"{PROFILE_LIST}\\{sid}", "ProfileImagePath")) for sid in sorted(sids)
    ]


def _account(sid: str | None) -> str | None:
    if sid == "S-1-5-18":
        return "system"
    if sid in {"S-1-5-19", "S-1-5-20"}:
        return "service"
    return "user" if sid and _PERSON.match(sid) else None


def _column(row: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in row.items() if key.lower() == name.lower()), None)


def _value(value: Any, host: Host) -> Any:
    if is_moment(value):
        return utc_text(resolve(value, host.clock.now()))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, bytes):
        return None
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)
    if isinstance(value, list):
        return [_value(item, host) for item in value]
    return value if isinstance(value, float) else str(value)


_READERS: Mapping[str, Callable[[Host, Probe], list[Row]]] = {
    "cim": _cim,
    "registry": _registry,
    "event_log": _event_log,
    "file": _file,
}
