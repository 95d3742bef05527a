"""Stand-in installers: small files that say what installing them changes, and their effects.

A stand-in begins with one line that no real installer has, then YAML. It is copied and hashed as a
real one is; only the simulated PC understands it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from winsim.errors import WinsimError
from winsim.host import UNINSTALL, UNINSTALL_32, Host, Service
from winsim.model.events import Event
from winsim.model.files import File

HEADER = b"WINSIM-INSTALLER 1\n"
SECURITY_CENTER = "root/securitycenter2"
_MSI_SUCCESS = {"install": (1033, 11707), "remove": (1034, 11724)}
_DEFENDER_ON, _DEFENDER_OFF = 397568, 393472
_KEYS = {
    "display_name", "kind", "file", "product_code", "key", "version", "publisher", "view", "files",
    "services", "registry", "processes", "security_center", "reboot_required", "exit_code",
    "size_bytes", "silent",
}  # fmt: skip


def build_installer(spec: Mapping[str, Any]) -> bytes:
    """Return the bytes of a stand-in installer; the same spec gives the same bytes.

    Raises:
        WinsimError: The spec has an unknown key, or lacks a name, a kind or a version.
    """
    check_spec(spec, where="installer")
    return HEADER + yaml.safe_dump(dict(spec), allow_unicode=True, sort_keys=True).encode()


def parse_installer(data: bytes) -> dict[str, Any] | None:
    """Return what a stand-in installer does, or None when the bytes are something else."""
    if not data.startswith(HEADER):
        return None
    spec: dict[str, Any] = yaml.safe_load(data[len(HEADER) :])
    return spec


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
        path.write_bytes(build_installer(spec))
        written.append(path)
    return written


def check_spec(spec: Mapping[str, Any], *, where: str) -> None:
    """Refuse a spec with unknown or missing keys.

    Raises:
        WinsimError: The text names the key and what is allowed.
    """
    unknown = sorted(set(spec) - _KEYS)
    if unknown:
        raise WinsimError(f"{where}: unknown key {unknown[0]}; allowed: {', '.join(sorted(_KEYS))}")
    missing = sorted({"display_name", "kind", "file", "version"} - set(spec))
    if missing:
        raise WinsimError(f"{where}: the key {missing[0]} is missing")


def install(
    host: Host,
    spec: Mapping[str, Any],
    *,
    sid: str | None,
    quiet: bool = False,
    registered: bool = True,
) -> int:
    """Install a product on a PC and return the exit code.

    Args:
        host: The PC.
        spec: What the product consists of.
        sid: Whose account runs the installer; it stands in the events.
        quiet: It was installed long ago: the events of it have rolled over.
        registered: Whether Windows' Security Center was told of it.
    """
    code = int(spec.get("exit_code", 0))
    if code not in {0, 3010, 1641}:
        return code
    key = uninstall_key(spec)
    for name, value in (
        ("DisplayName", spec["display_name"]),
        ("DisplayVersion", spec["version"]),
        ("Publisher", spec.get("publisher", "")),
        ("WindowsInstaller", int(spec["kind"] == "msi")),
    ):
        host.registry.set(key, name, value)
    for path, about in (spec.get("files") or {}).items():
        host.files.add(File(path, modified=host.clock.now(), **about))
    for about in spec.get("services") or []:
        host.services[about["name"].lower()] = Service(**about)
    for path, values in (spec.get("registry") or {}).items():
        for name, value in values.items():
            host.registry.set(path, name, value)
    host.processes.extend(spec.get("processes") or [])
    host.used_bytes += 0 if quiet else int(spec.get("size_bytes", 0))
    if registered:
        _register(host, spec, on=True)
    if not quiet:
        _log(host, spec, "install", sid)
        for about in spec.get("services") or []:
            host.events.add(
                Event(
                    "System",
                    "Service Control Manager",
                    7045,
                    at=host.clock.now(),
                    sid=sid,
                    data={"ServiceName": about["display"], "StartType": "auto start"},
                )
            )
    return 3010 if spec.get("reboot_required") else code


def uninstall(host: Host, spec: Mapping[str, Any], *, sid: str | None) -> int:
    """Remove a product from a PC, leaving the evidence that Windows leaves; return the exit code."""
    host.registry.delete(uninstall_key(spec))
    for path in spec.get("files") or {}:
        host.files.remove(path)
    for about in spec.get("services") or []:
        host.services.pop(about["name"].lower(), None)
    for path in spec.get("registry") or {}:
        host.registry.delete(path)
    for name in spec.get("processes") or []:
        if name in host.processes:
            host.processes.remove(name)
    host.used_bytes -= int(spec.get("size_bytes", 0))
    _register(host, spec, on=False)
    _log(host, spec, "remove", sid)
    return 0


def uninstall_key(spec: Mapping[str, Any]) -> str:
    """Return the registry key under which Windows lists a product."""
    root = UNINSTALL_32 if int(spec.get("view", 64)) == 32 else UNINSTALL  # noqa: PLR2004 - bits
    return f"{root}\\{spec.get('product_code') or spec.get('key') or spec['display_name']}"


def _register(host: Host, spec: Mapping[str, Any], *, on: bool) -> None:
    """Tell the Security Center; Defender steps back for another antivirus, and returns after it."""
    row = spec.get("security_center")
    if not row:
        return
    rows = host.cim.rows(SECURITY_CENTER, "AntiVirusProduct")
    others = [dict(r) for r in rows if r["displayName"] != row["displayName"]]
    for other in others:
        if "Defender" in other["displayName"]:
            other["productState"] = _DEFENDER_OFF if on else _DEFENDER_ON
    host.cim.replace(SECURITY_CENTER, "AntiVirusProduct", [*others, row] if on else others)


def _log(host: Host, spec: Mapping[str, Any], verb: str, sid: str | None) -> None:
    now = host.clock.now()
    if spec["kind"] == "msi":
        done, worded = _MSI_SUCCESS[verb]
        name, version = str(spec["display_name"]), str(spec["version"])
        data = [name, version, "1033", "0", str(spec.get("publisher", "")), "(NULL)"]
        host.events.add(Event("Application", "MsiInstaller", done, at=now, sid=sid, data=data))
        words = [f"Product: {name} -- done."]
        host.events.add(Event("Application", "MsiInstaller", worded, at=now, sid=sid, data=words))
    if spec.get("security_center"):
        # Norton's own installer writes no MsiInstaller record: this is all that Windows notes.
        state = "ON" if verb == "install" else "OFF"
        product = str(spec["security_center"]["displayName"])
        host.events.add(
            Event(
                "Application",
                "SecurityCenter",
                15,
                at=now,
                data=[product, f"SECURITY_PRODUCT_STATE_{state}"],
            )
        )
