"""The variables that stand in paths, such as `%TEMP%`."""

from __future__ import annotations

import re

_VARIABLE = re.compile("%([^%]+)%")


def expanded(path: str, *, home: str) -> str:
    """Return a path with the names in it replaced; a name that nobody knows stays.

    Args:
        path: The path.
        home: The folder of the profile whose variables they are.
    """
    names = {
        "appdata": rf"{home}\AppData\Roaming",
        "localappdata": rf"{home}\AppData\Local",
        "programdata": r"C:\ProgramData",
        "programfiles": r"C:\Program Files",
        "programfiles(x86)": r"C:\Program Files (x86)",
        "public": r"C:\Users\Public",
        "systemdrive": "C:",
        "systemroot": r"C:\Windows",
        "temp": rf"{home}\AppData\Local\Temp",
        "tmp": rf"{home}\AppData\Local\Temp",
        "userprofile": home,
        "windir": r"C:\Windows",
    }
    return _VARIABLE.sub(lambda found: names.get(found[1].lower(), found[0]), path)
