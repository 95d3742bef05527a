"""Machines as folders of YAML: read, merged with their bases, checked, and made into hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from winsim.host import Account, Host, RestorePoint, Service, User
from winsim.installers import install
from winsim.model.cim import Cim
from winsim.model.commands import Command
from winsim.model.events import Event, EventLogs
from winsim.model.files import File
from winsim.model.winrm import Quotas, WinRm
from winsim.moments import resolve
from winsim.profiles.checks import Place
from winsim.profiles.merging import Description, describe
from winsim.profiles.reading import ProfileError, made, read, wrong
from winsim.profiles.schema import check_canaries, check_fleet, check_spec
from winsim.timeline import performer

__all__ = ["ProfileError", "load_profiles", "make_host"]
_ANY = datetime(2020, 1, 1, tzinfo=UTC)


def load_profiles(names: Sequence[str]) -> list[Host]:
    """Return the machines of profile sets, by name.

    Args:
        names: Names of packaged sets, such as `office`, or folders.

    Raises:
        ProfileError: A set is not there, or a file of it is wrong.
    """
    hosts = [host for name in names for host in _load_set(_folder(name))]
    return sorted(hosts, key=lambda host: host.name)


def _folder(name: str) -> Path:
    packaged = Path(str(files("winsim.profiles"))) / name
    for folder in (Path(name), packaged):
        if (folder / "fleet.yml").is_file():
            return folder
    known = sorted(path.parent.name for path in packaged.parent.glob("*/fleet.yml"))
    raise ProfileError(
        f"there is no profile set {name!r}; give a folder with a fleet.yml, or: {', '.join(known)}"
    )


def _load_set(folder: Path) -> list[Host]:
    fleet = folder / "fleet.yml"
    machines = read(fleet, check_fleet)["machines"]
    octets: dict[int, str] = {}
    for name, octet in machines.items():
        if octet in octets:
            found = f"{octet}, as {octets[octet]} has"
            raise wrong(fleet, ("machines", name), found, "a number of its own")
        octets[octet] = name
    installers = sorted((folder / "installers").glob("*.yml"))
    specs = {path.stem: read(path, check_spec) for path in installers}
    return [
        _host(folder / name / "machine.yml", octet=octet, specs=specs)
        for name, octet in machines.items()
    ]


def _host(path: Path, *, octet: int, specs: Mapping[str, Mapping[str, Any]]) -> Host:
    machine = describe(path)
    canaries = path.parent / "must_not_leak.yml"
    if canaries.is_file():
        read(canaries, check_canaries)
    return make_host(machine, path, octet=octet, specs=specs)


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
            made(User, about, path, ("users", index))
            for index, about in enumerate(machine.get("users", []))
        ),
        protected=machine.get("protected", True),
        power=machine.get("power", True),
        specs=specs,
        timeline=_timeline(machine, path, specs),
        events=EventLogs(machine.get("missing_logs", [])),
        commands=_commands(machine, path, specs),
        winrm=_winrm(machine.get("winrm", {}), path),
    )
    _fill(host, machine, path)
    return host


def _winrm(about: Mapping[str, Any], path: Path) -> WinRm:
    quotas = made(Quotas, about.get("quotas", {}), path, ("winrm", "quotas"))
    return made(WinRm, {**about, "quotas": quotas}, path, ("winrm",))  # type: ignore[no-any-return]


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
    for where, about in machine.get("files", {}).items():
        host.files.add(made(File, {"path": where, **about}, path, ("files", where)))
    for index, about in enumerate(machine.get("events", [])):
        host.events.add(made(Event, about, path, ("events", index)))
    for index, about in enumerate(machine.get("restore_points", [])):
        host.restore_points.append(made(RestorePoint, about, path, ("restore_points", index)))
    host.processes.extend(machine.get("processes", []))
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
