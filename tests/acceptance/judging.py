"""How a check ends that does not accept, and the sums it is done with."""

from __future__ import annotations

import re
from typing import NoReturn

import pytest

from custode.core.acceptance import Verdict, words

AGAIN = "run `custode doctor` on this PC, then look again"


def reject(*, found: str, expected: str, next_step: str) -> NoReturn:
    """End a check: the PC is not as it should be."""
    text = words(Verdict.NOT_ACCEPTED, found=found, expected=expected, next_step=next_step)
    pytest.fail(text, pytrace=False)


def unknown(*, found: str, next_step: str = AGAIN) -> NoReturn:
    """End a check: whether the PC is as it should be cannot be known."""
    pytest.fail(words(Verdict.UNKNOWN, found=found, next_step=next_step), pytrace=False)


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers; none where it holds none."""
    found = re.match(r"\s*v?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def fits(found: str, wanted: str) -> bool:
    """Tell whether a version is at least the wanted one, and of the same generation."""
    left, right = _shared(found, wanted)
    return bool(left) and left[0] == right[0] and left >= right


def same(found: str, wanted: str) -> bool:
    """Tell whether two texts name the same version."""
    left, right = _shared(found, wanted)
    return bool(left) and left == right


def _shared(one: str, other: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the numbers that both versions have: Windows often leaves the build's out."""
    left, right = numbers(one), numbers(other)
    count = min(len(left), len(right))
    return left[:count], right[:count]
