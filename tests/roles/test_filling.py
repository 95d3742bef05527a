"""A volume that fills up from visit to visit: told in time, and only when it can be known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from custode.edges.project import Project
from custode.edges.store import Store
from custode.flows.publish import publish

from .conftest import Run, Workshop

pytestmark = pytest.mark.slow

RULE = "volumes_not_filling_up"
PROBE = "free_space_before"
VISITS = ("2026-10-05T09:00:00+02:00", "2026-11-09T09:00:00+01:00", "2026-12-07T09:00:00+01:00")


@pytest.fixture(scope="module")
def visited(make_workshop: Callable[..., Workshop]) -> tuple[Workshop, list[Run]]:
    """A PC visited three times, which loses a quarter of its first free space in between."""
    workshop = make_workshop("filling")
    host = workshop.fleet.host("clean")
    quarter = (host.free_bytes() or 0) // 4
    runs = []
    for number, at in enumerate(VISITS):
        workshop.fleet.set_clock(datetime.fromisoformat(at))
        host.used_bytes += quarter if number else 0
        monthly = workshop.root / "playbooks" / "monthly.yml"
        runs.append(workshop.run(monthly, "--limit", "clean", variables={"custode_at": at}))
        publish(Project(workshop.root), "workshop")
    return workshop, runs


def observation(run: Run) -> dict[str, Any]:
    (found,) = [
        result["custode"] for _, _, result in run.results if "facts" in result.get("custode", {})
    ]
    return dict(found)


def test_it_is_told_at_the_third_visit_and_not_before(visited: tuple[Workshop, list[Run]]) -> None:
    found = [
        next(item for item in observation(run)["findings"] if item["rule"] == RULE)
        for run in visited[1]
    ]

    assert [item["verdict"] for item in found] == ["not_applicable", "not_applicable", "fail"]
    (days,) = found[-1]["observed"]["days_left"]
    assert 50 < days < 70


def test_the_look_keeps_what_it_was_judged_by(visited: tuple[Workshop, list[Run]]) -> None:
    counts = [len(observation(run)["facts"][PROBE]["rows"]) for run in visited[1]]

    assert counts == [0, 1, 2]


def test_the_report_says_what_is_needed_and_where_it_was_taken_from(
    visited: tuple[Workshop, list[Run]],
) -> None:
    store = Store(Project(visited[0].root).store("workshop"))
    report = store.read()["reports/2026-12/report.en.md"].decode().replace("\\", "")

    assert "Free space is not about to run out" in report
    assert "Archive of earlier visits" in report
    assert "logical_disks: DeviceID, FreeSpace" in report
