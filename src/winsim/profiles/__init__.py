"""Machines as folders of YAML: read, merged with their bases, checked, and made into hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

from winsim.host import Host
from winsim.profiles.making import make_host
from winsim.profiles.merging import describe
from winsim.profiles.reading import ProfileError, read, wrong
from winsim.profiles.schema import check_canaries, check_fleet, check_spec

__all__ = ["ProfileError", "load_profiles", "make_host"]


def load_profiles(names: Sequence[str]) -> list[Host]:
    """Return the machines of profile sets, by name.

    Of several sets, a machine whose number an earlier set has is given the next free one.

    Args:
        names: Names of packaged sets, such as `office`, or folders.

    Raises:
        ProfileError: A set is not there, a file of it is wrong, or two sets have machines of the
            same name.
    """
    hosts: dict[str, Host] = {}
    taken: set[int] = set()
    for name in names:
        folder = _folder(name)
        numbers = _numbers(folder / "fleet.yml")
        for machine in numbers:
            if machine in hosts:
                found = f"{machine}, as an earlier set has"
                raise wrong(folder / "fleet.yml", ("machines", machine), found, "a name of its own")
        free = (n for n in count(1) if n not in taken and n not in numbers.values())
        octets = {m: next(free) if n in taken else n for m, n in numbers.items()}
        taken.update(octets.values())
        hosts |= _load_set(folder, octets)
    return [hosts[name] for name in sorted(hosts)]


def _folder(name: str) -> Path:
    packaged = Path(str(files("winsim.profiles"))) / name
    for folder in (Path(name), packaged):
        if (folder / "fleet.yml").is_file():
            return folder
    known = sorted(path.parent.name for path in packaged.parent.glob("*/fleet.yml"))
    raise ProfileError(
        f"there is no profile set {name!r}; give a folder with a fleet.yml, or: {', '.join(known)}"
    )


def _numbers(fleet: Path) -> dict[str, int]:
    """Return the numbers of a set's machines, by name."""
    machines: dict[str, int] = read(fleet, check_fleet)["machines"]
    octets: dict[int, str] = {}
    for name, octet in machines.items():
        if octet in octets:
            found = f"{octet}, as {octets[octet]} has"
            raise wrong(fleet, ("machines", name), found, "a number of its own")
        octets[octet] = name
    return machines


def _load_set(folder: Path, octets: Mapping[str, int]) -> dict[str, Host]:
    installers = sorted((folder / "installers").glob("*.yml"))
    specs = {path.stem: read(path, check_spec) for path in installers}
    return {
        name: _host(folder / name / "machine.yml", octet=octet, specs=specs)
        for name, octet in octets.items()
    }


def _host(path: Path, *, octet: int, specs: Mapping[str, Mapping[str, Any]]) -> Host:
    machine = describe(path)
    canaries = path.parent / "must_not_leak.yml"
    if canaries.is_file():
        read(canaries, check_canaries)
    return make_host(machine, path, octet=octet, specs=specs)
