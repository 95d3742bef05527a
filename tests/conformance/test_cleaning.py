"""`fleet_cleanup` under a real PowerShell does what its model does, whatever lies in its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.sending import run
from tests.machines import NOW, make_machine

from winsim.addresses import free_network
from winsim.engine import PowerShellEngine, find_pwsh
from winsim.errors import Killed
from winsim.fleet import Fleet
from winsim.host import Host, Service
from winsim.modules import run_module

PWSH = find_pwsh()
pytestmark = pytest.mark.slow
if PWSH is None:
    pytest.skip(
        "PowerShell (`pwsh`) is not on PATH: both engines were not compared",
        allow_module_level=True,
    )

ARGUMENTS = {
    "areas": ["profile_temp", "update_download_cache", "windows_temp"],
    "older_than_days": 30,
}
TEMP = "C:\\Users\\anna\\AppData\\Local\\Temp"
CACHE = "C:\\Windows\\SoftwareDistribution\\Download"
MACHINE = rf"""
services:
  wuauserv: {{display: Windows Update, start: Manual, state: Running}}
  BITS: {{display: BITS, start: Delayed, state: Running}}
  UsoSvc: {{display: Orchestrator, start: Auto, state: Stopped}}
  DoSvc: {{display: Delivery Optimization, start: Delayed, state: Running}}
files:
  {CACHE}\a\one.cab: {{size: 5000, modified: now - 40d}}
  {CACHE}\a\two.cab: {{size: 6000, modified: now - 40d}}
  {CACHE}\new.cab: {{size: 7000, modified: now - 1d}}
  {TEMP}\old.tmp: {{size: 100, modified: now - 40d}}
  {TEMP}\hidden.tmp: {{size: 200, modified: now - 40d, hidden: true}}
  {TEMP}\open.tmp: {{size: 300, modified: now - 40d, locked: true}}
  {TEMP}\Letter.PDF: {{size: 400, modified: now - 40d}}
  {TEMP}\~$etter.docx: {{size: 160, modified: now - 40d, hidden: true}}
  C:\Users\anna\Documents\thesis.tmp: {{size: 999, modified: now - 400d}}
"""
LINKED = rf"""{MACHINE}
junctions:
  {TEMP}\link: C:\Users\anna\Documents
"""
LED_AWAY = r"""
junctions:
  C:\Users\anna\AppData\Local: C:\Users\anna\Documents\Mine
files:
  C:\Users\anna\Documents\Mine\Temp\thesis.tmp: {size: 999, modified: now - 400d}
