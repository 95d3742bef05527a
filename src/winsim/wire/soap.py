"""WS-Management envelopes: what a request asks, and replies shaped as Windows writes them."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMAN_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD_SHELL = f"{SHELL}/cmd"

OPERATION_TIMEOUT = 2150858793
UNKNOWN_SELECTOR = 2150858843
UNSUPPORTED = 2150858778
TOO_MANY_SHELLS = 2150859173
ACCESS_DENIED = 5
SCHEMA = 2150858817

_NAMESPACES = (
    f'xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:w="{WSMAN}" '
    f'xmlns:rsp="{SHELL}" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"'
)
_DURATION = re.compile(r"PT(\d+(?:\.\d+)?)S")
_REPLIES = UUID("5f4a35a3-6a62-4c33-9d4e-0d1f36f7a1c0")


class MalformedError(Exception):
    """The body is no WS-Management request."""


@dataclass(frozen=True)
class Request:
    """What one envelope asks for.

    Attributes:
        operation: Create, Command, Send, Receive, Signal, Delete or Identify.
        message_id: To be repeated in the reply.
        resource: The resource URI.
        shell_id: The shell's selector, or empty.
        command_id: The command in question, or empty.
        command_line: Command and arguments, joined as Windows joins them.
        stdin: Decoded input.
        stdin_ends: Whether this was the last input.
        timeout_seconds: How long an operation may stay without an answer.
    """

    operation: str
    message_id: str
    resource: str = ""
    shell_id: str = ""
    command_id: str = ""
    command_line: str = ""
    stdin: bytes = b""
    stdin_ends: bool = False
    timeout_seconds: float = 20.0


@dataclass(frozen=True)
class Fault:
    """A refusal that Windows expresses in SOAP, sent with status 500."""

    code: int
    message: str
    subcode: str = "w:InvalidSelectors"


@dataclass(frozen=True)
class Output:
    """What a Receive has to tell: bytes, and the exit code once the command is done."""

    command_id: str
    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int | None = None


@dataclass(frozen=True)
class Reply:
    """A body to send back, and whether it is a fault."""

    body: bytes
    is_fault: bool = False


def parse(body: bytes) -> Request:
    """Read an envelope.

    Raises:
        MalformedError: It is no well-formed request, or carries a document type.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise MalformedError("document types are not allowed")
    try:
        root = ET.fromstring(body)  # noqa: S314 - no document type, so no entities
    except (ET.ParseError, ValueError) as error:
        raise MalformedError(str(error)) from error
    if root.find(f".//{{{IDENTITY}}}Identify") is not None:
        return Request("Identify", "")
    action = _text(root, f"{{{ADDRESSING}}}Action")
    message_id = _text(root, f"{{{ADDRESSING}}}MessageID")
    if not action or not message_id:
        raise MalformedError("an action and a message id are needed")
    selector = next(
        (s.text for s in root.iter(f"{{{WSMAN}}}Selector") if s.get("Name") == "ShellId"), None
    )
    command_line, stdin, ends, command_id = _body(root)
    duration = _DURATION.fullmatch(_text(root, f"{{{WSMAN}}}OperationTimeout"))
    return Request(
        operation=action.rsplit("/", 1)[-1],
        message_id=message_id,
        resource=_text(root, f"{{{WSMAN}}}ResourceURI"),
        shell_id=(selector or "").upper(),
        command_id=command_id.upper(),
        command_line=command_line,
        stdin=stdin,
        stdin_ends=ends,
        timeout_seconds=float(duration[1]) if duration else 20.0,
    )


def created(request: Request, *, shell_id: str, owner: str, client: str) -> Reply:
    """Answer Create with the new shell."""
    body = (
        f"<x:ResourceCreated><a:Address>http://{escape(client)}:5985/wsman</a:Address>"
        f"<a:ReferenceParameters><w:ResourceURI>{CMD_SHELL}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
        "</a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId>"
        f"<rsp:ResourceUri>{CMD_SHELL}</rsp:ResourceUri><rsp:Owner>{escape(owner)}</rsp:Owner>"
        f"<rsp:ClientIP>{escape(client)}</rsp:ClientIP>"
        "<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut>"
        "<rsp:InputStreams>stdin</rsp:InputStreams>"
        "<rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
        "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
        "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
    )
    return _reply(request, f"{TRANSFER}/CreateResponse", body)


