"""One PC on the wire: from an authenticated HTTP body to a WS-Management reply."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from winsim.dispatch import described, run_payload
from winsim.host import Host
from winsim.wire import soap
from winsim.wire.audit_log import AuditLog, masked
from winsim.wire.authentication import Accounts
from winsim.wire.faults import AUTHENTICATE, FaultList
from winsim.wire.recogniser import Payload, recognise
from winsim.wire.shells import Finished, Shells, UnknownSelectorError

GARBAGE = b"\xff\xfeThis is not what you asked for"
_GONE = soap.Fault(
    soap.UNKNOWN_SELECTOR,
    "The request for the Windows Remote Shell with ShellId failed because the shell was not found.",
)
_UNSUPPORTED = soap.Fault(
    soap.UNSUPPORTED,
    "The WS-Management service does not support the action.",
    "w:ActionNotSupported",
)
_TIMED_OUT = soap.Fault(
    soap.OPERATION_TIMEOUT,
    "The WS-Management service cannot complete the operation within the time specified.",
    "w:TimedOut",
)


@dataclass(frozen=True)
class HttpAnswer:
    """A status and a body; `reset` breaks the connection instead."""

    status: int
    body: bytes = b""
    reset: bool = False


class Endpoint:
    """A PC with its shells, accounts, faults and log."""

    def __init__(self, host: Host, *, accounts: Accounts, faults: FaultList, log: AuditLog) -> None:
        self.host = host
        self.accounts = accounts
        self.log = log
        self._faults = faults
        self.shells = Shells(host.name, self._run)

    @property
    def listens(self) -> bool:
        """Return whether anything answers at the PC's address."""
        return self.host.powered and not self._faults.closed(self.host.name, self.host.clock.now())

    def refuses_credentials(self) -> bool:
        """Return whether a fault makes every credential wrong."""
        return self._fault(AUTHENTICATE) == "unauthorized"

    async def answer(self, body: bytes, *, user: str, client: str) -> HttpAnswer:
        """Answer one request.

        Raises:
            MalformedError: The body is no WS-Management request.
        """
        request = soap.parse(body)
        if request.operation == "Identify":
            return HttpAnswer(200, soap.identified().body)
        module = self._module_of(request)
        fault = self._fault(request.operation, module=module)
        self.log.add(
            {
                "at": self.host.clock.now().isoformat(),
                "operation": request.operation,
                "shell": request.shell_id,
                **({"fault": fault} if fault else {}),
            }
        )
        if fault is not None and fault != "garbage":
            return await self._struck(request, fault)
        try:
            reply = self._serve(request, user=user, client=client)
        except UnknownSelectorError:
            reply = soap.refused(request, _GONE)
        if fault == "garbage":
            output = soap.Output(request.command_id, GARBAGE, exit_code=0)
            reply = soap.received(request, output)
        return HttpAnswer(500 if reply.is_fault else 200, reply.body)

    def _serve(self, request: soap.Request, *, user: str, client: str) -> soap.Reply:
        match request.operation:
            case "Create":
                shell = self.shells.create(user)
                return soap.created(request, shell_id=shell.id, owner=user, client=client)
            case "Command":
                command = self.shells.start(request.shell_id, request.command_line)
                return soap.command_started(request, command.id)
            case "Send":
                self.shells.feed(
                    request.shell_id, request.command_id, request.stdin, ends=request.stdin_ends
                )
                return soap.sent(request)
            case "Receive":
                return soap.received(
                    request, self.shells.finish(request.shell_id, request.command_id)
                )
            case "Signal":
                self.shells.end(request.shell_id, request.command_id)
                return soap.signalled(request)
            case "Delete":
                self.shells.delete(request.shell_id)
                return soap.deleted(request)
        return soap.refused(request, _UNSUPPORTED)

    async def _struck(self, request: soap.Request, fault: str) -> HttpAnswer:
        match fault:
            case "unauthorized":
                return HttpAnswer(401)
            case "unavailable":
                return HttpAnswer(503)
            case "empty":
                return HttpAnswer(500)
            case "timeout":
                await asyncio.sleep(request.timeout_seconds)
                return HttpAnswer(500, soap.refused(request, _TIMED_OUT).body)
        return HttpAnswer(0, reset=True)

    def _run(self, payload: Payload, owner: str) -> Finished:
        name, arguments = described(payload)
        outcome = run_payload(self.host, payload, user=owner.rpartition("\\")[2] or owner)
        self.log.add(
            {
                "at": self.host.clock.now().isoformat(),
                "ran": name,
                "arguments": masked(arguments),
                "exit_code": outcome.exit_code,
            }
        )
        return Finished(outcome.stdout.encode(), outcome.stderr.encode(), outcome.exit_code)

    def _module_of(self, request: soap.Request) -> str:
        try:
            command = self.shells.command(request.shell_id, request.command_id)
        except UnknownSelectorError:
            return ""
        payload = command.payload or recognise(command.line, bytes(command.stdin))
        return described(payload)[0]

    def _fault(self, operation: str, *, module: str = "") -> str | None:
        return self._faults.at(self.host.name, operation, self.host.clock.now(), module=module)
