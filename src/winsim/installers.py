"""Stand-in installers: small files that say what installing them changes, and their effects.

A stand-in begins with one line that no real installer has, then YAML. It is copied and hashed as a
real one is; only the simulated PC understands it.
"""

from __future__ import annotations

import ntpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml

from winsim import own_values, restarts
from winsim.archives import build_archive
from winsim.errors import NeverEnds, WinsimError
from winsim.evidence import SYSTEM, Change, note
from winsim.host import Host, Process, Service
from winsim.listing import enter, leave, uninstall_key
from winsim.model.files import File
from winsim.model.tasks import Task, task_key
from winsim.protection import protect

HEADER = b"WINSIM-INSTALLER 1\n"
_NEEDED = {"display_name", "kind", "file", "version"}
# What is done in which order, so that a failure half way leaves what came before it.
STEPS = ("files", "registry", "services")
NEEDS_RESTART, RESTARTS = 3010, 1641
_GOOD_CODES = {0, NEEDS_RESTART, RESTARTS}
_FAILED, _BUSY, _OTHER_VERSION = 1603, 1618, 1638
_MSIEXEC = "msiexec.exe"
_INSTALLER = "msiserver"
_SYSTEM32 = r"C:\Windows\System32"
_WINDOWS_INSTALLER = Service(
    _INSTALLER, "Windows Installer", start="Manual", path=rf"{_SYSTEM32}\msiexec.exe /V"
)
# `Program Files` and the like stay when the last product in them goes.
_ROOT_PARTS = 2


def build_installer(spec: Mapping[str, Any]) -> bytes:
    """Return the bytes of a stand-in installer; the same spec gives the same bytes.

    Raises:
        WinsimError: The spec lacks a name, a kind, a file's name or a version.
    """
    missing = sorted(_NEEDED - set(spec))
    if missing:
        raise WinsimError(f"installer: the key {missing[0]} is missing")
    return HEADER + yaml.safe_dump(dict(spec), allow_unicode=True, sort_keys=True).encode()


def parse_installer(data: bytes) -> dict[str, Any] | None:
    """Return what a stand-in installer does, or None when the bytes are something else."""
    if not data.startswith(HEADER):
        return None
    try:
        spec = yaml.safe_load(data[len(HEADER) :])
    except (yaml.YAMLError, UnicodeDecodeError):
        return None  # half of a copied file
    return spec if isinstance(spec, dict) and set(spec) >= _NEEDED else None


def signer_of(file: File) -> str | None:
    """Return whose signature a file bears: the one written down, or what a stand-in says of itself."""
    if file.signer is not None or file.data is None:
        return file.signer
    spec = parse_installer(file.data) or {}
    signer = spec.get("signer")
    return None if signer is None else str(signer)


def build_installers(profile: str, folder: Path) -> list[Path]:
    """Write every installer of a packaged profile set into a folder, and return the files.

    Raises:
        WinsimError: There is no such set, or it has no installers.
    """
    source = files("winsim.profiles") / profile / "installers"
    if not source.is_dir():
        raise WinsimError(f"there is no profile set {profile!r} with installers")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for entry in sorted(source.iterdir(), key=lambda item: item.name):
        spec = yaml.safe_load(entry.read_text(encoding="utf-8"))
        path = folder / str(spec["file"])
        zipped = spec["kind"] == "zip"
        path.write_bytes(build_archive(spec["programs"]) if zipped else build_installer(spec))
        written.append(path)
    return written


def install(
    host: Host,
    spec: Mapping[str, Any],
    *,
    sid: str | None,
    quiet: bool = False,
    registered: bool = True,
    properties: Mapping[str, str] | None = None,
    command: str = "",
) -> int:
    """Install a product on a PC and return the exit code.

    Args:
        host: The PC.
        spec: What the product consists of.
        sid: Whose account runs the installer; it stands in the events.
        quiet: It was installed long ago: the events of it have rolled over.
        registered: Whether Windows' Security Center was told of it.
        properties: What the package was given on its command line.
        command: With what words it was started; they stand beside its process.

    Raises:
        NeverEnds: It opens a dialog where nobody is, and waits.
    """
    code = _refusal(host, spec) or int(spec.get("exit_code", 0))
    if not quiet and spec.get("hangs") and sid == SYSTEM:
        wait(host, spec["kind"], title=str(spec["hangs"]), command=command)
        raise NeverEnds
    if code not in _GOOD_CODES:
        note(host, spec, Change(removed=False, sid=sid, code=code))
        return code
    step = spec.get("fails_at")
    if step and not quiet:
        _put(host, spec, until=step)
        note(host, spec, Change(removed=False, sid=sid, code=_FAILED))
        return _FAILED
    _put(host, spec)
    own_values.put(host, spec, properties or {})
    host.processes.extend(map(process_of, spec.get("processes") or []))
    host.used_bytes += 0 if quiet else _unwritten_bytes(spec)
    swapped = protect(host, spec, on=True, registered=registered, declared=quiet)
    if quiet:
        return code
    note(host, spec, Change(removed=False, sid=sid, code=0, defender=swapped))
    if code == RESTARTS:
        restarts.begin(host, comment=f"{spec['display_name']} {spec['version']}", sid=sid)
        return code
    if spec.get("reboot_required") or code == NEEDS_RESTART:
        _put_off(host, spec)
        return NEEDS_RESTART
    return code


