"""Steering a running fleet: one JSON line each way over a Unix socket in the state folder."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from winsim.errors import WinsimError
from winsim.profiles import load_profiles
from winsim.server import FleetServer
from winsim.wire.faults import parse_faults

SOCKET = "control.sock"
_TIMEOUT_SECONDS = 30.0


class Control:
    """The listening side."""

    def __init__(
        self, server: FleetServer, stopping: asyncio.Event, profiles: Sequence[str]
    ) -> None:
        self._server = server
        self._stopping = stopping
        self._profiles = profiles

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            answer = await self._do(json.loads(await reader.readline()))
        except (WinsimError, ValueError, KeyError, TypeError) as error:
            answer = {"error": str(error)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    async def _do(self, request: Mapping[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "clock":
                await self._server.set_clock(datetime.fromisoformat(request["at"]))
            case "faults":
                await self._server.set_faults(parse_faults(request["faults"], where="faults"))
            case "stop":
                self._stopping.set()
            case "reset":
                await self._reset(request.get("pcs") or [])
            case "list":
                return {"pcs": [self._row(name) for name in sorted(self._server.endpoints)]}
            case other:
                raise WinsimError(f"no such request: {other}")
        return {}

    async def _reset(self, names: Sequence[str]) -> None:
        known = self._server.endpoints
        for name in names:
            if name not in known:
                raise WinsimError(f"there is no PC {name!r}; known: {', '.join(sorted(known))}")
        hosts = [h for h in load_profiles(self._profiles) if not names or h.name in names]
        for host in hosts:
            host.advance(known[host.name].host.clock.moment)
        await self._server.reset(hosts)

    def _row(self, name: str) -> dict[str, Any]:
        endpoint = self._server.endpoints[name]
        now = endpoint.host.clock.now()
        shells = [
            {
                "id": shell.id,
                "owner": shell.owner,
                "kind": "powershell" if shell.powershell else "cmd",
                "commands": len(shell.commands),
                "idle_seconds": int((now - shell.used).total_seconds()),
            }
            for shell in endpoint.service.shells.open.values()
        ]
        return {
            "name": name,
            "address": self._server.place(name).address,
            "http_port": self._server.place(name).http_port,
            "https_port": self._server.place(name).https_port,
            "listens": endpoint.listens,
            "clock": endpoint.host.clock.now().isoformat(),
            "open_shells": len(shells),
            "idle_seconds": max((row["idle_seconds"] for row in shells), default=0),
            "shells": shells,
            "requests": endpoint.log.count,
        }


def ask(state: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a running fleet.

    Raises:
        WinsimError: No fleet runs with this state folder, or it refuses; the text says why.
    """
    path = state / SOCKET
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as file:
                answer: dict[str, Any] = json.loads(file.readline())
        except (OSError, ValueError) as error:
            raise WinsimError(f"no fleet answers at {path}: is `winsim serve` running?") from error
    if "error" in answer:
        raise WinsimError(str(answer["error"]))
    return answer
