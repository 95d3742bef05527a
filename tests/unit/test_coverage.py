"""A percentage is told with what nobody knows, and not at all of very few PCs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.conftest import CLIENT, Office

from custode.core.coverage import FEWEST, Coverage
from custode.flows.status import read_status

NOVEMBER = "2026-11-09T08:00:00Z"
COUNTS = st.integers(0, 400)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_truth_lies_between_worst_and_best(
    passed: int, failed: int, unknown: int, not_seen: int
) -> None:
    counts = Coverage(passed, failed, unknown, not_seen)

    percent = counts.percent()

    if counts.total < FEWEST:
        assert percent is None
        return
    assert percent is not None
    worst, best = percent
    for good in (0, unknown + not_seen):
        assert worst <= 100 * (passed + good) / counts.total <= best
    assert (worst == 100) is (passed == counts.total)
    assert (best == 100) or failed


@pytest.mark.parametrize(
    ("counts", "percent"),
    [
        (Coverage(4, 0, 0, 0), None),
        (Coverage(5, 0, 0, 0), (100, 100)),
        (Coverage(1, 4, 1, 1), (14, 43)),
        (Coverage(0, 0, 3, 4), (0, 100)),
    ],
)
def test_what_is_not_known_is_the_difference(
    counts: Coverage, percent: tuple[int, int] | None
) -> None:
    assert counts.percent() == percent


def test_few_pcs_are_counted_and_never_turned_into_a_percentage(office: Office) -> None:
    looks = [office.seen("desk", NOVEMBER), office.unreachable("lap")]
    office.visit("monthly", NOVEMBER, *looks, hosts=["desk", "lap"])
    office.publish()

    report = office.project.store(CLIENT) / "reports" / "2026-11" / "report.en.md"
    text = report.read_text(encoding="utf-8")
    assert "Of 3 PCs 1 have nothing open, 0 have something to put right" in text
    assert " % at worst" not in text
    assert read_status(office.project, CLIENT).to_json()["percent"] is None


def test_of_many_pcs_it_is_told_with_its_bounds(office: Office) -> None:
    office = replace(office, devices=tuple(f"pc-{number}" for number in range(5)))
    looks = [office.seen("pc-0", NOVEMBER), office.seen("pc-1", NOVEMBER, disk="fail")]
    office.visit("monthly", NOVEMBER, *looks, office.unreachable("pc-2"))
    office.publish()

    report = office.project.store(CLIENT) / "reports" / "2026-11" / "report.it.md"
    told = "dal 20 % nel caso peggiore al 80 % nel caso migliore"
    assert told in report.read_text(encoding="utf-8")
    status = json.loads(json.dumps(read_status(office.project, CLIENT).to_json()))
    assert status["percent"] == {"worst": 20, "best": 80}
