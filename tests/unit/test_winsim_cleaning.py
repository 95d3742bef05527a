"""The update cache is cleaned with its services stopped, and they run again whatever happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.machines import make_machine

from winsim.errors import Killed
from winsim.host import Host, Service
from winsim.modules import run_module

CACHE = "C:\\Windows\\SoftwareDistribution\\Download"
MARKER = "HKLM\\SOFTWARE\\Custode\\Cleanup"
MACHINE = rf"""
services:
  wuauserv: {{display: Windows Update, start: Manual, state: Running}}
  BITS: {{display: BITS, start: Delayed, state: Running}}
  UsoSvc: {{display: Orchestrator, start: Auto, state: Stopped}}
files:
  {CACHE}\a\one.cab: {{size: 5000, modified: now - 40d}}
  {CACHE}\a\two.cab: {{size: 6000, modified: now - 40d}}
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_machine(tmp_path, MACHINE)


def states(host: Host) -> dict[str, str]:
    return {name: service.state for name, service in host.services.items()}


def clean(host: Host, *areas: str) -> dict[str, Any]:
    return run_module(host, "fleet_cleanup", {"areas": list(areas)})


def test_services_that_run_are_stopped_and_started_again(host: Host) -> None:
    found = states(host)

    result = clean(host, "update_download_cache")

    assert found == states(host)
    assert ["bits", "wuauserv"] == result["services_stopped"] == result["services_started"]
    assert not host.registry.exists("HKLM\\SOFTWARE\\Custode")


def test_services_are_left_alone_when_there_is_nothing_to_remove(host: Host) -> None:
    clean(host, "update_download_cache")

    result = clean(host, "update_download_cache")

    assert (False, []) == (result["changed"], result["services_stopped"])


def test_a_service_that_others_need_keeps_running(host: Host) -> None:
    host.services["reader"] = Service("reader", "Reader", depends_on=["BITS"])

    result = clean(host, "update_download_cache")

    assert ["wuauserv"] == result["services_stopped"]
    assert "Running" == host.services["bits"].state


@pytest.mark.parametrize("steps", range(20))
def test_a_call_killed_at_any_moment_is_made_good_by_the_next(host: Host, steps: int) -> None:
    found, free = states(host), host.free_bytes() or 0
    host.steps_left = steps
    try:
        clean(host, "update_download_cache")
    except Killed:
        pass
    else:
        assert steps > 8
    host.steps_left = None

    stopped = [name for name, state in found.items() if states(host)[name] != state]
    told = host.registry.get(MARKER, "ServicesToStart") or []
    assert set(stopped) <= set(told)
    assert (host.free_bytes() or 0) >= free
    clean(host)
    assert found == states(host)
    assert not host.registry.exists("HKLM\\SOFTWARE\\Custode")


def test_a_service_that_does_not_start_again_is_told_and_tried_again(host: Host) -> None:
    host.services["bits"].fails = 1053

    result = clean(host, "update_download_cache")

    assert result["failed"]
    assert "running: bits" in result["msg"]
    assert "Running" == host.services["wuauserv"].state
    host.services["bits"].fails = 0
    assert clean(host)["changed"]
    assert "Running" == host.services["bits"].state
