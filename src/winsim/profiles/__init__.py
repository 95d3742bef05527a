"""Machines as folders of YAML: read, merged with their bases, checked, and made into hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from winsim.errors import WinsimError
from winsim.host import Account, Host, RestorePoint, Service, User
from winsim.installers import check_spec, install
from winsim.model.cim import ERRORS, Cim
from winsim.model.events import Event
from winsim.model.files import File
from winsim.moments import is_moment, resolve
from winsim.timeline import ACTIONS, performer

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "values": str,
    "extends": list,
    "computer_name": str,
    "accounts": list,
    "protected": bool,
    "power": bool,
    "users": list,
    "programs": list,
    "processes": list,
    "cim": dict,
    "registry": dict,
    "services": dict,
    "files": dict,
    "events": list,
    "restore_points": list,
    "timeline": list,
}
_VALUES = ("synthetic", "recorded")
_ANY = datetime(2020, 1, 1, tzinfo=UTC)


class ProfileError(WinsimError):
    """A machine's description is wrong; the text names file, line, key and what is allowed."""


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
    machines = _read(fleet).get("machines")
    if not isinstance(machines, dict) or not machines:
        raise ProfileError(f"{fleet}: `machines` is needed: name and last part of its address")
    specs = {path.stem: _spec(path) for path in sorted((folder / "installers").glob("*.yml"))}
    return [
        _host(folder / name / "machine.yml", octet=octet, specs=specs)
        for name, octet in machines.items()
    ]


def _spec(path: Path) -> dict[str, Any]:
    spec = _read(path)
    try:
        check_spec(spec, where=str(path))
    except WinsimError as error:
        raise ProfileError(str(error)) from error
    return spec


def _host(path: Path, *, octet: Any, specs: Mapping[str, Mapping[str, Any]]) -> Host:
    if not isinstance(octet, int) or isinstance(octet, bool):
        raise ProfileError(f"{path.parent.parent / 'fleet.yml'}: {octet!r} is no number")
    machine = _merged(path)
    if machine.get("values") not in _VALUES:
        raise _wrong(path, ("values",), machine.get("values"), " or ".join(_VALUES))
    if not machine.get("computer_name"):
        raise _wrong(path, (), "no computer_name", "the name Windows gives")
    host = Host(
        name=path.parent.name,
        octet=octet,
        computer_name=machine["computer_name"],
        accounts=tuple(
            _made(Account, about, path, ("accounts", index))
            for index, about in enumerate(machine.get("accounts", []))
        ),
        cim=Cim(_cim(machine.get("cim", {}), path)),
        users=tuple(
            _made(User, about, path, ("users", index))
            for index, about in enumerate(machine.get("users", []))
        ),
        protected=machine.get("protected", True),
        power=machine.get("power", True),
        specs=specs,
        timeline=_timeline(machine, path, specs),
    )
    _fill(host, machine, path)
    return host


def _fill(host: Host, machine: Mapping[str, Any], path: Path) -> None:
    for key, values in machine.get("registry", {}).items():
        host.registry.make(key)
        for name, value in (values or {}).items():
            host.registry.set(key, name, value)
    for name, about in machine.get("services", {}).items():
        service = _made(Service, {"name": name, **about}, path, ("services", name))
        host.services[name.lower()] = service
    for index, program in enumerate(machine.get("programs", [])):
        about = program if isinstance(program, dict) else {"spec": program}
        if about.get("spec") not in host.specs or set(about) - {"spec", "registered"}:
            allowed = f"{_one_of(host.specs)}, or spec and registered"
            raise _wrong(path, ("programs", index), program, allowed)
        registered = bool(about.get("registered", True))
        spec = host.specs[about["spec"]]
        install(host, spec, sid=None, quiet=True, registered=registered)
    for where, about in machine.get("files", {}).items():
        host.files.add(_made(File, {"path": where, **(about or {})}, path, ("files", where)))
    for index, about in enumerate(machine.get("events", [])):
        host.events.add(_made(Event, about, path, ("events", index)))
    for index, about in enumerate(machine.get("restore_points", [])):
        host.restore_points.append(_made(RestorePoint, about, path, ("restore_points", index)))
    host.processes.extend(machine.get("processes", []))


