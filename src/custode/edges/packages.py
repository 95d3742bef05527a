"""What an installer says of itself: an MSI its properties, every one whose signature it bears.

A signature is read here, not proven: the PC that is to run the file proves it.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from custode.core.errors import UsageError

_SIGNATURE_STREAM = "\x05DigitalSignature"
_ARCHITECTURES: Mapping[str, Literal["x86", "x64"]] = {"": "x86", "intel": "x86", "x64": "x64"}
# Where a program's headers say what lies where.
_PE_OFFSET_AT, _OPTIONAL_AT = 0x3C, 24
_PE32_PLUS, _DIRECTORIES_AT = 0x20B, {0x10B: 96, 0x20B: 112}
# A portable tool's program has some 50 MB.
_PROGRAM_BYTES = 500_000_000
_SECURITY_ENTRY, _ENTRY_BYTES, _CERTIFICATE_HEADER_BYTES = 4, 8, 8


@dataclass(frozen=True)
class Package:
    """What a file says of itself; None where it does not.

    Attributes:
        kind: `msi`, `exe`, or `zip`.
        signer: Name on the signature it bears, unproven. Of a zip: on that of every program in it.
        version: Of an MSI: its ProductVersion.
        name: Of an MSI: its ProductName.
        manufacturer: Of an MSI: its Manufacturer.
        product_code: Of an MSI: what tells exactly this version.
        upgrade_code: Of an MSI: what all its versions share.
        architecture: Of an MSI: x86 or x64.
    """

    kind: Literal["msi", "exe", "zip"]
    signer: str | None
    version: str | None = None
    name: str | None = None
    manufacturer: str | None = None
    product_code: str | None = None
    upgrade_code: str | None = None
    architecture: Literal["x86", "x64"] | None = None


def read_package(path: Path) -> Package:
    """Return what an installer says of itself.

    Raises:
        UsageError: There is no such file, or it is no MSI, no program for Windows, and no zip of programs.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    if path.suffix.lower() == ".msi":
        return _read_msi(path)
    if path.suffix.lower() == ".exe":
        return Package("exe", _signer(_signature_of_program(path.read_bytes(), str(path))))
    if path.suffix.lower() == ".zip":
        return _read_zip(path)
    raise UsageError(
        f"{path} is no installer", hint="name a file that ends with .msi, .exe or .zip"
    )


def _read_msi(path: Path) -> Package:
    from pymsi.package import Package as Database  # noqa: PLC0415 - only this command pays

    try:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            package: Any = Database(content, strict=False)
            rows = package["Property"].rows
            properties = {str(row["Property"]): row["Value"] for row in rows}
            architecture = _ARCHITECTURES.get(str(package.summary.arch() or "").lower())
            signed = package.ole.exists([_SIGNATURE_STREAM])
            signature = package.ole.openstream([_SIGNATURE_STREAM]).read() if signed else b""
    except Exception as error:  # the library tells what is wrong with a file in many ways
        raise UsageError(
            f"{path} is no Windows Installer package", hint="download it again; it may be cut short"
        ) from error
    return Package(
        kind="msi",
        signer=_signer(signature),
        version=_text(properties, "ProductVersion"),
        name=_text(properties, "ProductName"),
        manufacturer=_text(properties, "Manufacturer"),
        product_code=_code(properties, "ProductCode"),
        upgrade_code=_code(properties, "UpgradeCode"),
        architecture=architecture,
    )


def _read_zip(path: Path) -> Package:
    signers: set[str | None] = set()
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.filename.lower().endswith(".exe"):
                    continue
                if entry.file_size > _PROGRAM_BYTES:
                    raise UsageError(f"{entry.filename} in {path} is too large for a tool")
                data = archive.read(entry)
                signers.add(_signer(_signature_of_program(data, f"{entry.filename} in {path}")))
    # A password, and a compression that nobody knows, are a RuntimeError to the library.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise UsageError(f"{path} is no zip that can be read", hint="download it again") from error
    if not signers:
        raise UsageError(f"{path} holds no program for Windows", hint="download it again")
    return Package("zip", signers.pop() if len(signers) == 1 else None)


def _text(properties: Mapping[str, Any], name: str) -> str | None:
    value = properties.get(name)
    return None if value is None else str(value)


def _code(properties: Mapping[str, Any], name: str) -> str | None:
    value = _text(properties, name)
    return None if value is None else value.upper()


def _signature_of_program(data: bytes, name: str) -> bytes:
    """Return the signature that a program's headers point to; empty when they point to none."""
    try:
        start = struct.unpack_from("<I", data, _PE_OFFSET_AT)[0]
        if data[:2] != b"MZ" or data[start : start + 4] != b"PE\0\0":
            raise UsageError(f"{name} is no program for Windows", hint="download it again")
        optional = start + _OPTIONAL_AT
        magic = struct.unpack_from("<H", data, optional)[0]
        entry = optional + _DIRECTORIES_AT[magic] + _SECURITY_ENTRY * _ENTRY_BYTES
        offset, size = struct.unpack_from("<II", data, entry)
    except (struct.error, KeyError) as error:
        raise UsageError(f"{name} is no program for Windows", hint="download it again") from error
    return data[offset + _CERTIFICATE_HEADER_BYTES : offset + size] if size else b""


def _signer(signature: bytes) -> str | None:
    """Return the common name of who signed: of the certificates, the one that none other is under."""
    from cryptography.hazmat.primitives.serialization import pkcs7  # noqa: PLC0415
    from cryptography.x509 import ExtendedKeyUsage, ExtensionNotFound  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    if not signature:
        return None
    try:
        certificates = pkcs7.load_der_pkcs7_certificates(_unpadded(signature))
    except (ValueError, IndexError):
        return None
    issuers = {item.issuer for item in certificates if item.issuer != item.subject}
    for item in certificates:
        try:
            usage = item.extensions.get_extension_for_class(ExtendedKeyUsage).value
        except (ExtensionNotFound, ValueError):  # authorities have none, some are malformed
            continue
        names = item.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if ExtendedKeyUsageOID.CODE_SIGNING in usage and item.subject not in issuers and names:
            return str(names[0].value)
    return None


def _unpadded(der: bytes) -> bytes:
    """Return a value in DER without what pads it to a multiple of eight bytes."""
    length, lengths = der[1], der[1] & 0x7F
    if length == lengths:
        return der[: 2 + length]
    return der[: 2 + lengths + int.from_bytes(der[2 : 2 + lengths], "big")]
