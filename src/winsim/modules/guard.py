"""What `fleet_probe` refuses to read: the tests of its PowerShell, in the same order.

A contract test holds the answers against the table of disguised targets that the module is tested
with; the list itself is `readable.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from winsim.modules import readable

Probe = Mapping[str, Any]

_LONGEST_PATH = 240
_PRINTABLE = re.compile(r"[ -~]*")
_SEGMENT = re.compile(r"[A-Za-z0-9 ._(){}+&-]+")
_DISGUISED_SEGMENT = re.compile(r"\A | \Z|\.\Z")
_FILTER = re.compile(r"[ -~]{0,300}")
_BARE = re.compile(r"[A-Za-z0-9_ =<>()?]*")
_FILTER_WORD = re.compile(r"[0-9]*|and|false|is|like|not|null|or|true", re.IGNORECASE | re.ASCII)
_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+-]{2,39}")
_FOR_32_BIT = re.compile(r"\AHKLM\\SOFTWARE\\WOW6432Node\\", re.IGNORECASE | re.ASCII)


def refusal(probe: Probe) -> str | None:
    """Return in one word why a probe may not run, or None when it may."""
    known = _REFUSALS.get(probe["kind"])
    return "UnknownKind" if known is None else known(probe)


def _listed(table: Mapping[str, str], place: str) -> str | None:
    return table.get(place.lower()) if _PRINTABLE.fullmatch(place) else None


def _all_listed(names: Iterable[Any] | None, allowed: str | Iterable[str]) -> bool:
    known = set(allowed.split(", ") if isinstance(allowed, str) else allowed) - {""}
    texts = [str(name) for name in names or []]
    return all(_PRINTABLE.fullmatch(text) and text.lower() in known for text in texts)


def _file(path: str) -> str | None:
    lowered = path.lower()
    root = next((root for root in readable.FILE_ROOTS if lowered.startswith(f"{root}\\")), None)
    if root is None:
        return "OutsideRoots"
    if len(path) > _LONGEST_PATH or not _PRINTABLE.fullmatch(path):
        return "Malformed"
    segments = path[len(root) + 1 :].replace("\\<version>\\", "\\0\\", 1).split("\\")
    if any(not _SEGMENT.fullmatch(s) or _DISGUISED_SEGMENT.search(s) for s in segments):
        return "Malformed"
    if any(segment.lower() in readable.FILE_FOLDERS_EXCEPT for segment in segments):
        return "PersonalFolder"
    return None if lowered.endswith(readable.FILE_ENDINGS) else "NoProgram"


def _files(probe: Probe) -> str | None:
    paths = probe.get("paths") or []
    if not probe.get("each_profile"):
        return next((found for path in paths if (found := _file(path))), None)
    asked = probe.get("properties") or []
    known = all(name in readable.PROFILE_PROPERTIES for name in asked)
    return None if _all_listed(paths, readable.PROFILE_FILES) and known else "FileNotListed"


def _marker(probe: Probe) -> str | None:
    paths, markers = probe.get("paths") or [], probe.get("markers") or []
    if len(paths) != 1 or not markers:
        return "Malformed"
    allowed: tuple[str, ...] = ()
    if _all_listed(paths, readable.SETTINGS_FILE):
        allowed = readable.SETTINGS_MARKERS
    if _all_listed(paths, readable.RUN_LOG):
        allowed = readable.RUN_MARKERS
    if not allowed:
        return "FileNotListed"
    if any(marker not in allowed for marker in markers):
        return "MarkerNotListed"
    known = all(name in readable.MARKER_PROPERTIES for name in probe.get("properties") or [])
    return None if known else "ColumnNotListed"


def _cim(probe: Probe) -> str | None:
    place = f"{probe.get('namespace') or ''}:{probe.get('class') or ''}"
    columns = _listed(readable.CIM_COLUMNS, place)
    if columns is None:
        return "ClassNotListed"
    if not _all_listed(probe.get("properties"), columns):
        return "ColumnNotListed"
    if associated := probe.get("associated"):
        linked = _listed(readable.CIM_COLUMNS, f"{probe['namespace']}:{associated['class']}")
        if linked is None:
            return "ClassNotListed"
        if not _all_listed(associated.get("properties"), linked):
            return "ColumnNotListed"
    where = str(probe.get("filter") or "")
    only = _listed(readable.CIM_ONLY, place)
    if only is None:
        return _filter(where, f"{columns}, {_listed(readable.CIM_FILTERS, place) or ''}")
    return None if where == only else "FilterNotListed"


def _filter(where: str, columns: str) -> str | None:
    # A filter on a column tells as much as reading it.
    bare = re.sub(r"'(\\.|[^'\\])*'", "?", where)
    if not _FILTER.fullmatch(where) or not _BARE.fullmatch(bare):
        return "Malformed"
    words = (word for word in re.split("[^A-Za-z0-9_]+", bare) if not _FILTER_WORD.fullmatch(word))
    return None if _all_listed(words, columns) else "ColumnNotListed"


def _event_log(probe: Probe) -> str | None:
    providers, ids = probe.get("providers") or [], probe.get("ids") or []
    if not providers or not ids:
        return "Malformed"
    for provider in providers:
        place = f"{probe.get('log') or ''}:{provider}"
        allowed = _listed(readable.EVENT_IDS, place)
        if allowed is None:
            return "LogNotListed"
        if not _all_listed(ids, allowed):
            return "EventNotListed"
        if not _all_listed(probe.get("fields"), _listed(readable.EVENT_FIELDS, place) or ""):
            return "ColumnNotListed"
    return None


def _log_start(probe: Probe) -> str | None:
    listed = _all_listed([probe.get("log") or ""], readable.LOG_STARTS)
    return None if listed else "LogNotListed"


def _registry(probe: Probe) -> str | None:
    if probe.get("each_user"):
        return _user(probe)
    below = "\\*" if probe.get("subkeys") else ""
    for key in probe.get("keys") or []:
        place = _FOR_32_BIT.sub(lambda _: "HKLM\\SOFTWARE\\", key) + below
        allowed = _listed(readable.REGISTRY_VALUES, place)
        if allowed is None or "*" in key:
            return "KeyNotListed"
        if not _all_listed(probe.get("values"), allowed):
            return "ValueNotListed"
    return None


def _user(probe: Probe) -> str | None:
    programs = probe.get("names") or []
    if not programs or not all(_PROGRAM.fullmatch(name) for name in programs):
        return "Malformed"
    if not _all_listed(probe.get("keys"), readable.USER_KEYS):
        return "KeyNotListed"
    return None if _all_listed(probe.get("values"), readable.USER_VALUES) else "ValueNotListed"


_REFUSALS: Mapping[str, Callable[[Probe], str | None]] = {
    "accounts": lambda _: None,
    "cim": _cim,
    "event_log": _event_log,
    "file": _files,
    "log_start": _log_start,
    "marker": _marker,
    "registry": _registry,
}
