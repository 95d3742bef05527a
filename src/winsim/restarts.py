"""A restart of Windows: who went, what came up again, what is not pending any more."""

from __future__ import annotations

import ntpath
from datetime import timedelta
from typing import Any

from winsim.host import Host
from winsim.model import services
from winsim.model.cim import CIMV2, CimError
from winsim.model.events import Event
from winsim.model.names import ENGLISH, FRENCH, ITALIAN
from winsim.moments import utc_text

SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
RENAMES = "PendingFileRenameOperations"
PENDING_KEYS = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
)
_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_AWAY = timedelta(seconds=40)
_SYSTEM = "S-1-5-18"
_SHUTDOWN = r"C:\Windows\system32\shutdown.exe"
_RESTART = {ENGLISH: "restart", ITALIAN: "riavvio", FRENCH: "redémarrer"}
_NO_REASON = {
    ENGLISH: "No title for this reason could be found",
    ITALIAN: "Impossibile trovare un titolo per il motivo specificato",
    FRENCH: "Aucun titre à cette raison n’a pu être trouvé",  # noqa: RUF001 - as Windows writes it
}


def begin(host: Host, *, comment: str = "", sid: str | None = None) -> None:
    """Let a PC go down, unless it is down already: nothing answers until `finish`.

    Args:
        host: The PC; Windows notes there who asked for it.
        comment: What was said about it.
        sid: Who asked for it; None for whoever comes in over WinRM.
    """
    if host.restarting:
        return
    host.restarting = True
    language = host.language
    sid = sid or next((user.sid for user in host.account_users()), _SYSTEM)
    about = {
        "param1": f"{_SHUTDOWN} ({host.computer_name})",
        "param2": host.computer_name,
        "param3": _NO_REASON[language],
        "param4": "0x800000ff",
        "param5": _RESTART[language],
        "param6": comment,
        "param7": host.people.name_of(sid),
    }
    _note(host, "User32", 1074, sid=sid, data=about)
    _note(host, "EventLog", 6006, data=[""])
    stopped = {"StopTime": utc_text(host.clock.now())}
    _note(host, "Microsoft-Windows-Kernel-General", 13, sid=_SYSTEM, data=stopped)


def finish(host: Host) -> None:
    """Let a PC come up again, some time later: nobody logged on, nothing pending any more."""
    host.clock.set(host.clock.moment + _AWAY)
    now = host.clock.now()
    build = str(host.os_row().get("BuildNumber", "19045"))
    started = {
        "MajorVersion": "10",
        "MinorVersion": "0",
        "BuildVersion": build,
        "QfeVersion": str(host.registry.get(_VERSION, "UBR") or 0),
        "ServiceVersion": "0",
        "BootMode": "0",
        "StartTime": utc_text(now),
    }
    _note(host, "Microsoft-Windows-Kernel-General", 12, sid=_SYSTEM, data=started)
    _note(host, "EventLog", 6009, data=["10.00.", build, "", "Multiprocessor Free", "0"])
    _note(host, "EventLog", 6005, data=[""])
    _change(host, "Win32_OperatingSystem", {"LastBootUpTime": now})
    for sid in host.registry.hives():
        host.log_off(sid)
    host.processes.clear()
    services.boot(host.services)
    for key in PENDING_KEYS:
        host.registry.delete(key)
    _rename(host)
    host.restarting = False
    host.boots += 1


def _rename(host: Host) -> None:
    """Do what was put off until nobody has the files open: pairs of paths, empty for removal."""
    pairs = host.registry.get(SESSION_MANAGER, RENAMES)
    if isinstance(pairs, list):
        for source, target in zip(pairs[::2], pairs[1::2], strict=False):
            _move(host, _plain(source), _plain(target))
    host.registry.delete_value(SESSION_MANAGER, RENAMES)


def _move(host: Host, source: str, target: str) -> None:
    file = host.files.get(source)
    if file is None:
        return
    if (
        target
        and not host.files.is_folder(target)
        and host.files.get(ntpath.dirname(target)) is None
    ):
        host.files.copy(source, target)
    host.files.release(source)
    host.files.remove(source)


def _plain(path: str) -> str:
    r"""Return a path as people write it: without `\??\`, and the `!` that means replace."""
    return path.removeprefix("!").removeprefix("\\??\\")


def _change(host: Host, name: str, columns: dict[str, Any]) -> None:
    try:
        host.cim.change(CIMV2, name, {}, columns)
    except CimError:
        return  # a PC that does not tell of itself does not tell when it started either


def _note(host: Host, provider: str, id_: int, **more: Any) -> None:
    host.events.add(Event("System", provider, id_, at=host.clock.now(), **more))
