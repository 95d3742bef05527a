"""An antivirus that is not Windows' own: recognised by its rows, files, services and entries."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from custode.core.antivirus import (
    ENTRIES_PROBE,
    FILES_PROBE,
    SERVICES_PROBE,
    AntivirusLook,
    AntivirusState,
    AntivirusVerdict,
    judge_registered,
)
from custode.core.observation import Row


@dataclass(frozen=True)
class Generation:
    """One way in which a product shows on a PC; generations share nothing but their maker.

    Attributes:
        service: Key name of the service that protects.
        helpers: Key names of its other services; left alone they are leftovers.
        files: Paths that must be there, as a probe of kind `file` takes them.
    """

    service: str
    helpers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class ThirdPartyAntivirus:
    """An antivirus of another maker than Microsoft.

    Attributes:
        id: The word for it in a contract.
        title: Its name for people.
        named: Regular expression for its name, in the Security Center and in the list of programs,
            from the beginning and case-insensitive; editions differ.
        generations: Each way it shows, the newest first.
        has_firewall: Whether it brings a firewall of its own.
        has_subscription: Whether it protects only as long as somebody pays for it.
    """

    id: str
    title: str
    named: str
    generations: tuple[Generation, ...]
    has_firewall: bool = False
    has_subscription: bool = False

    @property
    def services(self) -> tuple[str, ...]:
        """Return the key names of its services, of every generation."""
        return tuple(name for item in self.generations for name in (item.service, *item.helpers))

    @property
    def files(self) -> tuple[str, ...]:
        """Return the paths that are looked for, of every generation."""
        return tuple(path for item in self.generations for path in item.files)

    def is_named(self, name: str) -> bool:
        """Tell whether the Security Center calls it so."""
        return re.match(self.named, name, re.IGNORECASE) is not None

    def judge(self, look: AntivirusLook) -> AntivirusVerdict:
        """Return the verdict on what was read; never raises."""
        verdict = AntivirusVerdict(self.id)
        rows = [r for r in look.registered.rows if self.is_named(str(r.get("displayName") or ""))]
        if why := look.services_trouble:
            return replace(verdict, why=why, trouble=SERVICES_PROBE)
        if any(self._exists(look, path) is None for path in self.files):
            why = "file_unknown" if look.files.error is None else look.files.error.kind
            return replace(verdict, why=why, trouble=FILES_PROBE)
        for item in self.generations:
            service = look.service(item.service)
            if service is not None and all(self._exists(look, path) for path in item.files):
                there = replace(verdict, installed=True)
                return judge_registered(there, look, rows=rows, service=service)
        return self._without_program(verdict, look, rows)

    def _without_program(
        self, verdict: AntivirusVerdict, look: AntivirusLook, rows: list[Row]
    ) -> AntivirusVerdict:
        """Return the verdict where no generation is whole: half, ghost, absent or unknown."""
        files = any(self._exists(look, path) for path in self.files)
        services = any(look.service(name) is not None for name in self.services)
        gone = replace(verdict, installed=files or services, working=False)
        if files or services:
            why = "service_missing" if files else "files_missing"
            return replace(gone, state=AntivirusState.HALF, why=why)
        if rows:
            return replace(gone, state=AntivirusState.GHOST, why="row_without_program")
        if look.entries.error is None and any(
            self.is_named(str(row.get("DisplayName") or "")) for row in look.entries.rows
        ):
            return replace(gone, state=AntivirusState.HALF, why="entry_without_program")
        if look.entries.error is not None:
            # The program is not there, whatever a list of programs would say.
            return replace(gone, why=look.entries.error.kind, trouble=ENTRIES_PROBE)
        return replace(gone, state=AntivirusState.ABSENT)

    @staticmethod
    def _exists(look: AntivirusLook, path: str) -> bool | None:
        """Tell whether a file is there; None when nobody said."""
        wanted = path.casefold()
        row = next((r for r in look.files.rows if str(r.get("path")).casefold() == wanted), {})
        found = row.get("exists")
        return found if isinstance(found, bool) else None
