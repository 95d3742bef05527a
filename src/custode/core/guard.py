"""May this be read on a PC? Asked here before a probe is sent, and again on the PC itself.

Only what stands on the list of `core/readable.py`, spelled as there, may be read; how a name could
be disguised need not be known for that. Where a list cannot name everything, which is only below
the folders of programs, the spelling is held to what Windows takes as written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from custode.core import readable

_SEGMENT = re.compile(r"[A-Za-z0-9 ._(){}+&-]+")
_FILTER = re.compile(r"[ -~]{1,300}")
_QUOTED = re.compile(r"'(\\.|[^'\\])*'")
_BARE = re.compile(r"[A-Za-z0-9_ =<>()?]*")
_BETWEEN_WORDS = re.compile(r"[^A-Za-z0-9_]+")
_FILTER_WORDS = frozenset(("", "and", "false", "is", "like", "not", "null", "or", "true"))
_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+-]{2,39}")
_LONGEST_PATH = 240


def refusal(kind: str, arguments: Mapping[str, Any]) -> str | None:
    """Return why a probe may not run, as a language-free word, or None when it may.

    Args:
        kind: `accounts`, `cim`, `registry`, `event_log`, `file`, `log_start` or `marker`.
        arguments: The probe's own arguments, as they travel to the PC.
    """
    known = _REFUSALS.get(kind)
    return "UnknownKind" if known is None else known(arguments)


def file_refusal(path: str) -> str | None:
    """Return why a program's file may not be looked at, or None when it may.

    Args:
        path: As the policy writes it.
    """
    lowered = path.lower()
    root = next((root for root in readable.FILE_ROOTS if lowered.startswith(root + "\\")), None)
    if root is None:
        return "OutsideRoots"
    if len(path) > _LONGEST_PATH or not path.isascii():
        return "Malformed"
    # One folder may be named after a version: `<version>` stands for digits and dots alone.
    segments = path[len(root) + 1 :].replace("\\<version>\\", "\\0\\", 1).split("\\")
    if any(_malformed(segment) for segment in segments):
        return "Malformed"
    if any(name.lower() in readable.FILE_FOLDERS_EXCEPT for name in segments):
        return "PersonalFolder"
    return None if lowered.endswith(readable.FILE_ENDINGS) else "NoProgram"


def _files_refusal(arguments: Mapping[str, Any]) -> str | None:
    paths = _texts(arguments.get("paths"))
    if not arguments.get("each_profile"):
        return next((reason for path in paths if (reason := file_refusal(path))), None)
    listed = _all_in(paths, readable.PROFILE_FILES)
    asked = _texts(arguments.get("properties"))
    return None if listed and set(asked) <= set(readable.PROFILE_PROPERTIES) else "FileNotListed"


def _malformed(segment: str) -> bool:
    # Windows drops trailing dots and blanks of a name, follows "..", and knows "~1" names,
    # streams and wildcards: each is a way to write a refused folder so that it looks allowed.
    if not _SEGMENT.fullmatch(segment):
        return True
    return segment[0] == " " or segment[-1] in " ."


def _marker_refusal(arguments: Mapping[str, Any]) -> str | None:
    paths, markers = _texts(arguments.get("paths")), _texts(arguments.get("markers"))
    if len(paths) != 1 or not markers:
        return "Malformed"
    if _all_in(paths, readable.SETTINGS_FILE):
        allowed: tuple[str, ...] = readable.SETTINGS_MARKERS
    elif _all_in(paths, readable.RUN_LOG):
        allowed = readable.RUN_MARKERS
    else:
        return "FileNotListed"
    if not set(markers) <= set(allowed):
        return "MarkerNotListed"
    asked = set(_texts(arguments.get("properties")))
    return None if asked <= set(readable.MARKER_PROPERTIES) else "ColumnNotListed"


def _registry_refusal(arguments: Mapping[str, Any]) -> str | None:
    if arguments.get("each_user"):
        return _user_refusal(arguments)
    below = "\\*" if arguments.get("subkeys") else ""
    for key in _texts(arguments.get("keys")):
        allowed = _listed(readable.REGISTRY_VALUES, _for_64_bit(key) + below)
        if allowed is None or "*" in key:
            return "KeyNotListed"
        if not _all_in(_texts(arguments.get("values")), allowed):
            return "ValueNotListed"
    return None


def _for_64_bit(key: str) -> str:
    begin = "hklm\\software\\wow6432node\\"
    for_32_bit = key.isascii() and key.lower().startswith(begin)
    return "hklm\\software\\" + key[len(begin) :] if for_32_bit else key


def _user_refusal(arguments: Mapping[str, Any]) -> str | None:
    programs = _texts(arguments.get("names"))
    if not programs or any(not _PROGRAM.fullmatch(name) for name in programs):
        return "Malformed"
    if not _all_in(_texts(arguments.get("keys")), readable.USER_KEYS):
        return "KeyNotListed"
    listed = _all_in(_texts(arguments.get("values")), readable.USER_VALUES)
    return None if listed else "ValueNotListed"


def _cim_refusal(arguments: Mapping[str, Any]) -> str | None:
    place = f"{arguments.get('namespace')}:{arguments.get('class')}"
    columns = _listed(readable.CIM_COLUMNS, place)
    if columns is None:
        return "ClassNotListed"
    if not _all_in(_texts(arguments.get("properties")), columns):
        return "ColumnNotListed"
    if associated := arguments.get("associated"):
        place_of_it = f"{arguments['namespace']}:{associated.get('class')}"
        if (columns_of_it := _listed(readable.CIM_COLUMNS, place_of_it)) is None:
            return "ClassNotListed"
        if not _all_in(_texts(associated.get("properties")), columns_of_it):
            return "ColumnNotListed"
    text = arguments.get("filter") or ""
    if (only := readable.CIM_ONLY.get(place.lower())) is not None:
        return None if text == only else "FilterNotListed"
    return _filter_refusal(text, {*columns, *(_listed(readable.CIM_FILTERS, place) or ())})


def _filter_refusal(text: str, columns: set[str]) -> str | None:
    # A filter on a column tells as much as reading it.
    bare = _QUOTED.sub("?", text)
    if (text and not _FILTER.fullmatch(text)) or not _BARE.fullmatch(bare):
        return "Malformed"
    words = {word.lower() for word in _BETWEEN_WORDS.split(bare) if not word.isdigit()}
    return None if words <= columns | _FILTER_WORDS else "ColumnNotListed"


def _event_refusal(arguments: Mapping[str, Any]) -> str | None:
    providers, ids = _texts(arguments.get("providers")), _texts(arguments.get("ids"))
    if not providers or not ids:
        return "Malformed"
    for provider in providers:
        place = f"{arguments.get('log')}:{provider}"
        if (allowed := _listed(readable.EVENT_IDS, place)) is None:
            return "LogNotListed"
        if not _all_in(ids, allowed):
            return "EventNotListed"
        fields = _listed(readable.EVENT_FIELDS, place) or ()
        if not _all_in(_texts(arguments.get("fields")), fields):
            return "ColumnNotListed"
    return None


def _log_start_refusal(arguments: Mapping[str, Any]) -> str | None:
    listed = _all_in([str(arguments.get("log", ""))], readable.LOG_STARTS)
    return None if listed else "LogNotListed"


def _listed(table: Mapping[str, str], place: str) -> tuple[str, ...] | None:
    """Return what a table allows at a place, or None when the place is not on it."""
    # A character that lower() turns into an ASCII one is no spelling of a listed name.
    allowed = table.get(place.lower()) if place.isascii() else None
    return None if allowed is None else tuple(name for name in allowed.split(", ") if name)


def _all_in(names: Iterable[str], allowed: Iterable[str]) -> bool:
    known = set(allowed)
    return all(name.isascii() and name.lower() in known for name in names)


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


_REFUSALS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    # Takes no arguments and tells nothing but numbers: there is nothing to refuse.
    "accounts": lambda _: None,
    "cim": _cim_refusal,
    "event_log": _event_refusal,
    "file": _files_refusal,
    "log_start": _log_start_refusal,
    "marker": _marker_refusal,
    "registry": _registry_refusal,
}
