"""`win_service` and `win_service_info`: make, change, start, stop, remove services, and look."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

from winsim.host import Host, Service
from winsim.model import services
from winsim.model.cim import CIMV2
from winsim.model.services import ServiceError
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result

_START = {"auto": "Auto", "delayed": "Delayed", "disabled": "Disabled", "manual": "Manual"}
_STATES = {"Running": "started", "Stopped": "stopped", "Paused": "paused"}
_STATE = {"started": "Running", "restarted": "Running", "stopped": "Stopped", "paused": "Paused"}
# Options with which the module does more than tell: without any, it looks.
_CHANGING = (
    "dependencies", "description", "display_name", "password", "path", "start_mode", "state",
    "username",
)  # fmt: skip
# What a service has in which nothing else is set; the model acts on none of it.
_REST: Result = {
    "desktop_interact": False,
    "error_control": "normal",
    "failure_actions": [],
    "failure_actions_on_non_crash_failure": False,
    "failure_command": None,
    "failure_reboot_msg": None,
    "failure_reset_period_sec": 0,
    "load_order_group": "",
    "pre_shutdown_timeout_ms": 10000,
    "required_privileges": [],
    "service_type": "win32_own_process",
    "sid_info": "none",
}
_SYSTEM = "S-1-5-18"
_NEVER_STARTED = 1077


def win_service(call: Call) -> Result:
    """Bring a service into the wanted state, and tell what it is like then."""
    host, params = call.host, call.params
    before = services.find(host.services, params["name"])
    shown = _diff(host, before)
    if params["state"] == "absent":
        return {**_absent(call, before), "exists": False, "diff": {"before": shown, "after": ""}}
    if before is None and all(params[name] is None for name in _CHANGING):
        return {"exists": False, "diff": {"before": "", "after": ""}}
    if before is None and params["path"] is None:
        raise ModuleFailure(
            f"Service '{params['name']}' is not installed, "
            "need to set 'path' to create a new service",
            exists=False,
        )
    path = params["path"] and host.expand(params["path"])
    start = before or Service(params["name"], params["name"], state="Stopped", path=path)
    after = _configured(host, start, params, path)
    changed = before != after
    if not call.check:
        host.services[after.name.lower()] = after
        changed = _bring(host, after, params, check=False) or changed
        after = host.services[after.name.lower()]
    else:
        changed = _bring(host, after, params, check=True) or changed
        wanted = _STATE.get(params["state"] or "", after.state)
        after = replace(after, state=wanted)
    return {
        "changed": changed,
        **_told(host, after),
        "diff": {"before": shown, "after": _diff(host, after)},
    }


def _absent(call: Call, service: Service | None) -> Result:
    if service is not None and not call.check:
        _halt(call.host, service, force=call.params["force_dependent_services"])
        del call.host.services[service.name.lower()]
    return {"changed": service is not None}


def _configured(host: Host, service: Service, params: Any, path: str | None) -> Service:
    changes = {
        "display": params["display_name"],
        "path": path,
        "start": _START.get(params["start_mode"] or ""),
        "description": params["description"],
        "depends_on": _dependencies(service, params),
    }
    given = {key: value for key, value in changes.items() if value is not None}
    after: Service = replace(service, **given)
    if params["username"] is None:
        return after
    wanted = _sid(host, params["username"])
    if wanted == _sid(host, service.account):
        return after
    account = "LocalSystem" if wanted == _SYSTEM else host.people.name_of(wanted)
    return replace(after, account=account)


def _sid(host: Host, name: str) -> str:
    found = host.people.sid_of(name)
    if found is None:
        raise ModuleFailure(
            'Unhandled exception while executing module: Exception calling "Translate" with "1" '
            'argument(s): "Some or all identity references could not be translated."'
        )
    return found


def _dependencies(service: Service, params: Any) -> tuple[str, ...] | None:
    """Return what a service is to depend on; None when nothing is said about it."""
    given = params["dependencies"]
    if given is None:
        return None
    there, wanted = tuple(service.depends_on), tuple(given)
    if params["dependency_action"] == "add":
        return (*there, *(name for name in wanted if name not in there))
    if params["dependency_action"] == "remove":
        return tuple(name for name in there if name not in wanted)
    return there if set(there) == set(wanted) else wanted


def _bring(host: Host, service: Service, params: Any, *, check: bool) -> bool:
    """Start, stop or pause it, and tell whether that was a change; `-WhatIf` meets no error."""
    state, name = params["state"], service.name
    force = params["force_dependent_services"]
    if state == "restarted":
        if not check:
            stopped = _halt(host, service, force=force)
            for each in [name, *reversed(stopped[:-1])]:
                _go(host, host.services[each.lower()])
        return True
    if state is None or service.state == _STATE[state]:
        return False
    if state == "paused" and not (service.pauses and service.state == "Running"):
        raise ModuleFailure(
            f"failed to pause service {name}: The service does not support pausing",
            exists=False,
        )
    if check:
        return True
    if state == "started":
        _go(host, service)
    elif state == "stopped":
        _halt(host, service, force=force)
    else:
        host.services[name.lower()] = replace(service, state="Paused")
    return True


def _go(host: Host, service: Service) -> None:
    try:
        if service.state == "Paused":
            host.services[service.name.lower()] = replace(service, state="Running")
        else:
            services.start(host.services, service.name)
    except ServiceError as error:
        raise ModuleFailure(
            f"Unhandled exception while executing module: Service '{service.display} "
            f"({service.name})' cannot be started due to the following error: Cannot start service "
            f"{service.name} on computer '.'."
        ) from error


def _halt(host: Host, service: Service, *, force: bool) -> list[str]:
    try:
        return services.stop(host.services, service.name, force=force)
    except ServiceError as error:
        raise ModuleFailure(
            f"Unhandled exception while executing module: Cannot stop service '{service.display} "
            f"({service.name})' because it has dependent services. It can only be stopped if the "
            "Force flag is set."
        ) from error


def _account(host: Host, service: Service) -> str:
    if service.account == "LocalSystem":
        return host.people.name_of(_SYSTEM)
    return service.account


def _told(host: Host, service: Service) -> Result:
    return {
        "can_pause_and_continue": service.pauses and service.state != "Stopped",
        "depended_by": [s.name for s in services.dependents(host.services, service.name)],
        "dependencies": list(service.depends_on),
        "description": service.description or None,
        "desktop_interact": False,
        "display_name": service.display,
        "exists": True,
        "name": service.name,
        "path": service.path or None,
        "start_mode": _mode(service),
        "state": service.state.lower(),
        "username": service.account,
    }


def _mode(service: Service) -> str:
    return next(key for key, value in _START.items() if value == service.start)


def _diff(host: Host, service: Service | None) -> Result | str:
    return "" if service is None else {**_settings(host, service), "password": "REDACTED"}


def _settings(host: Host, service: Service) -> Result:
    return {
        **_REST,
        "dependencies": list(service.depends_on),
        "description": service.description or None,
        "display_name": service.display,
        "name": service.name,
        "path": service.path or None,
        "start_mode": _mode(service),
        "state": _STATES[service.state],
        "username": _account(host, service),
    }


def win_service_info(call: Call) -> Result:
    """Tell about services: all, the one of a name, or those of a pattern."""
    host, wanted = call.host, call.params["name"]
    found = [
        service
        for _, service in sorted(host.services.items())
        if wanted is None or fnmatch(service.name.lower(), str(wanted).lower())
    ]
    numbers = {row["Name"]: row["ProcessId"] for row in host.cim.rows(CIMV2, "Win32_Service")}
    told = [_info(host, service, numbers.get(service.name, 0)) for service in found]
    return {"exists": bool(told), "services": told}


def _info(host: Host, service: Service, number: int) -> Result:
    running = service.state != "Stopped"
    controls = ["stop", "pause_continue", "shutdown"] if service.pauses else ["stop", "shutdown"]
    return {
        **_settings(host, service),
        "checkpoint": 0,
        "controls_accepted": controls if running else [],
        "dependency_of": [s.name for s in services.dependents(host.services, service.name)],
        "launch_protection": "none",
        "preferred_node": None,
        "process_id": number,
        "service_exit_code": 0,
        "service_flags": [],
        "triggers": [],
        "wait_hint_ms": 0,
        "win32_exit_code": 0 if running else _NEVER_STARTED,
    }


WIN_SERVICE_INFO = Model(win_service_info, {"name": Option()})
WIN_SERVICE = Model(
    win_service,
    {
        "dependencies": Option("list", elements="str"),
        "dependency_action": Option(default="set", choices=("add", "remove", "set")),
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
    needs_by={"password": ("username",)},
)
