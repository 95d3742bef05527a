"""A small MIT Kerberos realm on loopback, for as long as a `with` block runs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

# Debian: krb5-kdc krb5-admin-server krb5-user libkrb5-dev; Python: gssapi krb5 pykerberos.
_TOOLS = ("krb5kdc", "kadmin.local", "kdb5_util", "kinit")
_PACKAGES = ("gssapi", "krb5", "kerberos")


def _missing() -> str:
    os.environ["PATH"] = f"{os.environ['PATH']}:/usr/sbin"
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    absent += [f"Python's {n}" for n in _PACKAGES if importlib.util.find_spec(n) is None]
    return f"Kerberos is not tried: {', '.join(absent)} not installed" if absent else ""


MISSING = _missing()


class Realm:
    """A realm with a KDC of its own.

    Args:
        folder: Where everything of it is.
        principals: Passwords by user.
    """

    name = "WINSIM.TEST"

    def __init__(self, folder: Path, *, principals: Mapping[str, str]) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._principals = principals
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{folder / 'cache'}",
            "KRB5RCACHETYPE": "none",
        }

    def __enter__(self) -> Self:
        folder = self._folder
        (folder / "krb5.conf").write_text(
            f"[libdefaults]\n default_realm = {self.name}\n dns_lookup_kdc = false\n"
            " dns_lookup_realm = false\n rdns = false\n dns_canonicalize_hostname = false\n"
            " udp_preference_limit = 1\n"
            f"[realms]\n {self.name} = {{\n  kdc = 127.0.0.1:{self._port}\n }}\n"
            f"[domain_realm]\n localhost = {self.name}\n",
            encoding="utf-8",
        )
        (folder / "kdc.conf").write_text(
            f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{self._port}\n"
            f" kdc_tcp_listen = 127.0.0.1:{self._port}\n"
            f"[realms]\n {self.name} = {{\n  database_name = {folder / 'principal'}\n"
            f"  key_stash_file = {folder / 'stash'}\n  acl_file = {folder / 'acl'}\n }}\n",
            encoding="utf-8",
        )
        self._run("kdb5_util", "create", "-s", "-r", self.name, "-P", "master-of-a-test")
        for user, password in self._principals.items():
            self._run("kadmin.local", "addprinc", "-pw", password, user)
        tool = shutil.which("krb5kdc")
        assert tool is not None
        self._process = subprocess.Popen(
            [tool, "-n"],
            env={**os.environ, **self._environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return self
            time.sleep(0.05)
        raise AssertionError("the KDC does not answer")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def keytab(self, *services: str) -> Path:
        """Write the keys of services into a file, and return it."""
        path = self._folder / "services.keytab"
        for service in services:
            self._run("kadmin.local", "addprinc", "-randkey", service)
            self._run("kadmin.local", "ktadd", "-k", str(path), service)
        return path

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let this process and its children be of the realm."""
        before = {name: os.environ.get(name) for name in self._environment}
        os.environ.update(self._environment)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def _run(self, *command: str) -> None:
        environment = {**os.environ, **self._environment}
        subprocess.run(list(command), env=environment, capture_output=True, check=True)
