"""Many PCs in one process, each on an address of its own, listening only while it is on."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from winsim.errors import WinsimError
from winsim.host import Host
from winsim.wire.audit_log import AuditLog
from winsim.wire.authentication import Accounts
from winsim.wire.certificates import Authority
from winsim.wire.endpoint import Endpoint
from winsim.wire.faults import Fault, FaultList
from winsim.wire.http import serve_connection

HTTP_PORT = 5985
HTTPS_PORT = 5986
DEFAULT_NETWORK = "127.87.0.0/24"


@dataclass
class _Listening:
    endpoint: Endpoint
    address: str
    tls: ssl.SSLContext
    servers: list[asyncio.Server] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class FleetServer:
    """The listeners of a fleet; all methods run on its event loop."""

    def __init__(
        self,
        hosts: Sequence[Host],
        *,
        network: str,
        state: Path,
        http_port: int = HTTP_PORT,
        https_port: int = HTTPS_PORT,
        allow_remote: bool = False,
    ) -> None:
        self._ports = (http_port, https_port)
        self._faults = FaultList()
        self.authority = Authority(state)
        secrets = state / "accounts"
        secrets.mkdir(mode=0o700, exist_ok=True)
        self._pcs: dict[str, _Listening] = {}
        for host in hosts:
            address = address_of(host, network, allow_remote=allow_remote)
            endpoint = Endpoint(
                host,
                accounts=Accounts(host.computer_name, host.accounts, folder=secrets),
                faults=self._faults,
                log=AuditLog(state / "log" / f"{host.name}.jsonl"),
            )
            tls = self.authority.server_context(address, host.computer_name.lower(), host.name)
            self._pcs[host.name] = _Listening(endpoint, address, tls)

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """Return the PCs by name."""
        return {name: pc.endpoint for name, pc in self._pcs.items()}

    def address(self, name: str) -> str:
        """Return a PC's address."""
        return self._pcs[name].address

    async def start(self) -> None:
        """Open the listeners of every PC that is on.

        Raises:
            WinsimError: An address and port are taken; nothing is left open.
        """
        try:
            await self._settle()
        except WinsimError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close everything."""
        for pc in self._pcs.values():
            await _close(pc)

    async def set_clock(self, now: datetime) -> None:
        """Move every PC to a moment, with its story; some go on, some off."""
        for pc in self._pcs.values():
            pc.endpoint.host.advance(now)
        await self._settle()

    async def set_faults(self, faults: Sequence[Fault]) -> None:
        """Put other faults in force."""
        self._faults.replace(faults)
        await self._settle()

    async def _settle(self) -> None:
        for pc in self._pcs.values():
            if pc.endpoint.listens and not pc.servers:
                await self._open(pc)
            elif not pc.endpoint.listens and pc.servers:
                await _close(pc)

    async def _open(self, pc: _Listening) -> None:
        for port, tls in zip(self._ports, (None, pc.tls), strict=True):

            async def handle(
                reader: asyncio.StreamReader,
                writer: asyncio.StreamWriter,
                *,
                encrypted: bool = tls is not None,
            ) -> None:
                task = asyncio.current_task()
                if task is not None:
                    pc.tasks.add(task)
                    task.add_done_callback(pc.tasks.discard)
                with contextlib.suppress(asyncio.CancelledError):
                    await serve_connection(pc.endpoint, reader, writer, tls=encrypted)

            try:
                server = await asyncio.start_server(handle, pc.address, port, ssl=tls)
            except OSError as error:
                raise WinsimError(
                    f"{pc.address} port {port} cannot be used: {error.strerror or error}; "
                    "is another winsim running?"
                ) from error
            pc.servers.append(server)


def address_of(host: Host, network: str, *, allow_remote: bool = False) -> str:
    """Return the address of a PC in a network.

    Raises:
        WinsimError: The network is none, is too small, or is not this machine's own.
    """
    try:
        parsed = ipaddress.ip_network(network)
        address = parsed[host.octet]
    except (ValueError, IndexError) as error:
        raise WinsimError(
            f"{network!r} has no address {host.octet}; give a network such as {DEFAULT_NETWORK}"
        ) from error
    if not address.is_loopback and not allow_remote:
        raise WinsimError(
            f"{address} can be reached by others; the passwords of simulated PCs are public. "
            "Say --allow-remote as well if that is meant."
        )
    return str(address)


async def _close(pc: _Listening) -> None:
    for server in pc.servers:
        server.close()
    for task in list(pc.tasks):
        task.cancel()
    await asyncio.gather(*pc.tasks, return_exceptions=True)
    for server in pc.servers:
        await server.wait_closed()
    pc.servers.clear()
