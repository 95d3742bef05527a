"""Checks that the files of a profile set are described with: types, choices and known keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from winsim.moments import is_moment, resolve

Place = tuple[Any, ...]
Check = Callable[[Any, Place], None]

_ANY = datetime(2020, 1, 1, tzinfo=UTC)


class SchemaError(Exception):
    """A value that may not stand where it stands."""

    def __init__(self, place: Place, found: Any, allowed: str) -> None:
        super().__init__(f"{found!r}; allowed: {allowed}")
        self.place, self.found, self.allowed = place, found, allowed


def text(value: Any, place: Place) -> None:
    """Check for text."""
    if not isinstance(value, str) or not value:
        raise SchemaError(place, value, "text")


def any_text(value: Any, place: Place) -> None:
    """Check for text that may be empty."""
    if not isinstance(value, str):
        raise SchemaError(place, value, "text")


def flag(value: Any, place: Place) -> None:
    """Check for true or false."""
    if not isinstance(value, bool):
        raise SchemaError(place, value, "a bool")


def anything(value: Any, place: Place) -> None:
    """Check nothing."""


def number(lowest: int = 0, highest: int | None = None) -> Check:
    """Return a check for a whole number in a range."""
    ends = "" if highest is None else f" to {highest}"

    def check(value: Any, place: Place) -> None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < lowest or (highest is not None and value > highest):
            raise SchemaError(place, value, f"a whole number, {lowest}{ends or ' or more'}")

    return check


def one_of(*choices: Any) -> Check:
    """Return a check for one of some values."""

    def check(value: Any, place: Place) -> None:
        if value not in choices:
            raise SchemaError(place, value, " or ".join(str(choice) for choice in choices))

    return check


def moment(value: Any, place: Place) -> None:
    """Check for a time, fixed or relative to the clock."""
    try:
        if is_moment(value) or isinstance(value, str):
            resolve(value, _ANY)
            return
    except ValueError:
        pass
    raise SchemaError(place, value, "a moment with a time zone, or `now - 20m`")


def list_of(check_item: Check) -> Check:
    """Return a check for a list."""

    def check(value: Any, place: Place) -> None:
        if not isinstance(value, list):
            raise SchemaError(place, value, "a list")
        for index, item in enumerate(value):
            check_item(item, (*place, index))

    return check


def mapping_of(check_value: Check) -> Check:
    """Return a check for a mapping with keys of any name; null takes away what a base has."""

    def check(value: Any, place: Place) -> None:
        if not isinstance(value, dict):
            raise SchemaError(place, value, "keys and values")
        for key, item in value.items():
            text(key, (*place, key))
            if item is not None:
                check_value(item, (*place, key))

    return check


def record(keys: Mapping[str, Check], *, needed: Sequence[str] = ()) -> Check:
    """Return a check for a mapping with known keys."""

    def check(value: Any, place: Place) -> None:
        if not isinstance(value, dict):
            raise SchemaError(place, value, f"the keys {', '.join(sorted(keys))}")
        for key, item in value.items():
            if key not in keys:
                near = get_close_matches(str(key), list(keys), n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                allowed = ", ".join(sorted(keys)) + hint
                raise SchemaError((*place, key), "an unknown key", allowed)
            if item is not None:
                keys[key](item, (*place, key))
        for key in needed:
            if value.get(key) is None:
                raise SchemaError(place, f"no {key}", f"{', '.join(needed)} are needed")

    return check
