"""The accounts of one PC as a log-on sees them: passwords, dates, locks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from winsim.errors import WinsimError
from winsim.host import Host
from winsim.model.parts import Account
from winsim.moments import resolve
from winsim.wire.shells import account_of


class Accounts:
    """Who may come in, now; wrong passwords are counted, as Windows counts them.

    Args:
        host: The PC.
        folder: Where pyspnego finds the passwords; the file is made when it is first needed.
        keytab: The PC's Kerberos keys, or None.
    """

    def __init__(self, host: Host, *, folder: Path, keytab: Path | None = None) -> None:
        self._host = host
        self._file = folder / f"{host.name}.ntlm"
        self._keytab = keytab
        self._wrong: dict[str, int] = {}
        self._locked: dict[str, datetime] = {}
        for account in host.accounts:
            if ":" in account.password or "\n" in account.password:
                raise WinsimError(f"the password of {account.name} may not hold a colon")

    def find(self, name: str) -> Account | None:
        """Return an account by its name, with or without a domain, or by its principal."""
        plain = account_of(name)
        return next(
            (
                account
                for account in self._host.accounts
                if account.name.lower() == plain
                or (account.principal and account.principal.lower() == name.lower())
            ),
            None,
        )

    def admits(self, name: str) -> Account | None:
        """Return an account that may log on now: enabled, not expired, not locked."""
        account, now = self.find(name), self._host.clock.now()
        if account is None or not account.enabled:
            return None
        if account.expires is not None and now >= resolve(account.expires, now):
            return None
        until = self._locked.get(account.name.lower())
        return None if until is not None and now < until else account

    def knows(self, name: str, password: str) -> Account | None:
        """Return the account that a name and a password belong to, when it may log on."""
        account = self.admits(name)
        if account is None or account.password != password:
            self.failed(name)
            return None
        self.succeeded(name)
        return account

    def failed(self, name: str) -> None:
        """Count a wrong password; after too many the account is locked for a while."""
        account, winrm = self.find(name), self._host.winrm
        if account is None or winrm.lockout_tries == 0:
            return
        key = account.name.lower()
        self._wrong[key] = self._wrong.get(key, 0) + 1
        if self._wrong[key] >= winrm.lockout_tries:
            self._wrong[key] = 0
            minutes = timedelta(minutes=winrm.lockout_minutes)
            self._locked[key] = self._host.clock.now() + minutes

    def succeeded(self, name: str) -> None:
        """Begin the count of wrong passwords anew."""
        self._wrong.pop(account_of(name), None)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let pyspnego see this PC's passwords and keys: it takes them from the environment only."""
        if not self._file.exists():
            self._write()
        names = {"NTLM_USER_FILE": str(self._file)}
        if self._keytab is not None:
            names["KRB5_KTNAME"] = str(self._keytab)
        before = {name: os.environ.get(name) for name in names}
        os.environ.update(names)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def _write(self) -> None:
        # A client may name the machine, nothing, or a dot as the domain.
        domains = (self._host.computer_name, "", ".")
        lines = [
            f"{domain}:{account.name}:{account.password}\n"
            for account in self._host.accounts
            for domain in domains
        ]
        self._file.touch(mode=0o600)
        self._file.write_text("".join(lines), encoding="utf-8")
