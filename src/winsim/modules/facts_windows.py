"""Facts of Windows: version, names, time, variables, and who comes in."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from winsim.host import Host
from winsim.model.cim import CIMV2
from winsim.modules.facts_hardware import Facts, row
from winsim.moments import resolve
from winsim.restarts import PENDING_KEYS, RENAMES, SESSION_MANAGER

_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_ZONE = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
_SERVICING = r"HKLM\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache"
# By Windows' name of a time zone, a place in it.
_PLACES = {
    "UTC": "UTC",
    "GMT Standard Time": "Europe/London",
    "Romance Standard Time": "Europe/Paris",
    "W. Europe Standard Time": "Europe/Rome",
}
_PRODUCTS = {1: "workstation", 2: "domain_controller", 3: "server"}


def _local(host: Host) -> datetime:
    """Return the time of the PC's own time zone."""
    name = _zone(host)
    if name not in _PLACES:
        raise LookupError(f"winsim does not know the time zone {name}")
    return host.clock.now().astimezone(ZoneInfo(_PLACES[name]))


def _zone(host: Host) -> str:
    return str(host.registry.get(_ZONE, "TimeZoneKeyName") or "UTC")


def date_time(host: Host) -> Facts:
    """Return the time in every spelling."""
    now, utc = _local(host), host.clock.now()
    seconds = int(utc.timestamp())
    offset = f"{now:%z}"
    told = {
        "date": f"{now:%Y-%m-%d}",
        "day": f"{now:%d}",
        "epoch": str(seconds),
        "epoch_int": seconds,
        "epoch_local": str(seconds + int((now.utcoffset() or now - now).total_seconds())),
        "hour": f"{now:%H}",
        "iso8601": f"{utc:%Y-%m-%dT%H:%M:%SZ}",
        "iso8601_basic": f"{now:%Y%m%dT%H%M%S%f}",
        "iso8601_basic_short": f"{now:%Y%m%dT%H%M%S}",
        "iso8601_micro": f"{utc:%Y-%m-%dT%H:%M:%S.%fZ}",
        "minute": f"{now:%M}",
        "month": f"{now:%m}",
        "second": f"{now:%S}",
        "time": f"{now:%H:%M:%S}",
        "tz": _zone(host),
        "tz_offset": f"{offset[:3]}:{offset[3:]}",
        "weekday": f"{now:%A}",
        "weekday_number": f"{now:%w}",
        "weeknumber": f"{now:%W}",
        "year": f"{now:%Y}",
    }
    return {"date_time": told}


def distribution(host: Host) -> Facts:
    """Return which Windows it is."""
    system = row(host, "Win32_OperatingSystem")
    version = f"10.0.{host.build}.0"
    name = system.get("Name") or system.get("Caption")
    return {
        "distribution": system.get("Caption"),
        "distribution_major_version": version.partition(".")[0],
        "distribution_version": version,
        "os_family": "Windows",
        "os_install_date": None,
        "os_installation_type": host.registry.get(_VERSION, "InstallationType"),
        "os_name": str(name).partition("|")[0].strip() if name else None,
        "os_product_type": _PRODUCTS.get(system.get("ProductType", 0), "unknown"),
    }


def environment(host: Host) -> Facts:
    """Return the variables that every process has."""
    names = (
        "APPDATA", "LOCALAPPDATA", "ProgramData", "ProgramFiles", "ProgramFiles(x86)", "PUBLIC",
        "SystemDrive", "SystemRoot", "TEMP", "TMP", "USERPROFILE", "windir",
    )  # fmt: skip
    found = {name: host.expand(f"%{name}%") for name in names}
    return {"env": {**found, "COMPUTERNAME": host.computer_name, "OS": "Windows_NT"}}


def platform(host: Host) -> Facts:
    """Return names, version, domain, and whether a restart is pending."""
    computer, system = row(host, "Win32_ComputerSystem"), row(host, "Win32_OperatingSystem")
    domain = str(computer.get("Domain") or "") if computer.get("PartOfDomain") else ""
    full = f"{host.computer_name}.{domain}" if domain else host.computer_name
    pending = host.registry.has(SESSION_MANAGER, RENAMES) or host.registry.exists(PENDING_KEYS[0])
    return {
        "architecture": system.get("OSArchitecture"),
        "architecture2": "x86_64",
        "domain": domain,
        "fqdn": full,
        "hostname": host.computer_name,
        "kernel": f"10.0.{host.build}.0",
        "machine_id": host.machine_sid,
        "netbios_name": host.computer_name.upper(),
        "nodename": full,
        "owner_contact": str(computer.get("PrimaryOwnerContact") or ""),
        "owner_name": str(host.registry.get(_VERSION, "RegisteredOwner") or ""),
        "reboot_pending": pending or bool(host.registry.get(_SERVICING, "RestartRequired")),
        "system": "Win32NT",
        "system_description": str(system.get("Description") or ""),
        "system_vendor": computer.get("Manufacturer"),
    }


def powershell(host: Host) -> Facts:
    """Return which PowerShell answers."""
    return {"powershell_version": int(host.powershell_version.partition(".")[0])}


def uptime(host: Host) -> Facts:
    """Return since when it is on."""
    booted = host.cim.rows(CIMV2, "Win32_OperatingSystem")[0]["LastBootUpTime"]
    spent = host.clock.now() - resolve(booted, host.clock.now())
    return {
        "lastboot": f"{_local(host) - spent:%Y-%m-%d %H:%M:%SZ}",  # local time, called UTC
        "uptime_seconds": round(spent.total_seconds()),
    }


def user(host: Host) -> Facts:
    """Return the account that comes in."""
    user = host.people.find_user(host.accounts[0].name) if host.accounts else None
    return {
        "user_dir": host.expand("%USERPROFILE%"),
        "user_gecos": "",
        "user_id": user.name if user else "SYSTEM",
        "user_sid": user.sid if user else "S-1-5-18",
    }
