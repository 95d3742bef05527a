"""`win_copy`: the steps that its controller side asks for, and copies within the PC."""

from __future__ import annotations

import io
import ntpath
import zipfile
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from winsim.model.files import FileSystem
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result


def win_copy(call: Call) -> Result:
    """Do what the mode says: `query`, `single`, `explode` or `remote`."""
    mode = call.params["_copy_mode"]
    if mode != "query" and not call.params["src"]:
        raise ModuleFailure("Get-AnsibleParam: Missing required argument: src")
    # It has a difference in every mode, and fills it in only where it copies within the PC.
    return {"diff": {}, **_MODES[mode](call)}


def _query(call: Call) -> Result:
    files, dest = call.host.files, call.params["dest"]
    wanted, folders = [], []
    for item in call.params["files"] or []:
        path = ntpath.join(dest, item["dest"])
        if files.is_folder(path):
            path = ntpath.join(path, ntpath.basename(item["src"].replace("/", "\\")))
        if files.is_folder(path):
            raise ModuleFailure(
                f"cannot copy file to dest '{path}': object at path is already a directory"
            )
        same = files.get(path) is not None
        if same and call.params["force"]:
            same = files.digest(path) == item.get("checksum")
        if not same:
            wanted.append(item)
    for item in call.params["directories"] or []:
        path = ntpath.join(dest, item["dest"])
        for above in (path, ntpath.dirname(path)):
            if files.get(above) is not None:
                raise ModuleFailure(
                    f"cannot copy folder to dest '{path}': object at path is already a file"
                )
        if not files.is_folder(path):
            folders.append(item)
    return {"files": wanted, "directories": folders, "symlinks": []}


def _single(call: Call) -> Result:
    files, source = call.host.files, call.params["src"]
    if files.get(source) is None:
        raise ModuleFailure(f"Cannot copy src file: '{source}' as it does not exist")
    target = _target(call, call.params["_original_basename"] or ntpath.basename(source))
    result: Result = {"changed": True}
    if call.params["backup"]:
        result["backup_file"] = _back_up(call, target)
    if not call.check:
        files.copy(source, target)
    return result


def _explode(call: Call) -> Result:
    """Unpack the zip in which the controller side sends many files; names are base64."""
    files, source = call.host.files, call.params["src"]
    if files.get(source) is None:
        raise ModuleFailure(f"Cannot expand src zip file: '{source}' as it does not exist")
    with zipfile.ZipFile(io.BytesIO(files.read(source))) as archive:
        for entry in archive.infolist():
            folder = len(entry.filename) % 4 == 1
            encoded = entry.filename[:-1] if folder else entry.filename
            path = ntpath.join(call.params["dest"], b64decode(encoded).decode())
            if call.check:
                continue
            if folder:
                files.make_folder(path)
            else:
                files.write(path, archive.read(entry))
    return {"changed": True}


@dataclass
class _Remote:
    """A copy within the PC: what it changed so far, as the module's diff tells it."""

    call: Call
    diff: str = ""
    changed: bool = False
    backup_file: str | None = None

    @property
    def files(self) -> FileSystem:
        return self.call.host.files

    @property
    def check(self) -> bool:
        return self.call.check

    def file(self, source: str, target: str) -> None:
        if self.files.is_folder(target):
            raise ModuleFailure(
                f"cannot copy file from '{source}' to '{target}': dest is already a folder"
            )
        there = self.files.get(target) is not None
        same = self.files.digest(source) == self.files.digest(target) if there else False
        if there and (same or not self.call.params["force"]):
            return
        parent = ntpath.dirname(target)
        if self.files.get(parent) is not None:
            raise ModuleFailure(
                f"cannot copy file from '{source}' to '{target}': "
                "object at dest parent dir is not a folder"
            )
        if not self.files.is_folder(parent):
            self.diff += f"+{parent}\\\n"
        if self.call.params["backup"]:
            self.backup_file = _back_up(self.call, target)
        if there:
            self.diff += f"-{target}\n"
        self.diff += f"+{target}\n"
        self.changed = True
        if not self.check:
            self.files.copy(source, target)

    def folder(self, source: str, target: str) -> None:
        if self.files.get(target) is not None:
            raise ModuleFailure(
                f"cannot copy file from '{source}' to '{target}': dest is already a file"
            )
        if not self.files.is_folder(target):
            self.diff += f"+{target}\\\n"
            self.changed = True
            if not self.check:
                self.files.make_folder(target)
        self.inside(source, target)

    def inside(self, source: str, target: str) -> None:
        for path in self.files.folders(source):
            self.diff_folder(path, ntpath.join(target, ntpath.relpath(path, source)))
        for file in self.files.below(source):
            self.file(file.path, ntpath.join(target, ntpath.relpath(file.path, source)))

    def diff_folder(self, source: str, target: str) -> None:
        del source
        if not self.files.is_folder(target):
            self.diff += f"+{target}\\\n"
            self.changed = True
            if not self.check:
                self.files.make_folder(target)


