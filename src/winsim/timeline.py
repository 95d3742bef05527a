"""What happens on a PC by itself: installs, removals, failing disks, people who switch it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from winsim import restarts
from winsim.errors import NeverEnds
from winsim.evidence import SYSTEM, clear_log
from winsim.host import Host, RestorePoint, Service
from winsim.installers import install, process_of, uninstall
from winsim.model.events import Event
from winsim.model.files import File
from winsim.model.owncloud import OwnCloud
from winsim.model.tasks import Task, task_key

__all__ = ["ACTIONS", "SYSTEM", "performer"]
Action = Mapping[str, Any]


def performer(action: Action) -> Callable[[Host], None]:
    """Return what lets one action happen; the loader has checked that it is one of `ACTIONS`."""
    verb = next(verb for verb in ACTIONS if verb in action)
    return lambda host: ACTIONS[verb](host, action)


def actor(host: Host, who: str) -> str | None:
    """Return the SID of whoever did it: `system`, or the first user."""
    return SYSTEM if who == "system" or not host.users else host.users[0].sid


def _install(host: Host, action: Action) -> None:
    sid = actor(host, action.get("by", "user"))
    with suppress(NeverEnds):  # it waits, and the story goes on
        install(host, host.specs[action["install"]], sid=sid)
    if host.restarting:  # nobody is told of it; the PC is up again when somebody looks
        restarts.finish(host)


def _uninstall(host: Host, action: Action) -> None:
    sid = actor(host, action.get("by", "user"))
    uninstall(host, host.specs[action["uninstall"]], sid=sid, ghost=action.get("ghost", False))


def _power(host: Host, action: Action) -> None:
    host.power = bool(action["power"])


def _blocked_ports(host: Host, action: Action) -> None:
    host.blocked_ports = set(action["blocked_ports"])


def _cim(host: Host, action: Action) -> None:
    about = action["cim"]
    host.cim.change(about["namespace"], about["class"], about.get("match", {}), about["set"])


def _event(host: Host, action: Action) -> None:
    host.events.add(Event(**{"at": host.clock.now(), **action["event"]}))


def _file(host: Host, action: Action) -> None:
    host.files.add(File(**{"modified": host.clock.now(), **action["file"]}))


def _remove(host: Host, action: Action) -> None:
    host.files.remove(action["remove"])


def _start(host: Host, action: Action) -> None:
    host.processes.append(process_of(action["start"]))


def _stop(host: Host, action: Action) -> None:
    gone = action["stop"].lower()
    host.processes[:] = [process for process in host.processes if process.name.lower() != gone]


def _service(host: Host, action: Action) -> None:
    about = dict(action["service"])
    name = about["name"]
    known = host.services.get(name.lower(), Service(name, name))
    host.services[name.lower()] = replace(known, **{**about, "name": known.name})


def _registry(host: Host, action: Action) -> None:
    for path, values in action["registry"].items():
        host.registry.make(path)
        for name, value in values.items():
            if value is None:
                host.registry.delete_value(path, name)
            else:
                host.registry.declare(path, name, value)


def _clear_log(host: Host, action: Action) -> None:
    clear_log(host, action["clear_log"], sid=actor(host, action.get("by", "user")))


def _log_on(host: Host, action: Action) -> None:
    host.log_on(action["log_on"])


def _log_off(host: Host, action: Action) -> None:
    host.log_off(action["log_off"])


def _task(host: Host, action: Action) -> None:
    about = dict(action["task"])
    key = task_key(about["path"])
    known = host.tasks.get(key, Task(about["path"]))
    host.tasks[key] = replace(known, **{**about, "path": known.path})


def _owncloud(host: Host, action: Action) -> None:
    about = dict(action["owncloud"])
    sid = about.pop("sid")
    home = next(user.folder for user in host.users if user.sid == sid)
    for file in OwnCloud(**about).files(home, [file.path for file in host.files]):
        host.files.add(file)


def _network(host: Host, action: Action) -> None:
    host.network = replace(host.network, **action["network"])


def _restart(host: Host, action: Action) -> None:
    restarts.begin(host, sid=actor(host, action.get("by", "user")))
    restarts.finish(host)


def _restore_point(host: Host, action: Action) -> None:
    number = max((point.number for point in host.restore_points), default=0) + 1
    made = {"number": number, "made": host.clock.now(), **action["restore_point"]}
    host.restore_points.append(RestorePoint(**made))


ACTIONS: Mapping[str, Callable[[Host, Action], None]] = {
    "install": _install,
    "uninstall": _uninstall,
    "power": _power,
    "blocked_ports": _blocked_ports,
    "cim": _cim,
    "event": _event,
    "file": _file,
    "remove": _remove,
    "start": _start,
    "stop": _stop,
    "service": _service,
    "registry": _registry,
    "restore_point": _restore_point,
    "clear_log": _clear_log,
    "log_on": _log_on,
    "log_off": _log_off,
    "task": _task,
    "owncloud": _owncloud,
    "network": _network,
    "restart": _restart,
}
