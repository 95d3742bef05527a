"""The part of WQL that filters use: comparisons, LIKE, IS NULL, AND, OR, NOT, parentheses.

Filters come over the wire: whatever they hold, the answer is rows or a `WqlError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]
Predicate = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>-?[0-9]{1,20}(?![0-9]))"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<sign><>|!=|<=|>=|[=<>()]))""",
    re.DOTALL,
)
_INTEGER = re.compile(r"-?[0-9]{1,20}")
# Windows refuses much sooner; nobody writes such a filter by hand.
_DEEPEST = 50
_LITERALS = {"true": True, "false": False, "null": None}


class WqlError(Exception):
    """The filter is not WQL as far as it is known here."""


def compile_filter(text: str) -> Predicate:
    """Return what a filter selects.

    Raises:
        WqlError: The filter cannot be read.
    """
    parser = _Parser(text)
    predicate = parser.either()
    if parser.peek() is not None:
        raise WqlError(f"unexpected {parser.peek()}")
    return predicate


class _Parser:
    def __init__(self, text: str) -> None:
        self._depth = 0
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise WqlError(f"cannot read {text[position:][:20]!r}")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()

    def peek(self) -> str | None:
        return self._tokens[0][1] if self._tokens else None

    def either(self) -> Predicate:
        parts = [self.both()]
        while self._word("or"):
            parts.append(self.both())
        return lambda row: any(part(row) for part in parts)

    def both(self) -> Predicate:
        parts = [self.single()]
        while self._word("and"):
            parts.append(self.single())
        return lambda row: all(part(row) for part in parts)

    def single(self) -> Predicate:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise WqlError("the filter is nested too deeply")
        found = self._nested()
        self._depth -= 1
        return found

    def _nested(self) -> Predicate:
        if self._word("not"):
            inner = self.single()
            return lambda row: not inner(row)
        if self._tokens[:1] == [("sign", "(")]:
            self._take()
            inside = self.either()
            if self._take() != ("sign", ")"):
                raise WqlError("a parenthesis is open")
            return inside
        kind, name = self._take()
        if kind != "word":
            raise WqlError(f"a column was expected, not {name}")
        return self._comparison(name)

    def _comparison(self, name: str) -> Predicate:
        if self._word("is"):
            wanted = not self._word("not")
            if not self._word("null"):
                raise WqlError("IS goes with NULL")
            return lambda row: (_column(row, name) is None) == wanted
        if self._word("like"):
            pattern = _like(str(self._literal()))
            return lambda row: pattern.fullmatch(str(_column(row, name) or "")) is not None
        kind, sign = self._take()
        if kind != "sign" or sign in "()":
            raise WqlError(f"a comparison was expected, not {sign}")
        value = self._literal()
        return lambda row: _compare(_column(row, name), sign, value)

    def _literal(self) -> Any:
        kind, text = self._take()
        if kind == "string":
            return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        if kind == "number":
            return int(text)
        if kind == "word" and text.lower() in _LITERALS:
            return _LITERALS[text.lower()]
        raise WqlError(f"a value was expected, not {text}")

    def _word(self, word: str) -> bool:
        if not self._tokens or self._tokens[0][0] != "word":
            return False
        if self._tokens[0][1].lower() != word:
            return False
        self._tokens.pop(0)
        return True

    def _take(self) -> tuple[str, str]:
        if not self._tokens:
            raise WqlError("the filter ends too early")
        return self._tokens.pop(0)


def _column(row: Row, name: str) -> Any:
    return next((value for key, value in row.items() if key.lower() == name.lower()), None)


def _like(pattern: str) -> re.Pattern[str]:
    """Return what a LIKE pattern matches: `%` any text, `_` one character, `[a-f]` a set."""
    parts = []
    for piece in re.findall(r"\[\^?[^\]]+\]|.", pattern, re.DOTALL):
        if len(piece) > 1:
            negated = "^" if piece[1] == "^" else ""
            parts.append(f"[{negated}{_members(piece[1:-1].removeprefix('^'))}]")
        else:
            parts.append({"%": ".*", "_": "."}.get(piece, re.escape(piece)))
    try:
        return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise WqlError(f"{pattern!r} is no pattern") from error


def _members(text: str) -> str:
    """Return a set's characters and ranges with everything else that means something quoted."""
    ranges = re.findall(r"(.)-(.)|(.)", text, re.DOTALL)
    return "".join(
        f"{re.escape(first)}-{re.escape(last)}" if last else re.escape(alone)
        for first, last, alone in ranges
    )


def _compare(found: Any, sign: str, wanted: Any) -> bool:
    if found is None or wanted is None:
        return False  # as in SQL: null compares to nothing
    left, right = _same_kind(found, wanted)
    match sign:
        case "=":
            return bool(left == right)
        case "<>" | "!=":
            return bool(left != right)
    try:
        return bool(
            {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]
        )
    except TypeError as error:
        raise WqlError("values of different kinds") from error


def _same_kind(found: Any, wanted: Any) -> tuple[Any, Any]:
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower(), wanted.lower()
    if isinstance(found, str) and isinstance(wanted, int) and _INTEGER.fullmatch(found):
        return int(found), wanted
    return found, wanted
