"""YAML with places: every value knows the line and column it came from."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from custode.core.errors import InputError, Problem

Loc = tuple[str | int, ...]
_SHOWN_CHARACTERS = 80
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What pydantic calls by Python's names, as a writer of YAML knows it.
_PLAIN_WORDS = {
    "a valid dictionary": "keys and values",
    "a valid dictionary or instance of Mapping": "keys and values",
    "a valid mapping": "keys and values",
    "a valid list": "a list",
    "a valid tuple": "a list",
    "a valid string": "a text",
    "a valid integer": "a whole number",
    "a valid boolean": "true or false",
    "a valid date": "a date such as 2026-10-05",
}


@dataclass(frozen=True)
class Vaulted:
    """A value encrypted by Ansible Vault; what it hides is never read here."""


@dataclass(frozen=True)
class Source:
    """A parsed file.

    Attributes:
        path: The file.
        data: Plain data; encrypted values are `Vaulted`.
        places: Line and column, first is 1, of each key and item.
    """

    path: Path
    data: Any
    places: Mapping[Loc, tuple[int, int]]

    def locate(self, loc: Sequence[str | int]) -> tuple[int, int]:
        """Return the place of a key, or of the nearest key above it that is in the file."""
        wanted = tuple(loc)
        while wanted and wanted not in self.places:
            wanted = wanted[:-1]
        return self.places.get(wanted, (1, 1))

    def problem(
        self, loc: Sequence[str | int], *, found: str, allowed: str, hint: str = ""
    ) -> Problem:
        """Return a problem at the place of a key."""
        line, column = self.locate(loc)
        key = ".".join(str(part) for part in loc)
        return Problem(str(self.path), line, column, key, found, allowed, hint)


def load_yaml(path: Path) -> Source:
    """Read a YAML file whose top level is a mapping.

    Raises:
        InputError: The file cannot be read, is no YAML, repeats a key, or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            [Problem(str(path), 0, 0, "", f"byte {error.start} is not UTF-8", "UTF-8 text")]
        ) from error
    except OSError as error:
        found = error.strerror or "unreadable"
        raise InputError([Problem(str(path), 0, 0, "", found, "a readable file")]) from error
    try:
        root = _composed(text)
    except yaml.MarkedYAMLError as error:
        raise InputError([_syntax_problem(path, error)]) from error
    except yaml.YAMLError as error:  # characters that YAML forbids carry no mark
        found = f"no YAML ({str(error).splitlines()[0]})"
        raise InputError([Problem(str(path), 0, 0, "", found, "a YAML mapping")]) from error
    except RecursionError as error:
        raise InputError([Problem(str(path), 0, 0, "", "YAML nested too deep", "less")]) from error
    if not isinstance(root, MappingNode):
        found = "a list" if isinstance(root, SequenceNode) else "a single value"
        found = "nothing" if root is None else found
        raise InputError([Problem(str(path), 1, 1, "", found, "keys and values")])
    return _Reader(path).read(root)


def _composed(text: str) -> Node | None:
    """Return the root node, by libyaml where it is there: it takes a tenth of the time."""
    try:
        fast: Node | None = yaml.compose(text, Loader=_FastLoader)
    except yaml.YAMLError:
        slow: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)  # says it in plainer words
        return slow
    return fast


def validation_problems(source: Source, error: ValidationError, model: Any) -> list[Problem]:
    """Turn pydantic's findings into problems with places, allowed keys and near misses.

    Args:
        source: What was validated.
        error: What pydantic found.
        model: The model it was validated as, or a union of models told apart by `kind`.
    """
    return [
        _problem(source, fault, model)
        for fault in error.errors(include_url=False, include_context=False)
    ]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return a hint that names the nearest known word, or nothing."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean `{close[0]}`?" if close else ""


