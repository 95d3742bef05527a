"""Machines as folders of YAML: read, merged with their bases, checked, and made into hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
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
