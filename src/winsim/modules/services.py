"""`win_service`: makes, changes, starts, stops and removes services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from winsim.host import Host, Service
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result

_START = {"auto": "Auto", "delayed": "Delayed", "disabled": "Disabled", "manual": "Manual"}
_STATE = {"started": "Running", "restarted": "Running", "stopped": "Stopped", "paused": "Paused"}
# Options with which the module does more than tell: without any, it looks.
_CHANGING = ("description", "display_name", "path", "start_mode", "state", "username")


def win_service(call: Call) -> Result:
    """Bring a service into the wanted state, and tell what it is like then."""
    host, params = call.host, call.params
    before = _found(host, params["name"])
    if params["state"] == "absent":
        if before is not None and not call.check:
            del host.services[before.name.lower()]
        return {"changed": before is not None, "exists": False, "diff": _diff(before, None)}
    if before is None and all(params[name] is None for name in _CHANGING):
        return {"exists": False}
    if before is None and params["path"] is None:
        raise ModuleFailure(
            f"Service '{params['name']}' is not installed, "
            "need to set 'path' to create a new service",
            exists=False,
        )
    start = before or Service(params["name"], params["name"], state="Stopped", path=params["path"])
    after = _wanted(start, params)
    changed = before != after or params["state"] == "restarted"
    if changed and not call.check:
        host.services[after.name.lower()] = after
    return {"changed": changed, **_told(after), "diff": _diff(before, after)}


def _found(host: Host, name: str) -> Service | None:
    """Return a service by its name or by the name that people see."""
    by_name = host.services.get(name.lower())
    shown = (item for item in host.services.values() if item.display.lower() == name.lower())
    return by_name or next(shown, None)


def _wanted(service: Service, params: Mapping[str, str]) -> Service:
    changes = {
        "display": params["display_name"],
        "description": params["description"],
        "path": params["path"],
        "account": params["username"],
        "start": _START.get(params["start_mode"] or ""),
        "state": _STATE.get(params["state"] or ""),
    }
    after = replace(service, **{key: value for key, value in changes.items() if value is not None})
    if after.start == "Disabled" and params["state"] in {"started", "restarted"}:
        raise ModuleFailure(
            f"Service '{service.display} ({service.name})' cannot be started due to the following "
            f"error: Cannot start service {service.name} on computer '.'.",
            exists=True,
        )
    return after


def _told(service: Service) -> Result:
    mode = next(key for key, value in _START.items() if value == service.start)
    return {
        "can_pause_and_continue": False,
        "depended_by": [],
        "dependencies": [],
        "description": service.description or None,
        "desktop_interact": False,
        "display_name": service.display,
        "exists": True,
        "name": service.name,
        "path": service.path or None,
        "start_mode": mode,
        "state": service.state.lower(),
        "username": service.account,
    }


def _diff(before: Service | None, after: Service | None) -> Result:
    def shown(service: Service | None) -> Result | str:
        if service is None:
            return ""
        told = _told(service)
        return {key: told[key] for key in ("display_name", "name", "path", "start_mode", "state")}

    return {"before": shown(before), "after": shown(after)}


WIN_SERVICE = Model(
    win_service,
    {
        "dependencies": Option("list", elements="str", modelled=False),
        "dependency_action": Option(
            default="set", choices=("add", "remove", "set"), modelled=False
        ),
        "description": Option(),
        "desktop_interact": Option("bool", default=False, modelled=False),
        "display_name": Option(),
        "error_control": Option(choices=("critical", "ignore", "normal", "severe"), modelled=False),
        "failure_actions": Option("list", elements="dict", modelled=False),
        "failure_actions_on_non_crash_failure": Option("bool", modelled=False),
        "failure_command": Option(modelled=False),
        "failure_reboot_msg": Option(modelled=False),
        "failure_reset_period_sec": Option(
            "int", aliases=("failure_reset_period",), modelled=False
        ),
        "force_dependent_services": Option("bool", default=False),
        "load_order_group": Option(modelled=False),
        "name": Option(required=True),
        "password": Option(modelled=False),
        "path": Option(),
        "pre_shutdown_timeout_ms": Option("int", aliases=("pre_shutdown_timeout",), modelled=False),
        "required_privileges": Option("list", elements="str", modelled=False),
        "service_type": Option(
            choices=(
                "user_own_process",
                "user_share_process",
                "win32_own_process",
                "win32_share_process",
            ),
            modelled=False,
        ),
        "sid_info": Option(choices=("none", "restricted", "unrestricted"), modelled=False),
        "start_mode": Option(choices=("auto", "delayed", "disabled", "manual")),
        "state": Option(choices=("absent", "paused", "restarted", "started", "stopped")),
        "update_password": Option(choices=("always", "on_create")),
        "username": Option(),
    },
)
