"""The accounts of one PC as a log-on sees them: passwords, dates, locks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from spnego._ntlm_raw.crypto import ntowfv1

from winsim.host import Host
from winsim.model.people import LocalUser
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
        self._kept: list[tuple[str, str]] | None = None
        self._keytab = keytab
        self._wrong: dict[str, int] = {}

    def find(self, name: str) -> LocalUser | None:
        """Return an account by its name, with or without a domain, or by its principal."""
        return self._host.people.find_logon(account_of(name), principal=name)

    def admits(self, name: str) -> LocalUser | None:
        """Return an account that may log on now: enabled, not expired, not locked."""
        account, now = self.find(name), self._host.clock.now()
        if account is None or not account.enabled or account.expired(now) or account.locked(now):
            return None
        return account

    def knows(self, name: str, password: str) -> LocalUser | None:
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
        self._wrong[account.sid] = self._wrong.get(account.sid, 0) + 1
        if self._wrong[account.sid] >= winrm.lockout_tries:
            self._wrong[account.sid] = 0
            until = self._host.clock.now() + timedelta(minutes=winrm.lockout_minutes)
            self._host.people.put(replace(account, locked_until=until))

    def succeeded(self, name: str) -> None:
        """Begin the count of wrong passwords anew."""
        account = self.find(name)
        if account is not None:
            self._wrong.pop(account.sid, None)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let pyspnego see this PC's passwords and keys: it takes them from the environment only."""
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
        people = self._host.people.users.values()
        now = [(user.name, user.password) for user in people if user.password is not None]
        if now == self._kept:
            return
        # A client may name the machine, nothing, or a dot as the domain. Hashes as Samba keeps
        # them: a password may hold what a line in clear may not.
        lines = [
            f"{domain}{name}:0:{'0' * 32}:{ntowfv1(password).hex()}:[U]:LCT-0\n"
            for name, password in now
            for domain in (f"{self._host.computer_name}\\", "", ".\\")
        ]
        self._file.touch(mode=0o600)
        self._file.write_text("".join(lines), encoding="utf-8")
        self._kept = now
