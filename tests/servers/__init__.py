"""Small real HTTPS servers for the tests: they speak a product's API from what is known of it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import trustme


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What it is told.

    Attributes:
        status: The HTTP status.
        body: What is sent.
        headers: Beside the length.
        drip_seconds: The pause before each byte of the body.
        announced: The length that is announced, where it is not the body's.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drip_seconds: float = 0.0
    announced: int | None = None


def as_json(data: Any, *, status: int = 200) -> Reply:
    """Return data as a JSON reply."""
    body = json.dumps(data).encode()
    return Reply(status, body, {"Content-Type": "application/json; charset=utf-8"})


class HttpsServer:
    """Answers on a free port of loopback, with a certificate of an authority of its own.

    Args:
        answer: Gives the reply to a request; called in a thread of its own.
        folder: Where the authority's file is written.
        name: Whom the certificate is for; the address, unless a wrong one is wanted.
    """

    def __init__(
        self, answer: Callable[[Request], Reply], folder: Path, *, name: str = "127.0.0.1"
    ) -> None:
        authority = trustme.CA()
        self.ca_path = folder / "server-ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_path))
        self.requests: list[Request] = []
        self._answer = answer
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        # The handshake is left to each connection's thread: a client that breaks it off holds up
        # nobody else.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def address(self) -> str:
        """Return its address, without a path."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port; a reply that drips is cut off."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._serve(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing on the terminal."""

            def handle(self) -> None:
                # What a client breaks off, at the handshake or later, is no fault of ours.
                try:
                    super().handle()
                except OSError:
                    self.close_connection = True

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        request = Request(
            method=handler.command,
            path=asked.path,
            query={key: values[0] for key, values in parse_qs(asked.query).items()},
            headers=dict(handler.headers.items()),
            body=handler.rfile.read(length),
        )
        self.requests.append(request)
        reply = self._answer(request)
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        announced = len(reply.body) if reply.announced is None else reply.announced
        handler.send_header("Content-Length", str(announced))
        handler.end_headers()
        handler.close_connection = announced != len(reply.body) or bool(reply.drip_seconds)
        if not reply.drip_seconds:
            handler.wfile.write(reply.body)
            return
        for index in range(len(reply.body)):
            if self._ended.wait(reply.drip_seconds):
                break
            handler.wfile.write(reply.body[index : index + 1])
