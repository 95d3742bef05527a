"""`win_package` runs stand-in installers and uninstallers; `fleet_installer_stop` ends them."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from typing import Any

from winsim.errors import NeverEnds
from winsim.host import UNINSTALL, UNINSTALL_32, Host, Process
from winsim.installers import install, parse_installer, uninstall, wait
from winsim.listing import known_to_msi, leave, listed, uninstall_key
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
        product = ntpath.basename(uninstall_key(spec))
    provider = _provider(call, product, msi=msi)
    there = known_to_msi(host, product) if provider == "msi" else bool(listed(host, product))
    changed = _installed(call, found=there) != present
    if not changed or call.check:
        return {"changed": changed, "rc": 0, "reboot_required": False}
    if present:
        return _install(call, spec, path)
    removed = _by_code(host, product) if provider == "msi" else _by_list(call, product)
    return _outcome(removed, call, {})


def _provider(call: Call, product: str | None, *, msi: bool) -> str:
    """Return who is asked: Windows Installer, or the list of installed programs."""
    wanted = str(call.params["provider"])
    if wanted != "auto":
        return wanted
    return "msi" if msi or known_to_msi(call.host, product) else "registry"


def _required(params: Mapping[str, Any]) -> None:
    if params["state"] == "present" and not params["path"]:
        raise ModuleFailure("state is present but all of the following are missing: path")
    if not params["path"] and not params["product_id"]:
        raise ModuleFailure(
            "state is absent but any of the following are missing: path, product_id"
        )
    if params["creates_version"] and not params["creates_path"]:
        raise ModuleFailure("missing parameter(s) required by 'creates_version': creates_path")


def _installed(call: Call, *, found: bool) -> bool:
    """Tell whether the product is there, by its id or by what it creates."""
    params, host = call.params, call.host
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
    command = f'"{path}"'
    if spec["kind"] == "msi":
        command = rf'C:\Windows\System32\msiexec.exe /i "{path}" /qn /norestart'
    for older in _same_product(call.host, spec):
        uninstall(call.host, older, sid=SYSTEM)  # a major upgrade takes the old version away
    properties = _properties(call.params["arguments"])
    code = install(call.host, spec, sid=SYSTEM, properties=properties, command=command)
    return _outcome(code, call, result)


def _properties(arguments: Any) -> dict[str, str]:
    """Return the properties that a package is given on its command line: NAME=VALUE."""
    given = arguments.split() if isinstance(arguments, str) else arguments or []
    pairs = (str(argument).partition("=") for argument in given)
    return {name: value for name, equals, value in pairs if equals and name.isupper()}


def _by_code(host: Host, product: str | None) -> int:
    """Let Windows Installer remove a product that it knows."""
    specs = [item for item in host.specs.values() if item["kind"] == "msi"]
    spec = next((s for s in specs if ntpath.basename(uninstall_key(s)) == product), None)
    if spec is not None:
        return uninstall(host, spec, sid=SYSTEM)
    leave(host, {"product_code": product})  # nothing but its records is known of it
    return 0


def _by_list(call: Call, product: str | None) -> int:
    """Run what the list of installed programs says for removing a product."""
    host, key = call.host, str(listed(call.host, product))
    quiet = host.registry.get(key, "QuietUninstallString")
    command = str(quiet or host.registry.get(key, "UninstallString") or "")
    if not command:
        raise _failure(f"Failed to find registry uninstall string at registry path '{key}'")
    if command.lower().startswith("msiexec"):
        # Windows Installer is not told to be quiet here, and says that it knows no such product.
        wait(host, "msi", title="Windows Installer", command=command)
        raise NeverEnds
    path = command[1:].partition('"')[0] if command.startswith('"') else command
    if host.files.get(path) is None:
        raise _failure("CreateProcessW() failed (The system cannot find the file specified)")
    known = {uninstall_key(item).lower(): item for item in host.specs.values()}
    spec = known.get(key.lower())
    if spec is None:
        raise _failure(f"winsim: nothing is known of what {path} does")
    words = call.params["arguments"] or []
    given = " ".join([words] if isinstance(words, str) else map(str, words))
    argument = spec.get("quiet_argument")
    if not quiet and (argument is None or argument not in given.split()):
        wait(host, "exe", title=str(spec["display_name"]), command=f"{command} {given}".strip())
        raise NeverEnds
    return uninstall(host, spec, sid=SYSTEM)


def _outcome(code: int, call: Call, result: Result) -> Result:
    found = {**result, "rc": code, "reboot_required": code == _RESTART}
    if code in call.params["expected_return_code"]:
        return {**found, "changed": True}
    command = call.params["path"] or call.params["product_id"]
    raise ModuleFailure(
        f"unexpected rc from '{command}': see rc, stdout, and stderr for more details",
        **{**found, "stdout": "", "stderr": ""},
    )


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


def fleet_installer_stop(call: Call) -> Result:
    """End the processes of an installer, and those that Windows Installer runs for it."""
    params, host = call.params, call.host
    marks = [str(mark).lower() for mark in params["marks"] if mark]
    parents = {"msiserver"} if params["windows_installer"] else set()

    def belongs(process: Process) -> bool:
        texts = (process.command.lower(), process.path.lower())
        marked = any(mark in text for mark in marks for text in texts)
        return marked or process.parent.lower() in parents

    doomed = [process for process in host.processes if belongs(process)]
    left = [process for process in doomed if process.protected]
    ended = 0 if call.check else len(doomed) - len(left)
    if not call.check:
        host.processes[:] = [p for p in host.processes if p.protected or not belongs(p)]
    after = 0 if call.check else len(left)
    return {
        "changed": bool(doomed) if call.check else ended > 0,
        "ended": ended,
        "still_running": after,
        "diff": {"before": {"processes": len(doomed)}, "after": {"processes": after}},
    }


FLEET_INSTALLER_STOP = Model(
    fleet_installer_stop,
    {
        "grace_seconds": Option("int", default=30),
        "marks": Option("list", elements="str", required=True),
        "windows_installer": Option("bool", default=False),
    },
)
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
