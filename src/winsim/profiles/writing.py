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
    if _is_bare(value) or (len(short) <= _WIDTH and _is_flat(value)):
        yield short
    else:
        yield head
        yield from _block(value, f"{indent}  ")


def _item(item: Any, indent: str) -> Iterator[str]:
    short = f"{indent}- {_flow(item)}"
    if _is_bare(item) or (len(short) <= _WIDTH and _depth(item) <= _DEEP):
        yield short
        return
    lines = list(_block(item, f"{indent}  "))
    yield f"{indent}- {lines[0].lstrip()}"
    yield from lines[1:]


def _is_bare(value: Any) -> bool:
    return not value or not isinstance(value, Mapping | list | tuple)


def _is_flat(value: Any) -> bool:
    """Tell whether a collection holds no mappings, or is one such as `{set: {A: 1}}`."""
    if not isinstance(value, Mapping):
        return _depth(value) <= _DEEP
    inside = list(value.values())
    if len(inside) == 1 and isinstance(inside[0], Mapping):
        inside = list(inside[0].values())
    return not any(isinstance(item, Mapping) or _depth(item) > 1 for item in inside)


def _depth(value: Any) -> int:
    if _is_bare(value):
        return 0
    inside = value.values() if isinstance(value, Mapping) else value
    return 1 + max(_depth(item) for item in inside)


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
