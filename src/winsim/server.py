"""Many PCs in one process, each at a place of its own, listening only while it is on."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from weakref import WeakSet

from winsim import restarts
from winsim.addresses import DEFAULT_NETWORK, Place, place_of
from winsim.errors import WinsimError
from winsim.host import Host
from winsim.wire.accounts import Accounts
from winsim.wire.audit_log import AuditLog
from winsim.wire.authentication import Channel, upn_of
from winsim.wire.certificates import Authority, ServerIdentity
from winsim.wire.endpoint import Endpoint, Engine
from winsim.wire.faults import Fault, FaultList
from winsim.wire.http import serve_connection

# A PC that restarts lets the client hear that it will, and is away for a moment.
_GRACE_SECONDS = 0.5
_AWAY_SECONDS = 1.0
_HANDSHAKE_SECONDS = 15.0
# Two listeners a PC, and connections on top.
_FILES_PER_PC = 3
_BACKLOG = 32
_ACCEPTING_TURNS = 4


@dataclass
class _Listening:
    endpoint: Endpoint
    place: Place
    servers: list[asyncio.Server] = field(default_factory=list)
    open_at: frozenset[str] = frozenset()
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    transports: WeakSet[asyncio.Transport] = field(default_factory=WeakSet)
    identities: dict[bool, ServerIdentity] = field(default_factory=dict)

    def open_transports(self) -> list[asyncio.Transport]:
        """Return the connections whose sockets are open."""
        known = list(self.transports)
        return [each for each in known if each.get_extra_info("socket").fileno() >= 0]


class _Accepting(asyncio.StreamReaderProtocol):
    """Leaves the client's first bytes alone until it is known who answers, and whether in TLS."""

    pc: _Listening

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.pause_reading()
            self.pc.transports.add(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        # Why a client went is nobody's question: asyncio would keep the exception, and log that
        # nobody asked for it.
        del exc
        super().connection_lost(None)


class FleetServer:
    """The listeners of a fleet; all methods run on its event loop.

    Args:
        hosts: The PCs.
        network: Where they are, as `winsim.addresses` reads it.
        state: Folder for certificates, logs and passwords.
        first_port: With it, every PC has two ports of one address.
        allow_remote: Whether others may reach them.
        engine: Runs PowerShell for real, instead of the model.
        keytab: Kerberos keys of all of them, or None.
    """

    def __init__(
        self,
        hosts: Sequence[Host],
        *,
        network: str = DEFAULT_NETWORK,
        state: Path,
        first_port: int | None = None,
        allow_remote: bool = False,
        engine: Engine | None = None,
        keytab: Path | None = None,
    ) -> None:
        self._faults = FaultList()
        self.authority = Authority(state)
        secrets = state / "accounts"
        secrets.mkdir(mode=0o700, exist_ok=True)
        for old in secrets.glob("*.ntlm"):
            old.unlink()
        self._state, self._engine, self._keytab = state, engine, keytab
        self._pcs: dict[str, _Listening] = {}
        self._restarts: dict[str, asyncio.Task[None]] = {}
        for host in hosts:
            place = place_of(host, network, first_port=first_port, allow_remote=allow_remote)
            self._pcs[host.name] = _Listening(self._endpoint(host, place), place)
            for upn in host.winrm.certificates:
                self.authority.write_client(upn, state / "clients")
        _allow_files(_FILES_PER_PC * len(hosts))

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """Return the PCs by name."""
        return {name: pc.endpoint for name, pc in self._pcs.items()}

    @property
    def connections(self) -> int:
        """Return how many connections are open, on all PCs together."""
        return sum(len(pc.tasks) for pc in self._pcs.values())

    def place(self, name: str) -> Place:
        """Return where a PC is reached."""
        return self._pcs[name].place

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
        for task in self._restarts.values():
            task.cancel()
        await asyncio.gather(*self._restarts.values(), return_exceptions=True)
        for pc in self._pcs.values():
            await _close(pc)

    async def set_clock(self, now: datetime) -> None:
        """Move every PC to a moment, with its story; some go on, some off."""
        for pc in self._pcs.values():
            pc.endpoint.host.advance(now)
            pc.endpoint.service.shells.reap(pc.endpoint.host.clock.now())
        await self._settle()

    async def set_faults(self, faults: Sequence[Fault]) -> None:
        """Put other faults in force.

        Raises:
            WinsimError: A fault speaks of a PC that is not there.
        """
        for fault in faults:
            if fault.other and fault.other not in self._pcs:
                known = ", ".join(sorted(self._pcs))
                raise WinsimError(f"{fault.kind}: there is no PC {fault.other!r}; known: {known}")
        self._faults.replace(faults)
        await self._settle()

    async def reset(self, hosts: Sequence[Host]) -> None:
        """Put PCs back to what their profiles say: no shells, no past, an empty log."""
        for host in hosts:
            pc = self._pcs[host.name]
            going = self._restarts.get(host.name)
            if going is not None:
                going.cancel()
                await asyncio.gather(going, return_exceptions=True)
            await _close(pc)
            pc.endpoint.service.shells.clear()
            pc.endpoint = self._endpoint(host, pc.place)
        await self._settle()

    def _endpoint(self, host: Host, place: Place) -> Endpoint:
        return Endpoint(
            host,
            address=place.address,
            accounts=Accounts(host, folder=self._state / "accounts", keytab=self._keytab),
            faults=self._faults,
            log=AuditLog(self._state / "log" / f"{host.name}.jsonl"),
            engine=self._engine,
            restart=partial(self._begin_restart, host.name),
            relisten=partial(self._begin_relisten, host.name),
        )

    async def _settle(self) -> None:
        for name, pc in self._pcs.items():
            clock = pc.endpoint.host.clock
            clock.skew = timedelta(seconds=self._faults.skew_seconds(name, clock.moment))
            wanted = pc.endpoint.host.reachable if pc.endpoint.listens else frozenset()
            if pc.servers and pc.open_at != wanted:
                await _close(pc)
            if wanted and not pc.servers:
                await self._open(pc)

    async def _open(self, pc: _Listening) -> None:
        loop = asyncio.get_running_loop()
        place = pc.place
        pc.open_at = pc.endpoint.host.reachable
        for port, transport in ((place.http_port, "HTTP"), (place.https_port, "HTTPS")):
            if transport not in pc.open_at:
                continue
            encrypted = transport == "HTTPS"
            accept = partial(self._accept, pc, encrypted)

            def protocol(
                accept: Callable[..., object] = accept,
            ) -> asyncio.StreamReaderProtocol:
                reader = asyncio.StreamReader(loop=loop)
                accepting = _Accepting(reader, accept, loop=loop)  # type: ignore[arg-type]
                accepting.pc = pc
                return accepting

            try:
                server = await loop.create_server(protocol, place.address, port, backlog=_BACKLOG)
            except OSError as error:
                raise WinsimError(
                    f"{place.address} port {port} cannot be used: {error.strerror or error}; "
                    "is another winsim running?"
                ) from error
            pc.servers.append(server)

    async def _accept(
        self,
        pc: _Listening,
        encrypted: bool,  # noqa: FBT001 - bound beforehand
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        task = asyncio.current_task()
        if task is not None:
            pc.tasks.add(task)
            task.add_done_callback(pc.tasks.discard)
        try:
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self._answer(pc, reader, writer, encrypted=encrypted)
        finally:
            writer.transport.abort()

    async def _answer(
        self,
        pc: _Listening,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        encrypted: bool,
    ) -> None:
        fault = pc.endpoint.connection_fault()
        if fault is not None and fault.kind == "wrong_machine":
            pc = self._pcs[fault.other]
        channel = None
        if encrypted:
            expired = fault is not None and fault.kind == "certificate_expired"
            identity = self._identity(pc, expired=expired)
            try:
                await writer.start_tls(identity.context, ssl_handshake_timeout=_HANDSHAKE_SECONDS)
            except (ssl.SSLError, OSError, TimeoutError):
                return
            tls = writer.get_extra_info("ssl_object")
            channel = Channel(identity.certificate, upn_of(tls.getpeercert() if tls else None))
        elif isinstance(writer.transport, asyncio.ReadTransport):
            writer.transport.resume_reading()
        await serve_connection(pc.endpoint, reader, writer, channel)

    def _identity(self, pc: _Listening, *, expired: bool) -> ServerIdentity:
        """Return what a PC shows over TLS; made when it is first asked for."""
        if expired not in pc.identities:
            host, address = pc.endpoint.host, pc.place.address
            names = (address, host.computer_name.lower(), host.name, "localhost")
            pc.identities[expired] = self.authority.server(*names, expired=expired)
        return pc.identities[expired]

    def _begin_restart(self, name: str) -> None:
        if name in self._restarts:
            return
        task = asyncio.get_running_loop().create_task(self._restart(self._pcs[name]))
        self._restarts[name] = task
        task.add_done_callback(lambda _: self._restarts.pop(name))

    def _begin_relisten(self, name: str) -> None:
        """Let the listeners be those that the PC has by now."""
        pc = self._pcs[name]
        if name in self._restarts or pc.open_at == pc.endpoint.host.reachable:
            return
        task = asyncio.get_running_loop().create_task(self._relisten(pc))
        self._restarts[name] = task
        task.add_done_callback(lambda _: self._restarts.pop(name))

    async def _relisten(self, pc: _Listening) -> None:
        """Close a way in with every connection that came by it, a moment after it was removed."""
        await asyncio.sleep(_GRACE_SECONDS)
        await _close(pc)
        if pc.endpoint.listens:
            await self._open(pc)

    async def _restart(self, pc: _Listening) -> None:
        """Let a PC go, lose its shells, and come back with another boot time."""
        await asyncio.sleep(_GRACE_SECONDS)
        await _close(pc)
        pc.endpoint.service.shells.clear()
        await asyncio.sleep(_AWAY_SECONDS)
        restarts.finish(pc.endpoint.host)
        if pc.endpoint.listens:
            await self._open(pc)


async def _close(pc: _Listening) -> None:
    # No more clients first: asyncio drops one, and never closes its socket, whose server is closed
    # between its being accepted and its having a transport, two turns later.
    for server in pc.servers:
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener)
    for _ in range(_ACCEPTING_TURNS):
        await asyncio.sleep(0)
    for server in pc.servers:
        server.close()
    while pc.tasks or pc.open_transports():
        for task in list(pc.tasks):
            task.cancel()
        for transport in pc.open_transports():
            transport.abort()  # also one whose handshake is under way
        await asyncio.gather(*pc.tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what is closed lets go of its socket in the next turn
    for server in pc.servers:
        await server.wait_closed()
    pc.servers.clear()


def _allow_files(wanted: int) -> None:
    """Let this process have as many open files as the fleet needs, where the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + 256:
        most = wanted + 256 if hard == resource.RLIM_INFINITY else min(wanted + 256, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
