"""Fleets of any size, drawn from distributions: the same seed gives the same bytes.

Every PC is drawn by itself, from the seed and its own number: the first hundred of a thousand are
those of a fleet of a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from winsim.distributions import (
    COUNTING,
    FIRST,
    IDLE,
    LANGUAGES,
    LAST,
    MODELS,
    NAMELESS,
    SATA,
    SERVER_MODELS,
    SERVER_WINDOWS,
    SERVERS,
    TROUBLES,
    WINDOWS,
    Weighted,
)
from winsim.errors import WinsimError
from winsim.host import Host
from winsim.model.cim import CIMV2
from winsim.profiles import make_host
from winsim.profiles.merging import completed
from winsim.profiles.reading import read
from winsim.profiles.schema import check_machine, check_spec
from winsim.profiles.writing import yaml_text

_T = TypeVar("_T")

LARGEST_FLEET = 65534

_PROFILES = Path(str(files("winsim.profiles")))
_INSTALLERS = _PROFILES / "clinic" / "installers"
_STORAGE = "root/Microsoft/Windows/Storage"
_CURRENT = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_CRYPTOGRAPHY = r"HKLM\SOFTWARE\Microsoft\Cryptography"
_TEAMVIEWER = r"HKLM\SOFTWARE\TeamViewer"
_COMMENT = "Drawn by `winsim generate`; every value is invented."
_LEAKS = "Invented names that may stand in no journal, log, store or report."
_SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Drawn:
    """One PC as it was drawn: its folder's name, its description, what may not leak of it."""

    name: str
    number: int
    machine: Mapping[str, Any]
    canaries: Sequence[str]


def draw(count: int, *, seed: int) -> Iterator[Drawn]:
    """Yield so many PCs.

    Args:
        count: From 1 to 65534.
        seed: Any whole number; another seed gives another fleet.

    Raises:
        WinsimError: Nobody can have so many.
    """
    if not 1 <= count <= LARGEST_FLEET:
        raise WinsimError(f"a fleet of {count} PCs cannot be; 1 to {LARGEST_FLEET} can")
    return (_drawn(number, Random(f"{seed}/{number}")) for number in range(1, count + 1))  # noqa: S311 - no secrets


def generated_hosts(count: int, *, seed: int) -> list[Host]:
    """Return the hosts of such a fleet without writing a file.

    What they have in common they share, so that thousands fit into memory.

    Raises:
        WinsimError: Nobody can have so many.
    """
    specs = {path.stem: read(path, check_spec) for path in sorted(_INSTALLERS.glob("*.yml"))}
    hosts = []
    for drawn in draw(count, seed=seed):
        path = Path(drawn.name) / "machine.yml"
        machine = completed(drawn.machine, path)
        hosts.append(make_host(machine, path, octet=drawn.number, specs=specs))
    return hosts


