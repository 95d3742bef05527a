"""One simulated PC: everything that modules read and change, and a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from winsim.model.cim import Cim, CimError, Row
from winsim.model.events import EventLogs
from winsim.model.files import FileSystem
from winsim.model.registry import Registry
from winsim.moments import SimClock, resolve

UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_32 = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
PROFILE_LIST = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
CIMV2 = "root/cimv2"
STORAGE = "root/microsoft/windows/storage"
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Account:
    """A local account that may come in over WinRM."""

    name: str
    password: str
    administrator: bool = True
    enabled: bool = True


@dataclass
class Service:
    """A Windows service; its display name is localised, its name is not."""

    name: str
    display: str
    start: str = "Auto"
    state: str = "Running"


@dataclass(frozen=True)
class User:
    """A person's profile."""

    sid: str
    folder: str


@dataclass(frozen=True)
class RestorePoint:
    """A way back that Windows keeps."""

    number: int
    made: Any
    description: str


@dataclass
class Host:
    """A PC.

    Attributes:
        name: Name of its folder.
        octet: Its number in the fleet's network.
        computer_name: What Windows calls it.
        accounts: Who may come in.
        cim: Its CIM classes.
        users: Its profiles.
        protected: Whether System Protection is on, so that restore points can be made.
        power: Whether it is switched on.
        specs: What its set knows to install, by name.
        timeline: Dated actions that have not happened yet, oldest first.
    """

    name: str
    octet: int
    computer_name: str
    accounts: tuple[Account, ...]
    cim: Cim
    users: tuple[User, ...] = ()
    protected: bool = True
    power: bool = True
    specs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    timeline: list[tuple[datetime, Sequence[Callable[[Host], None]]]] = field(default_factory=list)
    clock: SimClock = field(default_factory=lambda: SimClock(_BEGINNING))
    registry: Registry = field(default_factory=Registry)
    events: EventLogs = field(default_factory=EventLogs)
    services: dict[str, Service] = field(default_factory=dict)
    processes: list[str] = field(default_factory=list)
    restore_points: list[RestorePoint] = field(default_factory=list)
    used_bytes: int = 0
    files: FileSystem = field(init=False)

    def __post_init__(self) -> None:
        """Tie the derived classes to the model, so that changes show in them."""
        self.files = FileSystem(self.clock)
        self.cim.derive(CIMV2, "Win32_Service", self._service_rows)
        self.cim.derive(CIMV2, "Win32_Process", self._process_rows)
        self.cim.derive("root/default", "SystemRestore", self._restore_rows)
        self.cim.link("MSFT_PhysicalDisk", "MSFT_StorageReliabilityCounter", "DeviceId")
        for user in self.users:
            self.registry.set(f"{PROFILE_LIST}\\{user.sid}", "ProfileImagePath", user.folder)
            self.files.make_folder(user.folder)

    @property
    def powered(self) -> bool:
        """Return whether the PC is on."""
        return self.power

    def advance(self, now: datetime) -> None:
        """Move the PC to a moment; what its timeline holds until then happens, each at its time.

        Args:
            now: The moment; a moment before the clock moves only the clock.
        """
        while self.timeline and self.timeline[0][0] <= now.astimezone(UTC):
            at, actions = self.timeline.pop(0)
            self.clock.set(at)
            for act in actions:
                act(self)
        self.clock.set(now)

    def free_bytes(self) -> int | None:
        """Return the free bytes of drive C:, or None when Windows does not say."""
        try:
            rows = self.disk_rows()
        except CimError:
            return None
        return next((row["FreeSpace"] for row in rows if row["DeviceID"] == "C:"), None)

    def disk_rows(self) -> list[Row]:
        """Return Win32_LogicalDisk with what was installed and removed since taken into account."""
        rows = self.cim.rows(CIMV2, "Win32_LogicalDisk")
        return [
            {**row, "FreeSpace": row["FreeSpace"] - self.used_bytes}
            if row.get("DeviceID") == "C:" and row.get("FreeSpace") is not None
            else row
            for row in rows
        ]

    def snapshot(self) -> dict[str, Any]:
        """Return the whole model as plain data, to be compared before and after."""
        return {
            "cim": self.cim.snapshot(),
            "events": self.events.snapshot(),
            "files": self.files.snapshot(),
            "power": self.power,
            "processes": list(self.processes),
            "registry": self.registry.snapshot(),
            "restore_points": [{**asdict(p), "made": str(p.made)} for p in self.restore_points],
            "services": {name: asdict(item) for name, item in sorted(self.services.items())},
            "used_bytes": self.used_bytes,
        }

    def _service_rows(self) -> list[Row]:
        return [
            {
                "Name": service.name,
                "DisplayName": service.display,
                "State": service.state,
                "StartMode": service.start,
                "Status": "OK",
            }
            for _, service in sorted(self.services.items())
        ]

    def _process_rows(self) -> list[Row]:
        return [
            {"Name": name, "ProcessId": 1000 + 4 * index}
            for index, name in enumerate(self.processes)
        ]

    def _restore_rows(self) -> list[Row]:
        return [
            {
                "SequenceNumber": point.number,
                "CreationTime": _dmtf(resolve(point.made, self.clock.now())),
                "Description": point.description,
                "RestorePointType": 12,
            }
            for point in self.restore_points
        ]


def _dmtf(moment: datetime) -> str:
    """Return a moment as SystemRestore writes it: text in DMTF format, in UTC."""
    return moment.strftime("%Y%m%d%H%M%S.000000-000")
