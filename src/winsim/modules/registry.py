"""`win_regedit` and `win_reg_stat`: values and keys, with their types."""

from __future__ import annotations

import re
from typing import Any

from winsim.model.registry import NAMES, TYPES, Value
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result

_PATH = re.compile(r"HK(CC|CR|CU|LM|U):\\", re.IGNORECASE)
_DWORD_MAX, _QWORD_MAX = 2**32 - 1, 2**64 - 1


def win_regedit(call: Call) -> Result:
    """Bring a value, or a key, into the wanted state."""
    path = str(call.params["path"])
    if not _PATH.match(path):
        raise ModuleFailure(
            f"path: {path} is not a valid powershell path, see module documentation for examples.",
            data_changed=False,
            data_type_changed=False,
        )
    name = call.params["name"] or None
    if call.params["state"] == "absent":
        return _absent(call, path, name)
    return _present(call, path, name)


def _absent(call: Call, path: str, name: str | None) -> Result:
    registry, changed = call.host.registry, False
    diff: Result = {"before": "", "after": ""}
    found = registry.value(path, name or "")
    if name is None and call.params["delete_key"]:
        changed = registry.exists(path)
        if changed:
            diff = {"before": {path: {}}, "after": {}}
            if not call.check:
                registry.delete(path)
    elif found is not None:
        changed = True
        diff = {"before": {path: {name or "": _shown(found)}}, "after": {path: {}}}
        if not call.check:
            registry.delete_value(path, name or "")
    return {"changed": changed, "data_changed": False, "data_type_changed": False, "diff": diff}


def _present(call: Call, path: str, name: str | None) -> Result:
    registry = call.host.registry
    type_ = call.params["type"] if name else "string"
    data = _typed(call.params["data"], type_, named=name is not None)
    there = registry.exists(path)
    before: Result = {path: {}} if there else {}
    after: Result = {path: {}}
    result: Result = {"changed": not there, "data_changed": False, "data_type_changed": False}
    if not call.check:
        registry.make(path)
    # In check mode the real module does not go on below a key that is not there.
    if data is not None and (there or not call.check):
        wanted = Value(name or "", type_, data)
        found = registry.value(path, name or "")
        after[path][wanted.name] = _shown(wanted)
        if found is not None:
            before[path][wanted.name] = _shown(found)
            result["data_changed"] = found.data != data
            result["data_type_changed"] = found.type != type_
        if found is None or result["data_changed"] or result["data_type_changed"]:
            result["changed"] = True
            if not call.check:
                registry.set(path, wanted.name, data, type_=type_)
    return {**result, "diff": {"before": before, "after": after}}


def win_reg_stat(call: Call) -> Result:
    """Tell about a key or a value."""
    path, name = str(call.params["path"]), call.params["name"]
    registry = call.host.registry
    if not _PATH.match(path):
        raise ModuleFailure(
            f"path: {path} is not a valid registry path, see module documentation for examples."
        )
    if not registry.exists(path):
        return {"exists": False}
    if name is not None:
        found = registry.value(path, name)
        return {"exists": False} if found is None else {"exists": True, **_told(call, found)}
    return {
        "exists": True,
        "properties": {value.name: _told(call, value) for value in registry.values(path)},
        "sub_keys": registry.subkeys(path),
    }


def _told(call: Call, value: Value) -> Result:
    data, raw = value.data, value.data
    if isinstance(data, bytes):
        data, raw = list(data), [f"0x{byte:02x}" for byte in data]
    elif value.type == "expandstring":
        data = call.host.expand(data)
    return {"type": TYPES[value.type], "value": data, "raw_value": raw}


def _shown(value: Value) -> Result:
    data = value.data
    match value.type:
        case "binary" | "none":
            data = [f"0x{byte:02x}" for byte in data]
        case "dword":
            data = f"0x{data:08x}"
        case "qword":
            data = f"0x{data:016x}"
    return {"type": NAMES[value.type], "value": data}


def _typed(data: Any, type_: str, *, named: bool) -> Any:
    if type_ in {"binary", "none"}:
        return _bytes(data)
    if type_ in {"dword", "qword"}:
        return _number(data, type_)
    if type_ == "multistring":
        if data is None:
            return []
        return [str(item) for item in data] if isinstance(data, list) else [str(data)]
    if data is None:
        return "" if named else None
    return str(data)


def _bytes(data: Any) -> bytes:
    if isinstance(data, int):
        data = [data]
    try:
        if isinstance(data, list):
            return bytes(int(item) for item in data)
        text = re.sub(r"[^0-9a-f]", "", str(data or "").lower().removeprefix("hex:"))
        return bytes.fromhex(text)
    except (TypeError, ValueError) as error:
        raise ModuleFailure(f"cannot convert binary data '{data}' to byte array") from error


def _number(data: Any, type_: str) -> int:
    largest = _DWORD_MAX if type_ == "dword" else _QWORD_MAX
    try:
        number = int(str(0 if data is None else data), 0)
    except ValueError as error:
        raise ModuleFailure(f"cannot convert '{data}' to a number") from error
    if not 0 <= number <= largest:
        raise ModuleFailure(f"data cannot be larger than 0x{largest:x} when type is {type_}")
    return number


WIN_REGEDIT = Model(
    win_regedit,
    {
        "data": Option("raw"),
        "delete_key": Option("bool", default=True),
        "hive": Option("path", modelled=False),
        "name": Option(aliases=("entry", "value")),
        "path": Option(required=True, aliases=("key",)),
        "state": Option(default="present", choices=("present", "absent")),
        "type": Option(default="string", choices=tuple(TYPES), aliases=("datatype",)),
    },
)
WIN_REG_STAT = Model(
    win_reg_stat,
    {
        "name": Option(aliases=("entry", "value")),
        "path": Option(required=True, aliases=("key",)),
    },
    strict=False,
)
