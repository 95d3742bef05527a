"""Models of Ansible modules: what they return and what they change, by the module's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from winsim.host import Host
from winsim.modules.call import Model, ModuleFailure, Result, Skipped, bind
from winsim.modules.cleaner import FLEET_CLEANER
from winsim.modules.commands import WIN_COMMAND, WIN_POWERSHELL, WIN_SHELL, Ran, run_text
from winsim.modules.copying import WIN_COPY
from winsim.modules.facts import SETUP
from winsim.modules.files import SLURP, WIN_FILE, WIN_PING, WIN_STAT, WIN_TEMPFILE
from winsim.modules.finding import WIN_FILE_VERSION, WIN_FIND
from winsim.modules.fleet import FLEET_CLEANUP, FLEET_RESTORE_POINT
from winsim.modules.groups import WIN_GROUP_MEMBERSHIP
from winsim.modules.package import FLEET_INSTALLER_STOP, WIN_PACKAGE
from winsim.modules.probe import FLEET_PROBE
from winsim.modules.registry import WIN_REG_STAT, WIN_REGEDIT
from winsim.modules.registry_backup import FLEET_REGISTRY_BACKUP
from winsim.modules.release import FLEET_RELEASE
from winsim.modules.services import WIN_SERVICE, WIN_SERVICE_INFO
from winsim.modules.users import WIN_USER
from winsim.modules.web import WIN_GET_URL

__all__ = ["MODULES", "ModuleNotModelled", "Ran", "run_module", "run_text"]


class ModuleNotModelled(Exception):  # noqa: N818 - it is no error of ours
    """Nobody has written down what this module does."""


MODULES: Mapping[str, Model] = {
    "ansible.windows.setup": SETUP,
    "ansible.windows.slurp": SLURP,
    "ansible.windows.win_command": WIN_COMMAND,
    "ansible.windows.win_copy": WIN_COPY,
    "ansible.windows.win_file": WIN_FILE,
    "ansible.windows.win_find": WIN_FIND,
    "ansible.windows.win_get_url": WIN_GET_URL,
    "ansible.windows.win_group_membership": WIN_GROUP_MEMBERSHIP,
    "ansible.windows.win_package": WIN_PACKAGE,
    "ansible.windows.win_ping": WIN_PING,
    "ansible.windows.win_powershell": WIN_POWERSHELL,
    "ansible.windows.win_reg_stat": WIN_REG_STAT,
    "ansible.windows.win_regedit": WIN_REGEDIT,
    "ansible.windows.win_service": WIN_SERVICE,
    "ansible.windows.win_service_info": WIN_SERVICE_INFO,
    "ansible.windows.win_shell": WIN_SHELL,
    "ansible.windows.win_stat": WIN_STAT,
    "ansible.windows.win_tempfile": WIN_TEMPFILE,
    "community.windows.win_file_version": WIN_FILE_VERSION,
    "ansible.windows.win_user": WIN_USER,
    "fleet_cleaner": FLEET_CLEANER,
    "fleet_cleanup": FLEET_CLEANUP,
    "fleet_installer_stop": FLEET_INSTALLER_STOP,
    "fleet_probe": FLEET_PROBE,
    "fleet_registry_backup": FLEET_REGISTRY_BACKUP,
    "fleet_release": FLEET_RELEASE,
    "fleet_restore_point": FLEET_RESTORE_POINT,
}


def run_module(host: Host, name: str, arguments: dict[str, Any]) -> Result:
    """Run a module on a PC.

    Args:
        host: The PC.
        name: Short name or full name; a short one may be of any collection.
        arguments: As Ansible sends them, with its own `_ansible_*` keys.

    Returns:
        The module's JSON result; a failure has `failed` and `msg`, and `diff` is there only when
        Ansible asked for it.

    Raises:
        ModuleNotModelled: There is no model of it.
    """
    model = MODULES.get(name) or next(
        (found for full, found in MODULES.items() if full.rpartition(".")[2] == name), None
    )
    if model is None:
        raise ModuleNotModelled(name)
    host.begin_call()
    try:
        call = bind(model, host, arguments, name=name.rpartition(".")[2])
        result = {"changed": False, **model.run(call)}
    except Skipped as skipped:
        return {"changed": False, "skipped": True, "msg": str(skipped)}
    except ModuleFailure as failure:
        return {"changed": False, **failure.result}
    except OSError as error:
        # What Windows says when a file stands where a folder should be, or the reverse.
        return {"changed": False, "failed": True, "msg": f"{type(error).__name__}: {error}"}
    if not call.diff:
        result.pop("diff", None)
    return result
