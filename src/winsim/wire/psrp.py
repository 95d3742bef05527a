"""Runspace pools: PowerShell's own remoting in WS-Management's shells (MS-PSRP), through psrpcore."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psrpcore
from psrpcore import types

from winsim.wire import clixml

_PAYLOAD_BYTES = 32768


class PsrpError(Exception):
    """What came is no PSRP, or not in its place."""


@dataclass
class _Pipeline:
    """One pipeline: its script, and its input until it ends."""

    server: Any
    script: str = ""
    arguments: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    complete: bool = False


class RunspacePool:
    """The server's side of one pool.

    Args:
        version: What `$PSVersionTable.PSVersion` says on the PC.
        fragments: What came with Create.

    Raises:
        PsrpError: The fragments open no pool.
    """

    def __init__(self, version: str, fragments: bytes) -> None:
        table = {"PSVersion": types.PSVersion(version), "PSEdition": "Desktop"}
        self._pool = psrpcore.ServerRunspacePool({"PSVersionTable": table})
        self._pipelines: dict[str, _Pipeline] = {}
        self._unread: dict[str, deque[bytes]] = defaultdict(deque)
        self.feed(fragments)
        if self._pool.state is not types.RunspacePoolState.Opened:
            raise PsrpError("the fragments of Create open no runspace pool")

    def begin(self, command_id: str, fragments: bytes) -> None:
        """Make a pipeline.

        Raises:
            PsrpError: The fragments or the identifier are none.
        """
        try:
            server = psrpcore.ServerPipeline(self._pool, UUID(command_id))
        except ValueError as error:
            raise PsrpError("a pipeline needs the identifier of its command") from error
        self._pipelines[command_id] = _Pipeline(server)
        self.feed(fragments, command_id)

    def feed(self, fragments: bytes, command_id: str = "") -> None:
        """Take in fragments, of the pool or of a pipeline.

        Raises:
            PsrpError: They are none, or not in their place.
        """
        target = UUID(command_id) if command_id else None
        try:
            self._pool.receive_data(
                psrpcore.PSRPPayload(fragments, psrpcore.StreamType.default, target)
            )
            while (event := self._pool.next_event()) is not None:
                self._take(event)
        except Exception as error:  # psrpcore raises many kinds; each means the same here
            raise PsrpError(f"{type(error).__name__}: {error}") from error
        self._collect()

    def ready(self, command_id: str) -> bool:
        """Tell whether a pipeline has its script and all its input."""
        return self._pipelines[command_id].complete

    def work_of(self, command_id: str) -> tuple[str, bytes, tuple[str, ...]]:
        """Return script, input and arguments of a pipeline; it forgets the input, which holds secrets."""
        pipeline = self._pipelines[command_id]
        lines, pipeline.lines = pipeline.lines, []
        return pipeline.script, "\n".join(lines).encode(), pipeline.arguments

    def finish(
        self, command_id: str, stdout: bytes, stderr: bytes, exit_code: int, *, piece: int
    ) -> None:
        """Let a pipeline write what its script left, and end; no fragment is longer than a piece."""
        server = self._pipelines[command_id].server
        server.start()
        for line in stdout.decode(errors="replace").splitlines():
            server.write_output(line)
        words = clixml.errors(stderr)
        if words:
            server.write_error(
                types.NETException(Message=words),
                category_info=types.ErrorCategoryInfo(Category=types.ErrorCategory.NotSpecified),
                fully_qualified_error_id="Microsoft.PowerShell.Commands.WriteErrorException",
            )
        if exit_code:
            # A code travels as a call to the client's host, and only so.
            server.host_call(types.HostMethodIdentifier.SetShouldExit, [_signed(exit_code)])
        server.complete()
        self._collect(piece)

    def stop(self, command_id: str) -> None:
        """Forget a pipeline."""
        self._pipelines.pop(command_id, None)
        self._unread.pop(command_id, None)

    def unread(self, command_id: str = "") -> deque[bytes]:
        """Return what is still to be received, of the pool or of a pipeline."""
        return self._unread[command_id]

    def _take(self, event: Any) -> None:
        if isinstance(event, psrpcore.CreatePipelineEvent):
            pipeline = self._pipelines[str(event.pipeline_id).upper()]
            commands: Sequence[Any] = event.pipeline.commands
            pipeline.script = "\n".join(str(command.command_text) for command in commands)
            pipeline.arguments = tuple(
                str(value)
                for command in commands
                for name, value in command.parameters
                if name is None
            )
            pipeline.complete = bool(event.pipeline.no_input)
        elif isinstance(event, psrpcore.PipelineInputEvent):
            data = event.data
            lines = data if isinstance(data, list) else [data]
            self._pipelines[str(event.pipeline_id).upper()].lines += [str(line) for line in lines]
        elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
            self._pipelines[str(event.pipeline_id).upper()].complete = True
        elif isinstance(event, psrpcore.GetAvailableRunspacesEvent):
            self._pool.runspace_availability_response(event.ci, 1)

    def _collect(self, piece: int = _PAYLOAD_BYTES) -> None:
        while (payload := self._pool.data_to_send(min(piece, _PAYLOAD_BYTES))) is not None:
            target = str(payload.pipeline_id).upper() if payload.pipeline_id else ""
            self._unread[target].append(payload.data)


def _signed(code: int) -> int:
    return (code & 0xFFFFFFFF) - ((code & 0x80000000) << 1)