def _timeline(
    machine: Mapping[str, Any], path: Path, specs: Mapping[str, Any]
) -> list[tuple[Any, Sequence[Callable[[Host], None]]]]:
    entries = []
    for index, entry in enumerate(machine.get("timeline", [])):
        place = ("timeline", index)
        if not isinstance(entry, dict) or set(entry) != {"at", "do"}:
            raise _wrong(path, place, entry, "the keys at and do")
        for action in entry["do"]:
            verb = next(iter(action), "") if isinstance(action, dict) else ""
            if verb not in ACTIONS:
                raise _wrong(path, place, verb or action, _one_of(ACTIONS))
            if verb in {"install", "uninstall"} and action[verb] not in specs:
                raise _wrong(path, place, action[verb], _one_of(specs))
        try:
            at = resolve(entry["at"], _ANY)
        except (ValueError, TypeError) as error:
            raise _wrong(path, (*place, "at"), entry["at"], "a moment with a time zone") from error
        entries.append((at, [performer(action) for action in entry["do"]]))
    return sorted(entries, key=lambda item: item[0])


def _cim(classes: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    for namespace, inside in classes.items():
        for name, rows in (inside or {}).items():
            place = ("cim", namespace, name)
            if isinstance(rows, dict):
                if set(rows) != {"error"} or rows["error"] not in ERRORS:
                    raise _wrong(path, place, rows, f"error: {_one_of(ERRORS)}")
            elif not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise _wrong(path, place, rows, "a list of rows, or an error")
    return {namespace: inside or {} for namespace, inside in classes.items()}


def _merged(path: Path) -> dict[str, Any]:
    machine = _read(path)
    _check_keys(machine, path)
    merged: dict[str, Any] = {}
    bases = Path(str(files("winsim.profiles"))) / "bases"
    for base in machine.get("extends", []):
        source = bases / f"{base}.yml"
        if not source.is_file():
            known = sorted(item.stem for item in bases.glob("*.yml"))
            raise _wrong(path, ("extends",), base, ", ".join(known))
        merged = _over(merged, _merged(source))
    return _over(merged, machine)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one description over another: mappings merge, all else replaces, null removes."""
    out = deepcopy(dict(below))
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = _over(out[key], value)
        elif value is None and key in out:
            del out[key]
        else:
            out[key] = deepcopy(value)
    return out


def _check_keys(machine: Mapping[str, Any], path: Path) -> None:
    for key, value in machine.items():
        kind = _KINDS.get(key)
        if kind is None:
            near = get_close_matches(str(key), list(_KINDS), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise _wrong(path, (key,), "an unknown key", _one_of(_KINDS) + hint)
        if value is not None and not isinstance(value, kind):
            name = kind.__name__ if isinstance(kind, type) else str(kind)
            raise _wrong(path, (key,), value, f"a {name}")


def _made(kind: Callable[..., Any], about: Any, path: Path, place: Sequence[Any]) -> Any:
    try:
        made = kind(**about)
    except TypeError as error:
        message = str(error).partition("__init__() ")[2] or str(error)
        raise _wrong(path, place, message, "the keys of the README") from error
    for name in ("modified", "at", "made"):
        value = getattr(made, name, None)
        if value is not None and not is_moment(value):
            try:
                resolve(value, _ANY)
            except ValueError as error:
                raise _wrong(path, (*place, name), value, "a moment, or `now - 20m`") from error
    return made


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise ProfileError(f"{path}: keys and values are needed")
    return data


def _wrong(path: Path, place: Sequence[Any], found: Any, allowed: str) -> ProfileError:
    key = ".".join(str(part) for part in place)
    return ProfileError(f"{path}:{_line(path, place)}: {key}: found {found}; allowed: {allowed}")


def _line(path: Path, place: Sequence[Any]) -> int:
    """Return the line of a key, or of the nearest key above it; read again only for an error."""
    node = yaml.compose(path.read_text(encoding="utf-8"))
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part] if part < len(node.value) else None
            line = node.start_mark.line + 1 if node is not None else line
    return line


def _one_of(known: Mapping[str, Any]) -> str:
    return ", ".join(sorted(known))
