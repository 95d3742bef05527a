"""`win_file`, `win_stat`, `win_tempfile`, `slurp`, `win_ping`: what they do to the files."""

from __future__ import annotations

import ntpath
from base64 import b64encode
from dataclasses import replace
from uuid import UUID, uuid5

from winsim.model.files import LockedError
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result
from winsim.moments import resolve

_NAMES = UUID("8f3d5b0a-2a53-4d7e-9a40-0a3c1f1d2b77")


def win_ping(call: Call) -> Result:
    """Answer."""
    if call.params["data"] == "crash":
        raise ModuleFailure("boom")
    return {"ping": call.params["data"]}


def win_file(call: Call) -> Result:
    """Make a folder, touch a file, or remove either."""
    files, path, state = call.host.files, call.params["path"], call.params["state"]
    if call.params["_original_basename"] and files.is_folder(path):
        path = ntpath.join(path, call.params["_original_basename"])
    if state == "touch":
        return _touch(call, path)
    if files.exists(path):
        return _there(call, path)
    if state == "directory" or (state is None and not ntpath.basename(path)):
        if not call.check:
            files.make_folder(path)
        return {"changed": True}
    if state == "absent":
        return {"changed": False}
    raise ModuleFailure(f"path {path} will not be created")


def _touch(call: Call, path: str) -> Result:
    file = call.host.files.get(path)
    if call.check or call.host.files.is_folder(path):
        return {"changed": True}
    if file is None:
        call.host.files.write(path, b"")
    else:
        call.host.files.add(replace(file, modified=call.host.clock.now()))
    return {"changed": True}


def _there(call: Call, path: str) -> Result:
    folder = call.host.files.is_folder(path)
    match call.params["state"]:
        case "absent":
            if not call.check:
                try:
                    call.host.files.remove(path)
                except LockedError as error:
                    raise ModuleFailure(
                        f"Failed to delete {path}: The process cannot access the file "
                        "because it is being used by another process."
                    ) from error
            return {"changed": True}
        case "directory" if not folder:
            raise ModuleFailure(f"path {path} is not a directory")
        case "file" if folder:
            raise ModuleFailure(f"path {path} is not a file")
    return {"changed": False}


def win_stat(call: Call) -> Result:
    """Tell what is at a path."""
    files, path, now = call.host.files, call.params["path"], call.host.clock.now()
    target = files.junction(path)
    if target is not None and call.params["follow"]:
        path, target = files.real(path), None
    if target is None and not files.exists(path):
        return {"stat": {"exists": False}}
    file = files.get(path)
    attributes = "Archive" if file else "Directory"
    if target is not None:
        # Windows' own junctions are hidden.
        own = files.is_own_junction(path)
        attributes = f"{'Hidden, System, ' if own else ''}Directory, ReparsePoint"
    written = resolve(file.modified, now).timestamp() if file else now.timestamp()
    stat: Result = {
        "attributes": attributes,
        "creationtime": written,
        "exists": True,
        "filename": ntpath.basename(files.spelt(path)),
        "hlnk_targets": [],
        "isarchive": file is not None,
        "isdir": file is None,
        "ishidden": "Hidden" in attributes or (file is not None and file.hidden),
        "isjunction": target is not None,
        "islnk": False,
        "isreadonly": False,
        "isreg": file is not None,
        "isshared": False,
        "lastaccesstime": written,
        "lastwritetime": written,
        "nlink": 1,
        # In every language of Windows that has them in English; Italian is one.
        "owner": "BUILTIN\\Administrators",
        "path": files.spelt(path),
    }
    if target is not None:
        stat |= {"lnk_source": target, "lnk_target": target}
    if file is not None:
        stat["extension"] = ntpath.splitext(path)[1]
        if call.params["get_checksum"]:
            stat["checksum"] = files.digest(path, call.params["checksum_algorithm"])
    if call.params["get_size"]:
        stat["size"] = sum(item.size for item in files.below(path, itself=True))
    return {"stat": stat}


def win_tempfile(call: Call) -> Result:
    """Make a file or folder with a name that nobody else has."""
    host, state = call.host, call.params["state"]
    prefix = host.expand(call.params["prefix"])
    suffix = host.expand(call.params["suffix"] or "")
    count = 0
    while True:
        seed = f"{host.name}/{host.clock.now().isoformat()}/{count}"
        name = f"{prefix}{uuid5(_NAMES, seed).hex[:8]}{suffix}"
        path = ntpath.join(call.params["path"], name)
        if not host.files.exists(path):
            break
        count += 1
    if not call.check:
        if state == "directory":
            host.files.make_folder(path)
        else:
            host.files.write(path, b"")
    return {"changed": True, "path": path}


def slurp(call: Call) -> Result:
    """Return a file's content."""
    files, path = call.host.files, call.params["src"]
    if files.is_folder(path):
        raise ModuleFailure(f"Path {path} is a directory")
    if files.get(path) is None:
        raise ModuleFailure(f"Path {path} is not found")
    return {"content": b64encode(files.read(path)).decode(), "encoding": "base64"}


WIN_PING = Model(win_ping, {"data": Option(default="pong")})
WIN_FILE = Model(
    win_file,
    {
        "_original_basename": Option(),
        "path": Option("path", required=True, aliases=("dest", "name")),
        "state": Option(choices=("absent", "directory", "file", "touch")),
    },
    strict=False,
)
WIN_STAT = Model(
    win_stat,
    {
        "checksum_algorithm": Option(
            default="sha1", choices=("md5", "sha1", "sha256", "sha384", "sha512")
        ),
        "follow": Option("bool", default=False),
        "get_checksum": Option("bool", default=True),
        "get_size": Option("bool", default=True),
        "path": Option("path", required=True, aliases=("dest", "name")),
    },
)
WIN_TEMPFILE = Model(
    win_tempfile,
    {
        "path": Option("path", default="%TEMP%", aliases=("dest",)),
        "prefix": Option(default="ansible."),
        "state": Option(default="file", choices=("directory", "file")),
        "suffix": Option(),
    },
)
SLURP = Model(slurp, {"src": Option("path", required=True, aliases=("path",))}, strict=False)
