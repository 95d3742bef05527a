"""Which machine answered: recorded at onboarding, compared before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from custode.core.observation import Facts

IDENTITY_PROBES = ("computer_system_product", "machine_guid")
"""The probes an identity is read from; every audit plans them."""

# What firmware answers when nobody filled the field in (Win32_BIOS, Win32_ComputerSystemProduct).
_BLANK_SERIALS = frozenset(
    {"", "0", "none", "default string", "system serial number", "to be filled by o.e.m.", "n/a"}
)


class Match(StrEnum):
    """The answer to "is this the PC we think it is?"."""

    NEW = "new"
    SAME = "same"
    DIFFERENT = "different"
    UNPROVEN = "unproven"


@dataclass(frozen=True)
class Identity:
    """What tells one PC from another.

    Attributes:
        uuid: Digest of the SMBIOS UUID, or None when the firmware gives none.
        serial: Serial number as printed on the case, or None when nobody filled it in.
        machine_guid: Digest of the Windows installation's own id, or None.
    """

    uuid: str | None
    serial: str | None
    machine_guid: str | None

    @classmethod
    def from_facts(cls, facts: Facts) -> Identity:
        """Read the identity from the rows of `IDENTITY_PROBES`; what is not there is None."""
        return cls(
            uuid=_column(facts, "computer_system_product", "UUID"),
            serial=_serial(_column(facts, "computer_system_product", "IdentifyingNumber")),
            machine_guid=_column(facts, "machine_guid", "MachineGuid"),
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Identity:
        """Read what `to_json` wrote."""
        return cls(data.get("uuid"), data.get("serial"), data.get("machine_guid"))

    def to_json(self) -> dict[str, str | None]:
        """Return plain data for the journal and the store."""
        return {"uuid": self.uuid, "serial": self.serial, "machine_guid": self.machine_guid}


def compare(recorded: Identity | None, found: Identity) -> Match:
    """Tell whether `found` is the machine that was `recorded`.

    The hardware decides: a Windows that was installed anew keeps its UUID and serial, while a
    cloned disk in another case carries the same machine GUID. The GUID speaks only where the
    firmware is silent on both sides.
    """
    if recorded is None:
        known = found.uuid or found.serial or found.machine_guid
        return Match.NEW if known else Match.UNPROVEN
    pairs = [(recorded.uuid, found.uuid), (recorded.serial, found.serial)]
    hardware = [(old, new) for old, new in pairs if old is not None and new is not None]
    if hardware:
        return Match.SAME if all(old == new for old, new in hardware) else Match.DIFFERENT
    if recorded.machine_guid is None or found.machine_guid is None:
        return Match.UNPROVEN
    return Match.SAME if recorded.machine_guid == found.machine_guid else Match.DIFFERENT


def _column(facts: Facts, probe_id: str, name: str) -> str | None:
    result = facts.get(probe_id)
    if result is None or not result.rows:
        return None
    value = result.rows[0].get(name)
    return str(value) if value else None


def _serial(text: str | None) -> str | None:
    if text is None or text.strip().lower() in _BLANK_SERIALS:
        return None
    return text.strip()
