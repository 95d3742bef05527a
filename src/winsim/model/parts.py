"""The small parts of a PC: accounts, profiles, services, processes, restore points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from winsim.model.owncloud import OwnCloud


@dataclass(frozen=True)
class Account:
    """An account that may come in over WinRM.

    Attributes:
        name: What Windows calls it.
        password: In clear: it is public.
        administrator: Whether it may open shells.
        enabled: Whether it may log on at all.
        expires: From when on it may not, fixed or relative to the clock; None for never.
        principal: Its Kerberos name, such as `alice@EXAMPLE.TEST`, or empty.
    """

    name: str
    password: str
    administrator: bool = True
    enabled: bool = True
    expires: Any = None
    principal: str = ""


@dataclass
class Service:
    """A Windows service; its display name is localised, its name is not.

    Attributes:
        name: What it is called in every language.
        display: What people see.
        start: `Auto`, `Delayed`, `Manual` or `Disabled`.
        state: `Running`, `Stopped` or `Paused`.
        path: Its executable with arguments.
        account: Whose rights it has.
        description: What it says of itself.
        depends_on: Names of services that must run before it.
        pauses: Whether it can be paused.
        fails: The Windows error with which it does not start, or 0.
    """

    name: str
    display: str
    start: str = "Auto"
    state: str = "Running"
    path: str = ""
    account: str = "LocalSystem"
    description: str = ""
    depends_on: Sequence[str] = ()
    pauses: bool = False
    fails: int = 0


@dataclass(frozen=True)
class User:
    """A person's profile.

    Attributes:
        sid: Who it is.
        folder: Where the profile lies.
        name: The account's name; that of the folder where nothing is said.
        full_name: What people read.
        administrator: Whether the account is one.
        enabled: Whether it may log on.
        logged_in: Whether the person is at the PC, so that the hive is loaded. Where nothing is
            said, it is loaded when something of it is declared.
        owncloud: How the person's ownCloud client stands; None where nothing is told of it.
    """

    sid: str
    folder: str
    name: str = ""
    full_name: str = ""
    administrator: bool = False
    enabled: bool = True
    logged_in: bool | None = None
    owncloud: OwnCloud | None = None


@dataclass(frozen=True)
class Process:
    """A program that runs.

    Attributes:
        name: Its executable's name.
        pid: Its number; one that stays its own where nothing is said.
        session: 0 for services and what they start, 1 for who sits at the PC.
        title: What stands over its window, or empty; nobody sees one in session 0.
        path: Its executable, or empty.
        command: The words it was started with, or empty.
        parent: Name of the service that started it, or empty.
        protected: Whether nobody can end it, as a driver or an antivirus sees to.
    """

    name: str
    pid: int = 0
    session: int = 1
    title: str = ""
    path: str = ""
    command: str = ""
    parent: str = ""
    protected: bool = False


@dataclass(frozen=True)
class ComponentStore:
    """What Windows keeps of its own parts.

    Attributes:
        superseded_bytes: Room that parts take which updates have replaced.
        exit_code: With what DISM ends when it is told to drop them.
        hangs: Whether it never ends.
    """

    superseded_bytes: int = 0
    exit_code: int = 0
    hangs: bool = False


@dataclass(frozen=True)
class RestorePoint:
    """A way back that Windows keeps."""

    number: int
    made: Any
    description: str
