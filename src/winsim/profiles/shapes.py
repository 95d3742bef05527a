"""What the parts of a PC may look like in the files of a profile set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from ipaddress import ip_interface
from typing import Any

from winsim.model.cim import ERRORS
from winsim.model.network import CATEGORIES
from winsim.model.people import SID
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

_LEVELS = 5


def registry_data(value: Any, place: Place) -> None:
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


def cim_class(value: Any, place: Place) -> None:
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


def process(value: Any, place: Place) -> None:
    """Check a program that runs: its name, or all of it."""
    if isinstance(value, dict):
        record(_PROCESS, needed=("name",))(value, place)
    else:
        text(value, place)


def _address(value: Any, place: Place) -> None:
    """Check for an address with the length of its network's part."""
    try:
        if isinstance(value, str) and "/" in value:
            ip_interface(value)
            return
    except ValueError:
        pass
    raise SchemaError(place, value, "an address such as 192.168.1.20/24")


def sid(value: Any, place: Place) -> None:
    """Check for a SID."""
    if not isinstance(value, str) or not SID.fullmatch(value):
        raise SchemaError(place, value, "a SID such as S-1-5-21-1-2-3-1001")


def _event_data(value: Any, place: Place) -> None:
    check = list_of(any_text) if isinstance(value, list) else mapping_of(any_text)
    check(value, place)


_START = one_of("Auto", "Delayed", "Manual", "Disabled")
_STATE = one_of("Running", "Stopped", "Paused")
SERVICE: Mapping[str, Check] = {
    "display": text, "start": _START, "state": _STATE, "path": text, "account": text,
    "description": text, "depends_on": list_of(text), "pauses": flag, "fails": number(1),
}  # fmt: skip
FILE: Mapping[str, Check] = {
    "size": number(), "modified": moment, "version": text, "signer": text, "locked": flag,
    "lines": list_of(any_text), "hidden": flag,
}  # fmt: skip
EVENT: Mapping[str, Check] = {
    "log": text, "provider": text, "id": number(), "level": number(0, _LEVELS), "sid": text,
    "data": _event_data, "binary": text, "at": moment,
}  # fmt: skip
REGISTRY = mapping_of(mapping_of(registry_data))
_PROCESS: Mapping[str, Check] = {
    "name": text, "pid": number(1), "session": number(), "title": text, "path": text,
    "command": text, "parent": text, "protected": flag,
}  # fmt: skip
TASK: Mapping[str, Check] = {
    "enabled": flag, "running": flag, "actions": list_of(mapping_of(anything)),
    "triggers": list_of(mapping_of(anything)), "sid": text, "group": flag, "logon_type": text,
    "highest": flag, "hidden": flag, "author": text, "description": text,
    "settings": mapping_of(anything), "last_run": moment, "last_result": number(),
    "next_run": moment,
}  # fmt: skip
NAMED_SERVICE = {"name": text, **SERVICE}

OWNCLOUD: Mapping[str, Check] = {
    "account": flag, "folder": text, "ran": moment, "ended": flag, "copied": moment,
    "paused": flag, "mode": one_of("off", "suffix", "wincfapi"), "since": moment,
}  # fmt: skip

NETWORK_ITSELF: Mapping[str, Check] = {
    "name": text, "category": one_of(*CATEGORIES), "internet": flag, "suffix": text,
}  # fmt: skip
NETWORK = record(
    {
        **NETWORK_ITSELF,
        "adapters": list_of(
            record(
                {
                    "name": text,
                    "description": text,
                    "mac": text,
                    "addresses": list_of(_address),
                    "gateway": text,
                    "dns": list_of(text),
                    "dhcp": flag,
                    "speed_mbit": number(1),
                    "connected": flag,
                    "wireless": flag,
                }
            )
        ),
    }
)
WINRM = record(
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
