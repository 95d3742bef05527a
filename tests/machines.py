"""Simulated PCs written in the test that needs them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from winsim.host import Host
from winsim.model.cim import CIMV2
from winsim.profiles import load_profiles

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
_MADE_UP = {"Virtual Machine", "VirtualBox", "VMware7,1"}
_CHASSIS = {8: "notebook", 9: "notebook", 10: "notebook", 17: "server", 35: "mini_pc"}
_HEAD = """---
values: synthetic
extends: [{bases}]
computer_name: PC
users:
  - {{sid: S-1-5-21-1-2-3-1001, folder: 'C:\\Users\\anna'}}
"""


def write_machine(
    folder: Path,
    text: str = "",
    *,
    bases: str = "windows_11_pro",
    installers: Mapping[str, str] | None = None,
) -> None:
    """Write a set with the one machine `pc`.

    Args:
        folder: Where.
        text: YAML that follows the machine's name and user.
        bases: What it extends, between commas.
        installers: YAML by name of what it can install.
    """
    for name in ("pc", "installers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "fleet.yml").write_text("---\nmachines: {pc: 11}\n", encoding="utf-8")
    machine = _HEAD.format(bases=bases) + text
    (folder / "pc" / "machine.yml").write_text(machine, encoding="utf-8")
    for name, spec in (installers or {}).items():
        (folder / "installers" / f"{name}.yml").write_text(f"---\n{spec}", encoding="utf-8")


def make_machine(
    folder: Path,
    text: str = "",
    *,
    bases: str = "windows_11_pro",
    installers: Mapping[str, str] | None = None,
) -> Host:
    """Write a machine and load it, at a fixed moment."""
    write_machine(folder, text, bases=bases, installers=installers)
    (host,) = load_profiles([str(folder)])
    host.advance(NOW)
    return host


def kind_of(host: Host) -> str:
    """Return the kind of device that a contract would name a PC by."""
    (maker,) = host.cim.rows(CIMV2, "Win32_ComputerSystem")
    if maker["Model"] in _MADE_UP or maker["Manufacturer"] == "QEMU":
        return "virtual_machine"
    (enclosure,) = host.cim.rows(CIMV2, "Win32_SystemEnclosure")
    (chassis,) = enclosure["ChassisTypes"]
    return _CHASSIS.get(chassis, "desktop")
