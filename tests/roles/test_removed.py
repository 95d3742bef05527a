"""A product that is set to absent: taken away, and told in run, ledger and report with its version."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from custode.edges.project import Project
from custode.edges.store import Store
from custode.flows.publish import publish
from custode.flows.report import render_report

from .conftest import Workshop

pytestmark = pytest.mark.slow

HOSTS = ("clean", "older")
ABSENT = {"owncloud_state": "absent", "teamviewer_state": "absent"}
# What `older` had: the versions that were taken away, not those that the catalog pins.
VERSIONS = {"owncloud": "5.3.2.15463", "teamviewer_host": "15.23.9"}


@dataclass(frozen=True)
class Told:
    """The store after a rehearsal of the removal, and after the removal."""

    rehearsed: Mapping[str, bytes]
    done: Mapping[str, bytes]


@pytest.fixture(scope="module")
def told(make_workshop: Callable[..., Workshop]) -> Told:
    workshop = make_workshop("removed", "states")
    project, store = Project(workshop.root), Store(workshop.root / "reports/store/workshop")
    play = workshop.play("onboard", "audit", "owncloud", "teamviewer")
    trees = []
    for arguments in (("--check",), ()):
        run = workshop.run(play, "--limit", ",".join(HOSTS), *arguments, variables=ABSENT)
        assert {run.counts[host]["failures"] for host in HOSTS} == {0}
        publish(project, "workshop")
        trees.append(store.read())
    return Told(*trees)


def last_run(tree: Mapping[str, bytes]) -> dict[str, Any]:
    names = sorted(path for path in tree if path.startswith("runs/"))
    runs = [json.loads(tree[name]) for name in names]
    return dict(max(runs, key=lambda run: not run["check_mode"])["hosts"])


def lines(tree: Mapping[str, bytes], host: str) -> list[dict[str, Any]]:
    found = map(json.loads, tree[f"devices/{host}/ledger.jsonl"].splitlines())
    return [line for line in found if line["entry"] == "removed"]


def test_the_run_says_what_was_removed_in_which_version(told: Told) -> None:
    hosts = last_run(told.done)
    assert {item["product"]: item["version"] for item in hosts["older"]["removed"]} == VERSIONS
    assert hosts["clean"]["removed"] == []


def test_the_ledger_keeps_it_with_its_time(told: Told) -> None:
    kept = lines(told.done, "older")
    assert {line["product"]: line["version"] for line in kept} == VERSIONS
    assert {line["at"] for line in kept} == {"2026-10-05T07:00:00Z"}
    assert {line["found"] for line in kept} == {"older"}
    assert lines(told.done, "clean") == []


def test_a_rehearsal_removes_nothing_and_leaves_no_line(told: Told) -> None:
    assert last_run(told.rehearsed)["older"]["removed"] == []
    assert lines(told.rehearsed, "older") == []


@pytest.mark.parametrize(("language", "word"), [("it", "Rimosso"), ("en", "Removed")])
def test_the_report_tells_it(told: Told, language: str, word: str) -> None:
    text = render_report(told.done, month=date(2026, 10, 1), language=language, format="md")
    assert f"{word}: ownCloud desktop client 5.3.2.15463" in text
    assert f"{word}: TeamViewer Host 15.23.9" in text
