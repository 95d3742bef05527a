"""`win_find` and `win_file_version`: which files there are, and of which version a program is."""

from __future__ import annotations

import ntpath
import re
from fnmatch import translate

from winsim.model.files import File
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result
from winsim.moments import resolve

_PARTS = ("file_major_part", "file_minor_part", "file_build_part", "file_private_part")
_PROGRAMS = (".exe", ".dll")
_NOT_THERE = "does not exist or is not accessible"


def win_find(call: Call) -> Result:
    """Tell about the files and folders in folders; a folder that is not there is a warning."""
    files, wanted = call.host.files, call.params["file_type"]
    seen: dict[str, File | None] = {}
    warnings = []
    for path in call.params["paths"]:
        if not files.is_folder(path):
            why = "is a file not a directory" if files.exists(path) else _NOT_THERE
            warnings.append(f"Argument path '{path}' {why}, skipping")
            continue
        inside = [
            *((folder, None) for folder in files.folders(path)),
            *((file.path, file) for file in files.below(path)),
        ]
        start = len(files.real(path).rstrip("\\")) + 1
        for found, file in inside:
            if call.params["recurse"] or "\\" not in found[start:]:
                seen.setdefault(found, file)
    matched = [
        _entry(call, path, file)
        for path, file in sorted(seen.items(), key=lambda item: item[0].lower())
        if wanted in {"any", "directory" if file is None else "file"} and _named(call, path)
    ]
    result: Result = {"examined": len(seen), "files": matched, "matched": len(matched)}
    return {**result, "warnings": warnings} if warnings else result


def _named(call: Call, path: str) -> bool:
    patterns = call.params["patterns"]
    if patterns is None:
        return True
    name, flags = ntpath.basename(path), re.NOFLAG
    # Without `use_regex` it compares by -like, which never tells case apart.
    if not (call.params["use_regex"] and call.params["case_sensitive"]):
        flags = re.IGNORECASE
    if call.params["use_regex"]:
        return any(re.search(pattern, name, flags) for pattern in patterns)
    return any(re.match(translate(pattern), name, flags) for pattern in patterns)


def _entry(call: Call, path: str, file: File | None) -> Result:
    now = call.host.clock.now()
    written = (resolve(file.modified, now) if file else now).timestamp()
    checksum = None
    if file is not None and call.params["get_checksum"]:
        checksum = call.host.files.digest(path, call.params["checksum_algorithm"])
    return {
        "attributes": "Archive" if file else "Directory",
        "checksum": checksum,
        "creationtime": written,
        "exists": True,
        "extension": ntpath.splitext(path)[1] if file else None,
        "filename": ntpath.basename(path),
        "hlnk_targets": [],
        "isarchive": file is not None,
        "isdir": file is None,
        "ishidden": False,
        "isjunction": False,
        "islnk": False,
        "isreadonly": False,
        "isreg": file is not None,
        "isshared": False,
        "lastaccesstime": written,
        "lastwritetime": written,
        "lnk_source": None,
        "lnk_target": None,
        "nlink": 1,
        "owner": "BUILTIN\\Administrators",
        "path": path,
        "sharename": None,
        "size": file.size if file else None,
    }


def win_file_version(call: Call) -> Result:
    """Tell the version that is written into a program."""
    path = call.params["path"]
    file = call.host.files.get(path)
    if file is None:
        raise ModuleFailure(
            f"Specified path {path} does not exist or is not a file.", win_file_version={}
        )
    if ntpath.splitext(path)[1].lower() not in _PROGRAMS:
        raise ModuleFailure(
            f"Specified path {path} is not a valid file type; must be DLL or EXE.",
            win_file_version={},
        )
    numbers = re.findall(r"\d+", file.version or "")[: len(_PARTS)]
    padded = [*numbers, *("0" for _ in _PARTS[len(numbers) :])]
    told = {
        "file_version": file.version or "",
        "file_version_raw": ".".join(padded),
        "path": path,
        "product_version": file.version or "",
        **dict(zip(_PARTS, padded, strict=True)),
    }
    return {"win_file_version": told}


WIN_FIND = Model(
    win_find,
    {
        "age": Option(modelled=False),
        "age_stamp": Option(default="mtime", choices=("mtime", "ctime", "atime"), modelled=False),
        "case_sensitive": Option("bool", default=False),
        "checksum_algorithm": Option(
            default="sha1", choices=("md5", "sha1", "sha256", "sha384", "sha512")
        ),
        "depth": Option("int", modelled=False),
        "file_type": Option(default="file", choices=("file", "directory", "any")),
        "follow": Option("bool", default=False, modelled=False),
        "get_checksum": Option("bool", default=True),
        "hidden": Option("bool", default=False),
        "paths": Option("list", required=True, elements="str"),
        "patterns": Option("list", elements="str", aliases=("regex", "regexp")),
        "recurse": Option("bool", default=False),
        "size": Option(modelled=False),
        "use_regex": Option("bool", default=False),
    },
)
WIN_FILE_VERSION = Model(win_file_version, {"path": Option("path", required=True)}, strict=False)
