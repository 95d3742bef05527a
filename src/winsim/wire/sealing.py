"""Sealed bodies: the multipart envelope in which WinRM over HTTP carries encrypted messages.

MS-WSMV 2.2.9.1: a part that names the protocol and the plain length, then a part of octets that
begins with the length of the signature.
"""

from __future__ import annotations

import re
import struct
from typing import Protocol

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
# Some clients say so when Kerberos is all they speak.
_KERBEROS = "application/HTTP-Kerberos-session-encrypted"
_BOUNDARY = b"--Encrypted Boundary"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_LENGTH = re.compile(rb"OriginalContent:[^\r\n]*;Length=(\d+)")


class UnsealError(Exception):
    """The body is not sealed as it should be, or not under this connection's keys."""


class Sealer(Protocol):
    """The part of a security context that seals; pyspnego's contexts have it."""

    def wrap_winrm(self, data: bytes) -> tuple[bytes, bytes, int]:
        """Return signature, sealed data and padding length."""

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """Return the plain data."""


def protocol_of(content_type: str) -> str:
    """Return the protocol of the sealed body that a content type announces; empty for none."""
    if not content_type.lower().startswith("multipart/encrypted"):
        return ""
    return _KERBEROS if _KERBEROS.lower() in content_type.lower() else PROTOCOL


def content_type(protocol: str) -> str:
    """Return the content type of a body sealed under a protocol; clients need these quotes."""
    return f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"'


def unseal(context: Sealer, body: bytes) -> bytes:
    """Return the plain message of a sealed body.

    Raises:
        UnsealError: The envelope is malformed, or the signature does not fit.
    """
    head, found, rest = body.partition(_OCTETS)
    length = _LENGTH.search(head)
    closing = rest.rfind(_BOUNDARY + b"--")
    if not found or length is None or closing < 0:
        raise UnsealError("not a sealed body")
    sealed = rest[:closing]
    if len(sealed) < struct.calcsize("<i"):
        raise UnsealError("no signature")
    size = struct.unpack_from("<i", sealed)[0]
    if not 0 < size <= len(sealed) - 4:
        raise UnsealError("a signature of impossible length")
    try:
        plain = context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
    except Exception as error:  # pyspnego raises many kinds; each means the same here
        raise UnsealError(type(error).__name__) from error
    if len(plain) != int(length[1]):
        raise UnsealError("a message of another length")
    return plain


def seal(context: Sealer, body: bytes, protocol: str = PROTOCOL) -> bytes:
    """Return a body sealed for this connection's client."""
    header, data, _ = context.wrap_winrm(body)
    return b"".join(
        (
            _BOUNDARY,
            b"\r\n\tContent-Type: ",
            protocol.encode(),
            b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=",
            str(len(body)).encode(),
            b"\r\n",
            _BOUNDARY,
            b"\r\n",
            _OCTETS,
            struct.pack("<i", len(header)),
            header,
            data,
            _BOUNDARY,
            b"--\r\n",
        )
    )
