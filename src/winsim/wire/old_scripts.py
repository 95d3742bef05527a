"""The helper scripts that ansible-core 2.18 and all later ones send as plain PowerShell text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_QUOTED = r"'((?:[^']|'')*)'"
_REMOVE = re.compile(rf"Remove-Item\s+{_QUOTED}")
# core 2.21 leaves a name without blanks unquoted.
_REMOVE_BARE = re.compile(r"Remove-Item\s+([^\s';]+)\s+-Force")
_MKDTEMP = re.compile(
    rf"ExpandEnvironmentVariables\({_QUOTED}\).*New-Item -Type Directory -Path \$tmp_path -Name {_QUOTED}",
    re.DOTALL,
)
_HOME = re.compile(r"Write-Output \(Get-Location\)\.Path")
_IN_HOME = re.compile(rf"Write-Output \(\(Get-Location\)\.Path \+ {_QUOTED}\)")
_EXPAND = re.compile(rf"; Write-Output {_QUOTED}")
_PUT = re.compile(rf"\$path = {_QUOTED}.*FromBase64String\(\$input\)", re.DOTALL)
_PUT_BY_ARGUMENT = re.compile(r"UnboundArguments\[0\].*FromBase64String\(\$input\)", re.DOTALL)
_FETCH = re.compile(
    rf"\$path = {_QUOTED}.*\$buffer_size = (\d+).*\$offset = (\d+).*IO\.FileStream", re.DOTALL
)
_FETCH_WHOLE = re.compile(
    rf"\$path = {_QUOTED}.*\$buffer_size = (\d+).*(?:IO\.FileStream|FileStream)", re.DOTALL
)

# In a runspace pool, core 2.18 opens a file, reads it in parts, and closes it: a script for each.
_OPEN = re.compile(r"param\(\[string\]\$Path\).*System\.IO\.FileStream", re.DOTALL)
_READ = re.compile(r"param\(\[int64\]\$Offset, \[int\]\$BufferSize\).*\$fs\.Seek", re.DOTALL)
_CLOSE = re.compile(r"\s*\$fs\.Close\(\)\s*")
Script = tuple[str, re.Pattern[str], tuple[str, ...]]
# In this order: the script of a file's part also looks like that of a whole one.
_SCRIPTS: tuple[Script, ...] = (
    ("mkdtemp", _MKDTEMP, ("Directory", "Name")),
    ("put_file", _PUT, ("Path",)),
    ("fetch_file", _FETCH, ("Path", "BufferSize", "Offset")),
    ("fetch_whole_file", _FETCH_WHOLE, ("Path", "BufferSize")),
    ("expand_user", _EXPAND, ("Path",)),
    ("remove", _REMOVE, ("Path",)),
    ("remove", _REMOVE_BARE, ("Path",)),
)
_BY_ARGUMENT: tuple[Script, ...] = (
    ("put_file", _PUT_BY_ARGUMENT, ("Path",)),
    ("open_file", _OPEN, ("Path",)),
    ("read_file", _READ, ("Offset", "BufferSize")),
)
Helper = tuple[str, dict[str, str]]


def helper_in(text: str, arguments: Sequence[str] = ()) -> Helper | None:
    """Return the helper that a text is, with its parameters; None when it is none of them."""
    for name, pattern, keys in _BY_ARGUMENT:
        if len(arguments) == len(keys) and pattern.search(text):
            return name, dict(zip(keys, arguments, strict=True))
    for name, pattern, keys in _SCRIPTS:
        if found := pattern.search(text):
            values = (part.replace("''", "'") for part in found.groups())
            return name, dict(zip(keys, values, strict=True))
    if found := _IN_HOME.search(text):
        return "expand_user", {"Path": f"~{found[1]}"}
    if _CLOSE.fullmatch(text):
        return "close_file", {}
    return ("expand_user", {"Path": "~"}) if _HOME.search(text) else None
