"""Replies have the shape and the constant values of those that real Windows was recorded to give."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import psrpcore
import pytest
from tests.wsman import Client, code, text

from winsim.wire import refusals, soap
from winsim.wire.shells import Finished, Invocation, Shell

RECORDED = json.loads(
    (Path(__file__).parent / "recorded_replies.json").read_text(encoding="utf-8")
)["replies"]
PREFIXES = {
    soap.SOAP: "s",
    soap.ADDRESSING: "a",
    soap.TRANSFER: "x",
    soap.WSMAN: "w",
    soap.WSMV: "p",
    soap.SHELL: "rsp",
    soap.CONFIG: "cfg",
    "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault": "f",
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError": "wmi",
}


def shape(node: ET.Element) -> str:
    """Return a tree's tags, attributes and order; neighbours of one shape count as one."""
    namespace, _, name = node.tag[1:].rpartition("}")
    attributes = ",".join(sorted(key.rpartition("}")[2] for key in node.attrib))
    children: list[str] = []
    for child in node:
        if (found := shape(child)) not in children[-1:] and not found.startswith("p:ActivityId"):
            children.append(found)
    inside = f"({' '.join(children)})" if children else ""
    shown = f"[{attributes}]" if attributes else ""
    return f"{PREFIXES.get(namespace, namespace)}:{name}{shown}{inside}"


def values(node: ET.Element, names: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in node.iter():
        name = each.tag.rpartition("}")[2]
        if name == "WSManFault" and "Code" in names:
            found.setdefault("Code", []).append(each.get("Code", ""))
        elif name in names and each.text:
            found.setdefault(name, []).append(each.text)
    return found


async def printed(invocation: Invocation, shell: Shell) -> Finished:
    del shell
    line = invocation.line + invocation.stdin.decode()
    if "for ever" in line:
        await asyncio.Event().wait()
    return Finished(b"" if "silent" in line else line.encode() * (9000 if "long" in line else 1))


async def text_shell() -> dict[str, ET.Element]:
    """Hold every conversation with a text shell, and return the replies by the recordings' names."""
    client = Client(printed, shells_per_user=4)
    environment = '<rsp:Shell><rsp:Environment><rsp:Variable Name="a">b</rsp:Variable></rsp:Environment></rsp:Shell>'
    directory = (
        "<rsp:Shell><rsp:WorkingDirectory>C:\\Windows</rsp:WorkingDirectory>"
        "<rsp:IdleTimeOut>PT60.000S</rsp:IdleTimeOut></rsp:Shell>"
    )
    create = await client.ask("Create", "<rsp:Shell/>")
    shell = text(create, "ShellId")
    line = "<rsp:CommandLine><rsp:Command>hi</rsp:Command></rsp:CommandLine>"
    command = await client.ask("Command", line, shell=shell)
    one = text(command, "CommandId")
    reader = await client.start(shell, "x", waits=True)
    told = {
        "cmd Create": create,
        "cmd Create with an environment": await client.ask("Create", environment),
        "cmd Create with a directory": await client.ask("Create", directory),
        "cmd Command": command,
        "cmd Send": await client.send(shell, reader, b"in", ends=True),
        "cmd Receive of output": await client.receive(shell, one),
        "cmd Receive without output": await client.receive(
            shell, await client.start(shell, "silent")
        ),
        "cmd Receive while it runs": await client.receive(
            shell, await client.start(shell, "long " * 9)
        ),
        "cmd Receive in vain": await client.receive(shell, await client.start(shell, "for ever")),
        "cmd Receive of no command": await client.receive(shell, "0" * 8),
        "cmd Signal": await client.signal(shell, one),
        "Receive with an impossible timeout": await client.receive(shell, one, timeout="PT-1S"),
        "Get of no shell": await client.ask("Get", shell="0" * 8, resource=soap.SHELL),
        "config Get": await client.ask("Get", resource=soap.CONFIG),
    }
    await client.open()
    told["Create of one shell too many"] = await client.ask("Create", "<rsp:Shell/>")
    return {**told, "cmd Delete": await client.delete(shell)}


async def runspace_pool() -> dict[str, ET.Element]:
    """Hold a conversation with a runspace pool, with psrpcore as the client."""
    client = Client(printed)
    pool = psrpcore.ClientRunspacePool()
    pool.open()
    creation = base64.b64encode(pool.data_to_send().data).decode()
    body = f'<rsp:Shell><creationXml xmlns="{soap.POWERSHELL}">{creation}</creationXml></rsp:Shell>'

    async def ask(*words: Any, **about: Any) -> ET.Element:
        reply = await client.ask(*words, resource=soap.POWERSHELL_SHELL, **about)
        for node in reply.iter(f"{{{soap.SHELL}}}Stream"):
            target = UUID(node.get("CommandId", "")) if node.get("CommandId") else None
            data = base64.b64decode(node.text or "")
            pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, target))
        while pool.next_event() is not None:
            pass
        return reply

    idle = body.replace("<creation", "<rsp:IdleTimeOut>PT60.000S</rsp:IdleTimeOut><creation")
    short = text(await client.ask("Create", idle, resource=soap.POWERSHELL_SHELL), "ShellId")
    create = await ask("Create", body)
    shell = text(create, "ShellId")
    opened = await ask("Receive", "<rsp:Receive><rsp:DesiredStream/></rsp:Receive>", shell=shell)
    pipeline = psrpcore.ClientPowerShell(pool)
    pipeline.add_script("hi")
    pipeline.start()
    pipeline.send("one")
    pipeline.send_eof()
    name = str(pipeline.pipeline_id).upper()
    first = base64.b64encode(pool.data_to_send(400).data).decode()
    rest = base64.b64encode(pool.data_to_send().data).decode()
    command = await ask(
        "Command",
        f'<rsp:CommandLine CommandId="{name}"><rsp:Arguments>{first}</rsp:Arguments></rsp:CommandLine>',
        shell=shell,
    )
    stream = f'<rsp:Stream Name="stdin" CommandId="{name}">{rest}</rsp:Stream>'
    sent = await ask("Send", f"<rsp:Send>{stream}</rsp:Send>", shell=shell)
    receive = f'<rsp:Receive><rsp:DesiredStream CommandId="{name}">stdout</rsp:DesiredStream></rsp:Receive>'
    return {
        "PowerShell Create": create,
        "PowerShell Receive of the pool": opened,
        "PowerShell Command": command,
        "PowerShell Send": sent,
        "PowerShell Receive of a pipeline": await ask("Receive", receive, shell=shell),
        "PowerShell Signal": await client.signal(shell, name),
        "PowerShell Get": await client.ask("Get", shell=short, resource=soap.SHELL),
        "PowerShell Delete": await client.delete(shell),
    }


@pytest.fixture(scope="module")
def told() -> dict[str, ET.Element]:
    return {**asyncio.run(text_shell()), **asyncio.run(runspace_pool())}


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["reply"])
def test_a_reply_is_shaped_as_windows_was_recorded(
    told: dict[str, ET.Element], recorded: dict[str, Any]
) -> None:
    reply = told[recorded["reply"]]

    assert recorded["shape"] == shape(reply)
    assert recorded["values"] == values(reply, set(recorded["values"]))


def test_nothing_was_told_that_was_not_recorded(told: dict[str, ET.Element]) -> None:
    assert {recorded["reply"] for recorded in RECORDED} == set(told)
    assert refusals.OPERATION_TIMEOUT == code(told["cmd Receive in vain"])
