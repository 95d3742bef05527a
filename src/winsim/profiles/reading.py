"""Reads a profile's YAML, and tells what is wrong in it by file, line and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from winsim.errors import WinsimError
from winsim.profiles.checks import Check, Place, SchemaError

# The one in C where there is one: a set is read anew for every fleet.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ProfileError(WinsimError):
    """A machine's description is wrong; the text names file, line, key and what is allowed."""


def read(path: Path, check: Check) -> Any:
    """Return what a file holds, checked.

    Raises:
        ProfileError: It cannot be read, is no YAML, or holds what it may not hold.
    """
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        _refuse_repeats(node, path)
        data = loader.construct_document(node) if node is not None else None
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or no such date
        raise ProfileError(f"{path}: {error}") from error
    try:
        check(data, ())
    except SchemaError as error:
        raise wrong(path, error.place, error.found, error.allowed) from error
    return data


def wrong(path: Path, place: Place, found: Any, allowed: str) -> ProfileError:
    """Return the error for a key of a file; the line is that of the nearest key there is."""
    key = ".".join(str(part) for part in place) or "the file"
    return ProfileError(f"{path}:{_line(path, place)}: {key}: found {found}; allowed: {allowed}")


def _refuse_repeats(node: yaml.Node | None, path: Path) -> None:
    """Refuse a key that stands twice in a mapping: YAML would silently take the last."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeats(item, path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            line = key.start_mark.line + 1
            raise ProfileError(
                f"{path}:{line}: {key.value}: found twice; allowed: each key once in its place"
            )
        seen.add(key.value)
        _refuse_repeats(value, path)


def _line(path: Path, place: Place) -> int:
    """Return the line of a key, or of the nearest key above it; read again only for an error."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part] if part < len(node.value) else None
            line = node.start_mark.line + 1 if node is not None else line
    return line


def made(kind: Callable[..., Any], about: Any, path: Path, place: Place) -> Any:
    """Return an object made of what a file says of it.

    Raises:
        ProfileError: Something that it needs is not there, in the file or in its bases.
    """
    try:
        return kind(**{key: value for key, value in about.items() if value is not None})
    except TypeError as error:
        message = str(error).partition("__init__() ")[2] or str(error)
        raise wrong(path, place, message, "the keys of the README") from error
