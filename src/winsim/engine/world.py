"""A PC as plain data that stand-ins in PowerShell read: what it is now, every moment resolved.

Text begins with `=`, a moment is `@` and its ticks since the year 1, bytes are `#` and hexadecimal:
ConvertFrom-Json must not take a text for a date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from winsim.archives import members_of, parse_program
from winsim.host import Host, Process
from winsim.installers import signer_of
from winsim.membership import member_rows
from winsim.model.cim import CIMV2, CimError
from winsim.model.events import Event
from winsim.model.files import File
from winsim.model.messages import render
from winsim.model.registry import NAMES
from winsim.moments import is_moment, resolve

_TICKS = 10_000_000
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_HIDDEN, _DIRECTORY, _ARCHIVE, _REPARSE = 2, 16, 32, 1024
_VERSION_PARTS = 4
_LARGEST_TEXT = 1 << 20

_LOG_PROVIDER = "Microsoft-Windows-Eventlog"
_LOG_WORDS = "http://manifests.microsoft.com/win/2004/08/windows/eventlog"


def world_of(host: Host) -> dict[str, Any]:
    """Return everything that stand-ins need to know of a PC."""
    now = host.clock.now()
    return {
        "now": ticks(now),
        "computer": f"={host.computer_name}",
        "cim": [_class(host, *pair, now=now) for pair in sorted(host.cim.names())],
        "namespaces": sorted(host.cim.namespaces()),
        "links": [[*pair, column] for pair, column in sorted(host.cim.links().items())],
        "registry": _registry(host),
        "types": {
            key: {
                value.name or "(default)": NAMES[value.type] for value in host.registry.values(key)
            }
            for key in host.registry.snapshot()
        },
        "raw": _unexpanded(host),
        "files": [*_files(host, now=now), *_folders(host, now=now)],
        "drives": sorted({path[:2].upper() for path in _paths(host)}),
        "events": [
            _event(event, host, now=now) for event in host.events if resolve(event.at, now) <= now
        ],
        "services": [
            {
                "name": service.name,
                "state": service.state,
                "needs": list(service.depends_on),
                "fails": service.fails != 0 or service.start == "Disabled",
            }
            for _, service in sorted(host.services.items())
        ],
        "accounts": [
            {"name": f"={user.name}", "sid": sid} for sid, user in sorted(host.people.users.items())
        ],
        "firewall_rules": list(host.firewall_rules),
        "listeners": sorted(host.listeners),
        "archives": _archives(host, now=now),
        "dism": {
            "exit_code": host.component_store.exit_code,
            "hangs": host.component_store.hangs,
        },
        "missing_logs": host.events.missing,
        "protected": [number for process, number in numbered(host) if process.protected],
        "members": {
            sid: [{k: encoded(v, now) for k, v in row.items()} for row in member_rows(host, sid)]
            for sid in host.people.groups
        },
        "slow": {kind: host.slow.get(kind, 0) for kind in ("registry", "event_log", "file")},
        "restore": {
            "protected": host.protected,
            "newest": max((ticks(resolve(p.made, now)) for p in host.restore_points), default=0),
            "number": max((p.number for p in host.restore_points), default=0),
        },
    }


def numbered(host: Host) -> list[tuple[Process, int]]:
    """Return the programs that run, but for those of services, with their numbers."""
    try:
        rows = host.cim.rows(CIMV2, "Win32_Process")
    except CimError:
        return []
    # Those that were named come first, in their order; then those of services.
    return [
        (process, int(row["ProcessId"])) for process, row in zip(host.processes, rows, strict=False)
    ]


def environment_of(host: Host) -> dict[str, str]:
    """Return the variables that scripts read on Windows, and that Unix does not have."""
    names = ("ProgramFiles", "ProgramFiles(x86)", "ProgramData", "SystemRoot", "SystemDrive")
    user = host.accounts[0].name if host.accounts else ""
    own = {
        "COMPUTERNAME": host.computer_name,
        "USERDOMAIN": host.computer_name,
        "USERNAME": user,
    }
    return own | {n: host.expand(f"%{n}%") for n in names}


def ticks(moment: datetime) -> int:
    """Return a moment as .NET counts it: tenths of a microsecond since the year 1."""
    passed = moment.astimezone(UTC) - _FIRST
    return (passed.days * 86400 + passed.seconds) * _TICKS + passed.microseconds * 10


def encoded(value: Any, now: datetime) -> Any:
    """Return a value as the stand-ins take it."""
    if is_moment(value):
        return f"@{ticks(resolve(value, now))}"
    if isinstance(value, bytes):
        return f"#{value.hex()}"
    if isinstance(value, str):
        return f"={value}"
    if isinstance(value, list | tuple):
        return [encoded(item, now) for item in value]
    return value


def _class(host: Host, namespace: str, name: str, *, now: datetime) -> dict[str, Any]:
    about: dict[str, Any] = {"namespace": namespace, "name": name}
    about["seconds"] = host.cim.seconds(namespace, name)
    try:
        rows = host.cim.rows(namespace, name)
    except CimError as error:
        return {**about, "error": str(error)}
    return {**about, "rows": [{k: encoded(v, now) for k, v in row.items()} for row in rows]}


def _registry(host: Host) -> dict[str, dict[str, Any]]:
    now = host.clock.now()
    keys: dict[str, dict[str, Any]] = {}
    for key in host.registry.paths():
        values = {}
        for value in host.registry.values(key):
            data = value.data
            if value.type == "expandstring":
                data = host.expand(str(data))  # as the provider gives it
            values[value.name or "(default)"] = (
                f"={data}" if isinstance(data, str) else encoded(data, now)
            )
        keys[key] = values
    return keys


def _unexpanded(host: Host) -> dict[str, dict[str, str]]:
    """Return the texts with variables in them as they stand in the registry."""
    found = {
        key: {v.name: f"={v.data}" for v in host.registry.values(key) if v.type == "expandstring"}
        for key in host.registry.snapshot()
    }
    return {key: values for key, values in found.items() if values}


def _paths(host: Host) -> list[str]:
    return [*host.files.all_folders(), *(file.path for file in host.files)]


def _files(host: Host, *, now: datetime) -> list[dict[str, Any]]:
    return [_file(file, now) for file in host.files]


def _archives(host: Host, *, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return what each zip file holds, by its path."""
    zips = [file for file in host.files if file.path.lower().endswith(".zip") and file.data]
    members = {file.path: members_of(file.data or b"") for file in zips}
    return {
        path: [
            {**_file(file, now), "hangs": bool((parse_program(file.data) or {}).get("hangs"))}
            for file in found
        ]
        for path, found in members.items()
        if found is not None
    }


