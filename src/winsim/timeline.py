"""What happens on a PC by itself: installs, removals, failing disks, people who switch it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from winsim.host import Host
from winsim.installers import install, uninstall
from winsim.model.events import Event
from winsim.model.files import File

SYSTEM = "S-1-5-18"
Action = Mapping[str, Any]


def performer(action: Action) -> Callable[[Host], None]:
    """Return what lets one action happen; the loader has checked that it is one of `ACTIONS`."""
    verb = next(iter(action))
    return lambda host: ACTIONS[verb](host, action)


def actor(host: Host, who: str) -> str | None:
    """Return the SID of whoever did it: `system`, or the first user."""
    return SYSTEM if who == "system" or not host.users else host.users[0].sid


def _install(host: Host, action: Action) -> None:
    install(host, host.specs[action["install"]], sid=actor(host, action.get("by", "user")))


def _uninstall(host: Host, action: Action) -> None:
    uninstall(host, host.specs[action["uninstall"]], sid=actor(host, action.get("by", "user")))


def _power(host: Host, action: Action) -> None:
    host.power = bool(action["power"])


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
    host.processes.append(action["start"])


ACTIONS: Mapping[str, Callable[[Host, Action], None]] = {
    "install": _install,
    "uninstall": _uninstall,
    "power": _power,
    "cim": _cim,
    "event": _event,
    "file": _file,
    "remove": _remove,
    "start": _start,
}
