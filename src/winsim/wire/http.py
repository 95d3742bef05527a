"""HTTP/1.1 for one connection: h11 parses, authentication belongs to the connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from datetime import datetime
from email.utils import format_datetime

import h11

from winsim.wire import sealing
from winsim.wire.authentication import Authentication, Channel
from winsim.wire.endpoint import Endpoint, HttpAnswer
from winsim.wire.soap import MalformedError, asks_identity

_SOAP = "application/soap+xml;charset=UTF-8"
_READ_BYTES = 65536
# What sealing and multipart add to an envelope.
_SEAL_BYTES = 4096


async def serve_connection(
    endpoint: Endpoint,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    channel: Channel | None,
) -> None:
    """Answer requests until the client leaves or breaks the rules of HTTP.

    Args:
        endpoint: The PC.
        reader: What the client says.
        writer: What it is told.
        channel: The TLS channel, or None over plain HTTP.
    """
    connection = _Connection(endpoint, reader, writer, channel)
    try:
        await connection.serve()
    except (ConnectionError, h11.RemoteProtocolError, asyncio.IncompleteReadError):
        pass  # a client may leave at any byte
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, OSError):
            await writer.wait_closed()


class _Connection:
    def __init__(
        self,
        endpoint: Endpoint,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        channel: Channel | None,
    ) -> None:
        self._endpoint = endpoint
        self._reader = reader
        self._writer = writer
        self._encrypted = channel is not None
        self._h11 = h11.Connection(h11.SERVER)
        self._authentication = Authentication(endpoint.accounts, endpoint.host.winrm, channel)
        self._client = str((writer.get_extra_info("peername") or ("",))[0])
        self._longest = endpoint.host.winrm.quotas.envelope_kb * 1024 + _SEAL_BYTES

    async def serve(self) -> None:
        while True:
            event = await self._next_event()
            if isinstance(event, h11.ConnectionClosed):
                return
            if not isinstance(event, h11.Request):
                raise h11.RemoteProtocolError("a request was expected")
            body = await self._body()
            if not await self._respond(event, body):
                return
            if self._h11.our_state is h11.MUST_CLOSE:
                return
            self._h11.start_next_cycle()

    async def _next_event(self) -> object:
        while True:
            event = self._h11.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._h11.receive_data(await self._reader.read(_READ_BYTES))

    async def _body(self) -> bytes | None:
        """Return the body, or None when it is longer than the service takes."""
        parts: list[bytes] = []
        size = 0
        while True:
            event = await self._next_event()
            if isinstance(event, h11.EndOfMessage):
                return b"".join(parts) if size <= self._longest else None
            if not isinstance(event, h11.Data):
                raise h11.RemoteProtocolError("a body was expected")
            size += len(event.data)
            if size <= self._longest:
                parts.append(bytes(event.data))

    async def _respond(self, request: h11.Request, body: bytes | None) -> bool:
        """Answer one request; False when the connection was broken on purpose."""
        headers = {
            name.decode().lower(): value.decode("latin-1") for name, value in request.headers
        }
        if request.target.split(b"?")[0] != b"/wsman":
            return await self._send(HttpAnswer(404))
        if request.method != b"POST" or body is None:
            return await self._send(HttpAnswer(405 if body is not None else 413))
        if "wsmanidentify" in headers and asks_identity(body):
            return await self._send(await self._answer(body, ""))
        known = self._authentication.take(headers.get("authorization"))
        if not known.accepted or self._endpoint.refuses_credentials():
            return await self._send(HttpAnswer(401), challenges=known.challenges)
        if not body:  # it only built the security context
            return await self._send(HttpAnswer(200), challenges=known.challenges)
        protocol = sealing.protocol_of(headers.get("content-type", ""))
        if protocol:
            sealer = self._authentication.sealer
            try:
                body = sealing.unseal(sealer, body) if sealer is not None else b""
            except sealing.UnsealError:
                body = b""
        elif not self._encrypted and not self._endpoint.host.winrm.allow_unencrypted:
            # Windows answers 500 without a word.
            return await self._send(HttpAnswer(500), challenges=known.challenges)
        answer = await self._answer(body, self._authentication.user)
        return await self._send(answer, challenges=known.challenges, protocol=protocol)

    async def _answer(self, body: bytes, user: str) -> HttpAnswer:
        try:
            return await self._endpoint.answer(body, user=user, client=self._client)
        except MalformedError:
            return HttpAnswer(400)

    async def _send(
        self, answer: HttpAnswer, *, challenges: tuple[str, ...] = (), protocol: str = ""
    ) -> bool:
        """Write an answer; False when the connection ends with it."""
        if answer.seconds:
            await asyncio.sleep(answer.seconds)
        if answer.silent:
            await self._reader.read()  # until the client has had enough
            return False
        if answer.reset:
            self._reset()
            return False
        body, content_type = answer.body, _SOAP
        if protocol and body:
            body = sealing.seal(self._authentication.sealer, body, protocol)
            content_type = sealing.content_type(protocol)
        headers = [
            ("Server", "Microsoft-HTTPAPI/2.0"),
            ("Date", _date(self._endpoint.host.clock.now())),
            ("Content-Length", str(len(body))),
            *((("Content-Type", content_type),) if body else ()),
            *(("WWW-Authenticate", challenge) for challenge in challenges),
        ]
        head = self._h11.send(h11.Response(status_code=answer.status, headers=headers))
        data = self._h11.send(h11.Data(data=body)) if body else b""
        end = self._h11.send(h11.EndOfMessage())
        whole = (head or b"") + (data or b"") + (end or b"")
        if answer.reset_after is not None:
            self._writer.write(whole[: answer.reset_after])
            await self._writer.drain()
            self._reset()
            return False
        if answer.close:
            self._cork(on=True)
        self._writer.write(whole)
        await self._writer.drain()
        answer.delivered()
        if answer.close:
            self._writer.close()
            if self._encrypted:  # the socket stays open until the client has closed too
                self._cork(on=False)
        return not answer.close

    def _cork(self, *, on: bool) -> None:
        """Hold back what is written, lest a request be sent between the reply and the end."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None and hasattr(socket, "TCP_CORK"):  # Linux only
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, int(on))

    def _reset(self) -> None:
        """Break the connection with a TCP reset, as a crash or a cut line does."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def _date(now: datetime) -> str:
    return format_datetime(now, usegmt=True)
