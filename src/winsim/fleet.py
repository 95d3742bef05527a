"""A fleet for Python: simulated PCs that are served while a `with` block runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import yaml

from winsim.addresses import DEFAULT_NETWORK, inventory_of
from winsim.errors import WinsimError
from winsim.host import Host
from winsim.profiles import load_profiles
from winsim.server import FleetServer
from winsim.wire.endpoint import Engine
from winsim.wire.faults import parse_faults

_T = TypeVar("_T")


class Fleet:
    """Simulated PCs, served by a thread of its own.

    Args:
        profiles: Names of packaged profile sets, or folders; or hosts that are made already.
        state: Folder for certificates and logs.
        network: Loopback network; each PC has its own address in it.
        clock: Where every PC's clock stands.
        faults: Fault list, as in a file of `--faults`.
        engine: Runs PowerShell for real, instead of the model.
        keytab: The PCs' Kerberos keys, or None.

    Raises:
        WinsimError: A profile or fault is wrong, or an address is taken.
    """

    def __init__(
        self,
        profiles: Sequence[str | Path | Host],
        *,
        state: Path,
        network: str = DEFAULT_NETWORK,
        clock: datetime,
        faults: Sequence[Mapping[str, Any]] = (),
        engine: Engine | None = None,
        keytab: Path | None = None,
    ) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._profiles = [str(item) for item in profiles if not isinstance(item, Host)]
        made = [item for item in profiles if isinstance(item, Host)]
        self.hosts = {host.name: host for host in (*made, *load_profiles(self._profiles))}
        for host in self.hosts.values():
            host.advance(clock)
        self.server = FleetServer(
            list(self.hosts.values()),
            network=network,
            state=state,
            engine=engine,
            keytab=keytab,
        )
        self._faults = parse_faults(list(faults), where="faults")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Open the listeners."""
        loop = asyncio.new_event_loop()
        self._loop = loop
        self._thread = threading.Thread(target=loop.run_forever, name="winsim", daemon=True)
        self._thread.start()
        try:
            self._do(self.server.set_faults(self._faults))
            self._do(self.server.start())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the listeners and end the thread."""
        self._do(self.server.stop())
        self._end()

    @property
    def ca(self) -> Path:
        """Return the file of the authority that the PCs' certificates come from."""
        return self.server.authority.path

    def inventory(self, *, user: str = "custode", connection: str = "winrm") -> Path:
        """Write an Ansible inventory of the PCs, and return its file.

        Args:
            user: The account that comes in; every PC must have it.
            connection: `winrm` or `psrp`.
        """
        places = {name: self.server.place(name) for name in self.hosts}
        about = inventory_of(places, authority=self.ca, connection=connection)
        for name, host in self.hosts.items():
            known = host.people.find_logon(user)
            if known is None:
                raise WinsimError(f"{name} has no account {user!r}")
            about["all"]["hosts"][name]["ansible_password"] = known.password
        about["all"]["vars"]["ansible_user"] = user
        path = self.ca.parent / f"inventory-{connection}.yml"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(about), encoding="utf-8")
        return path

    def address(self, name: str) -> str:
        """Return a PC's address."""
        return self.server.place(name).address

    def host(self, name: str) -> Host:
        """Return a PC's model."""
        return self.hosts[name]

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return what was done on a PC."""
        return list(self.server.endpoints[name].log.entries)

    def set_clock(self, now: datetime) -> None:
        """Move every PC to a moment; their stories move along."""
        self._do(self.server.set_clock(now))

    def reset(self) -> None:
        """Put every PC of a profile set back to its profile, at the time its clock shows."""
        hosts = load_profiles(self._profiles)
        for host in hosts:
            host.advance(self.hosts[host.name].clock.moment)
        self.hosts |= {host.name: host for host in hosts}
        self._do(self.server.reset(hosts))

    def set_faults(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Put other faults in force."""
        self._do(self.server.set_faults(parse_faults(list(faults), where="faults")))

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        if self._loop is None:
            work.close()
            raise RuntimeError("the fleet is not served")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _end(self) -> None:
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
        self._loop = None