def _refusal(host: Host, spec: Mapping[str, Any]) -> int:
    """Return why Windows Installer does not even begin, or 0."""
    if spec["kind"] != "msi" or not spec.get("product_code"):
        return 0
    if any(p.name.lower() == _MSIEXEC and p.session == 0 and p.title for p in host.processes):
        return _BUSY
    listed = host.registry.get(uninstall_key(spec), "DisplayVersion")
    return _OTHER_VERSION if listed not in {None, str(spec["version"])} else 0


def wait(host: Host, kind: str, *, title: str, command: str) -> None:
    """Let a program wait for a click in session 0, where nobody sees its window.

    Windows Installer shows the window from a process of its service, not from the one that asked.
    """
    path = command[1:].partition('"')[0] if command.startswith('"') else command.partition(" ")[0]
    if kind != "msi":
        name = ntpath.basename(path)
        host.processes.append(Process(name, session=0, title=title, path=path, command=command))
        return
    service = host.services.get(_INSTALLER)
    host.services[_INSTALLER] = replace(service or _WINDOWS_INSTALLER, state="Running")
    helper = rf"{_SYSTEM32}\MsiExec.exe -Embedding 1D2C3B4A E Global\MSI0000"
    host.processes += [
        Process(_MSIEXEC, session=0, path=path, command=command),
        Process(_MSIEXEC, session=0, title=title, command=helper, parent="msiserver"),
    ]


def _put(host: Host, spec: Mapping[str, Any], *, until: str | None = None) -> None:
    """Put a product in its place, step by step; the step at which it fails is done by half."""
    for step in STEPS:
        parts = list(_parts(spec, step))
        if step == until:
            parts = parts[: (len(parts) + 1) // 2]
        for part in parts:
            _put_part(host, step, part)
        if step == until:
            return
    for path, about in (spec.get("tasks") or {}).items():
        host.tasks[task_key(path)] = Task(path, **about)
    enter(host, spec)


def _parts(spec: Mapping[str, Any], step: str) -> Iterable[Any]:
    found = spec.get(step) or {}
    return found.items() if isinstance(found, Mapping) else found


def _put_part(host: Host, step: str, part: Any) -> None:
    if step == "files":
        path, about = part
        host.files.add(File(**{"path": path, "modified": host.clock.now(), **about}))
    elif step == "services":
        host.services[part["name"].lower()] = Service(**part)
    else:
        path, values = part
        for name, value in values.items():
            host.registry.declare(path, name, value)


def _put_off(host: Host, spec: Mapping[str, Any]) -> None:
    """Note what can be done only while nobody has the files open: at the next start."""
    old = list(host.registry.get(restarts.SESSION_MANAGER, restarts.RENAMES) or [])
    name = f"{crc32(str(spec['display_name']).encode()):07x}"[:7]
    host.registry.set(
        restarts.SESSION_MANAGER, restarts.RENAMES, [*old, rf"\??\C:\Config.Msi\{name}.rbf", ""]
    )


def uninstall(host: Host, spec: Mapping[str, Any], *, sid: str | None, ghost: bool = False) -> int:
    """Remove a product from a PC, leaving the evidence that Windows leaves; return the exit code.

    Args:
        host: The PC.
        spec: What the product consists of.
        sid: Whose account removes it; it stands in the events.
        ghost: Whether Windows' Security Center goes on listing it, as it sometimes does.
    """
    leave(host, spec)
    for path in spec.get("files") or {}:
        host.files.remove(path)
        _remove_empty(host, ntpath.dirname(path))
    for about in spec.get("services") or []:
        host.services.pop(about["name"].lower(), None)
    for path in spec.get("tasks") or {}:
        host.tasks.pop(task_key(path), None)
    host.product_commands.pop(uninstall_key(spec).lower(), None)
    fixed = [(path, name) for path, names in (spec.get("registry") or {}).items() for name in names]
    for path, name in (*fixed, *own_values.places(spec)):
        host.registry.delete_value(path, name)
        if not host.registry.values(path) and not host.registry.subkeys(path):
            host.registry.delete(path)
    gone = {process_of(about).name.lower() for about in spec.get("processes") or []}
    host.processes[:] = [p for p in host.processes if p.name.lower() not in gone]
    host.used_bytes -= _unwritten_bytes(spec)
    swapped = protect(host, spec, on=False, registered=not ghost)
    note(host, spec, Change(removed=True, sid=sid, code=0, defender=swapped, ghost=ghost))
    return 0


def process_of(about: str | Mapping[str, Any]) -> Process:
    """Return a program as a description has it: its name, or all of it."""
    return Process(about) if isinstance(about, str) else Process(**about)


def _unwritten_bytes(spec: Mapping[str, Any]) -> int:
    """Return the room a product takes beside the files that its spec names."""
    named = sum(int(about.get("size", 0)) for about in (spec.get("files") or {}).values())
    return max(0, int(spec.get("size_bytes", 0)) - named)


def _remove_empty(host: Host, folder: str) -> None:
    while folder.count("\\") >= _ROOT_PARTS and host.files.is_folder(folder):
        if host.files.below(folder) or host.files.folders(folder):
            return
        host.files.remove(folder)
        folder = ntpath.dirname(folder)
