"""What may stand in the files of a profile set: keys, types and choices, told by name and place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from winsim.model.cim import ERRORS
from winsim.model.registry import TYPES, Registry, type_of
from winsim.model.winrm import CHANNEL_BINDINGS, Quotas
from winsim.profiles.checks import (
    Check,
    Place,
    SchemaError,
    any_text,
    anything,
    flag,
    list_of,
    mapping_of,
    moment,
    number,
    one_of,
    record,
    text,
)
from winsim.timeline import ACTIONS

__all__ = [
    "Check",
    "SchemaError",
    "check_canaries",
    "check_fleet",
    "check_machine",
    "check_spec",
]

_LARGEST_OCTET = 65534
_LONGEST_NAME = 15
_LEVELS = 5


def _data(value: Any, place: Place) -> None:
    """Check what a registry value may hold: data, or `{type, data}`."""
    try:
        if isinstance(value, dict):
            known = {"type": one_of(*TYPES), "data": anything}
            record(known, needed=("type", "data"))(value, place)
            Registry().declare("HKLM", "", value)
        else:
            type_of(value)
    except ValueError as error:
        allowed = "text, a whole number, a list of texts, or type and data"
        raise SchemaError(place, value, allowed) from error


def _class(value: Any, place: Place) -> None:
    """Check a CIM class: rows, an error, rows that take their time, or columns to set."""
    rows = list_of(mapping_of(anything))
    if isinstance(value, dict) and set(value) == {"set"}:
        mapping_of(anything)(value["set"], (*place, "set"))
        return
    if isinstance(value, list):
        rows(value, place)
    elif isinstance(value, dict) and "error" in value:
        if set(value) != {"error"} or value["error"] not in ERRORS:
            raise SchemaError(
                (*place, "error"), value["error"], f"error: {', '.join(sorted(ERRORS))}"
            )
    elif isinstance(value, dict):
        slow = {"seconds": number(), "rows": rows}
        record(slow, needed=("seconds", "rows"))(value, place)
    else:
        raise SchemaError(place, value, "a list of rows, an error, seconds and rows, or set")


def _event_data(value: Any, place: Place) -> None:
    check = list_of(any_text) if isinstance(value, list) else mapping_of(any_text)
    check(value, place)


_START = one_of("Auto", "Delayed", "Manual", "Disabled")
_STATE = one_of("Running", "Stopped", "Paused")
_SERVICE: Mapping[str, Check] = {
    "display": text, "start": _START, "state": _STATE, "path": text, "account": text,
    "description": text,
}  # fmt: skip
_FILE: Mapping[str, Check] = {
    "size": number(), "modified": moment, "version": text, "signer": text, "locked": flag,
}  # fmt: skip
_EVENT: Mapping[str, Check] = {
    "log": text, "provider": text, "id": number(), "level": number(0, _LEVELS), "sid": text,
    "data": _event_data, "binary": text, "at": moment,
}  # fmt: skip
_REGISTRY = mapping_of(mapping_of(_data))
_NAMED_SERVICE = {"name": text, **_SERVICE}
_ACTION_DETAILS: Mapping[str, Check] = {
    "install": text,
    "uninstall": text,
    "power": flag,
    "cim": record(
        {
            "namespace": text,
            "class": text,
            "match": mapping_of(anything),
            "set": mapping_of(anything),
        },
        needed=("namespace", "class", "set"),
    ),
    "event": record(_EVENT, needed=("log", "provider", "id")),
    "file": record({"path": text, **_FILE}, needed=("path",)),
    "remove": text,
    "start": text,
    "stop": text,
    "service": record(_NAMED_SERVICE, needed=("name",)),
    "registry": mapping_of(mapping_of(_data)),
    "restore_point": record({"number": number(), "description": text}, needed=("description",)),
}


def _action(value: Any, place: Place) -> None:
    verbs = [verb for verb in ACTIONS if isinstance(value, dict) and verb in value]
    if len(verbs) != 1:
        found = next(iter(value), "") if isinstance(value, dict) and value else value
        raise SchemaError(place, found, f"one of {', '.join(sorted(ACTIONS))}")
    more: dict[str, Check] = {}
    if verbs[0] in {"install", "uninstall"}:
        more = {"by": one_of("user", "system")}
    if verbs[0] == "uninstall":
        more["ghost"] = flag
    record({verbs[0]: _ACTION_DETAILS[verbs[0]], **more})(value, place)


def _program(value: Any, place: Place) -> None:
    if isinstance(value, dict):
        record({"spec": text, "registered": flag}, needed=("spec",))(value, place)
    else:
        text(value, place)


def _computer_name(value: Any, place: Place) -> None:
    text(value, place)
    if len(value) > _LONGEST_NAME:
        raise SchemaError(place, value, f"at most {_LONGEST_NAME} characters")


_WINRM = record(
    {
        "quotas": record({item.name: number(1) for item in fields(Quotas)}),
        "basic": flag,
        "negotiate": flag,
        "certificate": flag,
        "allow_unencrypted": flag,
        "channel_binding": one_of(*CHANNEL_BINDINGS),
        "certificates": mapping_of(text),
        "lockout_tries": number(),
        "lockout_minutes": number(1),
    }
)


def _pattern(value: Any, place: Place) -> None:
    """Check a declared command; its script is a pattern when it says so."""
    _COMMAND(value, place)
    if value.get("match") == "regex":
        try:
            re.compile(value["script"])
        except re.error as error:
            raise SchemaError((*place, "script"), value["script"], f"a pattern: {error}") from error


_COMMAND = record(
    {
        "script": text,
        "match": one_of("text", "regex"),
        "stdout": any_text,
        "stderr": any_text,
        "rc": number(),
        "changed": flag,
        "output": list_of(anything),
        "result": mapping_of(anything),
        "do": list_of(_action),
        "seconds": number(),
        "never": flag,
    },
    needed=("script",),
)
MACHINE: Mapping[str, Check] = {
    "values": one_of("synthetic", "recorded"),
    "extends": list_of(text),
    "computer_name": _computer_name,
    "accounts": list_of(
        record(
            {
                "name": text,
                "password": text,
                "administrator": flag,
                "enabled": flag,
                "expires": moment,
                "principal": text,
            },
            needed=("name", "password"),
        )
    ),
    "protected": flag,
    "power": flag,
    "winrm": _WINRM,
    "users": list_of(record({"sid": text, "folder": text}, needed=("sid", "folder"))),
    "programs": list_of(_program),
    "processes": list_of(text),
    "commands": list_of(_pattern),
    "cim": mapping_of(mapping_of(_class)),
    "registry": _REGISTRY,
    "services": mapping_of(record(_SERVICE)),
    "files": mapping_of(record(_FILE)),
    "events": list_of(record(_EVENT, needed=("log", "provider", "id", "at"))),
    "missing_logs": list_of(text),
    "restore_points": list_of(
        record(
            {"number": number(), "made": moment, "description": text},
            needed=("number", "made", "description"),
        )
    ),
    "timeline": list_of(record({"at": moment, "do": list_of(_action)}, needed=("at", "do"))),
}
# Lists that a machine may lengthen instead of saying them again.
_LISTS = ("accounts", "commands", "events", "processes", "programs", "restore_points", "users")
check_machine = record({**MACHINE, "add": record({key: MACHINE[key] for key in _LISTS})})
check_fleet = record({"machines": mapping_of(number(1, _LARGEST_OCTET))}, needed=("machines",))
check_canaries = list_of(text)
check_spec = record(
    {
        "display_name": text,
        "kind": one_of("msi", "exe"),
        "file": text,
        "product_code": text,
        "key": text,
        "version": text,
        "publisher": text,
        "view": one_of(64, 32),
        "files": mapping_of(record(_FILE)),
        "services": list_of(record(_NAMED_SERVICE, needed=("name", "display"))),
        "registry": _REGISTRY,
        "processes": list_of(text),
        "security_center": record(
            {
                "displayName": text,
                "instanceGuid": text,
                "productState": number(),
                "pathToSignedProductExe": text,
                "pathToSignedReportingExe": text,
                "timestamp": text,
            },
            needed=("displayName", "instanceGuid", "productState"),
        ),
        "reboot_required": flag,
        "exit_code": number(),
        "size_bytes": number(),
        "silent": flag,
    },
    needed=("display_name", "kind", "file", "version"),
)
