"""`win_package`: runs stand-in installers and uninstallers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from winsim.host import UNINSTALL, UNINSTALL_32, Host
from winsim.installers import install, parse_installer, uninstall, uninstall_key
from winsim.timeline import SYSTEM

_REBOOT_CODES = {3010, 1641}
_GOOD_CODES = [0, 3010]


def win_package(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Install or remove a product; nothing is done when it is as wanted already."""
    if arguments.get("state") == "absent":
        return _remove(host, arguments)
    path = arguments.get("path")
    data = host.files.read(path) if path and host.files.get(path) else None
    product_id = arguments.get("product_id")
    spec = parse_installer(data) if data is not None else None
    if product_id is None and spec is not None and spec["kind"] == "msi":
        product_id = spec.get("product_code")  # the real module reads it from the MSI
    if product_id and _listed(host, product_id):
        return {"changed": False, "rc": 0, "reboot_required": False}
    if data is None:
        return _failed(f"the file at the path '{path}' cannot be reached")
    if problem := _checksum_problem(data, arguments):
        return _failed(problem)
    if spec is None:
        return _failed(f"'{path}' is no stand-in installer that winsim understands", rc=1620)
    if not spec.get("silent", True):
        return _failed("winsim: this installer opens a dialog and never ends in session 0", rc=258)
    if arguments.get("_ansible_check_mode"):
        return {"changed": True, "rc": 0, "reboot_required": False}
    for older in _same_product(host, spec):
        uninstall(host, older, sid=SYSTEM)  # a major upgrade takes the old version away
    return _outcome(install(host, spec, sid=SYSTEM), arguments)


def _remove(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    key = _listed(host, str(arguments.get("product_id")))
    if key is None:
        return {"changed": False, "rc": 0, "reboot_required": False}
    if arguments.get("_ansible_check_mode"):
        return {"changed": True, "rc": 0, "reboot_required": False}
    known = {uninstall_key(spec).lower(): spec for spec in host.specs.values()}
    spec = known.get(key.lower())
    if spec is None:
        # Nothing but the entry is known of it.
        host.registry.delete(key)
        return _outcome(0, arguments)
    return _outcome(uninstall(host, spec, sid=SYSTEM), arguments)


def _outcome(code: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    good = [int(item) for item in arguments.get("expected_return_code") or _GOOD_CODES]
    result = {"changed": True, "rc": code, "reboot_required": code in _REBOOT_CODES}
    if code in good:
        return result
    return {**result, **_failed(f"unexpected rc from installer: see rc ({code})", rc=code)}


def _listed(host: Host, product_id: str) -> str | None:
    """Return the uninstall key of a product id, in either view."""
    for root in (UNINSTALL, UNINSTALL_32):
        if host.registry.exists(f"{root}\\{product_id}"):
            return f"{root}\\{product_id}"
    return None


def _same_product(host: Host, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return other versions of a product that are listed, as far as its own files go."""
    found = []
    for root in (UNINSTALL, UNINSTALL_32):
        for name in host.registry.subkeys(root):
            key = f"{root}\\{name}"
            same = host.registry.get(key, "DisplayName") == spec["display_name"]
            if same and key.lower() != uninstall_key(spec).lower():
                version = host.registry.get(key, "DisplayVersion")
                view = 64 if root == UNINSTALL else 32
                found.append({**spec, "product_code": name, "version": version, "view": view})
    return found


def _checksum_problem(data: bytes, arguments: Mapping[str, Any]) -> str | None:
    wanted = arguments.get("checksum")
    if not wanted:
        return None
    found = hashlib.new(arguments.get("checksum_algorithm") or "sha1", data).hexdigest()
    if found == str(wanted).lower():
        return None
    return f"checksum mismatch: expected {wanted}, found {found}"


def _failed(message: str, *, rc: int | None = None) -> dict[str, Any]:
    return {"failed": True, "msg": message, **({} if rc is None else {"rc": rc})}
