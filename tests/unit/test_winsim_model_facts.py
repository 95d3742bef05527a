"""The facts that a play begins with agree with what the simulated PC is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from winsim.host import Host
from winsim.modules import run_module
from winsim.profiles import load_profiles

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
CLINIC = {host.name: host for host in load_profiles(["clinic"])}


def facts(host: Host, *subsets: str) -> dict[str, Any]:
    arguments = {"gather_subset": list(subsets)} if subsets else {}
    result = run_module(host, "setup", arguments)
    found: dict[str, Any] = result["ansible_facts"]
    return found


@pytest.fixture
def host() -> Host:
    found = CLINIC["notebook-fr"]
    found.advance(NOW)
    return found


def test_all_facts_are_those_of_the_pc(host: Host) -> None:
    found = facts(host)

    system = host.cim.rows("root/cimv2", "Win32_OperatingSystem")[0]
    assert system["Caption"] == found["ansible_distribution"]
    assert f"10.0.{system['BuildNumber']}.0" == found["ansible_distribution_version"]
    assert ("Windows", "workstation", 5) == (
        found["ansible_os_family"], found["ansible_os_product_type"],
        found["ansible_powershell_version"],
    )  # fmt: skip
    assert (host.computer_name, "x86_64", host.machine_sid) == (
        found["ansible_hostname"], found["ansible_architecture2"], found["ansible_machine_id"],
    )  # fmt: skip
    assert ("Romance Standard Time", "+02:00", "09", "2026-10-05T07:00:00Z") == tuple(
        found["ansible_date_time"][key] for key in ("tz", "tz_offset", "hour", "iso8601")
    )
    assert found["ansible_processor_vcpus"] * 3 == len(found["ansible_processor"])
    assert ("custode", "C:\\Users\\custode") == (
        found["ansible_user_id"], found["ansible_user_dir"],
    )  # fmt: skip
    assert host.people.sid_of("custode") == found["ansible_user_sid"]
    card = found["ansible_interfaces"][0]
    assert [card["ipv4"]["address"]] == found["ansible_ip_addresses"]


@pytest.mark.parametrize(
    ("subsets", "there", "not_there"),
    [
        (["!all"], "hostname", "memtotal_mb"),
        (["!all", "!min"], None, "hostname"),
        (["!all", "!min", "memory"], "memtotal_mb", "hostname"),
        (["hardware", "!min"], "product_name", "hostname"),
        (["!hardware"], "interfaces", "product_name"),
        (["network", "!all"], "interfaces", "uptime_seconds"),
    ],
)
def test_subsets_are_chosen_as_the_real_module_does(
    host: Host, subsets: list[str], there: str | None, not_there: str
) -> None:
    found = facts(host, *subsets)

    assert subsets == found["gather_subset"]
    assert there is None or f"ansible_{there}" in found
    assert f"ansible_{not_there}" not in found


def test_a_subset_that_does_not_exist_and_facts_that_cannot_be_read_are_warned_of() -> None:
    host = Host("pc", 1, "PC", (), CLINIC["mini-pc"].cim)
    host.registry.set(
        r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation", "TimeZoneKeyName", "Elsewhere"
    )

    result = run_module(host, "setup", {"gather_subset": ["moon", "date_time"]})

    assert [
        "invalid value moon specified in gather_subset",
        "Error when collecting date_time facts: winsim does not know the time zone Elsewhere",
    ] == result["warnings"][:2]
    assert "ansible_date_time" not in result["ansible_facts"]


@pytest.mark.parametrize(
    ("name", "kind", "role"),
    [
        ("vm-hyper-v", "Hyper-V", "Stand-alone workstation"),
        ("server-2022-vm", "VMware", "Member server"),
        ("virtualbox-test", "VirtualBox", "Stand-alone workstation"),
        ("workstation-domain", "NA", "Member workstation"),
    ],
)
def test_virtual_machines_and_domains_are_told(name: str, kind: str, role: str) -> None:
    CLINIC[name].advance(NOW)

    found = facts(CLINIC[name])

    assert (kind, role) == (
        found["ansible_virtualization_type"], found["ansible_windows_domain_role"],
    )  # fmt: skip


def test_a_restart_that_waits_is_told() -> None:
    assert facts(CLINIC["restart-pending"], "platform")["ansible_reboot_pending"]
    assert not facts(CLINIC["mini-pc"], "platform")["ansible_reboot_pending"]


def test_every_machine_has_facts_and_no_warning() -> None:
    for machine in CLINIC.values():
        machine.advance(NOW)
        result = run_module(machine, "setup", {})
        assert "warnings" not in result, (machine.name, result["warnings"])
