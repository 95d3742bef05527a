"""One simulated PC: everything that modules read and change, and a clock of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from winsim.derived import ANTIVIRUS_KEY, RULES, antivirus_keys
from winsim.errors import Killed
from winsim.model.cim import CIMV2, Cim, CimError
from winsim.model.commands import Command
from winsim.model.downloads import Download
from winsim.model.events import EventLogs
from winsim.model.files import FileSystem
from winsim.model.names import language_of
from winsim.model.network import Network
from winsim.model.parts import Account, ComponentStore, Process, RestorePoint, Service, User
from winsim.model.people import FIRST_ACCOUNT, GroupDeclared, People
from winsim.model.registry import Registry
from winsim.model.tasks import Task
from winsim.model.variables import expanded
from winsim.model.winrm import PORTS, WinRm
from winsim.moments import SimClock

__all__ = [
    "PROFILE_LIST",
    "UNINSTALL",
    "UNINSTALL_32",
    "Account",
    "Host",
    "Process",
    "RestorePoint",
    "Service",
    "User",
]

UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_32 = r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"
PROFILE_LIST = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
# The parts of the registry that Windows' own accounts have, and who has none yet.
_OWN_HIVES = (".DEFAULT", "S-1-5-18", "S-1-5-19", "S-1-5-20")
_PERSON = re.compile("S-1-(5-21|12-1)-[0-9-]+")


@dataclass
class Host:
    """A PC.

    Attributes:
        name: Name of its folder.
        octet: Its number in the fleet's network.
        computer_name: What Windows calls it.
        accounts: Who may come in at first; `people` knows who may now.
        cim: Its CIM classes.
        users: Its profiles.
        protected: Whether System Protection is on, so that restore points can be made.
        power: Whether it is switched on.
        specs: What its set knows to install, by name.
        timeline: Dated actions that have not happened yet, oldest first.
        used_bytes: Room that products take beside the files that are written down.
        settled_bytes: Room that the files took when the free space was written down.
        winrm: How its WinRM service is set.
        commands: Scripts that it can answer; it runs no other.
        product_commands: Those that products answer while they are installed, by uninstall key.
        answered: How often each command was run, by `command_keys`.
        postponed: What happens after so many module calls more.
        downloads: What it can download, by address.
        groups: Local groups beside those that every Windows has.
        network: The network that it is in.
        blocked_ports: Ports at which a product's firewall lets nobody in.
        tasks: Its scheduled tasks, by path in lower case.
        slow: How many seconds each value (`registry`), event (`event_log`) or file (`file`) takes.
        restarting: Whether it went down and is not up again.
        boots: How often it came up again.
        component_store: What Windows keeps of its own parts.
        listeners: Transports at which its WinRM service listens: `HTTP`, `HTTPS`.
        firewall_rules: Names of rules of its firewall that somebody made.
        steps_left: After how many changes the command at work is killed; None for never.
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
    processes: list[Process] = field(default_factory=list)
    restore_points: list[RestorePoint] = field(default_factory=list)
    used_bytes: int = 0
    settled_bytes: int = 0
    winrm: WinRm = field(default_factory=WinRm)
    commands: Sequence[Command] = ()
    product_commands: dict[str, Sequence[Command]] = field(default_factory=dict)
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    postponed: list[tuple[int, Callable[[Host], None]]] = field(default_factory=list)
    downloads: Mapping[str, Download] = field(default_factory=dict)
    groups: Sequence[GroupDeclared] = ()
    network: Network = field(default_factory=Network)
    blocked_ports: set[int] = field(default_factory=set)
    tasks: dict[str, Task] = field(default_factory=dict)
    slow: Mapping[str, int] = field(default_factory=dict)
    restarting: bool = False
    boots: int = 0
    component_store: ComponentStore = field(default_factory=ComponentStore)
    listeners: set[str] = field(default_factory=lambda: {"HTTP", "HTTPS"})
    firewall_rules: list[str] = field(default_factory=list)
    steps_left: int | None = None
    files: FileSystem = field(init=False)

    def __post_init__(self) -> None:
        """Tie the derived classes to the model, so that changes show in them."""
        self.files = FileSystem(self.clock)
        self.cim.tie(self, RULES)
        self.registry.work_out(ANTIVIRUS_KEY, lambda: antivirus_keys(self.cim))
        for sid in _OWN_HIVES:
            self.registry.make(f"HKU\\{sid}")
        for user in (*self.users, *self.account_users()):
            self._make_profile(user.sid, user.folder)

    def account_users(self) -> list[User]:
        """Return the profiles that Windows makes for accounts when they first come in."""
        return [
            User(f"{self.machine_sid}-{FIRST_ACCOUNT + index}", rf"C:\Users\{account.name}")
            for index, account in enumerate(self.accounts)
            if account.enabled
        ]

    def welcome(self, sid: str) -> None:
        """Give somebody who comes in for the first time a profile."""
        if not self.registry.exists(f"{PROFILE_LIST}\\{sid}"):
            self._make_profile(sid, rf"C:\Users\{self.people.users[sid].name}")

    def _make_profile(self, sid: str, folder: str) -> None:
        key = f"{PROFILE_LIST}\\{sid}"
        self.registry.set(key, "ProfileImagePath", folder, type_="expandstring")
        self.files.make_folder(rf"{folder}\AppData\Local\Temp")

    @property
    def machine_sid(self) -> str:
        """Return what the SIDs of all accounts of this PC begin with."""
        local = (user.sid for user in self.users if user.sid.startswith("S-1-5-21-"))
        found = next(local, None)
        return found.rpartition("-")[0] if found else f"S-1-5-21-{self.octet}-{self.octet}-1"

    @property
    def language(self) -> str:
        """Return the language of its Windows: `en`, `it` or `fr`."""
        return language_of(int(self.os_row().get("OSLanguage") or 0))

    def os_row(self) -> Mapping[str, Any]:
        """Return what was written down of its Windows; nothing when that class answers no one."""
        rows = self.cim.declared(CIMV2, "Win32_OperatingSystem")
        return rows[0] if rows else {}

    @cached_property
    def people(self) -> People:
        """Return its local accounts and groups; made when they are first asked for."""
        return People(
            self.computer_name,
            self.machine_sid,
            self.language,
            users=self.users,
            accounts=self.accounts,
            groups=self.groups,
        )

    def command_keys(self) -> dict[tuple[str, int], Command]:
        """Return every command it can still answer: its own first, then its products'."""
        listed = [("", self.commands), *self.product_commands.items()]
        known = {(name, i): each for name, some in listed for i, each in enumerate(some)}
        return {
            key: command
            for key, command in known.items()
            if command.times is None or self.answered[key] < command.times
        }

    def begin_call(self) -> None:
        """Let happen what was put off until this module call."""
        waiting = [(calls - 1, act) for calls, act in self.postponed]
        self.postponed = [(calls, act) for calls, act in waiting if calls > 0]
        for calls, act in waiting:
            if calls <= 0:
                act(self)

    def log_on(self, sid: str) -> None:
        """Let a person sit down at the PC: the hive is loaded."""
        self.registry.load_hive(sid)
        self._set_user(self.people.name_of(sid))

    def log_off(self, sid: str) -> None:
        """Let a person go: the hive is a file again, and what ran in the session is over."""
        self.registry.unload_hive(sid)
        self.processes[:] = [process for process in self.processes if process.session == 0]
        self._set_user(None)

    def _set_user(self, name: str | None) -> None:
        if self.cim.declared(CIMV2, "Win32_ComputerSystem"):
            self.cim.change(CIMV2, "Win32_ComputerSystem", {}, {"UserName": name})

    def step(self) -> None:
        """Say that a command is about to change something.

        Raises:
            Killed: The command was killed before it came to that.
        """
        if self.steps_left is None:
            return
        if self.steps_left == 0:
            raise Killed
        self.steps_left -= 1

    @property
    def reachable(self) -> frozenset[str]:
        """Return the transports at which somebody is let in: listened at, and not blocked."""
        return frozenset(t for t in self.listeners if PORTS[t] not in self.blocked_ports)

    @property
    def powered(self) -> bool:
        """Return whether the PC is on."""
        return self.power

    @property
    def build(self) -> str:
        """Return the build of its Windows; that of the oldest that is supported where nobody says."""
        build = str(self.os_row().get("BuildNumber", ""))
        return build if build.isdecimal() else "14393"

    @property
    def powershell_version(self) -> str:
        """Return the version of its Windows PowerShell: 5.1 with the build of Windows."""
        return f"5.1.{self.build}.1000"

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

    @property
    def taken_bytes(self) -> int:
        """Return the room taken since the free space was written down; negative when more is free."""
        return self.used_bytes + self.files.total_bytes - self.settled_bytes

    def free_bytes(self) -> int | None:
        """Return the free bytes of drive C:, or None when Windows does not say."""
        try:
            rows = self.cim.rows(CIMV2, "Win32_LogicalDisk", where="DeviceID = 'C:'")
        except CimError:
            return None
        return next((row["FreeSpace"] for row in rows), None)

    def profile_folders(self) -> list[str]:
        """Return the folders of people's profiles, by SID: as Windows lists them, whoever they are."""
        sids = [sid for sid in self.registry.subkeys(PROFILE_LIST) if _PERSON.fullmatch(sid)]
        return [
            str(self.registry.get(f"{PROFILE_LIST}\\{sid}", "ProfileImagePath"))
            for sid in sorted(sids)
        ]

    def expand(self, path: str) -> str:
        r"""Return a path with names such as `%TEMP%` replaced as for the account that comes in."""
        account = self.accounts[0].name if self.accounts else "Default"
        return expanded(path, home=rf"C:\Users\{account}")

    def snapshot(self) -> dict[str, Any]:
        """Return the whole model as plain data, to be compared before and after."""
        return {
            "blocked_ports": sorted(self.blocked_ports),
            "cim": self.cim.snapshot(),
            "component_store": asdict(self.component_store),
            "events": self.events.snapshot(),
            "files": self.files.snapshot(),
            "firewall_rules": list(self.firewall_rules),
            "listeners": sorted(self.listeners),
            "boots": self.boots,
            "people": self.people.snapshot(),
            "power": self.power,
            "processes": [asdict(process) for process in self.processes],
            "registry": self.registry.snapshot(),
            "restore_points": [{**asdict(p), "made": str(p.made)} for p in self.restore_points],
            "services": {
                name: {**asdict(item), "depends_on": list(item.depends_on)}
                for name, item in sorted(self.services.items())
            },
            "tasks": {name: task.plain() for name, task in sorted(self.tasks.items())},
            "used_bytes": self.used_bytes,
        }
