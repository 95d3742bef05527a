"""The assistance contract as data: who, which PCs, which services, when, with what grace.

The signed document stays on paper; this is what of it a machine can keep and prove.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from custode.core.antivirus_products import ANTIVIRUS

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Days = Annotated[int, Field(ge=1, le=366)]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
# Every month has a 28th; a rule that asks for the 29th to 31st skips months without a word.
_SAFE_DAYS = frozenset({*range(1, 29), -1})
_MAX_WAIT_DAYS = 31


def _matching(pattern: str, words: str) -> tuple[AfterValidator, Any]:
    """Return a check whose error says in words what its pattern allows."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(words)
        return text

    return AfterValidator(check), Field(json_schema_extra={"pattern": f"^{pattern}$"})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("an IANA time zone such as Europe/Rome") from error
    return name


def _antivirus(name: str) -> str:
    if name not in ANTIVIRUS:
        raise ValueError(" or ".join(ANTIVIRUS))
    return name


def _clock(value: Any) -> Any:
    # YAML 1.1 reads 09:30 as the number 570: the file must quote it.
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError('a quoted time of day such as "09:30"')
    return time.fromisoformat(value)


def _monthly(rule: str) -> str:
    try:
        parsed: Any = rrulestr(rule, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 - only its parts
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            "a recurrence rule (RFC 5545) such as FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2"
        ) from error
    parts = {key.upper() for key in re.findall(r"([A-Za-z]+)=", rule)}
    if "FREQ=MONTHLY" not in rule.upper() or parts & {"COUNT", "UNTIL", "DTSTART"}:
        raise ValueError("a rule with FREQ=MONTHLY and no end of its own; dates are the contract's")
    days = getattr(parsed, "_bymonthday", ()) + getattr(parsed, "_bynmonthday", ())
    if "BYMONTHDAY" in parts and not set(days) & _SAFE_DAYS:
        raise ValueError("BYMONTHDAY from 1 to 28, or -1 for the last day; others skip months")
    return rule


def threshold_value(value: Any) -> Any:
    """Check a threshold's value: a number, not below zero.

    Raises:
        ValueError: It is anything else; the text says what is allowed.
    """
    # YAML reads `yes` as true, and true is a number to Python.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError("a number, 0 or more")
    return value


