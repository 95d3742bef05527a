"""`win_regedit`: sets and removes values and keys."""

from __future__ import annotations

from typing import Any

from winsim.host import Host


def win_regedit(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Bring a value, or a key, into the wanted state."""
    path = str(arguments.get("path") or arguments.get("key"))
    name = arguments.get("name")
    check = bool(arguments.get("_ansible_check_mode"))
    if arguments.get("state") == "absent":
        return _absent(host, path, name, check=check)
    data = _typed(arguments.get("data"), str(arguments.get("type") or "string"))
    key_changed = not host.registry.exists(path)
    if name is None:
        if key_changed and not check:
            host.registry.make(path)
        return {"changed": key_changed, "data_changed": False, "data_type_changed": False}
    there = host.registry.has(path, name)
    changed = not there or host.registry.get(path, name) != data
    if changed and not check:
        host.registry.set(path, name, data)
    return {
        "changed": changed,
        "data_changed": there and changed,
        "data_type_changed": False,
    }


def _absent(host: Host, path: str, name: str | None, *, check: bool) -> dict[str, Any]:
    if name is None:
        there = host.registry.exists(path)
        if there and not check:
            host.registry.delete(path)
    else:
        there = host.registry.has(path, name)
        if there and not check:
            host.registry.delete_value(path, name)
    return {"changed": there, "data_changed": False, "data_type_changed": False}


def _typed(data: Any, kind: str) -> Any:
    if kind in {"dword", "qword"}:
        return int(data or 0)
    if kind == "multistring":
        return [str(item) for item in data or []]
    return "" if data is None else str(data)
