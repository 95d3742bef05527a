"""The visits that only look: nothing changes, and a month's visit is one session a PC."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from .conftest import Workshop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workshop(make_workshop: Callable[[str], Workshop]) -> Workshop:
    return make_workshop("looking")


def test_a_monthly_visit_changes_nothing_and_is_one_session_a_pc(workshop: Workshop) -> None:
    before = workshop.snapshots()
    run = workshop.run(workshop.root / "playbooks" / "monthly.yml")
    assert run.code == 0
    assert workshop.snapshots() == before
    for name in workshop.fleet.hosts:
        log = workshop.fleet.log(name)
        assert [entry["ran"] for entry in log if "ran" in entry] == ["fleet_probe"]
        assert sum(entry.get("operation") == "Create" for entry in log) == 1


def test_an_inspection_before_acceptance_stops_nobody_and_changes_nothing(
    workshop: Workshop,
) -> None:
    before = workshop.snapshots()
    run = workshop.run(workshop.root / "playbooks" / "inspect.yml")
    assert run.code == 0
    assert workshop.snapshots() == before
    seen = run.result(
        "dying", "hardware | Look for faults, and stop this PC if one must be cured first"
    )
    failed = {item["rule"] for item in seen["custode"]["findings"] if item["verdict"] == "fail"}
    assert failed


def test_a_pc_that_is_off_is_left_out_and_the_others_are_seen(workshop: Workshop) -> None:
    workshop.fleet.set_faults([{"host": "older", "fault": "offline"}])
    try:
        run = workshop.run(workshop.root / "playbooks" / "monthly.yml")
    finally:
        workshop.fleet.set_faults([])
    assert run.code == 4
    assert {name: counts["unreachable"] for name, counts in run.counts.items()} == {
        **dict.fromkeys(workshop.fleet.hosts, 0),
        "older": 1,
    }


def test_a_look_at_the_products_tells_each_aspect_and_changes_nothing(workshop: Workshop) -> None:
    roles = ("teamviewer", "norton", "owncloud")
    tasks = [
        {
            "name": f"Look at {role}",
            "ansible.builtin.include_role": {"name": role, "tasks_from": "verify"},
        }
        for role in roles
    ]
    playbook = workshop.root / "playbooks" / "verify.yml"
    play = {"name": "Look", "hosts": "all", "gather_facts": False, "tasks": tasks}
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    before = workshop.snapshots()

    run = workshop.run(playbook, "--check")

    assert run.code == 0
    assert workshop.snapshots() == before
    told = {
        (host, result["verification"]["product"]): {
            name: aspect["value"] for name, aspect in result["verification"]["aspects"].items()
        }
        for _, host, result in run.results
        if "verification" in result
    }
    assert len(told) == len(workshop.fleet.hosts) * len(roles)
    assert told["clean", "teamviewer_host"]["registered"] is False
    assert told["clean", "teamviewer_host"]["version"] is None
    assert told["older", "owncloud"]["version"] == "5.3.2.15463"
    assert told["newer", "teamviewer_host"]["running"] is True
    assert told["broken", "teamviewer_host"]["registered"] is False
    assert told["broken", "norton"]["service"] == "missing"


def test_the_policies_are_read_once_for_all_tasks_of_all_pcs(workshop: Workshop) -> None:
    playbook = workshop.root / "playbooks" / "once.yml"
    policies, away = workshop.root / "policies", workshop.root / "policies.away"
    hide = {
        "name": "Hide the policies",
        "ansible.builtin.command": {"argv": ["mv", str(policies), str(away)]},
        "delegate_to": "localhost",
        "vars": {"ansible_connection": "local"},
        "run_once": True,
    }
    look = {
        "name": "Look",
        "ansible.builtin.include_role": {"name": "norton", "tasks_from": "verify"},
    }
    play = {"name": "Once", "hosts": "all", "gather_facts": False, "tasks": [hide, look]}
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")

    try:
        run = workshop.run(playbook)
    finally:
        away.rename(policies)

    assert run.code == 0, run.output
    assert {host for _, host, found in run.results if "verification" in found} == {
        *workshop.fleet.hosts
    }