ClientId = Annotated[
    str, *_matching(r"[a-z][a-z0-9_]{0,62}", "a lower-case word of letters, digits and _")
]
DeviceName = Annotated[
    str,
    *_matching(
        r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", "a host name: letters, digits and hyphens"
    ),
]
Email = Annotated[str, *_matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")]
Version = Annotated[str, *_matching(r"\d+(\.\d+){0,3}", 'a version such as "6.0.3", quoted')]
HttpsAddress = Annotated[
    str, *_matching(r"https://[^\s/]+(/\S*)?", "an address that begins with https://")
]
Zone = Annotated[str, AfterValidator(_zone)]
AntivirusId = Annotated[
    str,
    AfterValidator(_antivirus),
    Field(json_schema_extra={"enum": list(ANTIVIRUS)}),
]
TimeOfDay = Annotated[time, BeforeValidator(_clock)]
MonthlyRule = Annotated[str, AfterValidator(_monthly)]
ThresholdName = Annotated[
    str, *_matching(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "the name of a threshold, lower case")
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Language(StrEnum):
    """Languages of the reports."""

    ITALIAN = "it"
    ENGLISH = "en"


class DeviceKind(StrEnum):
    """What a covered device is; it decides which rules apply."""

    DESKTOP = "desktop"
    NOTEBOOK = "notebook"
    MINI_PC = "mini_pc"
    SERVER = "server"
    VIRTUAL_MACHINE = "virtual_machine"
    LOANER = "loaner"
    MOBILE = "mobile"


class Contact(_Part):
    """A person to speak with about the contract."""

    name: Text
    """Name as the reports may print it."""
    role: Text
    """What the person decides, such as `owner` or `office manager`."""
    email: Email
    """Address for notices."""
    phone: Text | None = None
    """Telephone number, written as it is dialled."""


class ClientParty(_Part):
    """The client who signed."""

    id: ClientId
    """Short name; the same as the inventory's folder."""
    name: Text
    """Name as signed."""
    language: Language = Language.ITALIAN
    """Language of the reports the client reads first."""
    timezone: Zone = "Europe/Rome"
    """IANA time zone of the client's office."""
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    """Whom to speak with; at least one."""


class ProviderParty(_Part):
    """The company that gives the assistance."""

    name: Text
    """Name as signed."""
    email: Email | None = None
    """Address for the client's requests."""
    phone: Text | None = None
    """Telephone number for the client's requests."""


class Package(_Part):
    """What the client bought."""

    name: Text
    """Name of the package."""
    description: Text | None = None
    """One sentence for the reports."""


class Device(_Part):
    """One covered device: a PC, a loaner, or a mobile device with a copy of the data."""

    kind: DeviceKind
    """What it is."""
    description: Text | None = None
    """How people call it; never a person's name."""
    covered: bool = True
    """Whether the contract covers it now."""
    owncloud_copy: bool = False
    """Whether it may hold a live copy of the data; mobile devices must say so."""

    @property
    def managed(self) -> bool:
        """Return whether it is a PC that playbooks visit; mobile devices are only listed."""
        return self.kind is not DeviceKind.MOBILE


class Antivirus(_Part):
    """The antivirus that the contract needs to stay valid."""

    product: AntivirusId = "norton"
    """The product of the contract."""
    accept: Annotated[tuple[AntivirusId, ...], Field(min_length=1)] = ("norton",)
    """Products that satisfy the contract when one of them is seen working, the most wanted first."""

    @model_validator(mode="after")
    def _accepts_its_own(self) -> Self:
        if self.product not in self.accept:
            raise ValueError(f"an `accept` that holds the product itself, {self.product}")
        return self


class Backup(_Part):
    """The backup that the contract needs to stay valid."""

    product: Literal["owncloud"] = "owncloud"
    """The product of the contract."""
    version: Version = "6.0.3"
    """Client version that the server needs; a client of another major version may lose it."""
    server_url: HttpsAddress
    """Address of the ownCloud server, over HTTPS."""


class RemoteSupport(_Part):
    """The way in for first-level assistance."""

    product: Literal["teamviewer"] = "teamviewer"
    """The product of the contract."""
    assigned: bool = False
    """Whether every PC must belong to the provider's TeamViewer account."""


class Services(_Part):
    """What runs on every covered PC."""

    antivirus: Antivirus = Antivirus()
    """Antivirus."""
    backup: Backup
    """Data sync and backup."""
    remote_support: RemoteSupport = RemoteSupport()
    """Remote support."""


class Cleanup(_Part):
    """The temporary clean-up tool."""

    tool: Literal["windows", "ccleaner"] = "windows"
    """What cleans: Windows' own means, or CCleaner."""
    keep: bool = False
    """Whether the client wants the tool to stay installed."""


class HandBack(_Part):
    """The end of the contract, PC by PC."""

    keep: tuple[Literal["norton", "owncloud", "teamviewer"], ...] = ("norton",)
    """Programs that we installed and the client keeps. Of the backup only the program could go,
    never its data."""


class Window(_Part):
    """Hours in which PCs may be visited, in the client's time zone."""

    start: TimeOfDay
    """First minute, quoted, such as "09:00"."""
    end: TimeOfDay
    """Minute by which the visit is over."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start >= self.end:
            raise ValueError("a start before the end, on the same day")
        return self


class Slot(_Part):
    """A second chance for PCs that were off."""

    after_days: Annotated[int, Field(ge=1, le=_MAX_WAIT_DAYS)]
    """Days after the missed visit."""
    window: Window
    """Hours on that day."""


class Monitoring(_Part):
    """The calendar of the monthly visits."""

    rule: MonthlyRule = "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2"
    """When, as an RFC 5545 recurrence rule."""
    window: Window
    """Hours in which PCs may be visited."""
    blackout: tuple[date, ...] = ()
    """Days without visits."""
    fallback_slots: tuple[Slot, ...] = ()
    """When to try again, in order."""


class ServiceLevels(_Part):
    """Promised times."""

    loaner_after_hours: Annotated[int, Field(ge=1, le=720)] = 48
    """Repair time in hours beyond which a loaner PC with the client's data is due."""


class Grace(_Part):
    """How long something may be wrong before the contract is suspended for that PC."""

    antivirus_days: Days = 7
    """Days from the first look that saw the antivirus missing or not working."""
    backup_days: Days = 14
    """Days from the first look that saw the backup missing or not working."""
    unseen_days: Days = 45
    """Days after which the last look no longer proves anything."""


class ThresholdSetting(_Part):
    """A threshold that this contract sets by itself."""

    value: Annotated[int | float, BeforeValidator(threshold_value)]
    """The number that holds for all of its PCs."""
    reason: Text
    """Why; printed in the reports."""


class Contract(_Part):
    """One client's contract."""

    client: ClientParty
    """The client."""
    provider: ProviderParty
    """The company that gives the assistance."""
    signed_on: date
    """Day of the signature."""
    starts_on: date
    """First day of the contract."""
    ends_on: date | None = None
    """Last day of the contract; left out while it renews itself."""
    simulated: bool = False
    """True for invented clients whose PCs are simulated: the clock may be set, nothing is real."""
    package: Package
    """What the client bought."""
    devices: Annotated[Mapping[DeviceName, Device], Field(min_length=1)]
    """Covered devices by name; a PC's name is its name in hosts.yml."""
    services: Services
    """What runs on every covered PC."""
    cleanup: Cleanup = Cleanup()
    """The temporary clean-up tool."""
    hand_back: HandBack = HandBack()
    """What stays when a PC is handed back."""
    monitoring: Monitoring
    """The calendar of the monthly visits."""
    service_levels: ServiceLevels = ServiceLevels()
    """Promised times."""
    grace: Grace = Grace()
    """Grace periods."""
    thresholds: Mapping[ThresholdName, ThresholdSetting] = Field(default_factory=dict)
    """What the rules compare with, where it is not the usual: see policies/baselines/."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_on < self.signed_on:
            raise ValueError("`starts_on` on or after `signed_on`")
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError("`ends_on` on or after `starts_on`")
        return self

    @model_validator(mode="after")
    def _mobiles_hold_copies(self) -> Self:
        for name, device in self.devices.items():
            if device.kind is DeviceKind.MOBILE and not device.owncloud_copy:
                raise ValueError(
                    f"`owncloud_copy: true` for the mobile device {name}, or leave it out: "
                    "a mobile device is covered for the copy it holds"
                )
        return self

    @property
    def managed_devices(self) -> tuple[str, ...]:
        """Return the names of the covered PCs, in order."""
        return tuple(
            sorted(
                name for name, device in self.devices.items() if device.managed and device.covered
            )
        )

    def view(self) -> dict[str, Any]:
        """Return plain JSON data: what rules see, and what the store keeps."""
        return self.model_dump(mode="json")


def contract_schema() -> dict[str, Any]:
    """Return the JSON Schema of `contract.yml`, for editors that complete and check."""
    schema = Contract.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