def _remote(call: Call) -> Result:
    files, source, dest = call.host.files, call.params["src"], call.params["dest"]
    if not files.exists(source):
        raise ModuleFailure(f"Cannot copy src file: '{source}' as it does not exist")
    work = _Remote(call)
    result: Result = {"src": source, "dest": dest}
    target = dest
    if files.is_folder(source):
        result["operation"] = "folder_copy"
        if source.endswith(("\\", "/")):
            work.inside(source, dest)
        else:
            target = ntpath.join(dest, ntpath.basename(source))
            work.folder(source, target)
    else:
        target = _target(call, ntpath.basename(source))
        result |= {"operation": "file_copy", "original_basename": ntpath.basename(source)}
        work.file(source, target)
        result["checksum"] = files.digest(source) if call.params["force"] else None
    if work.changed and call.params["backup"]:
        result["backup_file"] = work.backup_file
    result |= {"dest": target, "changed": work.changed, "size": _size(files, target)}
    return {**result, "diff": {"prepared": work.diff}}


def _target(call: Call, name: str) -> str:
    """Return where a single file goes; the folder for it must be there if it was named."""
    files, dest = call.host.files, str(call.params["dest"])
    into = dest.endswith(("\\", "/")) or files.is_folder(dest)
    target = ntpath.join(dest, name) if into else dest
    parent = ntpath.dirname(target)
    if files.get(parent) is not None:
        raise ModuleFailure(f"object at destination parent dir '{parent}' is currently a file")
    if not files.is_folder(parent):
        if not into:
            raise ModuleFailure(f"Destination directory '{parent}' does not exist")
        if not call.check:
            files.make_folder(parent)
    return target


def _back_up(call: Call, path: str) -> str | None:
    if call.host.files.get(path) is None:
        return None
    stamp = call.host.clock.now().strftime("%Y%m%d-%H%M%S")
    name = f"{path}.4242.{stamp}.bak"
    if not call.check:
        call.host.files.copy(path, name)
    return name


def _size(files: FileSystem, path: str) -> int | None:
    if not files.exists(path):
        return None
    return sum(file.size for file in files.below(path, itself=True))


_MODES: Mapping[str, Callable[[Call], Result]] = {
    "explode": _explode,
    "query": _query,
    "remote": _remote,
    "single": _single,
}
_ANY: Any = Option("raw")
WIN_COPY = Model(
    win_copy,
    {
        "_copy_mode": Option(default="single", choices=tuple(_MODES)),
        "_original_basename": Option(),
        "backup": Option("bool", default=False),
        "content": Option(),
        "decrypt": Option("bool", default=True),
        "dest": Option("path", required=True),
        "directories": _ANY,
        "files": _ANY,
        "force": Option("bool", default=True),
        "local_follow": Option("bool", default=False),
        "remote_src": Option("bool", default=False),
        "src": Option("path"),
        "symlinks": _ANY,
    },
    strict=False,
)
