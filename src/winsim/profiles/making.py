"""A machine's whole description made into a PC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from winsim.host import Account, Host, RestorePoint, Service, User
from winsim.installers import install, process_of
from winsim.model.cim import Cim
from winsim.model.commands import Command
from winsim.model.downloads import Download
from winsim.model.events import Event, EventLogs
from winsim.model.files import File
from winsim.model.network import Adapter, Network
from winsim.model.owncloud import OwnCloud
from winsim.model.parts import ComponentStore
from winsim.model.people import GroupDeclared
from winsim.model.tasks import Task, task_key
from winsim.model.winrm import Quotas, WinRm
from winsim.moments import resolve
from winsim.profiles.checks import Place
from winsim.profiles.merging import Description
from winsim.profiles.reading import made, wrong
from winsim.timeline import performer

_ANY = datetime(2020, 1, 1, tzinfo=UTC)


def make_host(
    machine: Description, path: Path, *, octet: int, specs: Mapping[str, Mapping[str, Any]]
) -> Host:
    """Return the PC that a whole description, bases included, tells of.

    Args:
        machine: What `winsim.profiles.merging` returned.
        path: The machine's file, for its name and for errors.
        octet: Its number in the fleet.
        specs: What its set can install.

    Raises:
        ProfileError: Something that a PC needs is not there, or names what is not there.
    """
    if not machine.get("values"):
        raise wrong(path, ("values",), machine.get("values"), "synthetic or recorded")
    if not machine.get("computer_name"):
        raise wrong(path, (), "no computer_name", "the name Windows gives")
    host = Host(
        name=path.parent.name,
        octet=octet,
        computer_name=machine["computer_name"],
        accounts=tuple(
            made(Account, about, path, ("accounts", index))
            for index, about in enumerate(machine.get("accounts", []))
        ),
        cim=Cim(machine.get("cim", {})),
        users=tuple(
            _user(about, path, index) for index, about in enumerate(machine.get("users", []))
        ),
        component_store=made(
            ComponentStore, machine.get("component_store", {}), path, ("component_store",)
        ),
        listeners=set(machine.get("listeners", ["HTTP", "HTTPS"])),
        firewall_rules=list(machine.get("firewall_rules", [])),
        protected=machine.get("protected", True),
        power=machine.get("power", True),
        specs=specs,
        timeline=_timeline(machine, path, specs),
        events=EventLogs(machine.get("missing_logs", []), machine.get("limits")),
        commands=_commands(machine, path, specs),
        downloads=_downloads(machine, path, specs),
        groups=tuple(
            made(GroupDeclared, about, path, ("groups", index))
            for index, about in enumerate(machine.get("groups", []))
        ),
        slow=machine.get("slow", {}),
        network=_network(machine.get("network", {}), path),
        winrm=_winrm(machine.get("winrm", {}), path),
    )
    _fill(host, machine, path)
    return host


def _user(about: Mapping[str, Any], path: Path, index: int) -> User:
    told = about.get("owncloud")
    client = None if told is None else made(OwnCloud, told, path, ("users", index, "owncloud"))
    return made(User, {**about, "owncloud": client}, path, ("users", index))  # type: ignore[no-any-return]


def _winrm(about: Mapping[str, Any], path: Path) -> WinRm:
    quotas = made(Quotas, about.get("quotas", {}), path, ("winrm", "quotas"))
    return made(WinRm, {**about, "quotas": quotas}, path, ("winrm",))  # type: ignore[no-any-return]


def _network(about: Mapping[str, Any], path: Path) -> Network:
    adapters = tuple(
        made(Adapter, each, path, ("network", "adapters", index))
        for index, each in enumerate(about.get("adapters") or [])
    )
    return made(Network, {**about, "adapters": adapters}, path, ("network",))  # type: ignore[no-any-return]


def _downloads(
    machine: Description, path: Path, specs: Mapping[str, Any]
) -> Mapping[str, Download]:
    found = {}
    for url, about in machine.get("downloads", {}).items():
        if about.get("spec") and about["spec"] not in specs:
            raise wrong(path, ("downloads", url, "spec"), about["spec"], _one_of(specs))
        found[url] = made(Download, about, path, ("downloads", url))
    return found


def _fill(host: Host, machine: Description, path: Path) -> None:
    for name, about in machine.get("services", {}).items():
        service = made(Service, {"name": name, **about}, path, ("services", name))
        host.services[name.lower()] = service
    _install_programs(host, machine, path)
    # After the programs: each PC has values of its own where an installer has one for all.
    for key, values in machine.get("registry", {}).items():
        host.registry.make(key)
        for name, value in values.items():
            host.registry.declare(key, name, value)
    for where, target in machine.get("junctions", {}).items():
        host.files.add_junction(where, target)
    declared = machine.get("files", {})
    for user in host.users:
        if user.owncloud is not None:
            for file in user.owncloud.files(user.folder, declared):
                host.files.add(file)
    for where, about in declared.items():
        host.files.add(made(File, {"path": where, **about}, path, ("files", where)))
    for index, about in enumerate(machine.get("events", [])):
        host.events.add(made(Event, about, path, ("events", index)))
    _settle(host, machine, path)


def _settle(host: Host, machine: Description, path: Path) -> None:
    """Add what is there once all files and events are: tasks, programs that run, who is there."""
    for index, about in enumerate(machine.get("restore_points", [])):
        host.restore_points.append(made(RestorePoint, about, path, ("restore_points", index)))
    for where, about in machine.get("tasks", {}).items():
        task = made(Task, {"path": where, **about}, path, ("tasks", where))
        host.tasks[task_key(where)] = task
    host.processes.extend(map(process_of, machine.get("processes", [])))
    for user in host.users:
        if user.logged_in:
            host.registry.load_hive(user.sid)
        elif user.logged_in is False:
            host.registry.unload_hive(user.sid)
    host.settled_bytes = host.files.total_bytes


def _install_programs(host: Host, machine: Description, path: Path) -> None:
    declared = dict(host.services)
    for index, program in enumerate(machine.get("programs", [])):
        about = program if isinstance(program, dict) else {"spec": program}
        if about["spec"] not in host.specs:
            raise wrong(path, ("programs", index), about["spec"], _one_of(host.specs))
        spec, registered = host.specs[about["spec"]], about.get("registered", True)
        install(host, spec, sid=None, quiet=True, registered=registered)
        for service in spec.get("services") or []:
            # What the machine says of a product's service is how it is today.
            name = service["name"].lower()
            host.services[name] = declared.get(name, host.services[name])


def _commands(machine: Description, path: Path, specs: Mapping[str, Any]) -> tuple[Command, ...]:
    found = []
    for index, about in enumerate(machine.get("commands", [])):
        _refuse_dangling(about.get("do") or [], specs, path, ("commands", index, "do"))
        found.append(made(Command, about, path, ("commands", index)))
    return tuple(found)


def _timeline(
    machine: Description, path: Path, specs: Mapping[str, Any]
) -> list[tuple[Any, Sequence[Callable[[Host], None]]]]:
    entries = []
    for index, entry in enumerate(machine.get("timeline", [])):
        _refuse_dangling(entry["do"], specs, path, ("timeline", index, "do"))
        entries.append((resolve(entry["at"], _ANY), [performer(each) for each in entry["do"]]))
    return sorted(entries, key=lambda item: item[0])


def _refuse_dangling(
    actions: Sequence[Mapping[str, Any]], specs: Mapping[str, Any], path: Path, place: Place
) -> None:
    for step, action in enumerate(actions):
        for verb in ("install", "uninstall"):
            if verb in action and action[verb] not in specs:
                raise wrong(path, (*place, step, verb), action[verb], _one_of(specs))


def _one_of(known: Mapping[str, Any]) -> str:
    return ", ".join(sorted(known)) or "none: the set has no installers"
