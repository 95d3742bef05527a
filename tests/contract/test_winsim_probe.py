"""The simulator's `fleet_probe` refuses and answers what the PowerShell module does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.contract.guard_table import CASES

from custode.core.probes import plan
from custode.edges.policies import load_policies
from winsim.modules import MODULES, guard, run_module
from winsim.modules.call import bind
from winsim.modules.probe import _KINDS
from winsim.profiles import load_profiles

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "library" / "fleet_probe.ps1").read_text(encoding="utf-8")
HOST = next(host for host in load_profiles(["office"]) if host.name == "direzione")


def bound(probe: dict[str, Any]) -> dict[str, Any]:
    """Return a probe as the module sees it: every option there."""
    call = bind(
        MODULES["fleet_probe"], HOST, {"probes": [{"id": "x", **probe}]}, name="fleet_probe"
    )
    probes: list[dict[str, Any]] = call.params["probes"]
    return probes[0]


@pytest.mark.parametrize(("probe", "expected"), CASES)
def test_the_simulated_guard_answers_as_the_table_says(
    probe: dict[str, Any], expected: str | None
) -> None:
    assert guard.refusal(bound(probe)) == expected


def test_errors_fall_into_the_kinds_of_the_module() -> None:
    place = SOURCE.index("function ConvertTo-FleetError")
    body = SOURCE[place : SOURCE.index("function Test-FleetAbsent")]
    written = re.findall(r"\$lowered -cmatch '([^']+)'\) \{\s+\$kind = '(\w+)'", body)

    assert [(kind, text.replace(r"\z", "$")) for text, kind in written] == [
        (kind, pattern.pattern) for kind, pattern in _KINDS
    ]


def test_a_refused_probe_is_told_so_and_the_others_are_answered() -> None:
    probes = [
        {"id": "bad", "kind": "registry", "keys": ["HKCU\\SOFTWARE\\X"], "values": ["a"]},
        {"id": "good", "kind": "registry", "keys": ["HKLM\\SOFTWARE\\Microsoft\\Cryptography"]},
    ]

    facts = run_module(HOST, "fleet_probe", {"probes": probes})["facts"]

    assert facts["bad"]["error"] == {"kind": "refused", "message": "KeyNotListed"}
    assert facts["good"]["rows"] == [{"key": "HKLM\\SOFTWARE\\Microsoft\\Cryptography"}]


def test_every_probe_of_the_policy_is_answered_by_a_healthy_pc() -> None:
    planned = [
        {key: value for key, value in probe.items() if value is not None} for probe in wire_probes()
    ]

    answer = run_module(HOST, "fleet_probe", {"probes": planned})

    assert "facts" in answer, answer
    assert {"rows"} == {
        kind for facts in answer["facts"].values() for kind in facts if kind != "ms"
    }


def wire_probes() -> list[dict[str, Any]]:
    now = datetime(2026, 10, 5, 7, tzinfo=UTC)
    HOST.advance(now)
    probes = load_policies(ROOT / "policies").probes.values()
    return plan(
        [probe for probe in probes if "desktop" in (probe.device_kinds or ["desktop"])], now=now
    )
