"""CIM classes that are worked out from the rest of a PC, so that every change shows in them."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Protocol
from zlib import crc32
from zoneinfo import ZoneInfo

from winsim.model import people_rows
from winsim.model.cim import CIMV2, DEFENDER, ERRORS, SECURITY_CENTER, Cim, CimError, Row, Rules
from winsim.model.network import Network
from winsim.model.parts import Process, RestorePoint, Service
from winsim.model.people import People
from winsim.model.tasks import Task
from winsim.moments import SimClock, is_moment, resolve

# Where most of these PCs are.
_ZONE = ZoneInfo("Europe/Rome")
TASKS = "root/Microsoft/Windows/TaskScheduler"
# Where the Security Center's service keeps what it tells of antivirus programs.
ANTIVIRUS_KEY = r"HKLM\SOFTWARE\Microsoft\Security Center\Provider\Av"
_STOPPED = 1077  # no attempt to start it was made since Windows came up
_NEVER = 2**32 - 1  # as Defender writes an age in days


class World(Protocol):
    """What is asked of a PC here."""

    clock: SimClock
    network: Network
    octet: int
    processes: list[Process]
    restore_points: list[RestorePoint]
    services: dict[str, Service]
    tasks: dict[str, Task]

    @property
    def people(self) -> People:
        """Return its local accounts and groups."""

    @property
    def taken_bytes(self) -> int:
        """Return the room taken since the free space was written down."""


def _users(host: World) -> list[Row]:
    return people_rows.user_rows(host.people, host.clock.now())


def _groups(host: World) -> list[Row]:
    return people_rows.group_rows(host.people)


def _system_accounts(host: World) -> list[Row]:
    return people_rows.system_rows(host.people)


def _adapters(host: World) -> list[Row]:
    return host.network.configuration_rows(host.octet)


def _cards(host: World) -> list[Row]:
    return host.network.adapter_rows(host.octet)


def _connections(host: World) -> list[Row]:
    return host.network.profile_rows(host.octet)


def _services(host: World) -> list[Row]:
    numbers = {row["Service"]: row["ProcessId"] for row in _running(host)}
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
            "ProcessId": numbers.get(service.name, 0),
            "AcceptPause": service.pauses and service.state == "Running",
            "AcceptStop": service.state == "Running",
            "ExitCode": 0 if service.state == "Running" else service.fails or _STOPPED,
            "Status": "OK",
        }
        for _, service in sorted(host.services.items())
    ]


def _dependencies(host: World) -> list[Row]:
    return [
        {
            "Antecedent": f'Win32_Service.Name="{host.services[needed.lower()].name}"',
            "Dependent": f'Win32_Service.Name="{service.name}"',
        }
        for _, service in sorted(host.services.items())
        for needed in service.depends_on
        if needed.lower() in host.services
    ]


def _processes(host: World) -> list[Row]:
    return [{key: row[key] for key in row if key != "Service"} for row in _running(host)]


def _running(host: World) -> list[Row]:
    """Return all programs that run: those that were named, then those of services."""
    taken: set[int] = set()
    named = [_process(process, taken) for process in host.processes]
    # One that was named without more may be the service's own.
    there = {process.name.lower() for process in host.processes if not process.command}
    served = []
    for _, service in sorted(host.services.items()):
        path = _executable(service.path)
        name = ntpath.basename(path)
        if service.state == "Stopped" or not name or name.lower() in there:
            continue
        process = Process(name, session=0, path=path, command=service.path)
        served.append({**_process(process, taken), "Service": service.name})
    numbers = {row["Service"]: row["ProcessId"] for row in served}
    parents = (numbers.get(process.parent) for process in host.processes)
    told = zip(named, parents, strict=True)
    return [*({**row, "Service": None, "ParentProcessId": pid} for row, pid in told), *served]


def _process(process: Process, taken: set[int]) -> Row:
    # A number that stays a process's own while others come and go.
    number = process.pid or 1000 + 4 * (crc32(process.name.lower().encode()) % 5000)
    while number in taken:
        number += 4
    taken.add(number)
    return {
        "Name": process.name,
        "ProcessId": number,
        "ParentProcessId": None,
        "Handle": str(number),
        "SessionId": process.session,
        "ExecutablePath": process.path or None,
        "CommandLine": process.command or None,
    }


def _executable(command: str) -> str:
    """Return the file in a service's command line: quoted, or up to `.exe`."""
    if command.startswith('"'):
        return command[1:].partition('"')[0]
    end = command.lower().find(".exe")
    return command[: end + len(".exe")] if end >= 0 else ""


