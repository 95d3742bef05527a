"""What a clean-up came to is summed up from its steps, and unknown is no number."""

from __future__ import annotations

from typing import Any

import pytest

from custode.core.cleaning import cleaning, size

FOLDERS = {
    "removed_count": 3,
    "removed_bytes": 5 << 20,
    "free_bytes_before": 100 << 30,
    "free_bytes_after": (100 << 30) + (5 << 20),
}
STORE = {"free_bytes_before": FOLDERS["free_bytes_after"], "free_bytes_after": 102 << 30}


def test_steps_are_summed_up_from_the_first_measure_to_the_last() -> None:
    done = cleaning([FOLDERS, STORE, {"skipped": True}], tool="windows")

    assert 2 << 30 == done.freed_bytes
    assert "3 old temporary files removed (5.0 MiB); freed: 2.0 GiB" in done.sentence()
    assert "The registry was not cleaned" in done.sentence()
    assert {"kind": "cleaned", "registry": "not_cleaned", "tool": "windows"}.items() <= (
        done.event().items()
    )


@pytest.mark.parametrize(
    "steps",
    [[], [{"skipped": True}], [{**FOLDERS, "free_bytes_before": None, "free_bytes_after": None}]],
    ids=["none", "skipped", "silent"],
)
def test_what_windows_did_not_say_is_unknown(steps: list[dict[str, Any]]) -> None:
    done = cleaning(steps, tool="windows")

    assert done.freed_bytes is None
    assert "Windows did not say how much is free" in done.sentence()


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (2048, "2.0 KiB"), (-(3 << 20), "-3.0 MiB")]
)
def test_sizes_are_told_as_people_read_them(count: int, text: str) -> None:
    assert text == size(count)
