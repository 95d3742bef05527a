"""What earlier visits saw: how fast a volume fills, told from the store alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.errors import InputError
from custode.core.rule_words import FAR_DAYS, Uncertain, days_left
from custode.edges.policies import load_policies
from custode.edges.store import Store
from custode.flows.earlier import seen_before

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2027, 1, 11, 8, tzinfo=UTC)
POLICIES = load_policies(ROOT / "policies")
PROBES = [POLICIES.probes["free_space_before"], POLICIES.probes["logical_disks"]]


def run(days_ago: float, free: int | None, *, device: str = "pc-1") -> dict[str, Any]:
    rows = [] if free is None else [{"DeviceID": "C:", "FreeSpace": free, "other": 1}]
    at = NOW - timedelta(days=days_ago)
    volatile = {"logical_disks": rows, "uptime": [{"hours": 1}]}
    return {
        "at": at.isoformat(),
        "hosts": {
            device: {"observed_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "volatile": volatile},
            "absent": {"observed_at": None, "volatile": {}},
        },
    }


def store(folder: Path, runs: Sequence[dict[str, Any]], ledger: str = "") -> Path:
    tree = {f"runs/{n}.json": json.dumps(run).encode() for n, run in enumerate(runs)}
    if ledger:
        tree["devices/pc-1/ledger.jsonl"] = ledger.encode()
    written = Store(folder)
    with written.locked():
        written.write(tree, message="Visits", at=NOW)
    return folder


def rows(folder: Path, device: str = "pc-1") -> list[dict[str, Any]]:
    return list(seen_before(folder, device, PROBES, now=NOW)["free_space_before"]["rows"])


def test_each_earlier_look_tells_what_it_saw_and_how_long_ago(tmp_path: Path) -> None:
    folder = store(tmp_path / "store", [run(63, 300), run(28.25, 200), run(30, 9, device="pc-2")])

    assert rows(folder) == [
        {"days_ago": 63.0, "DeviceID": "C:", "FreeSpace": 300},
        {"days_ago": 28.2, "DeviceID": "C:", "FreeSpace": 200},
    ]
    assert rows(folder, "absent") == []


def test_what_is_too_old_or_not_over_yet_is_left_out(tmp_path: Path) -> None:
    assert rows(store(tmp_path / "store", [run(371, 1), run(0, 2), run(-1, 3)])) == []


def test_nothing_is_known_of_a_client_whom_nobody_visited(tmp_path: Path) -> None:
    assert rows(tmp_path / "store") == []


def test_what_was_seen_of_a_machine_that_was_replaced_is_no_past_of_the_new_one(
    tmp_path: Path,
) -> None:
    ledger = "".join(
        json.dumps({"entry": "identity", "at": at, "replaced": replaced, "identity": {}}) + "\n"
        for at, replaced in (("2026-10-01T08:00:00Z", False), ("2026-12-01T08:00:00Z", True))
    )
    folder = store(tmp_path / "store", [run(63, 300), run(28, 200)], ledger)

    assert [row["FreeSpace"] for row in rows(folder)] == [200]


def looks(*points: tuple[float, int]) -> list[dict[str, Any]]:
    return [{"days_ago": days, "FreeSpace": free} for days, free in points]


@pytest.mark.parametrize(
    ("earlier", "left", "days"),
    [
        (looks((60, 300), (30, 200)), 100, 30),
        (looks((60, 100), (30, 200)), 300, FAR_DAYS),
        (looks((60, 100), (30, 100)), 100, FAR_DAYS),
        (looks((60, 100_001), (30, 100_000)), 99_999, FAR_DAYS),
        (looks((60, 300), (30, 200)), 0, 0),
        # Of a volume as large as this, WMI tells the size as text.
        ([{"days_ago": 60.0, "FreeSpace": "300"}, {"days_ago": 30.0, "FreeSpace": "200"}], "100", 30),
    ],
    ids=["shrinks", "grows", "stays", "shrinks_slowly", "full", "as_text"],
)  # fmt: skip
def test_it_is_told_in_how_many_days_nothing_is_left(
    earlier: list[dict[str, Any]], left: Any, days: float
) -> None:
    assert days_left(earlier, "FreeSpace", left) == pytest.approx(days)


@pytest.mark.parametrize(
    "earlier", [[], looks((30, 1)), looks((30, 1), (30, 2))], ids=["none", "one", "same_day"]
)
def test_a_line_of_two_points_is_no_trend(earlier: list[dict[str, Any]]) -> None:
    with pytest.raises(Uncertain, match="earlier looks"):
        days_left(earlier, "FreeSpace", 1)


@given(
    points=st.lists(
        st.tuples(st.floats(0.1, 400), st.integers(0, 2**50)), min_size=2, unique_by=lambda p: p[0]
    ),
    left=st.integers(0, 2**50),
)
def test_the_days_are_never_negative_nor_without_end_whatever_the_order(
    points: list[tuple[float, int]], left: int
) -> None:
    found = days_left(looks(*points), "FreeSpace", left)

    assert 0 <= found <= FAR_DAYS
    assert days_left(looks(*reversed(points)), "FreeSpace", left) == pytest.approx(found, rel=1e-3)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("probe: logical_disks", "probe: logical_disk", "did you mean `logical_disks`?"),
        ("[DeviceID, FreeSpace]", "[DeviceID, Size]", "DeviceID, FreeSpace: what every look keeps"),
    ],
)
def test_what_the_store_does_not_keep_cannot_be_asked_for(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    path = tmp_path / "policies" / "probes" / "free_space_before.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")

    with pytest.raises(InputError) as caught:
        load_policies(tmp_path / "policies")

    assert words in str(caught.value)
