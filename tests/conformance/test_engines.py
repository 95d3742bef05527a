"""The PowerShell in `library/` answers, under a real engine, what the simulator's model answers.

Real Ansible sends each module to a PC whose modules run in the PowerShell on PATH, with stand-ins
for CIM, registry, event log and files made from the same model. Facts are compared row by row.

Each PC takes seconds, so the PCs are chosen: together they have an answer of every shape that any
probe gives on any PC. `WINSIM_EVERY_MACHINE=1` compares all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.sending import run
from tests.contract.guard_table import TABLE, probe_of
from tests.end_to_end.controller import ROOT

from custode.core.probes import Probe
from custode.edges.policies import load_policies
from custode.flows import audit
from winsim.addresses import free_network
from winsim.engine import PowerShellEngine, find_pwsh
from winsim.fleet import Fleet
from winsim.host import Host, Process, RestorePoint, Service
from winsim.modules import run_module
from winsim.profiles import load_profiles

PWSH = find_pwsh()
pytestmark = pytest.mark.slow
if PWSH is None:
    pytest.skip(
        "PowerShell (`pwsh`) is not on PATH: both engines were not compared",
        allow_module_level=True,
    )

NOW = datetime(2026, 11, 9, 8, tzinfo=UTC)
SETS = ["office", "clinic"]


@cache
def plan() -> list[dict[str, Any]]:
    """Return every probe of the project as it travels."""
    probes: list[Probe] = audit.planned_probes(load_policies(ROOT / "policies"), audit.EVERYTHING)
    return audit.wire_plan(probes, now=NOW)


def facts(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without what depends on the machine's speed."""
    return {
        name: {key: value for key, value in fact.items() if key != "ms"}
        for name, fact in result["facts"].items()
    }


def modelled(host: Host, probes: list[dict[str, Any]]) -> dict[str, Any]:
    return facts(run_module(host, "fleet_probe", {"probes": probes}))


