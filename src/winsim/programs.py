"""What programs do to a PC when they are run: Windows' DISM, and CCleaner by its settings.

CCleaner is modelled at its worst: what its settings do not switch off it cleans, in the profile of
everybody, as its editions for companies can.
"""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from winsim.archives import parse_program
from winsim.errors import NeverEnds
from winsim.host import Host, Process
from winsim.moments import resolve

DISM = r"C:\Windows\System32\Dism.exe"
_CLEANUP = ["/Online", "/Cleanup-Image", "/StartComponentCleanup"]
# What each of its settings cleans: folders and files of Windows, or below everybody's profile.
OF_WINDOWS: Mapping[str, tuple[str, ...]] = {
    "Temporary Files": (r"C:\Windows\Temp",),
    "Memory Dumps": (r"C:\Windows\MEMORY.DMP", r"C:\Windows\Minidump"),
    "Chkdsk File Fragments": (r"C:\FOUND.000",),
    "Windows Log Files": (r"C:\Windows\Logs",),
    "Windows Error Reporting": (r"C:\ProgramData\Microsoft\Windows\WER",),
    "Old Prefetch data": (r"C:\Windows\Prefetch",),
    "Empty Recycle Bin": (r"C:\$Recycle.Bin",),
    "Old Windows Installation": (r"C:\Windows.old",),
}
_CHROME = r"AppData\Local\Google\Chrome\User Data\Default"
_EDGE = r"AppData\Local\Microsoft\Edge\User Data\Default"
_FIREFOX = r"AppData\Roaming\Mozilla\Firefox\Profiles"
OF_PEOPLE: Mapping[str, tuple[str, ...]] = {
    "Temporary Files": (r"AppData\Local\Temp",),
    "Temporary Internet Files": (r"AppData\Local\Microsoft\Windows\INetCache",),
    "Recent Documents": (r"AppData\Roaming\Microsoft\Windows\Recent",),
    "Thumbnail Cache": (r"AppData\Local\Microsoft\Windows\Explorer",),
    "Desktop Shortcuts": (r"Desktop\Old shortcut.lnk",),
    "Start Menu Shortcuts": (r"AppData\Roaming\Microsoft\Windows\Start Menu",),
    "Network Passwords": (r"AppData\Roaming\Microsoft\Credentials",),
    "Office 2016": (r"AppData\Roaming\Microsoft\Office\Recent",),
    "Google Chrome - Internet Cache": (rf"{_CHROME}\Cache",),
    "Google Chrome - Internet History": (rf"{_CHROME}\History",),
    "Google Chrome - Cookies": (rf"{_CHROME}\Network",),
    "Google Chrome - Session": (rf"{_CHROME}\Sessions",),
    "Google Chrome - Saved Passwords": (rf"{_CHROME}\Login Data",),
    "Edge Chromium - Internet Cache": (rf"{_EDGE}\Cache",),
    "Edge Chromium - Internet History": (rf"{_EDGE}\History",),
    "Edge Chromium - Cookies": (rf"{_EDGE}\Network",),
    "Edge Chromium - Saved Passwords": (rf"{_EDGE}\Login Data",),
    "Mozilla - Internet Cache": (r"AppData\Local\Mozilla\Firefox\Profiles",),
    "Mozilla - Internet History": (rf"{_FIREFOX}\default\places.sqlite",),
    "Mozilla - Saved Passwords": (rf"{_FIREFOX}\default\logins.json",),
}
_DAY = timedelta(days=1)


def run_dism(host: Host, arguments: list[str]) -> int:
    """Let DISM drop superseded components, and return its exit code.

    Raises:
        NeverEnds: It waits for what does not come.
    """
    store = host.component_store
    if arguments[: len(_CLEANUP)] != _CLEANUP or "/ResetBase" in arguments:
        return 87  # ERROR_INVALID_PARAMETER: no other use of it is modelled
    if store.hangs:
        host.processes.append(Process("Dism.exe", session=0, path=DISM))
        raise NeverEnds
    if store.exit_code in {0, 3010}:
        host.used_bytes -= store.superseded_bytes
        host.component_store = replace(store, superseded_bytes=0)
    return store.exit_code


def run_ccleaner(host: Host, program: str) -> bool:
    """Let CCleaner clean as the settings beside it say; tell whether it comes to an end.

    One that does not is still among the programs that run.
    """
    file = host.files.get(program)
    about = parse_program(file.data if file else None)
    if about is None or about.get("program") != "ccleaner":
        return True  # not what it seems to be: Windows does not run it
    if about.get("hangs"):
        host.processes.append(Process(ntpath.basename(program), session=0, path=program))
        return False
    off = _switched_off(host, program)
    for name, paths in OF_WINDOWS.items():
        if name not in off:
            _empty(host, paths)
    for name, paths in OF_PEOPLE.items():
        if name not in off:
            _empty(host, [ntpath.join(home, p) for home in host.profile_folders() for p in paths])
    if "Windows Event Logs" not in off:
        for log in ("Application", "System"):
            host.events.clear(log)
    return True


def end(host: Host, program: str) -> None:
    """End what runs of a program."""
    host.processes[:] = [p for p in host.processes if p.path.lower() != program.lower()]


def _switched_off(host: Host, program: str) -> set[str]:
    path = ntpath.join(ntpath.dirname(program), "ccleaner.ini")
    if host.files.get(path) is None:
        return set()
    lines = host.files.read(path).decode("ascii").splitlines()
    pairs = (line.rpartition("=") for line in lines if line.startswith("(App)"))
    return {name.removeprefix("(App)") for name, _, value in pairs if value.strip() == "False"}


def _empty(host: Host, paths: tuple[str, ...] | list[str]) -> None:
    """Remove what lies at paths; in temporary folders only what is older than a day."""
    now = host.clock.now()
    for path in paths:
        young = now - _DAY if path.lower().endswith("\\temp") else now
        for file in host.files.below(path, itself=True):
            if not file.locked and resolve(file.modified, now) <= young:
                host.files.remove(file.path)
