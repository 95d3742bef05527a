"""Models of Ansible modules: what they return and what they change, by the module's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from winsim.host import Host
from winsim.modules import files, fleet, package, probe, registry

Result = dict[str, Any]
Module = Callable[[Host, dict[str, Any]], Result]


class ModuleNotModelled(Exception):  # noqa: N818 - it is no error of ours
    """Nobody has written down what this module does."""


MODULES: Mapping[str, Module] = {
    "ansible.windows.win_copy": files.win_copy,
    "ansible.windows.win_file": files.win_file,
    "ansible.windows.win_package": package.win_package,
    "ansible.windows.win_ping": files.win_ping,
    "ansible.windows.win_regedit": registry.win_regedit,
    "ansible.windows.win_stat": files.win_stat,
    "ansible.windows.win_tempfile": files.win_tempfile,
    "fleet_cleanup": fleet.fleet_cleanup,
    "fleet_probe": probe.fleet_probe,
    "fleet_restore_point": fleet.fleet_restore_point,
}


def run_module(host: Host, name: str, arguments: dict[str, Any]) -> Result:
    """Run a module on a PC.

    Args:
        host: The PC.
        name: Short name or full name; a short one may be of any collection.
        arguments: As Ansible sends them, with its own `_ansible_*` keys.

    Returns:
        The module's JSON result; a failure has `failed` and `msg`.

    Raises:
        ModuleNotModelled: There is no model of it.
    """
    found = MODULES.get(name) or next(
        (module for full, module in MODULES.items() if full.rpartition(".")[2] == name), None
    )
    if found is None:
        raise ModuleNotModelled(name)
    return {"changed": False, **found(host, arguments)}
