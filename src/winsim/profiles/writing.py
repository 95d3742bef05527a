"""Descriptions as YAML that a person can read: the same data gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

_WIDTH = 110
_DEEP = 2
# What YAML reads as text without quotes; anything else is quoted, versions and dates among them.
_PLAIN = re.compile(r"[A-Za-z](?:[\w ./\\()@+%&$-]|:(?=\\))*", re.ASCII)
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def yaml_text(data: Mapping[str, Any] | Sequence[Any], *, comment: str = "") -> str:
    """Return a document.

    Args:
        data: Mappings with text as keys, lists, text, numbers, flags, None and aware moments.
        comment: What stands above it, without signs; empty for nothing.
    """
    above = [f"# {line}" for line in comment.splitlines()]
    return "\n".join(["---", *above, *_block(data, "")]) + "\n"


def _block(data: Any, indent: str) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entry(f"{indent}{_scalar(key)}:", value, indent)
    else:
        for item in data:
            yield from _item(item, indent)


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    short = f"{head} {_flow(value)}"
    chain = isinstance(value, Mapping) and len(value) == 1
    deepest = _depth(value) - chain
    nested = isinstance(value, Mapping) and any(isinstance(i, Mapping) for i in value.values())
    if not _is_many(value) or not value or (deepest < _DEEP and not (nested and not chain)):
        if len(short) <= _WIDTH or not value or not _is_many(value):
            yield short
            return
    yield head
    yield from _block(value, f"{indent}  ")


def _item(item: Any, indent: str) -> Iterator[str]:
    short = f"{indent}- {_flow(item)}"
    if not _is_many(item) or not item or (_depth(item) <= _DEEP and len(short) <= _WIDTH):
        yield short
        return
    lines = list(_block(item, f"{indent}  "))
    yield f"{indent}- {lines[0].lstrip()}"
    yield from lines[1:]


def _depth(value: Any) -> int:
    if not _is_many(value) or not value:
        return 0
    inside = value.values() if isinstance(value, Mapping) else value
    return 1 + max(_depth(item) for item in inside)


def _is_many(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(" "):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(sign) for sign in text) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"


def _number(value: float) -> str:
    """Return a fraction as YAML 1.1 reads one: with a point, and a sign before its exponent."""
    mantissa, _, exponent = repr(value).partition("e")
    point = "" if "." in mantissa else ".0"
    return f"{mantissa}{point}" + (f"e{int(exponent):+d}" if exponent else "")