def shape(value: Any) -> Any:
    """Return what an answer looks like: its columns, and the types of what stands in them."""
    if isinstance(value, dict):
        return tuple((key, shape(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return (len(value) > 1, *sorted({shape(item) for item in value}, key=repr))
    return value if value is None or isinstance(value, bool) else type(value).__name__


def telling_machines() -> list[str]:
    """Return PCs that together have an answer of every shape, and every error of every probe."""
    shapes = {}
    for host in load_profiles(SETS):
        if host.power:
            host.advance(NOW)
            answers = modelled(host, plan()).items()
            shapes[host.name] = {(k, str(fact.get("error")), shape(fact)) for k, fact in answers}
    if os.environ.get("WINSIM_EVERY_MACHINE"):
        return sorted(shapes)
    chosen, left = [], set().union(*shapes.values())
    while left:
        chosen.append(max(sorted(shapes), key=lambda name: len(shapes[name] & left)))
        left -= shapes[chosen[-1]]
    return sorted(chosen)


MACHINES = telling_machines()
ODD: list[dict[str, Any]] = [
    {"kind": "cim", "namespace": "root/cimv2", "class": "Win32_NoSuchClass", "properties": ["A"]},
    {"kind": "cim", "namespace": "root/nowhere", "class": "Win32_BIOS", "properties": ["A"]},
    {
        "kind": "cim",
        "namespace": "ROOT/CIMV2",
        "class": "win32_bios",
        "properties": ["smbiosbiosversion"],
    },
    {
        "kind": "cim",
        "namespace": "root/cimv2",
        "class": "Win32_Service",
        "filter": "State = 'Running' AND StartMode <> 'Auto' OR Name = 'WinRM'",
        "properties": ["Name", "State", "ExitCode"],
    },
    {"kind": "cim", "namespace": "root/cimv2", "class": "Win32_Service", "filter": "= 1"},
    {"kind": "event_log", "log": "System", "providers": ["nobody"], "ids": [1], "fields": ["0"]},
    {
        "kind": "event_log",
        "log": "System",
        "providers": ["Microsoft-Windows-WindowsUpdateClient"],
        "ids": [19, 20],
        "fields": ["updateTitle", "errorCode"],
        "max": 3,
        "since": "2026-10-20T00:00:00Z",
    },
    {
        "kind": "event_log",
        "log": "System",
        "providers": ["Ntfs", "Microsoft-Windows-Ntfs"],
        "ids": [55, 98],
        "fields": ["CorruptionActionState"],
        "since": "2026-10-20T00:00:00Z",
    },
    {"kind": "registry", "keys": ["HKLM\\SOFTWARE\\NoSuchKey"], "values": ["a"]},
    {
        "kind": "registry",
        "keys": ["HKLM\\SOFTWARE\\JavaSoft\\JDK", "HKLM\\SOFTWARE\\wow6432node\\teamviewer"],
        "values": [],
    },
    {
        "kind": "registry",
        "keys": ["HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"],
        "values": ["ownCloud"],
    },
    {
        "kind": "registry",
        "keys": ["HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"],
        "subkeys": True,
        "values": ["DisplayName", "DisplayVersion", "UninstallString"],
    },
    {
        "kind": "file",
        "paths": [
            "%ProgramFiles%\\ownCloud\\owncloud.exe",
            "%ProgramFiles%\\nothing.exe",
        ],
        "properties": ["size_bytes", "modified_at", "version", "signer"],
    },
    {
        "kind": "file",
        "each_profile": True,
        "paths": ["AppData\\Roaming\\ownCloud\\owncloud.cfg"],
        "properties": ["size_bytes", "modified_at"],
    },
    {
        "kind": "marker",
        "paths": ["AppData\\Roaming\\ownCloud\\owncloud.cfg"],
        "markers": ["<n>\\url=", "<n>\\Folders\\<id>\\paused="],
        "properties": ["count", "word"],
    },
    {
        "kind": "marker",
        "paths": ["{localPath}\\.owncloudsync.log"],
        "markers": ["#=#=#=# Syncrun started", "#=#=#=# Syncrun finished"],
        "properties": ["count", "first_at", "last_at", "number"],
    },
    {"kind": "marker", "paths": ["{localPath}\\.owncloudsync.log"], "markers": ["20"]},
    {"kind": "log_start", "log": "Application"},
    {"kind": "log_start", "log": "Microsoft-Windows-DiskDiagnostic/Operational"},
    {"kind": "log_start", "log": "Security"},
    {"kind": "accounts"},
    {
        "kind": "registry",
        "each_user": True,
        "keys": ["SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"],
        "names": ["AnyDesk", "RustDesk"],
        "values": ["DisplayName", "DisplayVersion"],
    },
    {"kind": "spell", "keys": ["x"]},
]


@contextmanager
def served(name: str, state: Path) -> Iterator[Fleet]:
    """Serve a set whose modules the PowerShell on PATH runs; two sets share their addresses."""
    assert PWSH is not None
    engine = PowerShellEngine(PWSH, state / "engine")
    with Fleet([name], state=state, network=free_network(), clock=NOW, engine=engine) as it:
        yield it


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with served("office", tmp_path_factory.mktemp("office")) as it:
        yield it


@pytest.fixture(scope="module")
def answers(
    fleet: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return what the model and the engine say of each PC."""
    told = {}
    with served("clinic", tmp_path_factory.mktemp("clinic")) as clinic:
        for each in (fleet, clinic):
            pcs = sorted(set(each.hosts) & set(MACHINES))
            for name, answer in run(each, "fleet_probe", {"probes": plan()}, pcs=pcs).items():
                told[name] = (modelled(each.host(name), plan()), answer)
    return told


@pytest.mark.parametrize("name", MACHINES)
def test_every_probe_gives_the_same_rows(
    answers: dict[str, tuple[dict[str, Any], dict[str, Any]]], name: str
) -> None:
    expected, answer = answers[name]
    assert "facts" in answer, answer
    actual = facts(answer)

    assert [] == [
        (probe, expected[probe], actual.get(probe))
        for probe in expected
        if expected[probe] != actual.get(probe)
    ]
    assert set(expected) == set(actual)


def test_odd_probes_give_the_same_rows_and_errors(fleet: Fleet) -> None:
    probes = [{"id": f"odd_{number}", **probe} for number, probe in enumerate(ODD)]

    answer = run(fleet, "fleet_probe", {"probes": probes}, pcs=["direzione"])["direzione"]

    assert modelled(fleet.host("direzione"), probes) == facts(answer)


SLOW = {"registry": 2, "event_log": 3, "file": 4}
"""How many seconds each value, event or file takes on a PC whose disk is failing."""


@pytest.mark.parametrize("limit", [3, 4, 5])
def test_a_probe_that_takes_longer_than_its_limit_is_given_up_alike(
    fleet: Fleet, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = fleet.host("direzione")
    monkeypatch.setattr(host, "slow", SLOW)
    slow = [probe for probe in ODD if probe["kind"] in SLOW and not probe.get("each_user")]
    probes = [
        {"id": f"slow_{number}", **probe, "timeout_seconds": limit}
        for number, probe in enumerate(slow)
    ]

    answer = run(fleet, "fleet_probe", {"probes": probes}, pcs=["direzione"])["direzione"]

    assert modelled(host, probes) == facts(answer)
    assert {(fact.get("error") or {}).get("kind") for fact in facts(answer).values()} >= {
        None,
        "timeout",
    }


def test_the_guard_refuses_the_same_probes(fleet: Fleet) -> None:
    probes = [{"id": f"case_{number}", **probe_of(case)} for number, case in enumerate(TABLE[::20])]

    answer = run(fleet, "fleet_probe", {"probes": probes}, pcs=["direzione"])["direzione"]

    assert modelled(fleet.host("direzione"), probes) == facts(answer)


def test_a_persons_account_has_the_same_digest_and_its_sid_stays_on_the_pc(
    tmp_path: Path,
) -> None:
    about = {"digest_account": True, "kind": "event_log"}
    removals = {"log": "Application", "providers": ["MsiInstaller"], "ids": [1034]}
    cleared = {"log": "System", "providers": ["Microsoft-Windows-Eventlog"], "ids": [104]}
    noise = {"log": "System", "providers": ["Service Control Manager"], "ids": [7000, 7034]}
    probes: list[dict[str, Any]] = [
        {"id": "removals", **about, **removals, "fields": ["0", "1", "3"]},
        {"id": "cleared", **about, **cleared, "fields": ["Channel"]},
        {"id": "noise", **about, **noise},
    ]
    arguments = {"probes": probes, "account_key": "5a17" * 16}
    pcs = ["log-cleared", "owncloud-removed"]

    with served("clinic", tmp_path) as clinic:
        answers = run(clinic, "fleet_probe", arguments, pcs=pcs)
        expected = {pc: facts(run_module(clinic.host(pc), "fleet_probe", arguments)) for pc in pcs}
        sids = [user.sid for pc in pcs for user in clinic.host(pc).users]

    assert expected == {pc: facts(answer) for pc, answer in answers.items()}
    (removal,) = expected["owncloud-removed"]["removals"]["rows"]
    assert len(removal["account_digest"]) == 64
    assert expected["log-cleared"]["cleared"]["rows"][0]["data"] == {"Channel": "System"}
    said = str(answers)
    assert [] == [secret for secret in (*sids, arguments["account_key"]) if secret in said]


def test_the_newest_version_that_holds_the_file_is_looked_at(fleet: Fleet) -> None:
    fleet.reset()
    twin = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    for host in (fleet.host("direzione"), twin):
        for folder, name in (("9.12", "a"), ("22.9.0.1", "ab"), ("22.24.8.36", ""), ("new", "abc")):
            path = rf"C:\Program Files\Norton Security\Engine\{folder}"
            host.files.write(rf"{path}\{'tool.exe' if name else 'other.exe'}", name.encode())
    paths = [
        rf"%ProgramFiles%\{folder}\<version>\tool.exe"
        for folder in ("Norton Security\\Engine", "No")
    ]
    probe = {"id": "v", "kind": "file", "paths": paths, "properties": ["size_bytes"]}

    answer = run(fleet, "fleet_probe", {"probes": [probe]}, pcs=["direzione"])["direzione"]

    expected = modelled(twin, [probe])
    assert [(True, 2), (False, None)] == [
        (row["exists"], row["size_bytes"]) for row in expected["v"]["rows"]
    ]
    assert expected == facts(answer)


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
def test_cleaning_up_removes_the_same_files(fleet: Fleet, *, check: bool) -> None:
    fleet.reset()
    twin = next(host for host in load_profiles(["office"]) if host.name == "segreteria")
    twin.advance(NOW)
    areas = ["windows_temp", "update_download_cache", "profile_temp"]
    arguments = {"areas": areas, "older_than_days": 30}

    answer = run(fleet, "fleet_cleanup", arguments, pcs=["segreteria"], check=check)["segreteria"]
    expected = run_module(twin, "fleet_cleanup", {**arguments, "_ansible_check_mode": check})

    counted = [key for key in expected if key.endswith(("_count", "_bytes", "before", "changed"))]
    assert {key: expected[key] for key in counted} == {key: answer.get(key) for key in counted}
    assert twin.files.snapshot() == fleet.host("segreteria").files.snapshot()


@pytest.mark.parametrize("case", ["old", "recent", "unprotected", "within a day", "check mode"])
def test_restore_points_are_made_when_they_are_due(fleet: Fleet, case: str) -> None:
    fleet.reset()
    twin = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    twin.advance(NOW)
    arguments = {"description": "Custode", "min_age_hours": 12 if case == "within a day" else 24}
    for host in (fleet.host("direzione"), twin):
        if case in {"recent", "within a day"}:
            made = NOW - timedelta(hours=20)
            host.restore_points.append(RestorePoint(900, made, "Windows Update"))
        host.protected = case != "unprotected"

    check = case == "check mode"
    answer = run(fleet, "fleet_restore_point", arguments, pcs=["direzione"], check=check)
    expected = run_module(twin, "fleet_restore_point", {**arguments, "_ansible_check_mode": check})

    told = {key: answer["direzione"].get(key) for key in expected if key != "diff"}
    assert {key: value for key, value in expected.items() if key != "diff"} == told
    assert len(twin.restore_points) == len(fleet.host("direzione").restore_points)


STAGED = r"C:\Program Files\Custode\staging\tool\tool.msi"
HUNG = [
    Process("msiexec.exe", 4100, session=0, command=f'msiexec.exe /i "{STAGED}" /qn'),
    Process("msiexec.exe", 4104, session=0, title="?", command="-Embedding", parent="msiserver"),
    Process("tool.exe", 4108, session=0, path=STAGED.upper(), command="tool.exe /quiet"),
    Process("OTHER.EXE", 4112, command="other.exe"),
]


@pytest.mark.parametrize("case", ["all", "one file", "protected", "check mode"])
def test_a_hung_installer_is_ended_and_nothing_else(fleet: Fleet, case: str) -> None:
    fleet.reset()
    twin = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    twin.advance(NOW)
    arguments = {"marks": [STAGED], "windows_installer": case != "one file"}
    service = Service("msiserver", "Windows Installer", path=r"C:\Windows\System32\msiexec.exe /V")
    for host in (fleet.host("direzione"), twin):
        host.services["msiserver"] = service
        host.processes += [
            replace(p, protected=case == "protected" and p.pid == 4108) for p in HUNG
        ]

    check = case == "check mode"
    answer = run(fleet, "fleet_installer_stop", arguments, pcs=["direzione"], check=check)
    expected = run_module(twin, "fleet_installer_stop", {**arguments, "_ansible_check_mode": check})

    told = {key: answer["direzione"].get(key) for key in expected if key != "diff"}
    assert {key: value for key, value in expected.items() if key != "diff"} == told
    assert twin.processes == fleet.host("direzione").processes
    left = {process.pid for process in twin.processes} & {process.pid for process in HUNG}
    assert (
        left
        == {
            "all": {4112},
            "one file": {4104, 4112},
            "protected": {4108, 4112},
            "check mode": {4100, 4104, 4108, 4112},
        }[case]
    )


def test_an_engine_leaves_the_machine_as_it_was(fleet: Fleet) -> None:
    before = fleet.host("archivio").snapshot()

    run(fleet, "fleet_probe", {"probes": plan()}, pcs=["archivio"])

    assert before == fleet.host("archivio").snapshot()
    assert [] == list((fleet.ca.parent / "engine").glob("*"))