def _tasks(host: World) -> list[Row]:
    return [task.row() for _, task in sorted(host.tasks.items())]


def _task_runs(host: World) -> list[Row]:
    return [task.info_row() for _, task in sorted(host.tasks.items())]


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
    # A machine may declare a clock or a zone that is wrong; otherwise Windows tells the right ones.
    now = host.clock.now()
    offset = now.astimezone(_ZONE).utcoffset() or timedelta()
    return {
        "CurrentTimeZone": int(offset.total_seconds()) // 60,
        "InstallDate": "2025-08-31T07:00:00Z",
        "LocalDateTime": now,
        **row,
    }


def _processor(host: World, row: Row) -> Row:
    # One socket, and a Windows of 64 bits, where nothing else is said.
    del host
    return {"DeviceID": "CPU0", "AddressWidth": 64, "DataWidth": 64, **row}


def _logical_disk(host: World, row: Row) -> Row:
    if row.get("DeviceID") != "C:" or row.get("FreeSpace") is None:
        return dict(row)
    return {**row, "FreeSpace": max(0, row["FreeSpace"] - host.taken_bytes)}


def _security_product(host: World, row: Row) -> Row:
    told = row.get("timestamp")
    if not is_moment(told):
        return dict(row)
    return {**row, "timestamp": format_datetime(resolve(told, host.clock.now()), usegmt=True)}


def antivirus_keys(cim: Cim) -> dict[str, Row]:
    """Return what the Security Center keeps in the registry: its rows, under other names."""
    rows = cim.declared(SECURITY_CENTER, "AntiVirusProduct") or []
    return {
        str(row["instanceGuid"]): {
            "DISPLAYNAME": str(row["displayName"]),
            "PRODUCTEXE": str(row.get("pathToSignedProductExe") or ""),
            "REPORTINGEXE": str(row.get("pathToSignedReportingExe") or ""),
            "STATE": int(row["productState"]),
        }
        for row in rows
        if row.get("instanceGuid") and row.get("productState") is not None
    }


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


DERIVED: Mapping[tuple[str, str], Callable[[World], list[Row]]] = {
    (CIMV2, "Win32_DependentService"): _dependencies,
    (CIMV2, "Win32_Group"): _groups,
    (CIMV2, "Win32_NetworkAdapterConfiguration"): _adapters,
    (CIMV2, "Win32_Process"): _processes,
    (CIMV2, "Win32_Service"): _services,
    (CIMV2, "Win32_SystemAccount"): _system_accounts,
    (CIMV2, "Win32_UserAccount"): _users,
    (DEFENDER, "MSFT_MpComputerStatus"): _defender,
    (TASKS, "MSFT_ScheduledTask"): _tasks,
    (TASKS, "MSFT_TaskDynamicInfo"): _task_runs,
    ("root/default", "SystemRestore"): _restore_points,
    ("root/StandardCimv2", "MSFT_NetAdapter"): _cards,
    ("root/StandardCimv2", "MSFT_NetConnectionProfile"): _connections,
}


def _rules() -> Rules[World]:
    """Return the rules; names in lower case, as classes are kept."""
    adjusted = {
        (CIMV2, "Win32_LogicalDisk"): _logical_disk,
        (CIMV2, "Win32_OperatingSystem"): _operating_system,
        (CIMV2, "Win32_Processor"): _processor,
        (SECURITY_CENTER, "AntiVirusProduct"): _security_product,
    }
    links = {("MSFT_PhysicalDisk", "MSFT_StorageReliabilityCounter"): "DeviceId"}
    return Rules(
        derived={(space.lower(), name.lower()): rows for (space, name), rows in DERIVED.items()},
        adjusted={(space.lower(), name.lower()): say for (space, name), say in adjusted.items()},
        links={(left.lower(), right.lower()): by for (left, right), by in links.items()},
    )


RULES: Rules[World] = _rules()
