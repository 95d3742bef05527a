"""One PC on the wire: from an authenticated HTTP body to a WS-Management reply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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


_TOO_MANY_SHELLS = soap.Fault(
    soap.TOO_MANY_SHELLS,
    "The maximum number of concurrent shells for this user has been exceeded. "
    "Close existing shells or raise the quota for this user.",
    "w:QuotaLimit",
)
_ACCESS_DENIED = soap.Fault(soap.ACCESS_DENIED, "Access is denied. ", "w:AccessDenied")
MAX_SHELLS_PER_USER = 30
_CLIXML = (
    '#< CLIXML\r\n<Objs Version="1.1.0.1" '
    'xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    '<S S="Error">{}_x000D__x000A_</S></Objs>'
)
# What a command leaves when something on the PC gets in its way: stdout, stderr, exit code.
_SPOILT: Mapping[str, tuple[bytes, str, int]] = {
    "garbage": (GARBAGE, "", 0),
    "blocked": (
        b"",
        "This script contains malicious content and has been blocked by your antivirus software.",
        1,
    ),
    "constrained": (
        b"",
        "Cannot invoke method. Method invocation is supported only on core types in this language mode.",
        1,
    ),
    "no_memory": (b"", "", 0xC0000142),
}
_REFUSED: Mapping[str, soap.Fault] = {
    "quota": _TOO_MANY_SHELLS,
    "access_denied": _ACCESS_DENIED,
    "shell_gone": _GONE,
}


@dataclass(frozen=True)
class HttpAnswer:
    """A status and a body; `reset` breaks the connection instead, `close` after it."""

    status: int
    body: bytes = b""
    reset: bool = False
    close: bool = False


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
        if fault is not None and fault in _REFUSED:
            return HttpAnswer(500, soap.refused(request, _REFUSED[fault]).body)
        if fault is not None and fault not in {*_SPOILT, "idle_close", "lost_reply"}:
            return await self._struck(request, fault)
        try:
            reply = self._serve(request, user=user, client=client)
        except UnknownSelectorError:
            reply = soap.refused(request, _GONE)
        if fault is not None and fault in _SPOILT:
            stdout, words, code = _SPOILT[fault]
            stderr = _CLIXML.format(words).encode() if words else b""
            reply = soap.received(request, soap.Output(request.command_id, stdout, stderr, code))
        return HttpAnswer(
            500 if reply.is_fault else 200,
            reply.body,
            reset=fault == "lost_reply",
            close=fault == "idle_close",
        )

    def _serve(self, request: soap.Request, *, user: str, client: str) -> soap.Reply:
        match request.operation:
            case "Create":
                return self._create(request, user=user, client=client)
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

    def _create(self, request: soap.Request, *, user: str, client: str) -> soap.Reply:
        name = user.rpartition("\\")[2].lower()
        if not any(a.administrator for a in self.host.accounts if a.name.lower() == name):
            return soap.refused(request, _ACCESS_DENIED)
        if self.shells.count(name) >= MAX_SHELLS_PER_USER:
            return soap.refused(request, _TOO_MANY_SHELLS)
        shell = self.shells.create(name)
        return soap.created(request, shell_id=shell.id, owner=user, client=client)

    def _run(self, payload: Payload, owner: str) -> Finished:
        name, arguments = described(payload)
        outcome = run_payload(self.host, payload, user=owner)
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
