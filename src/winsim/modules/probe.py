"""`fleet_probe`: declared facts, read in one round trip; answers as its PowerShell does."""

from __future__ import annotations

import hashlib
import hmac
import ntpath
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from winsim.host import Host
from winsim.installers import signer_of
from winsim.membership import member_rows
from winsim.model.cim import CIMV2, TIMED_OUT, CimError
from winsim.model.events import LogMissingError
from winsim.model.names import ADMINISTRATORS
from winsim.model.wql import WqlError
from winsim.modules.call import Call, Model, Option, Result
from winsim.modules.guard import refusal
from winsim.modules.markers import marker_rows
from winsim.moments import is_moment, resolve, utc_text

Probe = Mapping[str, Any]
Row = dict[str, Any]

_SAFE_INTEGER = 2**53 - 1
LIMIT_PASSED = "ProbeLimitPassed"
_INVALID_QUERY = "HRESULT 0x80041017"
# As the module sorts the identifiers of Windows' errors into kinds.
_KINDS = (
    (
        "not_found",
        re.compile(r"0x(80041002|8004100e|80041010)|mi result [356]$|nomatchinglogsfound"),
    ),
    (
        "access_denied",
        re.compile(
            r"0x(80041003|80070005)|mi result 2$|error 5$|unauthorizedaccess|securityexception|loginfo"
        ),
    ),
    (
        "timeout",
        re.compile(r"0x(0*40004|80041069|80338029|800705b4)|timeoutexception|probelimitpassed"),
    ),
    ("unsupported", re.compile(r"0x(8004100c|80041024)|mi result 7$|notsupported|commandnotfound")),
)
_FOLDERS = ("%programfiles%", "%programfiles(x86)%", "%programdata%", "%systemroot%")
_PERSON = re.compile(r"S-1-(5-21|12-1)-[0-9-]+")
_VERSION_PARTS = 4
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){1,3}")


def fleet_probe(call: Call) -> Result:
    """Return rows or an error for each probe; one probe's failure is no other's."""
    elapsed, facts = 0, {}
    for probe in call.params["probes"]:
        left = call.params["deadline_seconds"] - elapsed
        allowed = min(probe["timeout_seconds"], left)
        answer, seconds = _answer(call.host, probe, allowed, key=call.params["account_key"])
        elapsed += seconds
        facts[probe["id"]] = {**answer, "ms": 1000 * seconds + 1}
    return {"collected_at": utc_text(call.host.clock.now()), "facts": facts}


