"""What a PC shows of its TeamViewer: which registration is alive, its ID, whether it is assigned.

The 32-bit and the 64-bit program register under keys of their own, and the key of one that is gone
may stay behind: a registration counts only where its program is. "Assigned" is what the PC shows
of its management, never what a command of ours said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from custode.core.observation import Facts, Row
from custode.core.verification import trouble

REGISTRATION_PROBE = "teamviewer_registration"
PROGRAMS_PROBE = "teamviewer_programs"
MANAGEMENT_PROBE = "teamviewer_management"

PROGRAM = "TeamViewer.exe"

_KEY_64 = "HKLM\\SOFTWARE\\TeamViewer"
_KEY_32 = "HKLM\\SOFTWARE\\WOW6432Node\\TeamViewer"
# In the order in which the maker's own module asks.
_KEYS = (_KEY_32, _KEY_64)
_MANAGEMENT = "DeviceManagementV2"
_FOLDERS = {
    "\\program files\\teamviewer": f"%ProgramFiles%\\TeamViewer\\{PROGRAM}",
    "\\program files (x86)\\teamviewer": f"%ProgramFiles(x86)%\\TeamViewer\\{PROGRAM}",
}
_LISTED = re.compile(r"TeamViewer( \d+)?( Host)?", re.IGNORECASE)
_ID_RANGE = 2**32


class UnclearError(Exception):
    """What the PC shows was not read, or fits no single installation; `why` is a stable word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Registration:
    """The registration whose program is there.

    Attributes:
        key: Its registry key.
        folder: Where the program is, without a final backslash.
        client_id: The TeamViewer ID, or None when it has none yet.
        configuration_id: The custom module it was installed with, or None.
        stale: Other keys of TeamViewer, left behind by a program that is gone.
    """

    key: str
    folder: str
    client_id: int | None
    configuration_id: str | None
    stale: tuple[str, ...]

    @property
    def program(self) -> str:
        """Return the path of the program."""
        return f"{self.folder}\\{PROGRAM}"


def probes() -> list[dict[str, Any]]:
    """Return the probes, as `fleet_probe` takes them, that the functions below need.

    Values are read by name: the same key holds passwords.
    """
    return [
        {
            "id": REGISTRATION_PROBE,
            "kind": "registry",
            "keys": [_KEY_64, _KEY_32],
            "values": ["ClientID", "InstallationDirectory", "InstallationConfigurationId"],
        },
        {
            "id": PROGRAMS_PROBE,
            "kind": "file",
            "paths": list(_FOLDERS.values()),
        },
        {
            "id": MANAGEMENT_PROBE,
            "kind": "registry",
            "keys": [f"{_KEY_64}\\{_MANAGEMENT}", f"{_KEY_32}\\{_MANAGEMENT}"],
            "values": ["ManagementId", "Unmanaged"],
        },
    ]


def registration(registered: Iterable[Row], programs: Iterable[Row]) -> Registration | None:
    """Return the registration whose program is there, or None when TeamViewer is not installed.

    Args:
        registered: Rows of `teamviewer_registration`.
        programs: Rows of `teamviewer_programs`.

    Raises:
        UnclearError: A program has no registration, or a registration names a folder that was
            not looked into.
    """
    rows = {str(row["key"]).casefold(): row for row in registered}
    present = {str(row["path"]).casefold() for row in programs if row.get("exists")}
    elsewhere = False
    for key in _KEYS:
        folder = _folder(rows.get(key.casefold(), {}))
        if folder is None:
            continue
        path = _FOLDERS.get(folder[2:].casefold())
        if path is None:
            elsewhere = True
        elif path.casefold() in present:
            return _registration(key, folder, rows)
    if elsewhere:
        raise UnclearError("folder_not_looked_into")
    if present:
        raise UnclearError("program_without_registration")
    return None


def seen(facts: Facts) -> tuple[Registration | None, bool]:
    """Return the registration that counts, and whether the PC shows that it is assigned.

    Args:
        facts: The answers to `probes`.

    Raises:
        UnclearError: A probe gave no answer, or the answers fit no single installation.
    """
    found = registration_in(facts)
    if why := trouble(facts, MANAGEMENT_PROBE):
        raise UnclearError(why)
    return found, found is not None and is_assigned(found, facts[MANAGEMENT_PROBE].rows)


def registration_in(facts: Facts) -> Registration | None:
    """Return the registration that counts, whatever is known of its assignment.

    Raises:
        UnclearError: A probe gave no answer, or the answers fit no single installation.
    """
    for probe_id in (REGISTRATION_PROBE, PROGRAMS_PROBE):
        if why := trouble(facts, probe_id):
            raise UnclearError(why)
    return registration(facts[REGISTRATION_PROBE].rows, facts[PROGRAMS_PROBE].rows)


def is_assigned(found: Registration, managed: Iterable[Row]) -> bool:
    """Return whether the PC shows that it is managed from an account.

    Args:
        found: The registration that counts.
        managed: Rows of `teamviewer_management`; a key that is not there manages nothing.
    """
    wanted = f"{found.key}\\{_MANAGEMENT}".casefold()
    return any(
        bool(row.get("ManagementId")) and not row.get("Unmanaged")
        for row in managed
        if str(row["key"]).casefold() == wanted
    )


def edition(listed: Iterable[Row]) -> str | None:
    """Return `host` or `full` as Windows lists it, or None when it lists neither or both."""
    names = (_LISTED.fullmatch(str(row.get("DisplayName") or "")) for row in listed)
    found = {"host" if name[2] else "full" for name in names if name}
    return found.pop() if len(found) == 1 else None


def shared_ids(client_ids: Mapping[str, int | None]) -> dict[int, tuple[str, ...]]:
    """Return the IDs that more than one PC shows, with the PCs' names: a disk was cloned."""
    devices: dict[int, list[str]] = {}
    for device, client_id in sorted(client_ids.items()):
        if client_id is not None:
            devices.setdefault(client_id, []).append(device)
    return {number: tuple(names) for number, names in sorted(devices.items()) if len(names) > 1}


def _folder(row: Row) -> str | None:
    return str(row.get("InstallationDirectory") or "").rstrip("\\") or None


def _registration(key: str, folder: str, rows: Mapping[str, Row]) -> Registration:
    row = rows[key.casefold()]
    return Registration(
        key=key,
        folder=folder,
        client_id=_client_id(row.get("ClientID")),
        configuration_id=str(row.get("InstallationConfigurationId") or "") or None,
        stale=tuple(other for other in _KEYS if other != key and other.casefold() in rows),
    )


def _client_id(value: Any) -> int | None:
    """Return an ID as people know it: the registry's 32 bits, unsigned; 0 is none."""
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,10}", str(value)):
        return None
    return int(value) % _ID_RANGE or None
