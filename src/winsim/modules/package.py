"""`win_package`: runs stand-in installers and uninstallers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from winsim.host import UNINSTALL, UNINSTALL_32, Host
from winsim.installers import install, parse_installer, uninstall, uninstall_key
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result
from winsim.modules.web import WEB
from winsim.timeline import SYSTEM

Spec = Mapping[str, Any]

_RESTART = 3010
# What msiexec answers for a file that it cannot open as a package, and what a process that must be
# ended leaves.
_NO_PACKAGE, _ENDED = 1620, 258


def win_package(call: Call) -> Result:
    """Install or remove a product; nothing is done when it is as wanted already."""
    params, host = call.params, call.host
    present = params["state"] == "present"
    _required(params)
    path = params["path"]
    data = host.files.read(path) if path and host.files.get(path) else None
    if path and data is None and not call.check:
        raise _failure(f"the file at the path '{path}' cannot be reached")
    spec = parse_installer(data) if data is not None else None
    # The real module reads an MSI's product code from the file, whatever product_id says.
    msi = spec is not None and spec["kind"] == "msi"
    product = params["product_id"]
    if spec is not None and msi:
        product = uninstall_key(spec).rpartition("\\")[2]
    key = _listed(host, product)
    changed = _installed(call, key) != present
    if not changed or call.check:
        return {"changed": changed, "rc": 0, "reboot_required": False}
    if not present:
        return _outcome(_removed(host, key), call, {})
    return _install(call, spec, path)


def _required(params: Mapping[str, Any]) -> None:
    if params["state"] == "present" and not params["path"]:
        raise ModuleFailure("state is present but all of the following are missing: path")
    if not params["path"] and not params["product_id"]:
        raise ModuleFailure(
            "state is absent but any of the following are missing: path, product_id"
        )
    if params["creates_version"] and not params["creates_path"]:
        raise ModuleFailure("missing parameter(s) required by 'creates_version': creates_path")


def _installed(call: Call, key: str | None) -> bool:
    """Tell whether the product is there, by its id or by what it creates."""
    params, host, found = call.params, call.host, key is not None
    if params["creates_path"]:
        file = host.files.get(params["creates_path"])
        found = host.files.exists(params["creates_path"])
        if params["creates_version"]:
            found = file is not None and file.version == params["creates_version"]
    if params["creates_service"]:
        found = params["creates_service"].lower() in host.services
    return found


def _install(call: Call, spec: Spec | None, path: str) -> Result:
    sum_ = call.host.files.digest(path, call.params["checksum_algorithm"]).upper()
    result: Result = {"checksum": sum_}
    wanted = call.params["checksum"]
    if wanted and wanted.upper() != sum_:
        raise _failure(
            f"The checksum for {path} did not match '{wanted}', it was '{sum_}'", **result
        )
    if spec is None:
        return _outcome(_NO_PACKAGE, call, result)
    if not spec.get("silent", True):
        # The real task would wait until Ansible's own timeout.
        raise _failure(
            "winsim: this installer opens a dialog and never ends in session 0",
            **{**result, "rc": _ENDED},
        )
    for older in _same_product(call.host, spec):
        uninstall(call.host, older, sid=SYSTEM)  # a major upgrade takes the old version away
    properties = _properties(call.params["arguments"])
    code = install(call.host, spec, sid=SYSTEM, properties=properties)
    return _outcome(code, call, result)


def _properties(arguments: Any) -> dict[str, str]:
    """Return the properties that a package is given on its command line: NAME=VALUE."""
    given = arguments.split() if isinstance(arguments, str) else arguments or []
    pairs = (str(argument).partition("=") for argument in given)
    return {name: value for name, equals, value in pairs if equals and name.isupper()}


def _removed(host: Host, key: str | None) -> int:
    known = {uninstall_key(spec).lower(): spec for spec in host.specs.values()}
    spec = known.get(str(key).lower())
    if spec is not None:
        return uninstall(host, spec, sid=SYSTEM)
    host.registry.delete(str(key))  # nothing but the entry is known of it
    return 0


def _outcome(code: int, call: Call, result: Result) -> Result:
    found = {**result, "rc": code, "reboot_required": code == _RESTART}
    if code in call.params["expected_return_code"]:
        return {**found, "changed": True}
    command = call.params["path"] or call.params["product_id"]
    raise ModuleFailure(
        f"unexpected rc from '{command}': see rc, stdout, and stderr for more details",
        **{**found, "stdout": "", "stderr": ""},
    )


def _listed(host: Host, product: str | None) -> str | None:
    """Return the uninstall key of a product id, in either view."""
    keys = [f"{root}\\{product}" for root in (UNINSTALL, UNINSTALL_32)] if product else []
    return next((key for key in keys if host.registry.exists(key)), None)


def _same_product(host: Host, spec: Spec) -> list[dict[str, Any]]:
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


def _failure(message: str, **result: Any) -> ModuleFailure:
    return ModuleFailure(message, **{"rc": 0, "reboot_required": False, **result})


WIN_PACKAGE = Model(
    win_package,
    {
        **WEB,
        "arguments": Option("raw"),
        "chdir": Option("path"),
        "checksum": Option(),
        "checksum_algorithm": Option(
            default="sha1", choices=("md5", "sha1", "sha256", "sha384", "sha512")
        ),
        "creates_path": Option("path"),
        "creates_service": Option(),
        "creates_version": Option(),
        "expected_return_code": Option("list", elements="int", default=[0, 3010]),
        "log_path": Option("path"),
        "path": Option(),
        "product_id": Option(),
        "provider": Option(default="auto", choices=("auto", "msi", "msix", "msp", "registry")),
        "state": Option(default="present", choices=("absent", "present")),
        "wait_for_children": Option("bool", default=False),
    },
)
