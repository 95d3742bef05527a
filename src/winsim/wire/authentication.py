"""Who is speaking: Basic, certificates, NTLM and Kerberos; one state for each TCP connection."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import spnego

from winsim.model.winrm import WinRm
from winsim.wire import ntlm
from winsim.wire.accounts import Accounts

MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"


@dataclass(frozen=True)
class Answer:
    """What to say to a request that is not, or no longer, authenticated.

    Attributes:
        accepted: The connection's user is known: go on with the body.
        challenges: Values of WWW-Authenticate.
    """

    accepted: bool
    challenges: tuple[str, ...] = ()


@dataclass(frozen=True)
class Channel:
    """The TLS channel of a connection.

    Attributes:
        certificate: The server's certificate (DER).
        upn: The user principal name in the client's certificate, or empty.
    """

    certificate: bytes
    upn: str = ""


def upn_of(peer: Mapping[str, Any] | None) -> str:
    """Return the UPN in a client's certificate, as Python's ssl tells its names; empty for none."""
    for kind, value in (peer or {}).get("subjectAltName", ()):
        if kind.lower() == "othername" and str(value).upper().startswith("UPN:"):
            return str(value)[4:]
    return ""


class Authentication:
    """The state of one connection; a new connection knows nobody."""

    def __init__(self, accounts: Accounts, winrm: WinRm, channel: Channel | None) -> None:
        self._accounts = accounts
        self._winrm = winrm
        self._channel = channel
        self._context: Any = None
        self._complete = False
        self.user = ""

    @property
    def sealer(self) -> Any:
        """Return the context that seals on this connection, or None."""
        return self._context if self._complete else None

    def take(self, header: str | None) -> Answer:
        """Take in an Authorization header, or its absence."""
        if header is None:
            return Answer(accepted=True) if self._complete else self._refused()
        if header == MUTUAL:
            return self._certificate()
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "basic":
            return self._basic(token)
        if scheme.lower() in {"negotiate", "ntlm", "kerberos"} and self._winrm.negotiate:
            return self._negotiate(scheme, token)
        return self._refused()

    def _refused(self) -> Answer:
        self._context, self._complete = None, False
        schemes = ["Negotiate"] if self._winrm.negotiate else []
        # Windows offers Basic over plain HTTP only where AllowUnencrypted is on.
        if self._winrm.basic and (self._channel is not None or self._winrm.allow_unencrypted):
            schemes.append('Basic realm="WSMAN"')
        return Answer(accepted=False, challenges=tuple(schemes))

    def _basic(self, token: str) -> Answer:
        # Where it may not travel in clear, who is right is told so by the service: 500, no word.
        if not self._winrm.basic:
            return self._refused()
        try:
            name, _, password = b64decode(token, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError, ValueError):
            return self._refused()
        account = self._accounts.knows(name, password)
        return self._admitted(account.name) if account is not None else self._refused()

    def _certificate(self) -> Answer:
        upn = self._channel.upn.lower() if self._channel is not None else ""
        known = {name.lower(): account for name, account in self._winrm.certificates.items()}
        account = self._accounts.admits(known[upn]) if upn in known else None
        if not self._winrm.certificate or account is None:
            return self._refused()
        return self._admitted(account.name)

    def _admitted(self, user: str) -> Answer:
        self.user = user
        return Answer(accepted=True)

    def _negotiate(self, scheme: str, token: str) -> Answer:
        try:
            data = b64decode(token, validate=True)
        except (Base64Error, ValueError):
            return self._refused()
        if self._context is None or self._complete:
            self._complete = False
            self._context = self._acceptor()
        claim = ntlm.find_authenticate(data)
        try:
            with self._accounts.in_use():
                reply = self._context.step(data)
        except Exception:  # noqa: BLE001 - whatever is wrong with a token, the answer is 401
            if claim is not None:
                self._accounts.failed(claim.user)
            return self._refused()
        if not self._context.complete:
            challenge = f"{scheme} {b64encode(reply or b'').decode()}"
            return Answer(accepted=False, challenges=(challenge,))
        account = self._accounts.admits(str(self._context.client_principal or ""))
        if account is None or (claim is not None and not self._bound(claim)):
            return self._refused()
        self._accounts.succeeded(account.name)
        self._complete = True
        self.user = account.name
        closing = (f"{scheme} {b64encode(reply).decode()}",) if reply else ()
        return Answer(accepted=True, challenges=closing)

    def _acceptor(self) -> Any:
        # pyspnego's own Negotiate: it takes NTLM everywhere, and Kerberos where GSSAPI is there.
        with self._accounts.in_use():
            return spnego.server(
                service="HTTP",
                protocol="negotiate",
                options=spnego.NegotiateOptions.use_negotiate,
            )

    def _bound(self, claim: ntlm.Authenticate) -> bool:
        """Tell whether the client authenticated for this TLS channel, as far as that is asked for.

        Relaxed takes what carries no binding; pyspnego itself would take zeros for one.
        """
        if self._channel is None or self._winrm.channel_binding == "none":
            return True
        if not claim.channel_binding:
            return self._winrm.channel_binding == "relaxed"
        return claim.channel_binding == ntlm.channel_binding(self._channel.certificate)
