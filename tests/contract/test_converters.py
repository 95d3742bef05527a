"""What the module makes of Windows' values, under a real PowerShell where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).parents[2] / "library" / "fleet_probe.ps1"

# PowerShell expression, and the JSON that must come of it.
CASES: list[tuple[str, Any]] = [
    ("ConvertTo-FleetValue $null", None),
    ("ConvertTo-FleetValue $false", False),
    ("ConvertTo-FleetValue 'testo'", "testo"),
    ("ConvertTo-FleetValue ''", ""),
    ("ConvertTo-FleetValue '42'", "42"),
    ("ConvertTo-FleetValue ([char]'7')", "7"),
    ("ConvertTo-FleetValue ([byte]255)", 255),
    ("ConvertTo-FleetValue ([int16]-3)", -3),
    ("ConvertTo-FleetValue ([uint32]4294967295)", 4294967295),
    ("ConvertTo-FleetValue 9007199254740991", 9007199254740991),
    ("ConvertTo-FleetValue 9007199254740992", "9007199254740992"),
    ("ConvertTo-FleetValue -9007199254740992", "-9007199254740992"),
    ("ConvertTo-FleetValue ([uint64]::MaxValue)", "18446744073709551615"),
    ("ConvertTo-FleetValue 1.5", 1.5),
    ("ConvertTo-FleetValue ([timespan]'1.02:00:00')", "1.02:00:00"),
    ("ConvertTo-FleetValue ([dayofweek]'Monday')", "Monday"),
    (
        "ConvertTo-FleetValue ([datetime]::new(2026, 10, 5, 7, 0, 0, [datetimekind]'Utc'))",
        "2026-10-05T07:00:00Z",
    ),
    (
        "ConvertTo-FleetValue ([datetime]::new(2026, 10, 5, 7, 0, 0, [datetimekind]'Utc').ToLocalTime())",
        "2026-10-05T07:00:00Z",
    ),
    ("$r = @{}; Add-FleetColumn $r ([pscustomobject]@{ A = [uint16[]]@(2) }) 'A'; $r", {"A": [2]}),
    ("$r = @{}; Add-FleetColumn $r ([pscustomobject]@{ A = @() }) 'A'; $r", {"A": []}),
    (
        "$r = @{}; Add-FleetColumn $r ([pscustomobject]@{ A = [byte[]]@(1, 2) }) 'A'; $r",
        {"A": None},
    ),
    ("$r = @{}; Add-FleetColumn $r ([pscustomobject]@{ B = 1 }) 'A'; $r", {"A": None}),
    ("$r = @{}; Add-FleetColumn $r $null 'A'; $r", {"A": None}),
    ("$r = @{}; Add-FleetColumn $r ([pscustomobject]@{ Count = 3 }) 'Count'; $r", {"Count": 3}),
    ("ConvertTo-FleetAccount 'S-1-5-18'", "system"),
    ("ConvertTo-FleetAccount 'S-1-5-20'", "service"),
    ("ConvertTo-FleetAccount 'S-1-5-21-1-2-3-1001'", "user"),
    ("ConvertTo-FleetAccount 'S-1-12-1-1-2-3-4'", "user"),
    ("ConvertTo-FleetAccount 'S-1-5-80-1'", None),
    ("ConvertTo-FleetAccount ''", None),
    (
        "ConvertTo-FleetVersion ([pscustomobject]@{ FileMajorPart = 26; FileMinorPart = 8;"
        " FileBuildPart = 0; FilePrivatePart = 1 })",
        "26.8.0.1",
    ),
    ("ConvertTo-FleetVersion $null", None),
    (
        "ConvertTo-FleetError ([pscustomobject]@{ FullyQualifiedErrorId = "
        "'HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand' })",
        {"kind": "not_found", "message": "HRESULT 0x80041010"},
    ),
    (
        "ConvertTo-FleetError ([pscustomobject]@{ FullyQualifiedErrorId = 'HRESULT 0x80041003,x' })",
        {"kind": "access_denied", "message": "HRESULT 0x80041003"},
    ),
    (
        "ConvertTo-FleetError ([pscustomobject]@{ FullyQualifiedErrorId = 'HRESULT 0x40004,x' })",
        {"kind": "timeout", "message": "HRESULT 0x40004"},
    ),
    (
        "ConvertTo-FleetError ([pscustomobject]@{ FullyQualifiedErrorId = 'HRESULT 0x8004100c,x' })",
        {"kind": "unsupported", "message": "HRESULT 0x8004100c"},
    ),
    (
        "ConvertTo-FleetError ([pscustomobject]@{ FullyQualifiedErrorId = 'HRESULT 0x800106ba,x' })",
        {"kind": "failed", "message": "HRESULT 0x800106ba"},
    ),
    (
        "ConvertTo-FleetError ([pscustomobject]@{ FullyQualifiedErrorId = 'LogInfoUnavailable,x' })",
        {"kind": "access_denied", "message": "LogInfoUnavailable"},
    ),
    (
        "ConvertTo-FleetError ([pscustomobject]@{ FullyQualifiedErrorId = 'Il file non esiste' })",
        {"kind": "failed", "message": "Unidentified"},
    ),
]


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not on PATH")
@pytest.mark.parametrize("culture", ["en-US", "it-IT", "tr-TR", "th-TH"])
def test_values_are_the_same_in_every_language(tmp_path: Path, culture: str) -> None:
    module = MODULE.read_text(encoding="utf-8")
    start = module.index("Set-StrictMode")
    end = module.index("$module = [Ansible.Basic.AnsibleModule]")
    lines = [
        module[start:end],
        f"[cultureinfo]::CurrentCulture = '{culture}'",
        "$ErrorActionPreference = 'Stop'",
        "$answers = @{}",
        *(
            f"$answers['{index}'] = & {{ {expression} }}"
            for index, (expression, _) in enumerate(CASES)
        ),
        "ConvertTo-Json -InputObject $answers -Compress -Depth 5",
    ]
    (tmp_path / "converters.ps1").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(tmp_path / "converters.ps1")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    answers = json.loads(done.stdout)
    for index, (expression, expected) in enumerate(CASES):
        assert answers[str(index)] == expected, expression