def _answer(
    host: Host, probe: Probe, allowed: int, *, key: str | None
) -> tuple[dict[str, Any], int]:
    """Return a probe's rows or error, and how many seconds it took."""
    refused = refusal(probe)
    if refused:
        return {"error": {"kind": "refused", "message": refused}}, 0
    if allowed < 1:
        return {"error": {"kind": "timeout", "message": "DeadlinePassed"}}, 0
    seconds = 0
    if probe["kind"] == "cim":
        seconds = host.cim.seconds(probe["namespace"], probe["class"])
    if seconds > allowed:
        return _failed(TIMED_OUT), allowed
    try:
        if probe["kind"] == "event_log":
            rows = _event_log(host, probe, key)
        else:
            rows = _READERS[probe["kind"]](host, probe)
        each = host.slow.get(probe["kind"], 0)
        if each * _steps(probe, rows) > allowed:
            # Seen after the step in which the limit passed.
            return _failed(LIMIT_PASSED), (allowed // each + 1) * each
        return {"rows": rows}, seconds + each * _steps(probe, rows)
    except (CimError, LogMissingError) as error:
        return _failed(str(error)), seconds
    except WqlError:
        return _failed(_INVALID_QUERY), seconds


def _steps(probe: Probe, rows: list[Row]) -> int:
    """Return how many times the module looks at its watch: after each value, event or file."""
    match probe["kind"]:
        case "registry":
            return len(rows) * len(probe["values"] or [])
        case "event_log" | "file":
            return len(rows)
    return 0


def _failed(identifier: str) -> dict[str, Any]:
    lowered = identifier.lower()
    kind = next((kind for kind, pattern in _KINDS if pattern.search(lowered)), "failed")
    return {"error": {"kind": kind, "message": identifier}}


def _cim(host: Host, probe: Probe) -> list[Row]:
    namespace, name, associated = probe["namespace"], probe["class"], probe["associated"]
    rows = []
    for instance in host.cim.rows(namespace, name, where=probe["filter"]):
        row = {c: _value(_column(instance, c), host) for c in probe["properties"] or []}
        if associated:
            linked = host.cim.associated(namespace, name, instance, associated["class"]) or {}
            row |= {c: _value(_column(linked, c), host) for c in associated["properties"]}
        rows.append(row)
    return rows


def _registry(host: Host, probe: Probe) -> list[Row]:
    if probe["each_user"]:
        return _user_registry(host, probe)
    rows = []
    for key in probe["keys"] or []:
        if probe["subkeys"]:
            found = [f"{key}\\{name}" for name in host.registry.subkeys(key)]
        else:
            found = [key] if host.registry.exists(key) else []
        for path in found:
            names = probe["values"] or []
            values = {name: _data(host, path, name) for name in names}
            rows.append({"key": path, **values})
    return rows


def _user_registry(host: Host, probe: Probe) -> list[Row]:
    """Return the programs that the probe names of those that people installed for themselves."""
    rows = []
    for number, sid in enumerate(sorted(host.registry.hives()), start=1):
        for key in probe["keys"] or []:
            place = f"HKU\\{sid}\\{key}"
            for name in host.registry.subkeys(place):
                program = str(_data(host, f"{place}\\{name}", "DisplayName") or "").lower()
                if not any(program.startswith(known.lower()) for known in probe["names"] or []):
                    continue
                values = {v: _data(host, f"{place}\\{name}", v) for v in probe["values"] or []}
                rows.append({"user": number, **values})
    return rows


def _data(host: Host, path: str, name: str) -> Any:
    """Return a value's data as Windows' registry provider gives it: with variables in the place."""
    value = host.registry.value(path, name)
    if value is None:
        return None
    return (
        host.expand(str(value.data)) if value.type == "expandstring" else _value(value.data, host)
    )


def _log_start(host: Host, probe: Probe) -> list[Row]:
    now = host.clock.now()
    found = [
        (resolve(event.at, now), event.record_id) for event in host.events.records(probe["log"])
    ]
    at, number = min(((at, number) for at, number in found if at <= now), default=(None, None))
    oldest = None if at is None else utc_text(at)
    return [{"log": probe["log"], "oldest_at": oldest, "oldest_record_id": number}]


def _event_log(host: Host, probe: Probe, key: str | None) -> list[Row]:
    since = probe["since"]
    found = [
        pair
        for provider in probe["providers"]
        for pair in host.events.find(
            probe["log"],
            provider=provider,
            ids=probe["ids"],
            since=datetime.fromisoformat(str(since)) if since else None,
            now=host.clock.now(),
        )[: probe["max"]]
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
            "data": {name: event.field(name) for name in probe["fields"] or []},
            **({"account_digest": _digest(event.sid, key)} if probe["digest_account"] else {}),
        }
        for at, event in newest[: probe["max"]]
    ]


def _file(host: Host, probe: Probe) -> list[Row]:
    rows = []
    for path in probe["paths"] or []:
        if not probe["each_profile"]:
            found = _newest_version(host, _expanded(host, path))
            rows.append(_file_row(host, probe, path, found, None))
            continue
        for number, folder in enumerate(host.profile_folders(), start=1):
            rows.append(_file_row(host, probe, path, f"{folder}\\{path}", number))
    return rows


def _newest_version(host: Host, path: str) -> str:
    """Return a path whose `<version>` is the newest folder that holds the file; empty if none does."""
    before, _, after = path.partition("\\<version>\\")
    if not after:
        return path
    children = [folder for folder in host.files.folders(before) if ntpath.dirname(folder) == before]
    named = [name for folder in children if _VERSION.fullmatch(name := ntpath.basename(folder))]
    newest = sorted(named, key=lambda name: [int(part) for part in name.split(".")], reverse=True)
    paths = (f"{before}\\{name}\\{after}" for name in newest)
    return next((path for path in paths if host.files.exists(path)), "")


def _file_row(host: Host, probe: Probe, declared: str, path: str, number: int | None) -> Row:
    file = host.files.get(path)
    known = {
        "size_bytes": file.size if file else None,
        "modified_at": utc_text(resolve(file.modified, host.clock.now())) if file else None,
        "version": _version(file.version) if file else None,
        "signer": signer_of(file) if file else None,
    }
    asked = {name: known.get(name) for name in probe["properties"] or []}
    return {"path": declared, "profile": number, "exists": host.files.exists(path), **asked}


