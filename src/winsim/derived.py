"""CIM classes that are worked out from the rest of a PC, so that every change shows in them."""

from __future__ import annotations

from email.utils import format_datetime
from functools import partial
from typing import Protocol
from zlib import crc32

from winsim.model.cim import CIMV2, DEFENDER, ERRORS, SECURITY_CENTER, Cim, CimError, Row
from winsim.model.parts import RestorePoint, Service
from winsim.moments import SimClock, is_moment, resolve

_NEVER = 2**32 - 1  # as Defender writes an age in days


class World(Protocol):
    """What is asked of a PC here."""

    cim: Cim
    clock: SimClock
    processes: list[str]
    restore_points: list[RestorePoint]
    services: dict[str, Service]

    @property
    def taken_bytes(self) -> int:
        """Return the room taken since the free space was written down."""


def tie(host: World) -> None:
    """Let the classes of a PC follow its clock, files, services, processes and restore points."""
    cim = host.cim
    cim.derive(CIMV2, "Win32_Service", partial(_services, host))
    cim.derive(CIMV2, "Win32_Process", partial(_processes, host))
    cim.derive("root/default", "SystemRestore", partial(_restore_points, host))
    cim.derive(DEFENDER, "MSFT_MpComputerStatus", partial(_defender, host))
    cim.adjust(CIMV2, "Win32_OperatingSystem", partial(_operating_system, host))
    cim.adjust(CIMV2, "Win32_LogicalDisk", partial(_logical_disk, host))
    cim.adjust(SECURITY_CENTER, "AntiVirusProduct", partial(_security_product, host))
    cim.link("MSFT_PhysicalDisk", "MSFT_StorageReliabilityCounter", "DeviceId")


def _services(host: World) -> list[Row]:
    return [
        {
            "Name": service.name,
            "DisplayName": service.display,
            "State": service.state,
            "Started": service.state == "Running",
            "StartMode": "Auto" if service.start == "Delayed" else service.start,
            "DelayedAutoStart": service.start == "Delayed",
            "StartName": service.account,
            "PathName": service.path or None,
            "Status": "OK",
        }
        for _, service in sorted(host.services.items())
    ]


def _processes(host: World) -> list[Row]:
    taken: set[int] = set()
    rows: list[Row] = []
    for name in host.processes:
        # A number that stays a process's own while others come and go.
        number = 1000 + 4 * (crc32(name.lower().encode()) % 5000)
        while number in taken:
            number += 4
        taken.add(number)
        rows.append({"Name": name, "ProcessId": number, "Handle": str(number)})
    return rows


def _restore_points(host: World) -> list[Row]:
    now = host.clock.now()
    return [
        {
            "SequenceNumber": point.number,
            # Text in DMTF format, in UTC: the one CIM class that does not give a moment.
            "CreationTime": resolve(point.made, now).strftime("%Y%m%d%H%M%S.000000-000"),
            "Description": point.description,
            "RestorePointType": 12,
        }
        for point in host.restore_points
    ]


def _operating_system(host: World, row: Row) -> Row:
    # A machine may declare a clock that is wrong; otherwise Windows tells the right time.
    return {"LocalDateTime": host.clock.now(), **row}


def _logical_disk(host: World, row: Row) -> Row:
    if row.get("DeviceID") != "C:" or row.get("FreeSpace") is None:
        return dict(row)
    return {**row, "FreeSpace": max(0, row["FreeSpace"] - host.taken_bytes)}


def _security_product(host: World, row: Row) -> Row:
    told = row.get("timestamp")
    if not is_moment(told):
        return dict(row)
    return {**row, "timestamp": format_datetime(resolve(told, host.clock.now()), usegmt=True)}


def _defender(host: World) -> list[Row]:
    service = host.services.get("windefend")
    if service is None or service.state != "Running":
        raise CimError(ERRORS["not_running"])
    return [
        {
            "AMRunningMode": "Normal",
            "AMServiceEnabled": True,
            "AntivirusEnabled": True,
            "AntivirusSignatureAge": 0,
            "AntivirusSignatureLastUpdated": "now - 6h",
            "FullScanAge": _NEVER,
            "IsTamperProtected": True,
            "OnAccessProtectionEnabled": True,
            "QuickScanAge": 1,
            "RealTimeProtectionEnabled": True,
        }
    ]
