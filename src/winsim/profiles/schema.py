"""What may stand in the files of a profile set: keys, types and choices, told by name and place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from winsim.installers import STEPS
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
from winsim.profiles.shapes import (
    EVENT,
    FILE,
    NAMED_SERVICE,
    NETWORK,
    NETWORK_ITSELF,
    OWNCLOUD,
    REGISTRY,
    SERVICE,
    TASK,
    WINRM,
    cim_class,
    process,
    registry_data,
    sid,
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
_PORTS = list_of(number(1, 65535))
_SECURITY_ROW: Mapping[str, Check] = {
    "displayName": text,
    "instanceGuid": text,
    "productState": number(),
    "pathToSignedProductExe": text,
    "pathToSignedReportingExe": text,
    "timestamp": text,
}
_SECURITY_PRODUCT = record(_SECURITY_ROW, needed=("displayName", "instanceGuid", "productState"))
_ACTION_DETAILS: Mapping[str, Check] = {
    "install": text,
    "uninstall": text,
    "power": flag,
    "blocked_ports": _PORTS,
    "cim": record(
        {
            "namespace": text,
            "class": text,
            "match": mapping_of(anything),
            "set": mapping_of(anything),
        },
        needed=("namespace", "class", "set"),
    ),
    "event": record(EVENT, needed=("log", "provider", "id")),
    "file": record({"path": text, **FILE}, needed=("path",)),
    "remove": text,
    "start": process,
    "stop": text,
    "service": record(NAMED_SERVICE, needed=("name",)),
    "registry": mapping_of(mapping_of(registry_data)),
    "restore_point": record({"number": number(), "description": text}, needed=("description",)),
    "clear_log": text,
    "log_on": sid,
    "log_off": sid,
    "task": record({"path": text, **TASK}, needed=("path",)),
    "owncloud": record({"sid": sid, **OWNCLOUD}, needed=("sid",)),
    "network": record(NETWORK_ITSELF),
    "restart": one_of(True),
}


def _action(value: Any, place: Place) -> None:
    verbs = [verb for verb in ACTIONS if isinstance(value, dict) and verb in value]
    if len(verbs) != 1:
        found = next(iter(value), "") if isinstance(value, dict) and value else value
        raise SchemaError(place, found, f"one of {', '.join(sorted(ACTIONS))}")
    more: dict[str, Check] = {}
    if verbs[0] in {"clear_log", "install", "restart", "uninstall"}:
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
        "later": record({"calls": number(1), "do": list_of(_action)}, needed=("calls", "do")),
        "times": number(1),
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
    "component_store": record({"superseded_bytes": number(), "exit_code": number(), "hangs": flag}),
    "winrm": WINRM,
    "listeners": list_of(one_of("HTTP", "HTTPS")),
    "firewall_rules": list_of(text),
    "users": list_of(
        record(
            {
                "sid": sid,
                "folder": text,
                "name": text,
                "full_name": text,
                "administrator": flag,
                "enabled": flag,
                "logged_in": flag,
                "owncloud": record(OWNCLOUD),
            },
            needed=("sid", "folder"),
        )
    ),
    "groups": list_of(
        record({"name": text, "sid": sid, "description": text, "members": list_of(text)})
    ),
    "network": NETWORK,
    "tasks": mapping_of(record(TASK)),
    "downloads": mapping_of(
        record(
            {
                "data": any_text,
                "size": number(),
                "spec": text,
                "status": number(100, 599),
                "modified": moment,
                "seconds": number(),
            }
        )
    ),
    "junctions": mapping_of(text),
    "limits": mapping_of(number(1)),
    "slow": record({"registry": number(1), "event_log": number(1), "file": number(1)}),
    "programs": list_of(_program),
    "processes": list_of(process),
    "commands": list_of(_pattern),
    "cim": mapping_of(mapping_of(cim_class)),
    "registry": REGISTRY,
    "services": mapping_of(record(SERVICE)),
    "files": mapping_of(record(FILE)),
    "events": list_of(record(EVENT, needed=("log", "provider", "id", "at"))),
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
_LISTS = (
    "accounts",
    "commands",
    "events",
    "groups",
    "processes",
    "programs",
    "restore_points",
    "users",
)
check_machine = record({**MACHINE, "add": record({key: MACHINE[key] for key in _LISTS})})
check_fleet = record({"machines": mapping_of(number(1, _LARGEST_OCTET))}, needed=("machines",))
check_canaries = list_of(text)
SPEC: Mapping[str, Check] = {
    "display_name": text,
    "kind": one_of("msi", "exe", "zip"),
    "file": text,
    "product_code": text,
    "key": text,
    "version": text,
    "publisher": text,
    "view": one_of(64, 32),
    "files": mapping_of(record(FILE)),
    "services": list_of(record(NAMED_SERVICE, needed=("name", "display"))),
    "registry": REGISTRY,
    "properties": mapping_of(mapping_of(text)),
    "draws": mapping_of(mapping_of(list_of(number(0, 2**32 - 1)))),
    "commands": list_of(_pattern),
    "processes": list_of(process),
    "hangs": text,
    "fails_at": one_of(*STEPS),
    "security_center": _SECURITY_PRODUCT,
    "firewall_product": _SECURITY_PRODUCT,
    "blocked_ports": _PORTS,
    "tasks": mapping_of(record(TASK)),
    "reboot_required": flag,
    "exit_code": number(),
    "size_bytes": number(),
    "silent": flag,
    "programs": mapping_of(
        record({"program": text, "version": text, "signer": text, "hangs": flag})
    ),
    "signer": text,
    "uninstaller": text,
    "quiet_argument": text,
}
check_spec = record(SPEC, needed=("display_name", "kind", "file", "version"))
