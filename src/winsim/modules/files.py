"""`win_copy`, `win_file`, `win_stat`, `win_tempfile`, `win_ping`: what they do to the files."""

from __future__ import annotations

import hashlib
import ntpath
from typing import Any
from uuid import UUID, uuid5

from winsim.host import Host
from winsim.model.files import LockedError
from winsim.moments import resolve

_NAMES = UUID("8f3d5b0a-2a53-4d7e-9a40-0a3c1f1d2b77")


def win_ping(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Answer."""
    del host
    return {"ping": arguments.get("data") or "pong"}


def win_copy(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do one of the steps that win_copy's controller side asks for."""
    match arguments.get("_copy_mode"):
        case "query":
            wanted = [
                item for item in arguments.get("files") or [] if _differs(host, arguments, item)
            ]
            folders = [
                item
                for item in arguments.get("directories") or []
                if not host.files.is_folder(ntpath.join(arguments["dest"], item["dest"]))
            ]
            return {"files": wanted, "directories": folders, "symlinks": []}
        case "single" | None:
            return _copy_single(host, arguments)
    return {"failed": True, "msg": f"winsim: win_copy mode {arguments['_copy_mode']} not modelled"}


def _differs(host: Host, arguments: dict[str, Any], item: dict[str, Any]) -> bool:
    path = ntpath.join(arguments["dest"], item["dest"])
    if host.files.is_folder(path):
        path = ntpath.join(path, ntpath.basename(item["src"].replace("/", "\\")))
    if host.files.get(path) is None:
        return True
    return bool(arguments.get("force", True)) and _sha1(host, path) != item.get("checksum")


def _copy_single(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    source, target = arguments["src"], arguments["dest"]
    if host.files.get(source) is None:
        return _failed(f"Cannot copy src file: '{source}' as it does not exist")
    name = arguments.get("_original_basename") or ntpath.basename(source)
    if target.endswith(("\\", "/")) or host.files.is_folder(target):
        target = ntpath.join(target, name)
    parent = ntpath.dirname(target)
    if not host.files.is_folder(parent):
        return _failed(f"Destination directory '{parent}' does not exist")
    if not arguments.get("_ansible_check_mode"):
        host.files.write(target, host.files.read(source))
    return {"changed": True, "dest": target, "src": source}


def win_file(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make a folder, touch a file, or remove either."""
    path, state = str(arguments["path"]), arguments.get("state")
    check = bool(arguments.get("_ansible_check_mode"))
    if state == "absent":
        there = host.files.exists(path)
        if there and not check:
            try:
                host.files.remove(path)
            except LockedError:
                return _failed(f"Failed to remove '{path}': it is being used by another process")
        return {"changed": there}
    if state == "directory":
        if host.files.get(path) is not None:
            return _failed(f"path {path} is not a directory")
        changed = not host.files.is_folder(path)
        if changed and not check:
            host.files.make_folder(path)
        return {"changed": changed}
    if state == "touch":
        if not check:
            old = host.files.get(path)
            host.files.write(path, host.files.read(path) if old else b"")
        return {"changed": True}
    if host.files.exists(path):
        return {"changed": False}
    return _failed(f"path {path} will not be created")


def win_stat(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell what is at a path."""
    path = str(arguments["path"])
    if not host.files.exists(path):
        return {"stat": {"exists": False}}
    file = host.files.get(path)
    stat: dict[str, Any] = {
        "exists": True,
        "isdir": file is None,
        "isreg": file is not None,
        "path": path,
        "filename": ntpath.basename(path),
    }
    if file is not None:
        stat["size"] = file.size
        stat["lastwritetime"] = resolve(file.modified, host.clock.now()).timestamp()
        if arguments.get("get_checksum", True):
            stat["checksum"] = _sha1(host, path)
    return {"stat": stat}


def win_tempfile(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make a file or folder with a name that nobody else has."""
    folder = arguments.get("path") or r"C:\Users\custode\AppData\Local\Temp"
    folder = str(folder).replace("%TEMP%", r"C:\Users\custode\AppData\Local\Temp")
    prefix, suffix = arguments.get("prefix") or "ansible.", arguments.get("suffix") or ""
    count = 0
    while True:
        seed = f"{host.name}/{host.clock.now().isoformat()}/{count}"
        path = ntpath.join(folder, f"{prefix}{uuid5(_NAMES, seed).hex[:8]}{suffix}")
        if not host.files.exists(path):
            break
        count += 1
    state = arguments.get("state") or "file"
    if not arguments.get("_ansible_check_mode"):
        if state == "directory":
            host.files.make_folder(path)
        else:
            host.files.write(path, b"")
    return {"changed": True, "path": path}


def _sha1(host: Host, path: str) -> str:
    return hashlib.sha1(host.files.read(path)).hexdigest()  # noqa: S324 - as Ansible compares


def _failed(message: str) -> dict[str, Any]:
    return {"failed": True, "msg": message}
