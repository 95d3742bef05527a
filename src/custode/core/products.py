"""The catalog of products: what is wanted, and what an installer's exit codes mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

_ProductId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
_Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Version = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+){0,3}$")]
_Guid = Annotated[
    str, StringConstraints(pattern=r"^\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}$")
]
_FileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*\.(msi|exe|zip)$")
]
_ProgramFolder = Annotated[
    str,
    StringConstraints(
        pattern=r"^%Program(Files|Files\(x86\)|Data)%(\\[A-Za-z0-9][A-Za-z0-9 _-]*)+$"
    ),
]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(_Model):
    """Things that are all there when the product is whole.

    Attributes:
        files: Full paths; may begin with %ProgramFiles%, %ProgramFiles(x86)% or %ProgramData%.
        services: Key names of services.
    """

    files: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


class Detection(_Model):
    """How a product is recognised on a PC.

    Attributes:
        display_name: Regular expression for the name in the list of installed programs,
            case-insensitive.
        evidence: Sets of evidence; one complete set proves that the product is whole.
    """

    display_name: str
    evidence: tuple[Evidence, ...] = Field(min_length=1)

    @field_validator("display_name")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            message = f"is no regular expression: {error}"
            raise ValueError(message) from error
        return value


class Leftovers(_Model):
    """What may be taken away of a product that Windows no longer lists.

    Nothing in it may be the client's: no folder of settings that a person made, none of documents.

    Attributes:
        folders: Folders of the product alone, below %ProgramFiles%, %ProgramFiles(x86)% or
            %ProgramData%.
        services: Key names of services.
    """

    folders: tuple[_ProgramFolder, ...] = ()
    services: tuple[str, ...] = ()


class Installer(_Model):
    """The technician's own copy of the installer, and how it is run.

    Attributes:
        kind: `msi`, `exe`, or `zip` for a tool that is not installed but unpacked and run.
        file: Name of the file in the technician's cache.
        sha256: Its sum, lower case; None until the technician has filled it in.
        source: Where to get the file, in words or as an address.
        attended: Whether only a person can install it.
        product_code: MSI product code of exactly this version.
        upgrade_code: MSI code that all versions share.
        arguments: Always given to the installer.
        remove_arguments: What makes the maker's own uninstaller quiet, where Windows lists one
            (an MSI is removed by its code); empty when it cannot be quiet.
        success_codes: Exit codes that mean done.
        reboot_codes: Exit codes that mean done after a reboot.
        busy_codes: Exit codes that mean try again later.
        meanings: The maker's own meaning of exit codes, in words.
        timeout_seconds: How long it may run, in seconds; then it is ended on the PC.
        settings: Lines of the settings that a tool which is unpacked is run with.
    """

    kind: Literal["msi", "exe", "zip"]
    file: _FileName
    sha256: _Sha256 | None
    source: str
    attended: bool = False
    product_code: _Guid | None = None
    upgrade_code: _Guid | None = None
    arguments: tuple[str, ...] = ()
    remove_arguments: tuple[str, ...] = ()
    success_codes: tuple[int, ...] = (0,)
    reboot_codes: tuple[int, ...] = (3010, 1641)
    busy_codes: tuple[int, ...] = (1618,)
    meanings: Mapping[int, str] = Field(default_factory=dict)
    timeout_seconds: int = Field(default=1800, ge=1, le=4 * 3600)
    settings: tuple[str, ...] = ()


class Product(_Model):
    """One entry of the catalog.

    Attributes:
        id: The entry's name, equal to its file's.
        title: The product's name for people.
        vendor: Who makes it.
        version: The pinned version, which is installed where none of the allowed ones is; or the
            oldest that will do.
        accepts: `exact`: this version is allowed, and those of `also_allowed`; `minimum`: this
            version or any newer one is.
        also_allowed: More versions that are left as they are where they are found. A version that
            names fewer parts stands for all that begin with it.
        architecture: Which Windows the installer is made for: `x64`, or `x86` for both.
        signers: Names on the Authenticode signatures that the installer may bear.
        installer: The file and how it is run.
        detect: How the product is recognised.
        leftovers: What may be taken away once it is not listed any more.
    """

    id: _ProductId
    title: str
    vendor: str
    version: _Version
    accepts: Literal["exact", "minimum"] = "exact"
    also_allowed: tuple[_Version, ...] = ()
    architecture: Literal["x86", "x64"] = "x64"
    signers: tuple[_Name, ...] = Field(min_length=1)
    installer: Installer
    detect: Detection
    leftovers: Leftovers = Leftovers()

    @field_validator("also_allowed")
    @classmethod
    def _beside_a_pin(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("accepts") == "minimum":
            message = "has no place beside `accepts: minimum`, which allows every newer version"
            raise ValueError(message)
        return value


class Meaning(StrEnum):
    """What an installer's exit code means for what is done next."""

    SUCCESS = "success"
    REBOOT = "reboot_required"
    BUSY = "busy"
    FAILURE = "failure"


@dataclass(frozen=True)
class Outcome:
    """An exit code with its meaning and words."""

    exit_code: int
    meaning: Meaning
    words: str


# Windows Installer's error codes that an unattended installation meets.
_MSI_WORDS: Mapping[int, str] = {
    0: "done",
    1601: "the Windows Installer service could not be used",
    1602: "somebody cancelled it",
    1603: "a fatal error during installation",
    1605: "the product is not installed",
    1612: "the source of the installed version is gone",
    1614: "the product is already uninstalled",
    1618: "another installation is in progress",
    1619: "the package could not be opened",
    1620: "the file is no valid Windows Installer package",
    1625: "a policy of this PC forbids it",
    1633: "the package is for another processor",
    1638: "another version of the product is already installed",
    1641: "done, and the installer began a restart",
    3010: "done, effective after a restart",
}
_GONE_CODES = (1605, 1614)


def outcome(product: Product, exit_code: int, *, removing: bool = False) -> Outcome:
    """Return what an exit code of this product's installer, or of its removal, means."""
    installer = product.installer
    if exit_code in installer.success_codes or (removing and exit_code in _GONE_CODES):
        meaning = Meaning.SUCCESS
    elif exit_code in installer.reboot_codes:
        meaning = Meaning.REBOOT
    elif exit_code in installer.busy_codes:
        meaning = Meaning.BUSY
    else:
        meaning = Meaning.FAILURE
    words = installer.meanings.get(exit_code)
    if words is None and (installer.kind == "msi" or meaning is not Meaning.FAILURE):
        words = _MSI_WORDS.get(exit_code)
    return Outcome(exit_code, meaning, words or "its maker does not say what this code means")


def good_codes(product: Product) -> tuple[int, ...]:
    """Return the exit codes after which the product is installed."""
    return (*product.installer.success_codes, *product.installer.reboot_codes)


def gone_codes(product: Product) -> tuple[int, ...]:
    """Return the exit codes after which the product is removed."""
    return (*good_codes(product), *_GONE_CODES)