def write_fleet(folder: Path, count: int, *, seed: int) -> None:
    """Write such a fleet as a profile set.

    Raises:
        WinsimError: The folder has something in it, cannot be written, or nobody can have so many.
    """
    fleet = draw(count, seed=seed)
    try:
        if folder.exists() and any(folder.iterdir()):
            raise WinsimError(f"{folder} has something in it; name a folder that is not there yet")
        (folder / "installers").mkdir(parents=True)
        for path in sorted(_INSTALLERS.glob("*.yml")):
            (folder / "installers" / path.name).write_bytes(path.read_bytes())
        numbers = {}
        for drawn in fleet:
            place = folder / drawn.name
            place.mkdir()
            _write(place / "machine.yml", yaml_text(drawn.machine, comment=_COMMENT))
            _write(place / "must_not_leak.yml", yaml_text(drawn.canaries, comment=_LEAKS))
            numbers[drawn.name] = drawn.number
        about = f"{count} PCs drawn by `winsim generate` with the seed {seed}."
        _write(folder / "fleet.yml", yaml_text({"machines": numbers}, comment=about))
    except OSError as error:
        raise WinsimError(f"{error.filename or folder}: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _drawn(number: int, random: Random) -> Drawn:
    server = random.randrange(100) < SERVERS
    windows = _pick(random, SERVER_WINDOWS if server else WINDOWS)
    model = _pick(random, SERVER_MODELS if server else MODELS)
    language = _pick(random, LANGUAGES)
    troubles = [] if server else _troubles(random, model)
    work = [] if server else ["at_work"]
    system, *more = windows
    person = _person(random, number)
    machine: dict[str, Any] = {
        "values": "synthetic",
        "extends": [system, model, *language, *work, *more, *troubles],
        "computer_name": person.computer,
        "users": [{"sid": person.sid, "folder": person.folder}],
        "cim": {
            CIMV2: _hardware(random, person, model, troubles),
            **({_STORAGE: _wear(random, model)} if "disk_worn" not in troubles else {}),
        },
        "registry": {
            _CURRENT: {"RegisteredOwner": person.full_name},
            _CRYPTOGRAPHY: {"MachineGuid": str(person.guid)},
        },
        "files": {
            rf"{person.folder}\Documents\{person.document}": {
                "size": random.randrange(10_000, 900_000),
                "modified": f"now - {random.randrange(1, 900)}h",
            },
        },
    }
    if not machine["cim"].get(_STORAGE, True):
        del machine["cim"][_STORAGE]
    if not server:
        _let_work(machine, random)
    canaries = [person.user, person.sid, person.full_name, str(person.guid), person.document]
    return Drawn(person.name, number, machine, [*canaries, str(person.uuid).upper()])


@dataclass(frozen=True)
class _Person:
    """Whose PC it is, and what tells it from the others."""

    name: str
    computer: str
    user: str
    full_name: str
    sid: str
    guid: UUID
    uuid: UUID
    document: str

    @property
    def folder(self) -> str:
        return rf"C:\Users\{self.user}"


def _person(random: Random, number: int) -> _Person:
    first, last = random.choice(FIRST), random.choice(LAST)
    authority = "-".join(str(random.randrange(10**9, 4 * 10**9)) for _ in range(3))
    # No two of a fleet have the same name.
    return _Person(
        name=f"pc-{number:05d}",
        computer=f"PC-{number:05d}",
        user=f"{first}.{last}{number}",
        full_name=f"{first.capitalize()} {last.capitalize()} {number}",
        sid=f"S-1-5-21-{authority}-1001",
        guid=UUID(int=random.getrandbits(128), version=4),
        uuid=UUID(int=random.getrandbits(128), version=4),
        document=f"Relazione {last} {number}.docx",
    )


def _troubles(random: Random, model: str) -> list[str]:
    found: dict[str, str] = {}
    for trouble in TROUBLES:
        # Drawn for every model, so that one model's rates do not move what others draw.
        hit = random.randrange(1000) < trouble.rate
        if hit and trouble.kind not in found and (model in trouble.models or not trouble.models):
            found[trouble.kind] = trouble.base
    return list(found.values())


def _hardware(
    random: Random, person: _Person, model: str, troubles: Sequence[str]
) -> dict[str, Any]:
    base = _model(model)["cim"][CIMV2]
    product = {"UUID": str(person.uuid).upper()}
    system = base["Win32_OperatingSystem"]["set"]
    visible = int(system["TotalVisibleMemorySize"])
    drawn: dict[str, Any] = {"FreePhysicalMemory": visible * random.randrange(8, 70) // 100}
    if "restart_pending" not in troubles:
        drawn["LastBootUpTime"] = f"now - {random.randrange(1, 700)}h"
    classes: dict[str, Any] = {
        "Win32_OperatingSystem": {"set": drawn},
        "Win32_ComputerSystem": {
            "set": {"Name": person.computer, "UserName": rf"{person.computer}\{person.user}"}
        },
        "Win32_ComputerSystemProduct": {"set": product},
    }
    if "disk_full" not in troubles:
        size = int(base["Win32_LogicalDisk"][0]["Size"])
        free = size // 100 * random.randrange(14, 85)
        classes["Win32_LogicalDisk"] = {"set": {"FreeSpace": free}}
    if model not in NAMELESS:
        product["IdentifyingNumber"] = "".join(random.choices(_SIGNS, k=10))
        classes["Win32_BIOS"] = {"set": {"SerialNumber": product["IdentifyingNumber"]}}
    return classes


def _wear(random: Random, model: str) -> dict[str, Any]:
    """Return how old a disk is; the more hours, the more wear."""
    hours = random.randrange(200, 38_000)
    if model in COUNTING:
        wear = min(75, hours // 900 + random.randrange(6))
        return {"MSFT_StorageReliabilityCounter": {"set": {"Wear": wear, "PowerOnHours": hours}}}
    if model in SATA:
        return {"MSFT_StorageReliabilityCounter": {"set": {"PowerOnHours": hours}}}
    return {}


def _let_work(machine: dict[str, Any], random: Random) -> None:
    """Let somebody work with the contract's programs."""
    idle = random.randrange(1000) < IDLE
    synchronised = (
        f"now - {random.randrange(8, 60)}d" if idle else f"now - {random.randrange(120)}m"
    )
    machine["users"][0]["owncloud"] = {"ran": synchronised}
    machine["registry"][_TEAMVIEWER] = {"ClientID": random.randrange(10**9, 2 * 10**9)}


def _pick(random: Random, table: Weighted[_T]) -> _T:
    return random.choices([item for _, item in table], [weight for weight, _ in table])[0]


@cache
def _model(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = read(_PROFILES / "bases" / f"{name}.yml", check_machine)
    return found
