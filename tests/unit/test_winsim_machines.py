"""The packaged machines: each is what its comment says, and Custode's own policies see it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.machines import kind_of

from custode.core.policy import judge
from custode.core.probes import normalise
from custode.edges.inventory import load_client
from custode.edges.policies import Policies, load_policies
from custode.edges.project import find_project
from custode.flows import audit
from winsim.host import Host
from winsim.model.cim import CIMV2, CimError
from winsim.modules import run_module
from winsim.profiles import ProfileError, load_profiles
from winsim.profiles.merging import over
from winsim.profiles.writing import yaml_text

ROOT = Path(__file__).resolve().parents[2]
SETS = ROOT / "src" / "winsim" / "profiles"
OCTOBER = datetime(2026, 10, 5, 7, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 9, 8, tzinfo=UTC)
FOLDERS = sorted(path.parent for path in SETS.glob("*/*/machine.yml"))
CLINIC = [folder for folder in FOLDERS if folder.parent.name == "clinic"]

WORKSTATION = 1  # ProductType; others are servers

F, U = "fail", "unknown"
NO_WEAR = {"disk_wear_acceptable": U}
NO_SSD = {"system_disk_solid_state": F}
NO_CHIP = {"security_chip_ready": F}
NO_DISKS = dict.fromkeys(
    [
        "disk_answers_in_time",
        "disk_health_good",
        "disk_hours_within_life",
        "disk_read_errors_absent",
        "disk_starts_within_rating",
        "disk_status_good",
        "disk_temperature_in_range",
        "disk_wear_acceptable",
        "disk_write_errors_absent",
        "system_disk_solid_state",
    ],
    U,
)
NO_SERIAL = {"serial_number_present": F}
NO_BACKUP = {"owncloud_installed": F, "owncloud_synced_recently": F}
NO_ANTIVIRUS = {"antivirus_installed": F, "antivirus_working": F}
NO_ROW = {
    "antivirus_signatures_current": U,
    "antivirus_subscription_valid": U,
    "antivirus_working": U,
}
NO_SUPPORT = {"teamviewer_installed": F}
# Where the contract takes Defender as well: without a Security Center it speaks for itself.
SERVER = {**NO_BACKUP, **NO_SUPPORT}
# What the policies say of each machine in October, beside what passes or does not apply.
VERDICTS: Mapping[str, Mapping[str, str]] = {
    "all-in-one": {},
    "battery-mute": {"battery_capacity_sufficient": U},
    "battery-worn": {"battery_capacity_sufficient": F, **NO_WEAR},
    "clock-off": {"clock_right": F},
    "defender-broken": NO_ANTIVIRUS,
    "defender-only": NO_ANTIVIRUS,
    "desktop-10-extended": {},
    "desktop-11-24h2": {"windows_supported_for_long": F},
    "desktop-11-home": {},
    "device-errors": {"devices_working": F},
    "disk-dying": {
        "disk_events_absent": F,
        "disk_failure_not_predicted": F,
        "disk_health_good": F,
        "disk_read_errors_absent": F,
        "disk_status_good": F,
        **NO_SSD,
    },
    "disk-full": {"system_drive_has_free_space": F},
    "disk-wear-unknown": {**NO_WEAR, **NO_SERIAL, **NO_CHIP, "windows_11_possible": F},
    "disk-worn": {"disk_wear_acceptable": F},
    "drive-locked": {"volumes_clean": U},
    "hardware-errors": {"hardware_errors_absent": F, **NO_SERIAL, **NO_CHIP},
    "leftovers": {"flash_absent": F, "java_licence_clear": F, **NO_SSD},
    # What the log no longer tells is taken for what did not happen: so a rule asks how far it reaches.
    "log-cleared": {"event_log_not_cleared": F, "event_log_reaches_back": F, "updates_recent": F},
    "log-rolled-over": {"event_log_reaches_back": F, "updates_recent": F},
    "memory-odd": {"hardware_errors_absent": F, "memory_test_passed": F},
    "memory-short": {"memory_amount_sufficient": F, "windows_supported": F},
    "mini-pc": {},
    "network-public": {"firewall_on": F, **NO_WEAR},
    "never-updated": {
        "event_log_reaches_back": F,
        "updates_not_failing": F,
        "updates_recent": F,
        "updates_switched_on": F,
        "windows_supported": F,
    },
    "norton-22": {},
    "norton-expired": {
        "antivirus_signatures_current": F,
        "antivirus_subscription_valid": F,
        "antivirus_working": F,
    },
    "norton-ghost": NO_ANTIVIRUS,
    "norton-off": {"antivirus_not_switched_off": F, "antivirus_working": F},
    "norton-outdated": {"antivirus_signatures_current": F},
    "norton-snoozed": {"antivirus_working": F},
    "norton-unregistered": NO_ROW,
    "not-activated": {"windows_activated": F, **NO_SERIAL, **NO_CHIP},
    "notebook-11": NO_WEAR,
    "notebook-fr": {},
    "notebook-work-account": {},
    "owncloud-5": {"owncloud_version_matches": F},
    "owncloud-7": {
        "owncloud_synced_recently": F,
        "owncloud_update_locked": F,
        "owncloud_version_matches": F,
        **NO_WEAR,
    },
    "owncloud-elsewhere": {},
    "owncloud-errors": {"owncloud_runs_succeed": F, "owncloud_synced_recently": F},
    "owncloud-hung": {"owncloud_runs_succeed": F, "owncloud_synced_recently": F},
    "owncloud-no-account": {"owncloud_configured": F, "owncloud_synced_recently": F},
    "owncloud-paused": {"owncloud_not_paused": F, "owncloud_synced_recently": F},
    "owncloud-placeholders": {"owncloud_documents_on_pc": F},
    "owncloud-removed": NO_BACKUP,
    "owncloud-stopped": {"owncloud_starts": F, "owncloud_synced_recently": F},
    "owncloud-two-people": {},
    "providers-slow": {
        "devices_working": U,
        "windows_activated": U,
        "windows_supported": U,
        **NO_SSD,
    },
    "repository-broken": {
        **NO_ROW,
        **NO_DISKS,
        "other_volumes_have_free_space": U,
        "system_drive_has_free_space": U,
        "system_drive_large_enough": U,
        "system_volume_is_ntfs": U,
        "volumes_clean": U,
        "windows_activated": U,
    },
    "restart-pending": {"restart_not_pending": F, "restarted_recently": F},
    "restore-off": {"restore_point_recent": F},
    "rights-missing": {
        "battery_capacity_sufficient": U,
        **NO_DISKS,
        "disk_failure_not_predicted": U,
        "encryption_not_suspended": U,
        "notebook_drive_encrypted": U,
        "restore_point_recent": U,
        "security_chip_ready": U,
        "temperature_below_throttling": U,
    },
    "server-2016": SERVER,
    "server-2019-vm": {**SERVER, "serial_number_present": U},
    "server-2022-vm": SERVER,
    "server-2025-vm": SERVER,
    "stops-by-itself": {"no_unexpected_restarts": F},
    # Which TeamViewer it is no rule asks, and whose it is only where the contract does.
    "teamviewer-32": {},
    "teamviewer-cloned": {},
    "teamviewer-full": NO_WEAR,
    "teamviewer-stale": {},
    "teamviewer-stopped": {"teamviewer_running": F},
    "teamviewer-unassigned": {},
    # No rule minds a second antivirus.
    "two-antiviruses": {},
    "virtualbox-test": {
        **NO_ANTIVIRUS,
        **NO_BACKUP,
        **NO_SERIAL,
        **NO_SUPPORT,
        "system_drive_large_enough": F,
        "windows_11_possible": F,
        "windows_supported": F,
    },
    "vm-hyper-v": {},
    "volume-dirty": {"file_system_errors_absent": F, "volumes_clean": F},
    "settings-weak": dict.fromkeys(
        [
            "account_control_on",
            "administrators_few",
            "automatic_logon_off",
            "autorun_limited",
            "built_in_administrator_off",
            "essential_services_running",
            "firewall_service_running",
            "guest_account_off",
            "guest_shares_refused",
            "installers_not_elevated",
            "old_file_sharing_off",
            "old_sign_in_refused",
            "remote_desktop_asks_first",
            "remote_desktop_closed",
            "remote_registry_off",
            "secure_boot_on",
            "security_center_running",
            "time_source_set",
            "time_zone_matches",
            "updates_not_paused",
            "visits_can_come_in",
        ],
        F,
    ),
    "programs-ended": dict.fromkeys(
        [
            "abandoned_programs_absent",
            "browsers_updated",
            "java_supported",
            "office_supported",
            "office_updates_on",
            "other_remote_control_absent",
        ],
        F,
    ),
    "unstable": dict.fromkeys(
        [
            "automatic_services_running",
            "clock_does_not_jump",
            "disk_resets_absent",
            "display_stable",
            "installations_succeed",
            "memory_not_exhausted",
            "no_blue_screens",
            "not_forced_off",
            "programs_not_crashing",
            "services_not_crashing",
            "services_start",
        ],
        F,
    ),
    "notebook-hot": {"battery_capacity_sufficient": U}
    | dict.fromkeys(
        [
            "battery_present",
            "disk_temperature_in_range",
            "encryption_not_suspended",
            "network_link_fast",
            "notebook_drive_encrypted",
            "temperature_below_throttling",
        ],
        F,
    ),
    "windows-10-ended": {"windows_supported": F, **NO_SSD},
    "windows-11-ended": {"windows_supported": F},
    "workstation-domain": {},
}
ARCHIVIO = {
    "disk_events_absent": F,
    "disk_health_good": F,
    "disk_read_errors_absent": F,
    **NO_BACKUP,
    **NO_SSD,
    **NO_SUPPORT,
}
OFFICE: Mapping[datetime, Mapping[str, Mapping[str, str]]] = {
    OCTOBER: {
        "archivio": ARCHIVIO,
        "contabilita-1": NO_SUPPORT,
        "direzione": {**NO_BACKUP, **NO_SUPPORT},
        "portatile-1": {**NO_ANTIVIRUS, **NO_BACKUP, **NO_SUPPORT, **NO_WEAR},
        "portatile-2": NO_SUPPORT,
        "sala-riunioni": {**NO_ROW, **NO_SUPPORT, **NO_WEAR},
        "segreteria": {"windows_supported": F},
    },
    NOVEMBER: {
        "archivio": ARCHIVIO,
        "contabilita-1": {
            **NO_ANTIVIRUS,
            "antivirus_not_switched_off": F,
            **NO_SUPPORT,
        },
        "direzione": {**NO_BACKUP, **NO_SUPPORT},
        "portatile-1": {**NO_ANTIVIRUS, **NO_BACKUP, **NO_SUPPORT, **NO_WEAR},
        "portatile-2": NO_SUPPORT,
        "sala-riunioni": {**NO_ROW, **NO_SUPPORT, **NO_WEAR},
        "segreteria": {
            "disk_events_absent": F,
            "disk_failure_not_predicted": F,
            "disk_health_good": F,
            "disk_status_good": F,
            "windows_supported": F,
        },
    },
}


@cache
def policies() -> Policies:
    return load_policies(ROOT / "policies")


@cache
def fleet(folder: Path, at: datetime) -> Mapping[str, Host]:
    """Return the machines of a set; the tests here only look at them."""
    hosts = {host.name: host for host in load_profiles([str(folder)])}
    for host in hosts.values():
        host.advance(at)
    return hosts


def machine(folder: Path, *, at: datetime = OCTOBER) -> Host:
    return fleet(folder.parent, at)[folder.name]


def verdicts(
    host: Host,
    *,
    at: datetime,
    accept: tuple[str, ...] = ("norton",),
    assigned: bool = False,
) -> dict[str, str]:
    """Return what the real policies say, without what passes or does not apply."""
    contract = load_client(find_project(ROOT), "demo").contract.view()
    contract["services"]["antivirus"]["accept"] = list(accept)
    contract["services"]["remote_support"]["assigned"] = assigned
    kind = "notebook" if host.cim.declared(CIMV2, "Win32_Battery") else "desktop"
    if host.os_row().get("ProductType", WORKSTATION) != WORKSTATION:
        kind = "server"
    probes = audit.planned_probes(policies(), audit.EVERYTHING, kinds=[kind])
    plan: dict[str, Any] = {"probes": audit.wire_plan(probes, now=at)}
    answer = run_module(host, "fleet_probe", plan)
    findings = judge(
        list(policies().rules.values()),
        facts=normalise(probes, answer["facts"]),
        device={"name": host.name, "kind": kind_of(host), "covered": True},
        contract=contract,
        limits=policies().baselines.limits(kind_of(host), contract),
        now=at,
    )
    return {f.rule.id: str(f.verdict) for f in findings if f.verdict in {"fail", "unknown"}}


def rows(host: Host, name: str, namespace: str = CIMV2) -> list[dict[str, Any]]:
    try:
        return host.cim.rows(namespace, name)
    except CimError:
        return []


def test_there_are_thirty_machines_beside_the_office() -> None:
    assert len(CLINIC) >= 30


def test_each_machine_of_the_clinic_has_its_verdicts_written_down() -> None:
    assert sorted(VERDICTS) == [folder.name for folder in CLINIC]


@pytest.mark.parametrize("folder", CLINIC, ids=lambda folder: folder.name)
def test_the_policies_see_what_a_machine_of_the_clinic_has(folder: Path) -> None:
    accept = ("norton", "defender") if folder.name.startswith("server") else ("norton",)

    found = verdicts(machine(folder), at=OCTOBER, accept=accept)

    assert dict(sorted(VERDICTS[folder.name].items())) == dict(sorted(found.items()))


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("teamviewer-32", None),
        ("teamviewer-full", None),
        ("teamviewer-stale", F),
        ("teamviewer-unassigned", F),
    ],
)
def test_a_contract_may_ask_whose_teamviewer_it_is(name: str, verdict: str | None) -> None:
    found = verdicts(machine(SETS / "clinic" / name), at=OCTOBER, assigned=True)

    assert found.get("teamviewer_assigned") == verdict


@pytest.mark.parametrize(
    ("at", "name"), [(at, name) for at, month in OFFICE.items() for name in month]
)
def test_the_policies_see_the_story_of_the_office(at: datetime, name: str) -> None:
    found = verdicts(machine(SETS / "office" / name, at=at), at=at)

    assert dict(sorted(OFFICE[at][name].items())) == dict(sorted(found.items()))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_machine_says_in_its_first_line_what_it_is(folder: Path) -> None:
    lines = (folder / "machine.yml").read_text(encoding="utf-8").splitlines()

    assert lines[1].startswith("# ")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_must_not_leak_really_stands_in_the_machine(folder: Path) -> None:
    canaries = yaml.safe_load((folder / "must_not_leak.yml").read_text(encoding="utf-8"))
    world = json.dumps(machine(folder).snapshot(), ensure_ascii=False)

    assert [] == [
        name for name in canaries if json.dumps(name, ensure_ascii=False)[1:-1] not in world
    ]


def test_machines_differ_in_more_than_their_names() -> None:
    worlds: dict[str, str] = {}
    for folder in FOLDERS:
        host = machine(folder)
        canaries = yaml.safe_load((folder / "must_not_leak.yml").read_text(encoding="utf-8"))
        text = json.dumps(host.snapshot(), sort_keys=True)
        own = [host.computer_name, *canaries, *(u.folder for u in host.users)]
        own += [str(r.get("IdentifyingNumber")) for r in rows(host, "Win32_ComputerSystemProduct")]
        own += [
            str(host.registry.get(key, name))
            for key, name in (
                (r"HKLM\SOFTWARE\TeamViewer", "ClientID"),
                (r"HKLM\SOFTWARE\TeamViewer\DeviceManagementV2", "ManagementId"),
            )
        ]
        for name in sorted(own, key=len, reverse=True):
            text = text.replace(json.dumps(name)[1:-1], "?")
        worlds[folder.name] = text

    pairs = itertools.combinations(worlds.items(), 2)
    assert [] == [(one, other) for (one, this), (other, that) in pairs if this == that]


def test_no_two_machines_share_what_tells_machines_apart() -> None:
    found = [
        str(value)
        for folder in FOLDERS
        for host in [machine(folder)]
        for value in (
            host.computer_name,
            host.registry.get(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid"),
            *(row["UUID"] for row in rows(host, "Win32_ComputerSystemProduct")),
        )
    ]

    assert sorted(set(found)) == sorted(found)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_volume_is_larger_than_the_disks_and_no_memory_than_what_is_fitted(folder: Path) -> None:
    host = machine(folder)
    fixed = sum(
        row["Size"] or 0 for row in rows(host, "Win32_LogicalDisk") if row["DriveType"] == 3
    )
    disks = sum(
        row["Size"] for row in rows(host, "MSFT_PhysicalDisk", "root/microsoft/windows/storage")
    )
    fitted = sum(row["Capacity"] for row in rows(host, "Win32_PhysicalMemory"))
    total = rows(host, "Win32_ComputerSystem")[0]["TotalPhysicalMemory"]
    visible = rows(host, "Win32_OperatingSystem")[0]

    assert not disks or fixed <= disks
    assert not fitted or total <= fitted
    assert visible["FreePhysicalMemory"] < visible["TotalVisibleMemorySize"] <= total / 1024


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_registry_and_cim_name_the_same_windows(folder: Path) -> None:
    host = machine(folder)
    system = rows(host, "Win32_OperatingSystem")[0]
    current = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"

    assert system["BuildNumber"] == host.registry.get(current, "CurrentBuild")
    assert f"10.0.{system['BuildNumber']}" == system["Version"]


@pytest.mark.parametrize(
    "folder", [f for f in CLINIC if f.name.startswith("vm-")], ids=lambda f: f.name
)
def test_a_virtual_machine_has_no_battery_and_no_smart(folder: Path) -> None:
    host = machine(folder)

    assert [] == rows(host, "Win32_Battery")
    with pytest.raises(CimError, match="0x8004100c"):
        host.cim.rows("root/wmi", "MSStorageDriver_FailurePredictStatus")


@pytest.mark.parametrize("folder", [f for f in CLINIC if "server" in f.name], ids=lambda f: f.name)
def test_a_server_has_no_security_center(folder: Path) -> None:
    with pytest.raises(CimError, match="0x8004100e"):
        machine(folder).cim.rows("root/SecurityCenter2", "AntiVirusProduct")


def test_columns_are_set_in_the_rows_of_a_base() -> None:
    below = {"cim": {"n": {"C": [{"A": 1, "B": 2}, {"A": 3, "B": 4}]}}}

    found = over(below, {"cim": {"n": {"C": {"set": {"B": 0}}}}})

    assert {"cim": {"n": {"C": [{"A": 1, "B": 0}, {"A": 3, "B": 0}]}}} == found
    assert {"cim": {"n": {"C": [{"A": 1, "B": 2}, {"A": 3, "B": 4}]}}} == below


def test_what_two_bases_set_waits_for_the_rows_and_the_later_one_wins() -> None:
    one = {"cim": {"n": {"C": {"set": {"A": 1, "B": 1}}}}}
    other = {"cim": {"n": {"C": {"set": {"B": 2}}}}}

    found = over(over({"cim": {"n": {"C": [{}]}}}, over(one, other)), {})

    assert {"cim": {"n": {"C": [{"A": 1, "B": 2}]}}} == found


def test_what_is_added_is_added_to_what_the_others_add() -> None:
    found = over({"add": {"events": [1]}}, {"add": {"events": [2], "programs": ["x"]}})

    assert {"add": {"events": [1, 2], "programs": ["x"]}} == found


def test_columns_without_rows_to_set_them_in_are_told(tmp_path: Path) -> None:
    (tmp_path / "pc").mkdir()
    (tmp_path / "fleet.yml").write_text("machines: {pc: 1}\n", encoding="utf-8")
    text = "values: synthetic\ncomputer_name: PC\ncim:\n  root/wmi:\n    Nothing: {set: {A: 1}}\n"
    (tmp_path / "pc" / "machine.yml").write_text(text, encoding="utf-8")

    with pytest.raises(ProfileError) as told:
        load_profiles([str(tmp_path)])

    expected = "machine.yml:5: cim.root/wmi.Nothing.set: found no rows in the bases"
    assert expected in str(told.value)


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
plain: st.SearchStrategy[Any] = st.none() | st.booleans() | numbers | st.text()
documents = st.dictionaries(
    st.text(min_size=1, max_size=20),
    st.recursive(
        plain,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(min_size=1, max_size=20), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(documents)
def test_what_is_written_is_read_again(data: dict[str, Any]) -> None:
    assert data == yaml.safe_load(yaml_text(data, comment="A comment."))
