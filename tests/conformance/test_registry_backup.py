"""Exports of PowerShell are brought back by the model, and those of the model by PowerShell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.sending import run
from tests.machines import NOW, make_machine

from winsim.addresses import free_network
from winsim.engine import PowerShellEngine, find_pwsh
from winsim.fleet import Fleet
from winsim.host import Host
from winsim.modules import run_module

PWSH = find_pwsh()
pytestmark = pytest.mark.slow
if PWSH is None:
    pytest.skip(
        "PowerShell (`pwsh`) is not on PATH: both engines were not compared",
        allow_module_level=True,
    )

KEY = "HKLM:\\SOFTWARE\\Policies\\Maker"
EXPORTS = "C:\\Program Files\\Custode\\exports"
VALUES: dict[str, Any] = {
    "number": 0,
    "large": 2**40,
    "text": "some text",
    "path": "%SystemRoot%\\x",
    "one": ["one"],
    "two": ["one", "two"],
    "bytes": b"\x00\xff\x10",
}
ASKED = [{"path": KEY, "name": name, "ours": "1"} for name in (*VALUES, "absent")]
ASKED += [{"path": f"{KEY}\\Deep\\Below", "name": "absent", "ours": "1"}]


def make(folder: Path) -> Host:
    host = make_machine(folder)
    for name, data in VALUES.items():
        type_ = "expandstring" if name == "path" else None
        host.registry.set(KEY, name, data, type_=type_)
    return host


def change(host: Host) -> None:
    for value in ASKED:
        host.registry.set(value["path"], value["name"], 1)
    host.registry.set(KEY, "text", 7)  # by somebody else


def exports(host: Host) -> dict[str, Any]:
    return {
        file.path: json.loads(host.files.read(file.path).decode("utf-8-sig"))
        for file in host.files.below(EXPORTS)
    }


def test_both_engines_keep_and_bring_back_alike(tmp_path: Path) -> None:
    pc, twin = make(tmp_path / "pc"), make(tmp_path / "twin")
    assert PWSH is not None
    engine = PowerShellEngine(PWSH, tmp_path / "engine")
    with Fleet(
        [pc], state=tmp_path / "winsim", network=free_network(), clock=NOW, engine=engine
    ) as fleet:
        for arguments in (
            {"values": ASKED},
            {"values": ASKED},
            {"state": "restored"},
            {"state": "restored"},
        ):
            answer = run(fleet, "fleet_registry_backup", arguments, pcs=["pc"])["pc"]
            expected = run_module(twin, "fleet_registry_backup", arguments)
            for key in ("kept", "left", "restored"):
                assert sorted(expected[key]) == sorted(answer[key]), (arguments, answer)
            assert expected["changed"] == answer["changed"]
            assert exports(twin) == exports(pc)
            assert twin.registry.snapshot() == pc.registry.snapshot()
            if exports(pc):
                change(pc)
                change(twin)
                # What the one engine exported, the other has to understand.
                for host, other in ((pc, exports(twin)), (twin, exports(pc))):
                    for path, content in other.items():
                        host.files.write(path, json.dumps(content).encode())
