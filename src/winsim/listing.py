"""How Windows lists products: the list of installed programs, and Windows Installer's own records.

The two can disagree: somebody tidied the registry, or an uninstaller broke off.
"""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from typing import Any

from winsim.host import UNINSTALL, UNINSTALL_32, Host
from winsim.model.commands import Command

Spec = Mapping[str, Any]

_PRODUCTS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products"
_REVERSED_DIGITS = (8, 4, 4, *(2,) * 8)
_GUID_DIGITS = 32


def uninstall_key(spec: Spec) -> str:
    """Return the registry key under which Windows lists a product."""
    root = UNINSTALL_32 if int(spec.get("view", 64)) == 32 else UNINSTALL  # noqa: PLR2004 - bits
    return f"{root}\\{spec.get('product_code') or spec.get('key') or spec['display_name']}"


def listed(host: Host, product: str | None) -> str | None:
    """Return the key of the list of installed programs for a product id, in either view."""
    keys = [f"{root}\\{product}" for root in (UNINSTALL, UNINSTALL_32)] if product else []
    return next((key for key in keys if host.registry.exists(key)), None)


def known_to_msi(host: Host, product: str | None) -> bool:
    """Tell whether Windows Installer has installed a product, whatever the list says."""
    return product is not None and host.registry.exists(_record(product))


def enter(host: Host, spec: Spec) -> None:
    """Put a product among those that can be uninstalled."""
    key = uninstall_key(spec)
    values: dict[str, Any] = {
        "DisplayName": spec["display_name"],
        "DisplayVersion": spec["version"],
        "Publisher": spec.get("publisher", ""),
        "WindowsInstaller": int(spec["kind"] == "msi"),
        "EstimatedSize": int(spec.get("size_bytes", 0)) // 1024,
    }
    if spec["kind"] == "msi":
        values["UninstallString"] = f"MsiExec.exe /X{ntpath.basename(key)}"
    elif "uninstaller" in spec:
        values["UninstallString"] = f'"{spec["uninstaller"]}"'
    for name, value in values.items():
        host.registry.set(key, name, value)
    commands = tuple(Command(**about) for about in spec.get("commands") or [])
    host.product_commands[key.lower()] = commands
    if spec["kind"] == "msi":
        record = f"{_record(ntpath.basename(key))}\\InstallProperties"
        host.registry.set(record, "DisplayName", spec["display_name"])
        host.registry.set(record, "DisplayVersion", spec["version"])


def leave(host: Host, spec: Spec) -> None:
    """Take a product off the list, and out of Windows Installer's records."""
    key = uninstall_key(spec)
    host.registry.delete(key)
    host.registry.delete(_record(ntpath.basename(key)))


def _record(product: str) -> str:
    """Return where Windows Installer keeps what it knows of a product code."""
    digits = "".join(letter for letter in product if letter.isalnum())
    if len(digits) != _GUID_DIGITS:
        return f"{_PRODUCTS}\\{product}"
    packed = ""
    for length in _REVERSED_DIGITS:
        packed, digits = packed + digits[:length][::-1], digits[length:]
    return f"{_PRODUCTS}\\{packed}"