"""
# The free space after it is worked out by the model alone.
TOLD = (
    "candidate_bytes", "candidate_count", "changed", "free_bytes_before", "msg", "removed_bytes",
    "removed_count", "services_started", "services_stopped", "skipped_count",
)  # fmt: skip
MARKER = "HKLM\\SOFTWARE\\Custode\\Cleanup"
# Before any change, before and while services stop, while files go, while services start again.
KILLS = (0, 2, 3, 6, 12)
FOUND = {"bits": "Running", "dosvc": "Running", "usosvc": "Stopped", "wuauserv": "Running"}


def nothing(host: Host) -> None:
    del host


def needed(host: Host) -> None:
    host.services["reader"] = Service("reader", "Reader", depends_on=["DoSvc"])


def broken(host: Host) -> None:
    host.services["bits"].fails = 1053


def silent(host: Host) -> None:
    host.cim.replace("root/cimv2", "Win32_LogicalDisk", [])


def left_stopped(host: Host) -> None:
    host.registry.set(MARKER, "ServicesToStart", ["usosvc", "WinRM"])
    host.registry.set("HKLM\\SOFTWARE\\Custode", "Other", "kept")


SCENES: Mapping[str, tuple[str, Callable[[Host], None]]] = {
    "plain": (MACHINE, nothing),
    "linked": (LINKED, nothing),
    "led-away": (LED_AWAY, nothing),
    "needed": (MACHINE, needed),
    "broken": (MACHINE, broken),
    "silent": (MACHINE, silent),
    "left-stopped": (MACHINE, left_stopped),
    **{f"killed-{steps}": (MACHINE, nothing) for steps in KILLS},
}


@dataclass(frozen=True)
class Cleaned:
    """A PC that PowerShell cleaned and its twin that the model did, with what each said."""

    pc: Host
    answer: Mapping[str, Any]
    twin: Host
    expected: Mapping[str, Any]


def make(folder: Path, octet: int, name: str) -> Host:
    text, change = SCENES[name]
    host = make_machine(folder / name, text)
    host.name, host.octet = name, octet
    change(host)
    return host


def modelled(host: Host, name: str, *, check: bool) -> Mapping[str, Any]:
    kind, _, steps = name.partition("-")
    host.steps_left = int(steps) if kind == "killed" else None
    try:
        return run_module(host, "fleet_cleanup", {**ARGUMENTS, "_ansible_check_mode": check})
    except Killed:
        return {}


@pytest.fixture(scope="module", params=[True, False], ids=["check mode", "for real"])
def cleaned(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Cleaned]:
    check, folder = request.param, tmp_path_factory.mktemp("cleaning")
    names = [name for name in SCENES if not (check and name.startswith("killed"))]
    pcs = [make(folder / "pcs", 11 + number, name) for number, name in enumerate(names)]
    twins = [make(folder / "twins", 11 + number, name) for number, name in enumerate(names)]
    assert PWSH is not None
    engine = PowerShellEngine(PWSH, folder / "engine")
    with Fleet(
        pcs, state=folder / "winsim", network=free_network(), clock=NOW, engine=engine
    ) as fleet:
        kills = [
            {
                "host": f"killed-{steps}",
                "fault": "killed",
                "module": "fleet_cleanup",
                "steps": steps,
            }
            for steps in KILLS
        ]
        fleet.set_faults([] if check else kills)
        answers = run(fleet, "fleet_cleanup", ARGUMENTS, pcs=names, check=check)
    return {
        name: Cleaned(pc, answers[name], twin, modelled(twin, name, check=check))
        for name, pc, twin in zip(names, pcs, twins, strict=True)
    }


def test_both_engines_say_the_same(cleaned: dict[str, Cleaned]) -> None:
    for name, each in cleaned.items():
        told = [key for key in TOLD if key in each.expected and not name.startswith("killed")]
        assert {key: each.expected[key] for key in told} == {
            key: each.answer.get(key) for key in told
        }, name


def test_both_engines_leave_the_same(cleaned: dict[str, Cleaned]) -> None:
    for name, each in cleaned.items():
        real, wanted = each.pc.snapshot(), each.twin.snapshot()
        assert wanted["registry"] == real["registry"], name
        assert wanted["services"] == real["services"], name
        assert len(wanted["files"]["files"]) == len(real["files"]["files"]), name


def test_what_may_be_somebodys_work_stays(cleaned: dict[str, Cleaned]) -> None:
    for name, each in cleaned.items():
        if SCENES[name][0] == LED_AWAY:
            assert each.pc.files.exists("C:\\Users\\anna\\Documents\\Mine\\Temp\\thesis.tmp")
            continue
        there = {file.path for file in each.pc.files}
        assert {
            f"{TEMP}\\Letter.PDF",
            f"{TEMP}\\~$etter.docx",
            f"{TEMP}\\open.tmp",
            f"{CACHE}\\new.cab",
            "C:\\Users\\anna\\Documents\\thesis.tmp",
        } <= there, name


def test_what_is_hidden_counts_like_the_rest(cleaned: dict[str, Cleaned]) -> None:
    gone = not cleaned["plain"].pc.files.exists(f"{TEMP}\\hidden.tmp")
    assert gone == (cleaned["plain"].answer["removed_count"] > 0)


def test_what_a_killed_call_left_is_put_right_by_the_next(cleaned: dict[str, Cleaned]) -> None:
    """Killed before each of its changes in turn, by PowerShell itself."""
    for name, each in cleaned.items():
        if not name.startswith("killed"):
            continue
        each.pc.steps_left = None
        run_module(each.pc, "fleet_cleanup", {"areas": []})
        states = {key: each.pc.services[key].state for key in FOUND}
        assert states == FOUND, name
        assert not each.pc.registry.exists("HKLM\\SOFTWARE\\Custode"), name
