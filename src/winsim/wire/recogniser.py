"""What Ansible sends: the command line and stdin of one PowerShell run, made readable.

Covers ansible-core 2.19 to 2.21 (two JSON documents around a mark of NULs) and 2.18 (one, after
the wrapper's text). The last action of the manifest names the module and carries its arguments.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MARK = b"\n\x00\x00\x00\x00\n"
_OLD_MARK = b"\x00\x00\x00\x00"
_ENCODED = re.compile(r"-EncodedCommand\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)
_MODULE = re.compile(r"(?:^|\.)(?:modules\.)?([a-z0-9_]+)\.ps1$", re.IGNORECASE)


@dataclass(frozen=True)
class ModuleCall:
    """A module with its arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class HelperCall:
    """One of Ansible's own helper scripts, with its parameters and its input."""

    name: str
    parameters: Mapping[str, Any]
    stdin: bytes = b""


@dataclass(frozen=True)
class RawCommand:
    """A PowerShell text that Ansible runs as it is."""

    text: str


@dataclass(frozen=True)
class Unrecognised:
    """Something that no Ansible known here sends; `why` says what was missing."""

    why: str


Payload = ModuleCall | HelperCall | RawCommand | Unrecognised


@dataclass(frozen=True)
class _Manifest:
    actions: list[Mapping[str, Any]] = field(default_factory=list)
    stdin: bytes = b""


def recognise(command_line: str, stdin: bytes) -> Payload:
    """Tell what a command line and its complete input mean."""
    encoded = _ENCODED.search(command_line)
    if encoded is None:
        return RawCommand(command_line)
    try:
        text = b64decode(encoded[1], validate=True).decode("utf-16-le")
    except (Base64Error, UnicodeDecodeError, ValueError):
        return Unrecognised("the encoded command is no UTF-16 text")
    if not stdin.strip():
        return RawCommand(text)
    try:
        if _MARK in stdin:
            return _modern(stdin)
        if _OLD_MARK in stdin:
            return _old(stdin)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Unrecognised(f"the manifest is not as expected: {type(error).__name__}")
    return Unrecognised("input without a manifest")


def _modern(stdin: bytes) -> Payload:
    _, manifest_text, *rest = stdin.split(_MARK, 2)
    manifest = json.loads(manifest_text)
    action = manifest["actions"][-1]
    name, parameters = str(action["name"]), dict(action.get("params") or {})
    if name != "module_wrapper.ps1":
        return HelperCall(name, parameters, rest[0] if rest else b"")
    variables = parameters.get("Variables") or []
    arguments = next((v["Value"] for v in variables if v["Name"] == "complex_args"), None)
    if arguments is None:
        return Unrecognised(f"{parameters.get('Script')} came without arguments")
    return ModuleCall(_module_name(arguments, str(parameters.get("Script", ""))), arguments)


def _old(stdin: bytes) -> Payload:
    manifest = json.loads(stdin.split(_OLD_MARK, 1)[1])
    arguments = manifest["module_args"]
    return ModuleCall(_module_name(arguments, ""), arguments)


def _module_name(arguments: Mapping[str, Any], script: str) -> str:
    # The script's name carries the collection; the argument carries what the task wrote.
    known = re.search(r"ansible_collections\.(\w+\.\w+)\.plugins\.modules\.(\w+)\.ps1$", script)
    if known:
        return f"{known[1]}.{known[2]}"
    named = arguments.get("_ansible_module_name")
    if named:
        return str(named)
    found = _MODULE.search(script)
    return found[1] if found else script
