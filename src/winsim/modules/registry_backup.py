"""`fleet_registry_backup`: exports values of the registry into files, and brings them back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from winsim.host import Host
from winsim.model.registry import NAMES, Value
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result

FOLDER = r"C:\Program Files\Custode\exports"
_PATH = re.compile(r"HKLM:\\SOFTWARE(\\[^\\/*?]+)+", re.IGNORECASE)
_TYPES = {shown: type_ for type_, shown in NAMES.items()}


def fleet_registry_backup(call: Call) -> Result:
    """Export values that are about to be changed, or bring back what stood there."""
    told: dict[str, list[str]] = {"kept": [], "left": [], "restored": []}
    if call.params["state"] == "kept":
        for value in call.params["values"]:
            _export(call, value, told)
    else:
        for file in sorted(_wanted(call), key=len, reverse=True):
            _restore(call, file, told)
    return {
        **told,
        "changed": any(told.values()),
        "diff": {
            "before": {"exports": [*told["restored"], *told["left"]]},
            "after": {"exports": told["kept"]},
        },
    }


def _file_of(value: Mapping[str, Any], told: dict[str, list[str]]) -> str:
    path = str(value["path"])
    if not _PATH.fullmatch(path):
        raise ModuleFailure(
            f"Cannot keep '{path}': only keys below HKLM:\\SOFTWARE are kept", **told
        )
    return f"{FOLDER}\\{re.sub('[^A-Za-z0-9]+', '.', path + chr(92) + value['name'])}.json"


def _export(call: Call, value: Mapping[str, Any], told: dict[str, list[str]]) -> None:
    host, path, file = call.host, value["path"], _file_of(value, told)
    if host.files.exists(file):
        return
    found = host.registry.value(path, value["name"])
    made, above = [], path
    while not host.registry.exists(above) and above.upper() != "HKLM:\\SOFTWARE":
        made.append(above)
        above = above.rpartition("\\")[0]
    told["kept"].append(f"{path}\\{value['name']}")
    if call.check:
        return
    export = {
        **{key: value[key] for key in ("path", "name", "ours")},
        "type": None if found is None else NAMES[found.type],
        "data": None if found is None else _plain(found),
        "made_keys": made,
    }
    host.step()
    host.files.write(file, b"\xef\xbb\xbf" + json.dumps(export).encode() + b"\r\n")


def _plain(value: Value) -> Any:
    return list(value.data) if isinstance(value.data, bytes) else value.data


def _wanted(call: Call) -> list[str]:
    if not call.params["values"]:
        found = (file.path for file in call.host.files.below(FOLDER))
        return [path for path in found if path.lower().endswith(".json")]
    paths = (_file_of(value, {}) for value in call.params["values"])
    return [path for path in paths if call.host.files.exists(path)]


def _restore(call: Call, file: str, told: dict[str, list[str]]) -> None:
    host = call.host
    export = json.loads(host.files.read(file).decode("utf-8-sig"))
    path, name = export["path"], export["name"]
    found = host.registry.value(path, name)
    if found is not None and str(found.data) != export["ours"]:
        told["left"].append(f"{path}\\{name}")
    else:
        told["restored"].append(f"{path}\\{name}")
        if call.check:
            return
        _bring_back(host, export, there=found is not None)
    if not call.check:
        host.step()
        host.files.remove(file)


def _bring_back(host: Host, export: Mapping[str, Any], *, there: bool) -> None:
    path, registry = export["path"], host.registry
    if export["type"] is not None:
        type_, data = _TYPES[export["type"]], export["data"]
        data = bytes(data) if type_ in {"binary", "none"} else data
        host.step()
        registry.set(path, export["name"], data, type_=type_)
    elif there:
        host.step()
        registry.delete_value(path, export["name"])
    for key in export["made_keys"]:
        if registry.exists(key) and not registry.subkeys(key) and not registry.values(key):
            host.step()
            registry.delete(key)


FLEET_REGISTRY_BACKUP = Model(
    fleet_registry_backup,
    {
        "state": Option(default="kept", choices=("kept", "restored")),
        "values": Option(
            "list",
            elements="dict",
            default=[],
            options={
                "name": Option(required=True),
                "ours": Option(required=True),
                "path": Option(required=True),
            },
        ),
    },
)
