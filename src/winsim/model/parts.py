"""The small parts of a PC: accounts, profiles, services, restore points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
    """

    name: str
    display: str
    start: str = "Auto"
    state: str = "Running"
    path: str = ""
    account: str = "LocalSystem"
    description: str = ""


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
