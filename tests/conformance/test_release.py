"""`fleet_release` under a real PowerShell removes and refuses what its model does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.sending import run
from tests.machines import NOW, make_machine

from winsim.addresses import free_network
from winsim.engine import PowerShellEngine, find_pwsh
from winsim.fleet import Fleet
from winsim.modules import run_module

PWSH = find_pwsh()
pytestmark = pytest.mark.slow
if PWSH is None:
    pytest.skip(
        "PowerShell (`pwsh`) is not on PATH: both engines were not compared",
        allow_module_level=True,
    )

WHOLE = {"account": "custode", "firewall_rule": "custode-winrm", "token_filter_policy": True}
THUMBPRINT = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
CASES: Mapping[str, Mapping[str, Any]] = {
    "whole": {**WHOLE, "transports": ["http", "https"]},
    "https": WHOLE,
    "nothing": {"transports": []},
    "stranger": {**WHOLE, "account": "anna"},
    "unknown": {**WHOLE, "account": "nobody", "firewall_rule": "none"},
    "built-in": {**WHOLE, "account": "Administrator"},
}
MACHINE = rf"""
firewall_rules: [custode-winrm, other]
registry:
  HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System: {{LocalAccountTokenFilterPolicy: 1}}
  HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener\*+HTTPS: {{certThumbprint: {THUMBPRINT}}}
  HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\{THUMBPRINT}: {{}}
  HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates\FF: {{}}
"""
PREPARED = rf"""
  HKLM\SOFTWARE\Custode\Preparation: {{TokenFilterPolicy: 1, CertificateThumbprint: {THUMBPRINT.lower()}}}
"""
MARKED = {
    "marked": {**WHOLE, "token_filter_policy": False},
    "marked-http": {"transports": ["http"]},
}
PARTS = ("firewall_rules", "listeners", "people", "registry")


def test_both_engines_take_the_same_away(tmp_path: Path) -> None:
    every = {**CASES, **MARKED}
    cases = [(name, name, False) for name in every] + [("check", "marked", True)]
    for name, wanted_case, check in cases:
        arguments = every[wanted_case]
        machine = MACHINE + (PREPARED.lstrip("\n") if wanted_case in MARKED else "")
        pc, twin = (make_machine(tmp_path / name / who, machine) for who in ("pc", "twin"))
        assert PWSH is not None
        engine = PowerShellEngine(PWSH, tmp_path / name / "engine")
        state = tmp_path / name / "winsim"
        with Fleet([pc], state=state, network=free_network(), clock=NOW, engine=engine) as fleet:
            answer = run(fleet, "fleet_release", arguments, pcs=["pc"], check=check)["pc"]
        call = {**arguments, "_ansible_check_mode": check}
        expected = run_module(twin, "fleet_release", call)

        assert expected["removed"] == answer["removed"], (name, answer)
        assert expected["left"] == answer["left"], name
        assert expected.get("msg") == answer.get("msg")
        real, wanted = pc.snapshot(), twin.snapshot()
        assert {part: wanted[part] for part in PARTS} == {part: real[part] for part in PARTS}
