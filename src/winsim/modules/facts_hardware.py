"""Facts of the machine: cards, firmware, memory, processors, and where it belongs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from ipaddress import ip_interface
from typing import Any

from winsim.host import Host
from winsim.model.cim import CIMV2, CimError
from winsim.model.network import interface_index, is_ipv4
from winsim.moments import is_moment, resolve

Facts = dict[str, Any]

# Without and with a domain, by the kind of product.
_ROLES = {
    1: ("Stand-alone workstation", "Member workstation"),
    2: ("Primary domain controller", "Primary domain controller"),
    3: ("Stand-alone server", "Member server"),
}
_MODELS = (
    ("VMware", ("vmware",)),
    ("Hyper-V", ("virtual machine",)),
    ("VirtualBox", ("virtualbox",)),
    ("kvm", ("kvm", "bochs")),
)
_MAKERS = {"QEMU": "kvm", "oVirt": "kvm", "Amazon EC2": "kvm", "Google": "kvm"}
_MEBI = 1 << 20
_MTU = 1500
_PAGES = {
    "pagefilefree_mb": "FreeSpaceInPagingFiles",
    "pagefiletotal_mb": "SizeStoredInPagingFiles",
}


def row(host: Host, name: str) -> Mapping[str, Any]:
    """Return the only instance of a class, or nothing where the PC does not tell of it."""
    try:
        return next(iter(host.cim.rows(CIMV2, name)), {})
    except CimError:
        return {}


def addresses(host: Host) -> Facts:
    """Return the addresses of all cards."""
    cards = host.network.cards(host.octet)
    on = (card for card in cards if card.connected)
    return {"ip_addresses": [a.partition("/")[0] for card in on for a in card.addresses]}


def bios(host: Host) -> Facts:
    """Return what the firmware tells of the PC."""
    bios, product = row(host, "Win32_BIOS"), row(host, "Win32_ComputerSystemProduct")
    made = bios.get("ReleaseDate")
    return {
        "bios_date": f"{resolve(made, host.clock.now()):%m/%d/%Y}" if is_moment(made) else None,
        "bios_version": bios.get("SMBIOSBIOSVersion"),
        "product_name": row(host, "Win32_ComputerSystem").get("Model"),
        "product_serial": bios.get("SerialNumber"),
        "product_uuid": product.get("UUID"),
    }


def interfaces(host: Host) -> Facts:
    """Return the cards that are no loopback."""
    told = []
    for index, card in enumerate(host.network.cards(host.octet), start=1):
        given = [ip_interface(address) for address in card.addresses if card.connected]
        each = [{"address": str(a.ip), "prefix": str(a.network.prefixlen)} for a in given]
        told.append(
            {
                "connection_name": card.name,
                "default_gateway": (card.gateway or None) if card.connected else None,
                "dns_domain": (host.network.suffix or None) if card.connected else None,
                "interface_index": interface_index(index),
                "interface_name": card.description,
                "ipv4": _few([a for a in each if is_ipv4(a["address"])]),
                "ipv6": _few([a for a in each if not is_ipv4(a["address"])]),
                "macaddress": card.mac or None,
                "mtu": _MTU,
                "speed": card.speed_mbit,
            }
        )
    return {"interfaces": told}


def _few(items: list[Any]) -> Any:
    """Return nothing, the one, or all: as PowerShell gives what a pipeline gave."""
    return items if len(items) > 1 else next(iter(items), None)


def memory(host: Host) -> Facts:
    """Return the memory, in MiB."""
    system = row(host, "Win32_OperatingSystem")
    total = row(host, "Win32_ComputerSystem").get("TotalPhysicalMemory")
    free = system.get("FreePhysicalMemory")
    page = {key: system.get(name) for key, name in _PAGES.items()}
    return {
        "memfree_mb": None if free is None else math.ceil(free / 1024),
        "memtotal_mb": None if total is None else math.ceil(total / _MEBI),
        "swaptotal_mb": 0,
        **{key: None if kib is None else round(kib / 1024) for key, kib in page.items()},
    }


def processor(host: Host) -> Facts:
    """Return the processors, and each of their threads."""
    rows = host.cim.rows(CIMV2, "Win32_Processor")
    threads = [int(row.get("NumberOfLogicalProcessors") or 1) for row in rows]
    cores = int(rows[0].get("NumberOfCores") or 1) if rows else 0
    told: list[str] = []
    for row, count in zip(rows, threads, strict=True):
        vendor = "AuthenticAMD" if "AMD" in str(row.get("Name")) else "GenuineIntel"
        for _ in range(count):
            told += [str(len(told) // 3), vendor, str(row.get("Name"))]
    return {
        "processor": told,
        "processor_cores": cores,
        "processor_count": len(rows),
        "processor_threads_per_core": threads[0] // cores if cores else 0,
        "processor_vcpus": sum(threads),
    }


def domain(host: Host) -> Facts:
    """Return the domain or workgroup, and the PC's part in it."""
    computer = row(host, "Win32_ComputerSystem")
    member = bool(computer.get("PartOfDomain"))
    kind = row(host, "Win32_OperatingSystem").get("ProductType", 1)
    return {
        "windows_domain": computer.get("Domain") or "WORKGROUP",
        "windows_domain_member": member,
        "windows_domain_role": _ROLES.get(kind, _ROLES[1])[member],
    }


def virtual(host: Host) -> Facts:
    """Return whether the PC is a virtual machine, and of what."""
    computer = row(host, "Win32_ComputerSystem")
    model = str(computer.get("Model") or "").lower()
    kind = next((k for k, starts in _MODELS if model.startswith(starts)), None)
    kind = kind or _MAKERS.get(str(computer.get("Manufacturer")))
    return {
        "virtualization_role": "guest" if kind else "NA",
        "virtualization_type": kind or "NA",
    }
