"""The update cache is cleaned with its services stopped, and they run again whatever happens."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.machines import make_machine

from winsim.archives import build_archive
from winsim.errors import Killed
from winsim.host import Host, Service
from winsim.model.files import File
from winsim.model.parts import ComponentStore
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


ARCHIVE = "C:\\Stage\\ccsetup.zip"
HISTORY = "C:\\Users\\anna\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\History"
TOOL = "C:\\Program Files\\Custode\\tools\\ccleaner"


def ccleaner(host: Host, *settings: str, **more: Any) -> dict[str, Any]:
    about = {"program": "ccleaner", "version": "6.39", "signer": "Maker", **more.pop("about", {})}
    host.files.write(ARCHIVE, build_archive({"CCleaner64.exe": about, "portable.dat": b"x"}))
    arguments = {"tool": "ccleaner", "archive": ARCHIVE, "signers": ["Maker"], **more}
    lines = ["[Options]", *settings]
    return run_module(host, "fleet_cleaner", {**arguments, "settings": lines})


def test_superseded_components_are_dropped_once(host: Host) -> None:
    host.component_store = ComponentStore(superseded_bytes=5 << 20)

    first = run_module(host, "fleet_cleaner", {"tool": "component_store"})
    again = run_module(host, "fleet_cleaner", {"tool": "component_store"})

    assert (True, 5 << 20) == (first["changed"], first["freed_bytes"])
    assert (False, 0) == (again["changed"], again["freed_bytes"])


@pytest.mark.parametrize(
    ("store", "words"),
    [
        (ComponentStore(9, exit_code=-2146498554), "DISM ended with 0x800F0806"),
        (ComponentStore(9, hangs=True), "did not end within 3600 s and was stopped"),
    ],
    ids=["pending", "hanging"],
)
def test_a_dism_that_fails_is_told_and_leaves_nothing_behind(
    host: Host, store: ComponentStore, words: str
) -> None:
    host.component_store, before = store, host.snapshot()

    result = run_module(host, "fleet_cleaner", {"tool": "component_store"})

    assert words in result["msg"]
    assert before["processes"] == host.snapshot()["processes"]


def test_a_dism_that_wants_a_restart_has_done_its_work(host: Host) -> None:
    host.component_store = ComponentStore(2 << 20, exit_code=3010)

    result = run_module(host, "fleet_cleaner", {"tool": "component_store"})

    assert (3010, 2 << 20) == (result["exit_code"], result["freed_bytes"])


def test_ccleaner_cleans_what_its_settings_do_not_switch_off(host: Host) -> None:
    """The stand-in is no lamb: without settings it takes what people would miss."""
    host.files.add(File(HISTORY, size=100, modified="now - 1h"))

    kept = ccleaner(host, "(App)Google Chrome - Internet History=False")
    assert host.files.exists(HISTORY)
    taken = ccleaner(host)

    assert not host.files.exists(HISTORY)
    assert not host.files.exists(TOOL)
    assert "failed" not in kept | taken


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"about": {"hangs": True}}, "did not end within 3600 s and was stopped"),
        ({"about": {"signer": "Somebody"}}, "signature is not valid"),
        ({"archive": "C:\\none.zip"}, "ArchiveFileNotFound"),
    ],
    ids=["hanging", "signer", "archive"],
)
def test_ccleaner_is_removed_also_when_it_fails(
    host: Host, more: dict[str, Any], words: str
) -> None:
    result = ccleaner(host, keep=True, **more)

    assert words in result["msg"]
    assert not host.files.exists(TOOL)
    assert [] == [p for p in host.processes if "CCleaner" in p.name]


def test_ccleaner_stays_when_the_client_wants_it(host: Host) -> None:
    first, again = ccleaner(host, keep=True), ccleaner(host, keep=True)

    assert (True, False) == (first["changed"], again["changed"])
    assert host.files.exists(f"{TOOL}\\CCleaner64.exe")


@pytest.mark.parametrize("steps", range(6))
def test_what_a_killed_call_left_of_ccleaner_goes_with_the_next(host: Host, steps: int) -> None:
    host.steps_left = steps
    with suppress(Killed):
        ccleaner(host)
    host.steps_left = None

    ccleaner(host)

    assert not host.files.exists(TOOL)
