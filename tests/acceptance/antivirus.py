"""Which antivirus programs a contract accepts, and which of them a PC has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.acceptance.judging import unknown
from tests.acceptance.looking import DEFENDER, DEFENDER_SERVICE, AntivirusRow, Pc

# The same on every Windows, whatever the product is called there.
DEFENDER_GUID = "{D68DDC3A-831F-4FAE-9E44-DA132C1ACF46}"


@dataclass(frozen=True)
class Antivirus:
    """One antivirus.

    Attributes:
        title: Its name for people.
        known_by: How the Security Center names it: its number there, or a regular expression for
            its name.
        services: Its services by name, each with the files that must be there; where none is
            named, it is the program that the service runs.
        own: Whether it is Windows' own, whose program nobody installs or removes.
    """

    title: str
    known_by: str
    services: dict[str, tuple[str, ...]]
    own: bool = False

    def present(self, pc: Pc) -> dict[str, tuple[str, ...]]:
        """Return those of its services whose program is there as well."""
        return {
            name: files
            for name, files in self.services.items()
            if pc.service(name) is not None and self._whole(pc, name, files)
        }

    def runs(self, pc: Pc) -> bool:
        """Tell whether one of these services runs."""
        return any((pc.service(name) or {}).get("state") == "started" for name in self.present(pc))

    def is_in(self, row: AntivirusRow) -> bool:
        """Tell whether a row of the Security Center is about it."""
        if self.known_by.startswith("{"):
            return self.known_by.casefold() == row.guid.casefold()
        return re.search(self.known_by, row.name, re.IGNORECASE) is not None

    def parts(self, pc: Pc) -> list[str]:
        """Return what is there of it without the rest, in words."""
        return [
            f"{name} without its program"
            for name in self.services
            if pc.service(name) is not None and name not in self.present(pc)
        ]

    def _whole(self, pc: Pc, name: str, files: tuple[str, ...]) -> bool:
        if self.own:
            return True
        if not files:
            return pc.has_program(_program(pc, name))
        return all(pc.file_version(path) is not None for path in files)


def accepted(pc: Pc) -> list[Antivirus]:
    """Return the antivirus programs that the contract accepts, in its order."""
    found = []
    for product_id in pc.contract.services.antivirus.accept:
        if product_id == DEFENDER:
            services: dict[str, tuple[str, ...]] = {DEFENDER_SERVICE: ()}
            found.append(Antivirus("Microsoft Defender", DEFENDER_GUID, services, own=True))
            continue
        product = pc.product(product_id)
        services = {name: e.files for e in product.detect.evidence for name in e.services}
        found.append(Antivirus(product.title, product.detect.display_name, services))
    return found


def in_force(pc: Pc) -> Antivirus | None:
    """Return the accepted antivirus that counts, or None: one that runs before one that does not."""
    there = [antivirus for antivirus in accepted(pc) if antivirus.present(pc)]
    return next((antivirus for antivirus in there if antivirus.runs(pc)), next(iter(there), None))


def _program(pc: Pc, name: str) -> str:
    service = pc.service(name)
    found = re.match(r'"?(.+?[.]exe)', str((service or {}).get("path") or ""), re.IGNORECASE)
    if found is None:
        unknown(found=f"Windows does not say which program the service {name} runs")
    return found[1]
