"""Certificates of the simulated PCs and their clients, from one authority kept between runs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_TAG = 0x0C
_SHORT_FORM = 128
_DAYS = 365


@dataclass(frozen=True)
class ServerIdentity:
    """What a PC shows over TLS: the context, and its certificate (DER)."""

    context: ssl.SSLContext
    certificate: bytes


class Authority:
    """The authority of a fleet; `ca.pem` is what a controller has to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "ca.pem"
        key = folder / "ca.key"
        if self.path.is_file() and key.is_file():
            self._ca = trustme.CA.from_pem(self.path.read_bytes(), key.read_bytes())
        else:
            self._ca = trustme.CA(organization_name="winsim")
            self._ca.cert_pem.write_to_path(self.path)
            key.touch(mode=0o600)
            self._ca.private_key_pem.write_to_path(key)

    def server(self, *names: str, expired: bool = False) -> ServerIdentity:
        """Return a TLS identity whose certificate carries these names and addresses.

        A client may show a certificate of the same authority; it need not.
        """
        now = datetime.now(UTC)
        issued = (
            self._ca.issue_cert(
                *names,
                not_before=now - timedelta(days=_DAYS),
                not_after=now - timedelta(days=1),
            )
            if expired
            else self._ca.issue_cert(*names)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        self._ca.configure_trust(context)
        return ServerIdentity(
            context, ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
        )

    def write_client(self, upn: str, folder: Path, *, days: int = _DAYS) -> tuple[Path, Path]:
        """Write the certificate and the key by which a user is known, and return both files.

        Args:
            upn: The user principal name, such as `alice@localhost`.
            folder: Where `UPN.pem` and `UPN.key` are written.
            days: For how long it is good; a negative number gives one that has expired.
        """
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        authority = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        now = datetime.now(UTC)
        good = sorted([now - timedelta(minutes=5), now + timedelta(days=days)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, upn)]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(good[0])
            .not_valid_after(good[1])
            .add_extension(
                x509.SubjectAlternativeName([x509.OtherName(_UPN, _utf8(upn))]), critical=False
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        )
        signer = load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        certificate = builder.sign(signer, hashes.SHA256())  # type: ignore[arg-type]
        files = folder / f"{upn}.pem", folder / f"{upn}.key"
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        files[1].touch(mode=0o600)
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files


def _utf8(text: str) -> bytes:
    """Return a text as DER's UTF8String."""
    data = text.encode()
    if len(data) >= _SHORT_FORM:
        raise ValueError("a user principal name of more than 127 bytes")
    return bytes([_UTF8_TAG, len(data)]) + data
