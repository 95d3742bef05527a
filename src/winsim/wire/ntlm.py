"""What an NTLM AUTHENTICATE message tells before it is judged (MS-NLMP 2.2.1.3)."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

_SIGNATURE = b"NTLMSSP\0\x03\0\0\0"
_NT_RESPONSE, _USER_NAME, _FLAGS = 20, 36, 60
_UNICODE = 1
# An NTLMv2 response: the proof of 16 bytes, 28 bytes of header, then pairs of attribute and value.
_PAIRS = 16 + 28
_END, _CHANNEL_BINDINGS = 0, 10


@dataclass(frozen=True)
class Authenticate:
    """The claims of the message.

    Attributes:
        user: The account's name.
        channel_binding: The digest of the TLS channel it was made for; empty when none was sent.
    """

    user: str
    channel_binding: bytes


def find_authenticate(token: bytes) -> Authenticate | None:
    """Return the message in a token, raw or within SPNEGO; None when there is none."""
    start = token.find(_SIGNATURE)
    if start < 0:
        return None
    message = token[start:]
    try:
        name = _field(message, _USER_NAME)
        unicode = struct.unpack_from("<I", message, _FLAGS)[0] & _UNICODE
        user = name.decode("utf-16-le" if unicode else "latin-1")
        return Authenticate(user, _channel_binding(_field(message, _NT_RESPONSE)))
    except (struct.error, UnicodeDecodeError):
        return None


def channel_binding(certificate: bytes) -> bytes:
    """Return the digest that NTLM carries for a TLS channel with a server's certificate (DER).

    RFC 5929 `tls-server-end-point`, within an otherwise empty structure of channel bindings; the
    certificates of this package are signed with SHA-256.
    """
    data = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
    packed = struct.pack("<IIII", 0, 0, 0, 0) + struct.pack("<I", len(data)) + data
    return hashlib.md5(packed, usedforsecurity=False).digest()


def _field(message: bytes, at: int) -> bytes:
    length, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset : offset + length]


def _channel_binding(response: bytes) -> bytes:
    at = _PAIRS
    while at + 4 <= len(response):
        kind, length = struct.unpack_from("<HH", response, at)
        if kind == _END:
            break
        value = response[at + 4 : at + 4 + length]
        if kind == _CHANNEL_BINDINGS and any(value):
            return value
        at += 4 + length
    return b""