def command_started(request: Request, command_id: str) -> Reply:
    """Answer Command with the new command."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
    return _reply(request, f"{SHELL}/CommandResponse", body)


def sent(request: Request) -> Reply:
    """Answer Send."""
    return _reply(request, f"{SHELL}/SendResponse", "<rsp:SendResponse/>")


def received(request: Request, output: Output) -> Reply:
    """Answer Receive: data first, then an empty End of each stream, then the state."""
    stream = f'CommandId="{output.command_id}"'
    parts = [
        f'<rsp:Stream Name="{name}" {stream}>{b64encode(data).decode()}</rsp:Stream>'
        for name, data in (("stdout", output.stdout), ("stderr", output.stderr))
        if data
    ]
    if output.exit_code is None:
        parts.append(f'<rsp:CommandState {stream} State="{SHELL}/CommandState/Running"/>')
    else:
        parts += [
            f'<rsp:Stream Name="{name}" {stream} End="true"/>' for name in ("stdout", "stderr")
        ]
        parts.append(
            f'<rsp:CommandState {stream} State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{output.exit_code & 0xFFFFFFFF}</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
    return _reply(request, f"{SHELL}/ReceiveResponse", body)


def signalled(request: Request) -> Reply:
    """Answer Signal."""
    return _reply(request, f"{SHELL}/SignalResponse", "<rsp:SignalResponse/>")


def deleted(request: Request) -> Reply:
    """Answer Delete."""
    return _reply(request, f"{TRANSFER}/DeleteResponse", "")


def identified() -> Reply:
    """Answer Identify; Windows tells its version only to those who are authenticated."""
    body = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}">'
        f"<wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        "<wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    )
    return Reply(body.encode())


def refused(request: Request, fault: Fault) -> Reply:
    """Answer with a fault."""
    body = (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value>"
        f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(fault.message)}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault xmlns:f="{WSMAN_FAULT}" Code="{fault.code}" Machine="localhost">'
        f"<f:Message>{escape(fault.message)}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )
    reply = _reply(request, "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", body)
    return Reply(reply.body, is_fault=True)


def _reply(request: Request, action: str, body: str) -> Reply:
    # Deterministic, so that the same conversation gives the same bytes.
    message_id = str(uuid5(_REPLIES, request.message_id)).upper()
    text = (
        f'<s:Envelope xml:lang="en-US" {_NAMESPACES}><s:Header>'
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:{message_id}</a:MessageID>"
        f'<p:ActivityId s:mustUnderstand="false">{message_id}</p:ActivityId>'
        f"<a:To>{ADDRESSING}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(request.message_id)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
    return Reply(text.encode())


def _text(root: ET.Element, tag: str) -> str:
    found = root.find(f".//{tag}")
    return (found.text or "").strip() if found is not None else ""


def _body(root: ET.Element) -> tuple[str, bytes, bool, str]:
    line = root.find(f".//{{{SHELL}}}CommandLine")
    if line is not None:
        words = [_text(line, f"{{{SHELL}}}Command")]
        words += [node.text or "" for node in line.findall(f"{{{SHELL}}}Arguments")]
        return " ".join(words), b"", False, line.get("CommandId", "")
    streams: Sequence[ET.Element] = root.findall(f".//{{{SHELL}}}Send/{{{SHELL}}}Stream")
    stdin = b"".join(_decoded(node.text or "") for node in streams)
    ends = any(node.get("End", "").lower() == "true" for node in streams)
    for tag in ("DesiredStream", "Stream", "Signal"):
        node = root.find(f".//{{{SHELL}}}{tag}")
        if node is not None and node.get("CommandId"):
            return "", stdin, ends, str(node.get("CommandId"))
    return "", stdin, ends, ""


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=False)
    except Base64Error as error:
        raise MalformedError("input is not base64") from error
