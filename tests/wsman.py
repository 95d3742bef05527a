"""A small client of WS-Management, one operation a method, against the service of one PC."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from winsim.host import Account, Host
from winsim.model.cim import Cim
from winsim.model.winrm import Quotas, WinRm
from winsim.wire import soap
from winsim.wire.replies import Reply
from winsim.wire.service import Caller, Service
from winsim.wire.shells import Finished, Invocation, Shell

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
ME = Caller("PC\\custode", "127.0.0.9", "127.0.0.1")
Run = Callable[[Invocation, Shell], Awaitable[Finished]]


def host(**quotas: int) -> Host:
    made = Host(
        name="pc",
        octet=1,
        computer_name="PC",
        accounts=tuple(Account(name, "Simulated-Only-1") for name in ("custode", "anna", "bruno")),
        cim=Cim({}),
        winrm=WinRm(quotas=Quotas(**quotas)),
    )
    made.clock.set(NOW)
    return made


async def echo(invocation: Invocation, shell: Shell) -> Finished:
    del shell
    return Finished(invocation.line.encode() + invocation.stdin, b"", 7)


def text_of(
    operation: str,
    body: str = "",
    *,
    shell: str = "",
    header: str = "",
    timeout: str = "PT1S",
    size: int = 153600,
    resource: str = soap.CMD_SHELL,
) -> str:
    """Return an envelope as a client writes it."""
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>'
    return (
        f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:a="{soap.ADDRESSING}" xmlns:w="{soap.WSMAN}" '
        f'xmlns:rsp="{soap.SHELL}"><s:Header><a:Action>{soap.SHELL}/{operation}</a:Action>'
        f"<a:MessageID>uuid:1</a:MessageID><w:ResourceURI>{resource}</w:ResourceURI>"
        f"<w:OperationTimeout>{timeout}</w:OperationTimeout>"
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{size}</w:MaxEnvelopeSize>{header}'
        f"{selector if shell else ''}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


class Client:
    """What a client of WS-Management does, one operation a method."""

    def __init__(self, run: Run = echo, *, caller: Caller = ME, **quotas: int) -> None:
        self.host = host(**quotas)
        self.service = Service(self.host, run)
        self.caller = caller

    async def ask(self, *words: Any, loses: bool = False, **about: Any) -> ET.Element:
        reply, forget = await self.service.serve(
            soap.parse(text_of(*words, **about).encode()), self.caller
        )
        if not loses:
            forget()
        return parsed(reply)

    async def open(self) -> str:
        return text(await self.ask("Create", "<rsp:Shell/>"), "ShellId")

    async def start(self, shell: str, line: str, *, waits: bool = False) -> str:
        option = (
            f'<w:OptionSet><w:Option Name="WINRS_CONSOLEMODE_STDIN">{"FALSE" if waits else "TRUE"}'
            "</w:Option></w:OptionSet>"
        )
        body = f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command></rsp:CommandLine>"
        return text(await self.ask("Command", body, shell=shell, header=option), "CommandId")

    async def send(self, shell: str, command: str, data: bytes, *, ends: bool) -> ET.Element:
        body = (
            f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command}" End="{ends}">'
            f"{base64.b64encode(data).decode()}</rsp:Stream></rsp:Send>"
        )
        return await self.ask("Send", body, shell=shell)

    async def receive(self, shell: str, command: str, **about: Any) -> ET.Element:
        body = f'<rsp:Receive><rsp:DesiredStream CommandId="{command}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
        return await self.ask("Receive", body, shell=shell, **about)

    async def signal(self, shell: str, command: str) -> ET.Element:
        code = f"{soap.SHELL}/signal/terminate"
        body = f'<rsp:Signal CommandId="{command}"><rsp:Code>{code}</rsp:Code></rsp:Signal>'
        return await self.ask("Signal", body, shell=shell)

    async def delete(self, shell: str) -> ET.Element:
        return await self.ask("Delete", shell=shell)


def parsed(reply: Reply) -> ET.Element:
    return ET.fromstring(reply.body)


def text(reply: ET.Element, name: str) -> str:
    found = next((n for n in reply.iter() if n.tag.endswith("}" + name)), None)
    assert found is not None, ET.tostring(reply)
    return found.text or ""


def code(reply: ET.Element) -> int:
    """Return the code of a fault: WS-Management's own, or that of a limit."""
    for node in reply.iter():
        if node.tag.endswith("}WSManFault"):
            return int(node.get("Code", ""))
        if node.tag.endswith("}error_Code"):
            return int(node.text or "")
    return 0


def output(reply: ET.Element) -> bytes:
    return b"".join(
        base64.b64decode(node.text or "")
        for node in reply.iter()
        if node.tag.endswith("}Stream") and node.get("Name") == "stdout"
    )
