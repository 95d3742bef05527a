"""The benchmark of judging again works on what the store and the policies are today."""

from __future__ import annotations

from tests import bench_rejudge


def test_a_year_is_stored_and_judged_again() -> None:
    _, verdicts = bench_rejudge.year(2)

    assert verdicts > 2 * 12 * 80
