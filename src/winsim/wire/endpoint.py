"""One PC on the wire: from an authenticated HTTP body to a reply, with faults and a log between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from winsim import restarts
from winsim.dispatch import described, run_payload
from winsim.errors import Killed, NeverEnds
from winsim.host import Host
from winsim.wire import clixml, refusals, replies, soap
from winsim.wire.accounts import Accounts
from winsim.wire.audit_log import AuditLog, masked
from winsim.wire.faults import AUTHENTICATE, CONNECT, RUN, Fault, FaultList
from winsim.wire.recogniser import Payload, recognise
from winsim.wire.refusals import Fault as Refusal
from winsim.wire.service import Caller, Service
from winsim.wire.shells import Finished, Invocation, Shell

GARBAGE = b"\xff\xfeThis is not what you asked for"
_MARK = 60  # bytes of a result that `truncated` leaves
# What a command leaves when something on the PC gets in its way.
_SPOILT: Mapping[str, Finished] = {
    "garbage": Finished(GARBAGE),
    "blocked": Finished(
        stderr=b"This script contains malicious content and has been blocked by your antivirus "
        b"software.",
        exit_code=1,
    ),
    "constrained": Finished(
        stderr=b"Cannot invoke method. Method invocation is supported only on core types in this "
        b"language mode.",
        exit_code=1,
    ),
    "no_memory": Finished(exit_code=0xC0000142),
}
# What the watchdog of a process, or somebody with the task manager, leaves of it.
_KILLED = Finished(exit_code=1)
_REFUSED: Mapping[str, Refusal] = {
    "access_denied": refusals.DENIED,
    "shell_gone": refusals.UNKNOWN_SHELL,
    "interrupted": refusals.INTERRUPTED,
}


class Engine(Protocol):
    """What runs a module instead of the model: a real PowerShell."""

    def takes(self, module: str) -> bool:
        """Tell whether it can run a module; the model answers for the others."""

    async def run(self, host: Host, command_line: str, stdin: bytes) -> Finished:
        """Return what the command left."""


@dataclass(frozen=True)
class HttpAnswer:
    """A status and a body, and what happens to the connection.

    Attributes:
        reset: Break it instead of answering.
        reset_after: Break it after so many bytes of the reply.
        close: Close it after the reply.
        silent: Never answer.
        seconds: Wait so long before the reply.
        delivered: To be called once the reply was written.
    """

    status: int
    body: bytes = b""
    reset: bool = False
    reset_after: int | None = None
    close: bool = False
    silent: bool = False
    seconds: float = 0
    delivered: Callable[[], None] = lambda: None


_ANSWERED: Mapping[str, HttpAnswer] = {
    "unauthorized": HttpAnswer(401),
    "unavailable": HttpAnswer(503),
    "empty": HttpAnswer(500),
    "reset": HttpAnswer(0, reset=True),
    "lost_request": HttpAnswer(0, silent=True),
}


class Endpoint:
    """A PC with its service, accounts, faults and log."""

    def __init__(
        self,
        host: Host,
        *,
        address: str,
        accounts: Accounts,
        faults: FaultList,
        log: AuditLog,
        engine: Engine | None = None,
        restart: Callable[[], None] = lambda: None,
        relisten: Callable[[], None] = lambda: None,
    ) -> None:
        self.host = host
        self.address = address
        self.accounts = accounts
        self.log = log
        self.service = Service(host, self._run)
        self._faults = faults
        self._engine = engine
        self._restart = restart
        self._relisten = relisten

    @property
    def listens(self) -> bool:
        """Return whether anything answers at the PC's address."""
        closed = self._faults.closed(self.host.name, self.host.clock.now())
        on = self.host.powered and not self.host.restarting and bool(self.host.reachable)
        return on and not closed

    def connection_fault(self) -> Fault | None:
        """Return what is wrong with a new connection, or None."""
        return self._fault(CONNECT)

    def refuses_credentials(self) -> bool:
        """Return whether a fault makes every credential wrong."""
        return self._fault(AUTHENTICATE) is not None

    async def answer(self, body: bytes, *, user: str, client: str) -> HttpAnswer:
        """Answer one request.

        Raises:
            MalformedError: The body is no WS-Management request.
        """
        request = soap.parse(body)
        if request.operation == "Identify":
            version = f"10.0.{self.host.build}" if user else "0.0.0"
            return HttpAnswer(200, replies.identified(version).body)
        caller = Caller(user, client, self.address)
        fault = self._fault(request.operation, module=self._module_of(request))
        self.log.add(
            {
                "at": self.host.clock.now().isoformat(),
                "operation": request.operation,
                "owner": user,
                "shell": request.shell_id,
                **({"fault": fault.kind} if fault else {}),
            }
        )
        if fault is not None:
            struck = await self._struck(fault, request, caller)
            if struck is not None:
                return struck
        reply, forget = await self.service.serve(request, caller)
        if self.host.restarting:
            self._restart()
        self._relisten()
        answer = HttpAnswer(500 if reply.is_fault else 200, reply.body, delivered=forget)
        return _disturbed(answer, fault) if fault is not None else answer

    async def _struck(
        self, fault: Fault, request: soap.Request, caller: Caller
    ) -> HttpAnswer | None:
        """Return what a fault answers in the service's place; None when the service answers."""
        if fault.kind in _ANSWERED:
            return _ANSWERED[fault.kind]
        if fault.kind == "reboot":
            restarts.begin(self.host)
            self._restart()
            return HttpAnswer(0, reset=True)
        if fault.kind == "timeout":
            await asyncio.sleep(request.timeout_seconds)
            return self._refuse(request, refusals.TIMED_OUT, caller)
        if fault.kind == "quota":
            limit = self.host.winrm.quotas.shells_per_user
            return self._refuse(request, refusals.too_many_shells(limit), caller)
        if fault.kind in _REFUSED:
            return self._refuse(request, _REFUSED[fault.kind], caller)
        if fault.kind in {*_SPOILT, "truncated"}:
            await self._spoil(fault.kind, request)
        return None

    def _refuse(self, request: soap.Request, refusal: Refusal, caller: Caller) -> HttpAnswer:
        return HttpAnswer(500, self.service.refuse(request, refusal, caller).body)

    async def _spoil(self, kind: str, request: soap.Request) -> None:
        """Put something else in the place of what a command left."""
        command = self.service.command_of(request)
        if command is None or command.work is None:
            return
        left = _SPOILT.get(kind)
        if left is None:
            whole = await command.work
            left = replace(whole, stdout=whole.stdout[:_MARK])
        words = clixml.errors(left.stderr)
        command.work.cancel()
        command.work = asyncio.ensure_future(_given(replace(left, stderr=clixml.of_errors(words))))

    async def _run(self, invocation: Invocation, shell: Shell) -> Finished:
        line, stdin = invocation.line, invocation.stdin
        payload = recognise(line, stdin, invocation.arguments)
        name, arguments = described(payload.work)
        now = self.host.clock.now().isoformat()
        entry: dict[str, object] = {"at": now, "ran": name, "arguments": masked(arguments)}
        fault = self._fault(RUN, module=name)
        killed = fault is not None and fault.kind == "killed"
        self.host.steps_left = fault.steps if fault is not None and killed else None
        ends = fault is None or killed
        plain = payload.become is None and payload.job is None and ends
        if self._engine is not None and plain and self._engine.takes(name):
            finished = await self._engine.run(self.host, line, stdin)
        else:
            finished = await self._modelled(payload, shell, ends=ends, entry=entry)
        if killed:  # also where it had done everything before: nobody hears of it
            finished = _KILLED
        self.log.add({**entry, "exit_code": finished.exit_code})
        return finished

    async def _modelled(
        self, payload: Payload, shell: Shell, *, ends: bool, entry: Mapping[str, object]
    ) -> Finished:
        try:
            outcome = run_payload(
                self.host, payload, user=shell.owner, ends=ends, session=shell.variables
            )
        except NeverEnds:
            self.log.add({**entry, "exit_code": None})
            await asyncio.Event().wait()  # until somebody ends it
            raise
        except Killed:
            return _KILLED
        stderr = clixml.of_errors(outcome.stderr)
        return Finished(outcome.stdout.encode(), stderr, outcome.exit_code)

    def _module_of(self, request: soap.Request) -> str:
        """Return the module that a request belongs to, once its whole input is there."""
        if not self._faults.asks_for_modules or not request.command_id:
            return ""
        command = self.service.command_of(request)
        if command is None:
            return ""
        if command.work is None:
            payload = recognise(command.line, bytes(command.stdin))
            return described(payload.work)[0]
        return next((e["ran"] for e in reversed(self.log.entries) if "ran" in e), "")

    def _fault(self, operation: str, *, module: str = "") -> Fault | None:
        return self._faults.at(self.host.name, operation, self.host.clock.now(), module=module)


def _disturbed(answer: HttpAnswer, fault: Fault) -> HttpAnswer:
    """Return an answer as a fault lets it through."""
    match fault.kind:
        case "lost_reply":
            return replace(answer, reset=True)
        case "idle_close":
            return replace(answer, close=True)
        case "slow":
            return replace(answer, seconds=fault.seconds)
        case "cut":
            return replace(answer, reset_after=fault.bytes)
    return answer


async def _given(finished: Finished) -> Finished:
    return finished