def _file(file: File, now: datetime) -> dict[str, Any]:
    return {
        "path": f"={file.path}",
        "size": file.size,
        "modified": f"@{ticks(resolve(file.modified, now))}",
        "attributes": _ARCHIVE | (_HIDDEN if file.hidden else 0),
        "version": _version(file.version),
        "signer": encoded(signer_of(file), now),
        "locked": file.locked,
        "content": _content(file, now),
        "hangs": False,
    }


def _content(file: File, now: datetime) -> str | None:
    """Return what scripts may open; what was copied, such as an installer, is too much."""
    data = file.text(now)
    return None if data is None or len(data) > _LARGEST_TEXT else f"#{data.hex()}"


def _folders(host: Host, *, now: datetime) -> list[dict[str, Any]]:
    stamp = f"@{ticks(now)}"
    junctions = dict(host.files.junctions())
    plain = dict.fromkeys(host.files.all_folders(), _DIRECTORY)
    every = plain | dict.fromkeys(junctions, _DIRECTORY | _REPARSE)
    return [
        {"path": f"={path}", "size": None, "modified": stamp, "attributes": attributes}
        for path, attributes in every.items()
    ]


def _version(text: str | None) -> list[int]:
    parts = [int(part) for part in (text or "").split(".") if part.isdecimal()][:_VERSION_PARTS]
    return parts + [0] * (_VERSION_PARTS - len(parts))


def _event(event: Event, host: Host, *, now: datetime) -> dict[str, Any]:
    message = render(event, host.language)
    return {
        "log": f"={event.log}",
        "provider": f"={event.provider}",
        "id": event.id,
        "record": event.record_id,
        "at": f"@{ticks(resolve(event.at, now))}",
        "level": event.level,
        "sid": None if event.sid is None else f"={event.sid}",
        "message": None if message is None else f"={message}",
        "xml": f"={_xml(event, host.computer_name)}",
    }


def _xml(event: Event, computer: str) -> str:
    """Return an event as Windows writes it out."""
    return (
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
        f"<Provider Name={quoteattr(event.provider)}/><EventID>{event.id}</EventID>"
        f"<Level>{event.level}</Level><EventRecordID>{event.record_id}</EventRecordID>"
        f"<Channel>{escape(event.log)}</Channel><Computer>{escape(computer)}</Computer>"
        f"</System>{_payload(event)}</Event>"
    )


def _payload(event: Event) -> str:
    """Return what an event tells: most name it in `EventData`, the log itself has its own words."""
    named = isinstance(event.data, Mapping)
    pairs = list(event.data.items()) if named else [("", text) for text in event.data]  # type: ignore[union-attr]
    if event.provider == _LOG_PROVIDER:
        told = "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in pairs)
        return f'<UserData><LogFileCleared xmlns="{_LOG_WORDS}">{told}</LogFileCleared></UserData>'
    data = "".join(
        f"<Data{f' Name={quoteattr(name)}' if name else ''}>{escape(str(text))}</Data>"
        for name, text in pairs
    )
    binary = f"<Binary>{event.binary}</Binary>" if event.binary else ""
    return f"<EventData>{data}{binary}</EventData>"
