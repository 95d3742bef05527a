"""Who is speaking: Basic, and NTLM under Negotiate, one state for each TCP connection."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import spnego

from winsim.errors import WinsimError


class Account(Protocol):
    """A local account of a PC."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the protocol's docstring says it

    @property
    def password(self) -> str: ...  # noqa: D102

    @property
    def enabled(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class Answer:
    """What to say to a request that is not, or no longer, authenticated.

    Attributes:
        accepted: The connection's user is known: go on with the body.
        challenges: Values of WWW-Authenticate.
    """

    accepted: bool
    challenges: tuple[str, ...] = ()


class Accounts:
    """The accounts of one PC, as pyspnego's acceptor reads them."""

    def __init__(self, computer: str, accounts: Sequence[Account], *, folder: Path) -> None:
        self._accounts = {a.name.lower(): a for a in accounts if a.enabled}
        self._computer = computer
        self._file = folder / f"{computer.lower()}.ntlm"
        lines = []
        for account in self._accounts.values():
            if ":" in account.password or "\n" in account.password:
                raise WinsimError(f"the password of {account.name} may not hold a colon")
            # A client may name the machine, nothing, or a dot as the domain.
            lines += [f"{d}:{account.name}:{account.password}" for d in (computer, "", ".")]
        self._file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._file.chmod(0o600)

    def knows(self, name: str, password: str) -> bool:
        """Tell whether a name, with or without a domain, and a password belong together."""
        account = self._accounts.get(name.rpartition("\\")[2].lower())
        return account is not None and account.password == password

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let pyspnego see this PC's accounts: it takes them from the environment only."""
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(self._file)
        try:
            yield
        finally:
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before


class Authentication:
    """The state of one connection; a new connection knows nobody."""

    def __init__(self, accounts: Accounts, *, tls: bool) -> None:
        self._accounts = accounts
        self._tls = tls
        self._scheme = ""
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
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "basic":
            return self._basic(token)
        if scheme.lower() in {"negotiate", "ntlm"}:
            return self._negotiate(scheme, token)
        return self._refused()

    def _refused(self) -> Answer:
        self._context, self._complete = None, False
        schemes = ("Negotiate", 'Basic realm="WSMAN"') if self._tls else ("Negotiate",)
        return Answer(accepted=False, challenges=schemes)

    def _basic(self, token: str) -> Answer:
        # Windows takes Basic over plain HTTP only where AllowUnencrypted is on, and it is off.
        if not self._tls:
            return self._refused()
        try:
            name, _, password = b64decode(token, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError, ValueError):
            return self._refused()
        if not self._accounts.knows(name, password):
            return self._refused()
        self.user = name
        return Answer(accepted=True)

    def _negotiate(self, scheme: str, token: str) -> Answer:
        try:
            data = b64decode(token, validate=True)
        except (Base64Error, ValueError):
            return self._refused()
        if self._context is None or self._complete:
            self._complete = False
            with self._accounts.in_use():
                self._context = spnego.server(
                    protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate
                )
        try:
            with self._accounts.in_use():
                reply = self._context.step(data)
        except Exception:  # noqa: BLE001 - whatever is wrong with a token, the answer is 401
            return self._refused()
        if not self._context.complete:
            challenge = f"{scheme} {b64encode(reply or b'').decode()}"
            return Answer(accepted=False, challenges=(challenge,))
        self._complete = True
        self.user = str(self._context.client_principal or "")
        closing = (f"{scheme} {b64encode(reply).decode()}",) if reply else ()
        return Answer(accepted=True, challenges=closing)