class _Reader:
    """Builds data and places from nodes, noting repeated keys and foreign tags."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[Loc, tuple[int, int]] = {}
        self._problems: list[Problem] = []
        self._constructor = yaml.constructor.SafeConstructor()
        self._open: set[int] = set()

    def read(self, root: MappingNode) -> Source:
        data = self._value(root, ())
        if self._problems:
            raise InputError(self._problems)
        return Source(self._path, data, self._places)

    def _value(self, node: Node, loc: Loc) -> Any:
        self._places.setdefault(loc, _place(node))
        if id(node) in self._open:
            self._note(node, loc, "an alias of what contains it", "a value")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, loc)
            if isinstance(node, SequenceNode):
                return [self._value(item, (*loc, i)) for i, item in enumerate(node.value)]
            return self._scalar(node, loc)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._note(key_node, loc, "a key that is no word", "a word")
                continue
            key = str(key_node.value)
            if key in out:
                self._note(key_node, (*loc, key), "the key a second time", "each key once")
            self._places[(*loc, key)] = _place(key_node)
            out[key] = self._value(value_node, (*loc, key))
        return out

    def _scalar(self, node: Node, loc: Loc) -> Any:
        if node.tag == "!vault":
            return Vaulted()
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._note(node, loc, f"the tag {node.tag}", "plain values, or !vault")
            return None
        try:
            return self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            self._note(node, loc, str(node.value)[:_SHOWN_CHARACTERS], "a value of its kind")
            return None

    def _note(self, node: Node, loc: Loc, found: str, allowed: str) -> None:
        key = ".".join(str(part) for part in loc)
        self._problems.append(Problem(str(self._path), *_place(node), key, found, allowed))


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _syntax_problem(path: Path, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(str(path), line, column, "", error.problem or "no YAML", "YAML")


def _problem(source: Source, fault: Mapping[str, Any], model: Any) -> Problem:
    loc = _in_file(source.data, tuple(fault["loc"]))
    kind, value = fault["type"], fault["input"]
    if kind == "missing":
        return source.problem(loc, found="no such key", allowed=f"the key `{loc[-1]}`")
    if kind == "extra_forbidden":
        known = _known_keys(model, source.data, loc[:-1])
        return source.problem(
            loc,
            found=f"the key `{loc[-1]}`",
            allowed=", ".join(known) or "no such key",
            hint=did_you_mean(str(loc[-1]), known),
        )
    return source.problem(loc, found=_shown(value), allowed=_allowed(str(fault["msg"])))


def _allowed(message: str) -> str:
    for opening in ("Input should be ", "Value error, ", "Value should be "):
        message = message.removeprefix(opening)
    return _PLAIN_WORDS.get(message, message)


def _shown(value: Any) -> str:
    if isinstance(value, Vaulted):
        return "an encrypted value"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _in_file(data: Any, loc: Loc) -> Loc:
    """Drop the parts that pydantic adds and no file has, such as the name of a union's member."""
    out: list[str | int] = []
    for index, part in enumerate(loc):
        if isinstance(data, Mapping):
            if part in data:
                data = data[part]
            elif index < len(loc) - 1:
                continue
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif index:
            continue
        out.append(part)
    return tuple(out)


def _known_keys(model: Any, data: Any, loc: Loc) -> list[str]:
    """Return the keys that the models allow at a place, following its path."""
    candidates: list[Any] = [model]
    for part in loc:
        candidates = [inner for candidate in candidates for inner in _inside(candidate, part)]
        data = data[part] if _has(data, part) else None
    kinds = [item for item in _models(candidates) if _accepts_kind(item, data)]
    return sorted(
        {field.alias or name for item in kinds for name, field in item.model_fields.items()}
    )


def _inside(candidate: Any, part: str | int) -> list[Any]:
    found: list[Any] = []
    for item in _members(candidate):
        if isinstance(item, type) and issubclass(item, BaseModel):
            fields = {field.alias or name: field for name, field in item.model_fields.items()}
            if part in fields:
                found.append(fields[str(part)].annotation)
        else:
            arguments = [a for a in typing.get_args(item) if a is not Ellipsis]
            found.extend(arguments[-1:])
    return found


def _members(candidate: Any) -> list[Any]:
    """Return what a union or an annotated type stands for."""
    origin = typing.get_origin(candidate)
    if origin is typing.Annotated:
        return _members(typing.get_args(candidate)[0])
    if origin in {typing.Union, types.UnionType}:
        return [item for arg in typing.get_args(candidate) for item in _members(arg)]
    return [candidate]


def _models(candidates: Sequence[Any]) -> list[type[BaseModel]]:
    members = [item for candidate in candidates for item in _members(candidate)]
    return [item for item in members if isinstance(item, type) and issubclass(item, BaseModel)]


def _accepts_kind(model: type[BaseModel], data: Any) -> bool:
    """Tell whether a member of a union is the one that the data's `kind` names."""
    field = model.model_fields.get("kind")
    if field is None or not isinstance(data, Mapping) or "kind" not in data:
        return True
    allowed = typing.get_args(field.annotation)
    return not allowed or data["kind"] in allowed


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, Mapping):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)
