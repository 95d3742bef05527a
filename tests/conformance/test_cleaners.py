"""`fleet_cleaner` under a real PowerShell runs, waits, ends and puts away as its model does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.sending import run
from tests.machines import NOW, make_machine

from winsim.addresses import free_network
from winsim.archives import build_archive
from winsim.engine import PowerShellEngine, find_pwsh
from winsim.errors import Killed
from winsim.fleet import Fleet
from winsim.host import Host
from winsim.model.parts import ComponentStore
from winsim.modules import run_module

PWSH = find_pwsh()
pytestmark = pytest.mark.slow
if PWSH is None:
    pytest.skip(
        "PowerShell (`pwsh`) is not on PATH: both engines were not compared",
        allow_module_level=True,
    )

ARCHIVE = "C:\\Stage\\ccsetup.zip"
COMPONENTS = {"tool": "component_store", "timeout_seconds": 60}
CCLEANER = {
    "tool": "ccleaner",
    "archive": ARCHIVE,
    "signers": ["Somebody else", "Maker, Inc."],
    "settings": ["[Options]", "(App)Memory Dumps=False"],
    "timeout_seconds": 60,
}
CASES: Mapping[str, tuple[dict[str, Any], Mapping[str, Any], ComponentStore]] = {
    "dism": (COMPONENTS, {}, ComponentStore(7 << 20)),
    "pending": (COMPONENTS, {}, ComponentStore(7 << 20, exit_code=-2146498554)),
    "restart": (COMPONENTS, {}, ComponentStore(7 << 20, exit_code=3010)),
    "hanging": (COMPONENTS, {}, ComponentStore(7 << 20, hangs=True)),
    "ccleaner": (CCLEANER, {}, ComponentStore()),
    "keeping": ({**CCLEANER, "keep": True}, {}, ComponentStore()),
    "sleeping": (CCLEANER, {"hangs": True}, ComponentStore()),
    "forged": (CCLEANER, {"signer": "Maker"}, ComponentStore()),
    "missing": ({**CCLEANER, "archive": "C:\\none.zip"}, {}, ComponentStore()),
}
MACHINE = """
files:
  C:\\Windows\\Temp\\old.tmp: {size: 5000000, modified: now - 3d}
  C:\\Windows\\MEMORY.DMP: {size: 9000000, modified: now - 3d}
"""


def make(folder: Path, name: str) -> Host:
    _, about, store = CASES[name]
    host = make_machine(folder / name, MACHINE)
    host.name, host.octet, host.component_store = name, 11 + list(CASES).index(name), store
    program = {"program": "ccleaner", "version": "6.39", "signer": "Maker, Inc.", **about}
    host.files.write(ARCHIVE, build_archive({"CCleaner64.exe": program, "portable.dat": b"x"}))
    return host


@pytest.mark.parametrize("steps", [None, 2], ids=["to the end", "killed"])
def test_both_engines_do_and_say_the_same(tmp_path: Path, steps: int | None) -> None:
    names = list(CASES)
    pcs, twins = ([make(tmp_path / who, name) for name in names] for who in ("pcs", "twins"))
    assert PWSH is not None
    engine = PowerShellEngine(PWSH, tmp_path / "engine")
    answers = {}
    with Fleet(
        pcs, state=tmp_path / "winsim", network=free_network(), clock=NOW, engine=engine
    ) as fleet:
        if steps is not None:
            fleet.set_faults([{"fault": "killed", "module": "fleet_cleaner", "steps": steps}])
        for arguments in (COMPONENTS, CCLEANER, CASES["keeping"][0], CASES["missing"][0]):
            chosen = [name for name in names if CASES[name][0] == arguments]
            answers |= run(fleet, "fleet_cleaner", arguments, pcs=chosen)
    for name, pc, twin in zip(names, pcs, twins, strict=True):
        twin.steps_left = steps
        try:
            expected = run_module(twin, "fleet_cleaner", CASES[name][0])
        except Killed:
            expected = {}
        if steps is None:
            assert expected.get("msg") == answers[name].get("msg"), name
            assert expected["exit_code"] == answers[name]["exit_code"], name
            assert expected.get("diff") == answers[name].get("diff"), name
        assert twin.files.snapshot() == pc.files.snapshot(), name
        assert twin.snapshot()["processes"] == pc.snapshot()["processes"], name
        assert twin.free_bytes() == pc.free_bytes(), name
