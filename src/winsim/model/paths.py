"""The other names under which Windows finds files: junctions, and names of eight letters and three."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Iterable, Mapping

# What every Windows has, by key: the path as it is shown, and where it leads.
JUNCTIONS: Mapping[str, tuple[str, str]] = {
    "c:\\documents and settings": (r"C:\Documents and Settings", r"C:\Users"),
    "c:\\programdata\\application data": (r"C:\ProgramData\Application Data", r"C:\ProgramData"),
    "c:\\users\\all users": (r"C:\Users\All Users", r"C:\ProgramData"),
    "c:\\users\\default user": (r"C:\Users\Default User", r"C:\Users\Default"),
}
# Made by Windows' own set-up, in this order, whatever came first in a description.
_SET_UP = ("Program Files", "Program Files (x86)", "ProgramData")
_SHORT = re.compile(r"[^\\.]{1,6}~[1-9]\d{0,2}(\.[^\\.]{1,3})?")
_PLAIN = re.compile(r"[A-Z0-9!#$%&'()@^_`{}~-]{1,8}(\.[A-Z0-9!#$%&'()@^_`{}~-]{1,3})?")
_ODD = re.compile(r"[^A-Z0-9!#$%&'()@^_`{}~-]")
_DEEPEST = 16
_STEM, _ENDING = 6, 3

Children = Callable[[str], Iterable[str]]
Exists = Callable[[str], bool]


def clean(path: str) -> str:
    """Return a path in one spelling, its case kept."""
    return ntpath.normpath(path.replace("/", "\\"))


def through_junctions(path: str, own: Mapping[str, tuple[str, str]]) -> str:
    """Return where a clean path leads when the folders above it, or it itself, are junctions.

    Args:
        path: Where to go.
        own: Junctions of this PC beside those of every Windows, by lower-case path.
    """
    for _ in range(_DEEPEST):
        low = path.lower()
        for table in (JUNCTIONS, own):
            for key, (_, target) in table.items():
                if low == key or low.startswith(f"{key}\\"):
                    path = target + path[len(key) :]
                    break
            else:
                continue
            break
        else:
            return path
    return path


def long_path(path: str, *, exists: Exists, children: Children) -> str:
    """Return a clean path with every short name in it replaced by the long one that it stands for.

    Args:
        path: A path that may hold names such as `PROGRA~1`.
        exists: Tells whether there is a file or folder of exactly this path.
        children: Returns the names in a folder, in the order in which they were made.
    """
    drive, *parts = path.split("\\")
    found = drive
    for part in parts:
        if _SHORT.fullmatch(part) and not exists(f"{found}\\{part}"):
            shorts = short_names(_in_order(found, children(found)))
            found = f"{found}\\{shorts.get(part.upper(), part)}"
        else:
            found = f"{found}\\{part}"
    return found


def short_path(path: str, *, children: Children) -> str:
    """Return a clean path in short names; a name that is short by itself stays."""
    drive, *parts = path.split("\\")
    found, short = drive, drive
    for part in parts:
        names = {
            long.lower(): s for s, long in short_names(_in_order(found, children(found))).items()
        }
        found = f"{found}\\{part}"
        short = f"{short}\\{names.get(part.lower(), part.upper())}"
    return short


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return the long names that have a short one, by short name.

    NTFS counts up as names come; from the fifth alike on real ones carry a checksum instead, which
    is not modelled.
    """
    found: dict[str, str] = {}
    for name in names:
        upper = name.upper()
        if _PLAIN.fullmatch(upper):
            continue
        stem, _, ending = upper.lstrip(".").rpartition(".")
        if not stem:
            stem, ending = ending, ""
        stem = _ODD.sub("_", stem.replace(" ", "").replace(".", ""))[:_STEM]
        ending = _ODD.sub("_", ending.replace(" ", ""))[:_ENDING]
        number = 1
        while (short := f"{stem}~{number}" + (f".{ending}" if ending else "")) in found:
            number += 1
        found[short] = name
    return found


def _in_order(folder: str, names: Iterable[str]) -> list[str]:
    there = list(names)
    if len(folder) != len("C:"):
        return there
    lower = {name.lower() for name in _SET_UP}
    return [*_SET_UP, *(name for name in there if name.lower() not in lower)]
