"""WS-Management requests: what one envelope asks for."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.etree import ElementTree as ET

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMV = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD_SHELL = f"{SHELL}/cmd"
POWERSHELL = "http://schemas.microsoft.com/powershell"
POWERSHELL_SHELL = f"{POWERSHELL}/Microsoft.PowerShell"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"

DEFAULT_ENVELOPE_BYTES = 153600
_DEFAULT_TIMEOUT_SECONDS = 60.0
_UNDERSTOOD = {
    *(f"{{{ADDRESSING}}}{n}" for n in ("To", "ReplyTo", "Action", "MessageID", "FaultTo", "From")),
    *(
        f"{{{WSMAN}}}{name}"
        for name in (
            "ResourceURI", "SelectorSet", "OptionSet", "MaxEnvelopeSize", "OperationTimeout",
            "Locale", "FragmentTransfer", "RequestTotalItemsCountEstimate",
        )
    ),
    *(
        f"{{{WSMV}}}{name}"
        for name in (
            "SessionId", "OperationID", "SequenceId", "DataLocale", "ActivityId", "CompressionType",
        )
    ),
}  # fmt: skip
_DURATION = re.compile(
    r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?"
)
_NOTHING: Mapping[str, str] = MappingProxyType({})


class MalformedError(Exception):
    """The body is no WS-Management request."""


@dataclass(frozen=True)
class Request:
    """What one envelope asks for.

    Attributes:
        operation: Create, Command, Send, Receive, Signal, Delete, Get or Identify; any other word
            that an action ends with.
        message_id: To be repeated in the reply.
        resource: The resource URI.
        shell_id: The shell's selector, or empty.
        command_id: The command in question, or empty.
        command_line: Command and arguments, joined as Windows joins them.
        fragments: PSRP fragments that came in Create, Command or Send.
        stdin: Decoded input.
        stdin_ends: Whether this was the last input.
        signal: The last part of a signal's URI.
        options: The option set.
        environment: Variables that a new shell is given.
        directory: Where a new shell begins.
        idle_seconds: The idle limit that a new shell asks for, or None.
        timeout_seconds: How long an operation may stay without an answer.
        timeout_text: An operation timeout that is no duration, or empty.
        envelope_bytes: How long a reply may be.
        not_understood: Header blocks that must be understood, and are not.
    """

    operation: str
    message_id: str
    resource: str = ""
    shell_id: str = ""
    command_id: str = ""
    command_line: str = ""
    fragments: bytes = b""
    stdin: bytes = b""
    stdin_ends: bool = False
    signal: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    directory: str = ""
    idle_seconds: float | None = None
    timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS
    timeout_text: str = ""
    envelope_bytes: int = DEFAULT_ENVELOPE_BYTES
    not_understood: tuple[str, ...] = ()


def asks_identity(body: bytes) -> bool:
    """Tell whether a body is an Identify, which needs no authentication."""
    try:
        return parse(body).operation == "Identify"
    except MalformedError:
        return False


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
    header, content = root.find(f"{{{SOAP}}}Header"), root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or header is None or content is None:
        raise MalformedError("an envelope with a header and a body is needed")
    action = _text(header, f"{{{ADDRESSING}}}Action")
    message_id = _text(header, f"{{{ADDRESSING}}}MessageID")
    if not action or not message_id:
        raise MalformedError("an action and a message id are needed")
    timeout = _text(header, f"{{{WSMAN}}}OperationTimeout")
    seconds = duration(timeout) if timeout else _DEFAULT_TIMEOUT_SECONDS
    size = _text(header, f"{{{WSMAN}}}MaxEnvelopeSize")
    named = {
        node.get("Name", ""): (node.text or "").strip()
        for node in header.iter(f"{{{WSMAN}}}Selector")
    }
    return _with_body(
        content,
        operation=action.rsplit("/", 1)[-1],
        message_id=message_id,
        resource=_text(header, f"{{{WSMAN}}}ResourceURI"),
        shell_id=named.get("ShellId", "").upper(),
        options={
            node.get("Name", ""): (node.text or "").strip()
            for node in header.iter(f"{{{WSMAN}}}Option")
        },
        timeout_seconds=_DEFAULT_TIMEOUT_SECONDS if seconds is None else seconds,
        timeout_text=timeout if seconds is None else "",
        envelope_bytes=int(size) if size.isdecimal() else DEFAULT_ENVELOPE_BYTES,
        not_understood=tuple(
            node.tag
            for node in header
            if node.get(f"{{{SOAP}}}mustUnderstand", "").lower() in {"true", "1"}
            and node.tag not in _UNDERSTOOD
        ),
    )


def duration(text: str) -> float | None:
    """Return the seconds of an XML duration, or None when it is none, or negative."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(found[name] or 0) for name in "dhms")
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _with_body(content: ET.Element, **known: object) -> Request:
    """Complete a request with what its body says."""
    found = content[0] if len(content) else None
    name = found.tag.rpartition("}")[2] if found is not None else ""
    more: dict[str, object] = {}
    if found is None:
        pass
    elif name == "Shell":
        idle = _text(found, f"{{{SHELL}}}IdleTimeOut") or _text(found, f"{{{SHELL}}}IdleTimeout")
        more = {
            "fragments": _decoded(_text(found, f"{{{POWERSHELL}}}creationXml")),
            "directory": _text(found, f"{{{SHELL}}}WorkingDirectory"),
            "idle_seconds": duration(idle),
            "environment": {
                node.get("Name", ""): node.text or "" for node in found.iter(f"{{{SHELL}}}Variable")
            },
        }
    elif name == "CommandLine":
        words = [node.text or "" for node in found.findall(f"{{{SHELL}}}Arguments")]
        line = " ".join([_text(found, f"{{{SHELL}}}Command"), *words])
        powershell = str(known["resource"]).startswith(POWERSHELL)
        more = {
            "command_id": found.get("CommandId", "").upper(),
            "command_line": "" if powershell else line,
            "fragments": _decoded("".join(words)) if powershell else b"",
        }
    else:
        streams = found.findall(f"{{{SHELL}}}Stream") if name == "Send" else []
        about = next((n for n in (found, *found) if n.get("CommandId")), found)
        more = {
            "command_id": about.get("CommandId", "").upper(),
            "stdin": b"".join(_decoded(node.text or "") for node in streams),
            "stdin_ends": any(node.get("End", "").lower() == "true" for node in streams),
            "signal": _text(found, f"{{{SHELL}}}Code").rpartition("/")[2],
        }
    return Request(**{**known, **more})  # type: ignore[arg-type]


def _text(node: ET.Element, tag: str) -> str:
    found = node.find(tag)
    return (found.text or "").strip() if found is not None else ""


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=False)
    except (Base64Error, ValueError) as error:
        raise MalformedError("input is not base64") from error