def _version(text: str | None) -> str | None:
    """Return a version as its four numbers; None when Windows would have none to tell."""
    parts = [part for part in (text or "").split(".") if part.isdecimal()][:_VERSION_PARTS]
    whole = parts + ["0"] * (_VERSION_PARTS - len(parts))
    return ".".join(whole) if re.search("[1-9]", ".".join(whole)) else None


def _expanded(host: Host, path: str) -> str:
    # Of all variables, the module knows these four.
    return host.expand(path) if path.lower().startswith(_FOLDERS) else path


def _account(sid: str | None) -> str | None:
    if sid == "S-1-5-18":
        return "system"
    if sid in {"S-1-5-19", "S-1-5-20"}:
        return "service"
    return "user" if sid and _PERSON.match(sid) else None


def _digest(sid: str | None, key: str | None) -> str | None:
    """Return the keyed digest of a person's SID, None without a key or for no person."""
    if not key or not sid or _account(sid) != "user":
        return None
    return hmac.new(key.encode(), sid.encode(), hashlib.sha256).hexdigest()


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


def _accounts(host: Host, probe: Probe) -> list[Row]:
    """Return how many accounts and administrators there are of each kind."""
    del probe
    rows: dict[str, Row] = {}
    local = host.cim.rows(CIMV2, "Win32_UserAccount", where="LocalAccount = TRUE")
    sids = {row["SID"] for row in local}
    for row in local:
        count = _count(rows, _account_class(row["SID"], local=True))
        count["accounts"] += 1
        count["enabled"] += not row["Disabled"]
    administrators = f"LocalAccount = TRUE AND SID = '{ADMINISTRATORS}'"
    if host.cim.rows(CIMV2, "Win32_Group", where=administrators):
        for member in member_rows(host, ADMINISTRATORS):
            count = _count(rows, _account_class(member["SID"], local=member["SID"] in sids))
            count["administrators"] += not member.get("Disabled")
    return list(rows.values())


def _count(rows: dict[str, Row], name: str) -> Row:
    fresh = {"class": name, "accounts": 0, "enabled": 0, "administrators": 0}
    return rows.setdefault(name, fresh)


def _account_class(sid: str, *, local: bool) -> str:
    if sid.startswith("S-1-12-1-"):
        return "cloud"
    if not sid.startswith("S-1-5-21-"):
        return "windows"
    if not local:
        return "domain"
    number = sid.rpartition("-")[2]
    special = {"500": "built_in_administrator", "501": "guest"}
    return special.get(number) or ("windows" if re.fullmatch("50[0-9]", number) else "local")


_READERS: Mapping[str, Callable[[Host, Probe], list[Row]]] = {
    "accounts": _accounts,
    "cim": _cim,
    "registry": _registry,
    "file": _file,
    "log_start": _log_start,
    "marker": marker_rows,
}

_ASSOCIATED = {
    "class": Option(required=True),
    "properties": Option("list", elements="str", required=True),
}
_PROBE = {
    "associated": Option("dict", options=_ASSOCIATED),
    "class": Option(),
    "digest_account": Option("bool", default=False),
    "each_profile": Option("bool", default=False),
    "each_user": Option("bool", default=False),
    "fields": Option("list", elements="str"),
    "filter": Option(),
    "id": Option(required=True),
    "ids": Option("list", elements="int"),
    "keys": Option("list", elements="str"),
    "kind": Option(required=True),
    "log": Option(),
    "markers": Option("list", elements="str"),
    "max": Option("int", default=50),
    "names": Option("list", elements="str"),
    "namespace": Option(),
    "paths": Option("list", elements="str"),
    "properties": Option("list", elements="str"),
    "providers": Option("list", elements="str"),
    "since": Option("raw"),
    "subkeys": Option("bool", default=False),
    "timeout_seconds": Option("int", default=20),
    "values": Option("list", elements="str"),
}
FLEET_PROBE = Model(
    fleet_probe,
    {
        "account_key": Option(),
        "deadline_seconds": Option("int", default=240),
        "probes": Option("list", elements="dict", required=True, options=_PROBE),
    },
)
