"""WS-Management replies, shaped as Windows writes them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5
from xml.sax.saxutils import escape, quoteattr

from winsim.wire.refusals import Fault
from winsim.wire.soap import (
    ADDRESSING,
    CMD_SHELL,
    CONFIG,
    IDENTITY,
    SHELL,
    SOAP,
    TRANSFER,
    WSMAN,
    WSMV,
    Request,
)

WSMAN_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
_FAULTS = "http://schemas.dmtf.org/wbem/wsman/1/wsman"
_CIM = "http://schemas.dmtf.org/wbem/wscim/1"
_NAMESPACES = (
    f'xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:w="{WSMAN}" '
    f'xmlns:rsp="{SHELL}" xmlns:p="{WSMV}"'
)
_REPLIES = UUID("5f4a35a3-6a62-4c33-9d4e-0d1f36f7a1c0")
# What an envelope costs beside the streams in it.
_ENVELOPE_BYTES = 4096


@dataclass(frozen=True)
class Reply:
    """A body to send back, and whether it is a fault."""

    body: bytes
    is_fault: bool = False


@dataclass(frozen=True)
class About:
    """What a reply to Create or Get tells of a shell.

    Attributes:
        address: Where the client spoke to.
        owner: Account.
        client: The client's address.
        run_seconds: How long it has been there.
        idle_seconds: How long nobody has used it.
        idle_limit: After how many idle seconds it goes.
    """

    shell_id: str
    resource: str
    owner: str
    client: str
    address: str
    idle_limit: float
    process_id: int
    run_seconds: float = 0
    idle_seconds: float = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    children: int = 0


@dataclass(frozen=True)
class Output:
    """What a Receive has to tell.

    Attributes:
        command_id: The command, or empty for what belongs to a whole runspace pool.
        streams: Name and bytes, in the order in which they came.
        exit_code: The code once the command is done, else None.
        ends: Streams that say that nothing more comes, as those of a text shell do.
        running: Whether a command without an exit code is said to be running.
    """

    command_id: str
    streams: Sequence[tuple[str, bytes]] = ()
    exit_code: int | None = None
    ends: Sequence[str] = ()
    running: bool = True


def room(envelope_bytes: int) -> int:
    """Return how many raw bytes of output fit into a reply of a size."""
    return max(1024, (envelope_bytes - _ENVELOPE_BYTES) // 4 * 3)


def created(request: Request, about: About) -> Reply:
    """Answer Create with the new shell."""
    body = (
        f"<x:ResourceCreated><a:Address>{escape(about.address)}</a:Address>"
        f"<a:ReferenceParameters><w:ResourceURI>{escape(about.resource)}</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="ShellId">{about.shell_id}</w:Selector></w:SelectorSet>'
        f"</a:ReferenceParameters></x:ResourceCreated>{_shell(about)}"
    )
    return _reply(request, f"{TRANSFER}/CreateResponse", body)


def got_shell(request: Request, about: About) -> Reply:
    """Answer Get with a shell as it is now."""
    more = f"<rsp:MemoryUsed>83MB</rsp:MemoryUsed><rsp:ChildProcesses>{about.children}</rsp:ChildProcesses>"
    return _reply(request, f"{TRANSFER}/GetResponse", _shell(about, more))


def got_config(request: Request, settings: Mapping[str, object]) -> Reply:
    """Answer Get with the service's settings."""
    body = f'<cfg:Config xmlns:cfg="{CONFIG}">{_settings(settings)}</cfg:Config>'
    return _reply(request, f"{TRANSFER}/GetResponse", body)


def command_started(request: Request, command_id: str) -> Reply:
    """Answer Command with the new command."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
    return _reply(request, f"{SHELL}/CommandResponse", body)


def sent(request: Request) -> Reply:
    """Answer Send."""
    return _reply(request, f"{SHELL}/SendResponse", "<rsp:SendResponse/>")


def received(request: Request, output: Output) -> Reply:
    """Answer Receive: data first, then an empty End of each stream, then the state."""
    about = f' CommandId="{output.command_id}"' if output.command_id else ""
    parts = [
        f'<rsp:Stream Name="{name}"{about}>{b64encode(data).decode()}</rsp:Stream>'
        for name, data in output.streams
        if data
    ]
    parts += [f'<rsp:Stream Name="{name}"{about} End="true"></rsp:Stream>' for name in output.ends]
    if output.exit_code is not None:
        parts.append(
            f'<rsp:CommandState{about} State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{output.exit_code & 0xFFFFFFFF}</rsp:ExitCode></rsp:CommandState>"
        )
    elif about and output.running:
        parts.append(f'<rsp:CommandState{about} State="{SHELL}/CommandState/Running"/>')
    body = f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
    return _reply(request, f"{SHELL}/ReceiveResponse", body)


def signalled(request: Request) -> Reply:
    """Answer Signal."""
    return _reply(request, f"{SHELL}/SignalResponse", "<rsp:SignalResponse/>")


def deleted(request: Request) -> Reply:
    """Answer Delete."""
    return _reply(request, f"{TRANSFER}/DeleteResponse", "")


def identified(version: str) -> Reply:
    """Answer Identify; Windows tells its version only to those who are authenticated."""
    body = (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}">'
        f"<wsmid:ProtocolVersion>{WSMAN}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>OS: {version} SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    )
    return Reply(body.encode())


def refused(request: Request, fault: Fault, *, machine: str = "localhost") -> Reply:
    """Answer with a fault."""
    body = (
        f"<s:Fault><s:Code><s:Value>s:{'Sender' if fault.sender else 'Receiver'}</s:Value>"
        f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(fault.reason)}</s:Text></s:Reason>'
        f"<s:Detail>{_quota(fault) if fault.quota else _wsman_fault(fault, machine)}</s:Detail>"
        "</s:Fault>"
    )
    family = ADDRESSING if fault.subcode.startswith("a:") else _FAULTS
    reply = _reply(request, f"{family}/fault", body)
    return Reply(reply.body, is_fault=True)


def _wsman_fault(fault: Fault, machine: str) -> str:
    head = (
        f'<f:WSManFault xmlns:f="{WSMAN_FAULT}" Code="{fault.code}" Machine={quoteattr(machine)}>'
    )
    text = escape(fault.text)
    if fault.provider:
        name, path = (quoteattr(part) for part in fault.provider)
        if fault.nested:
            text = f"{head}<f:Message>{text}</f:Message></f:WSManFault>"
        text = f"<f:ProviderFault provider={name} path={path}>{text}</f:ProviderFault>"
    detail = f"<w:FaultDetail>{fault.detail_uri}</w:FaultDetail>" if fault.detail else ""
    return f"{detail}{head}<f:Message>{text}</f:Message></f:WSManFault>"


def _quota(fault: Fault) -> str:
    """Return what Windows tells of a limit: a CIM error, not a fault of WS-Management."""
    return (
        '<p:MSFT_WmiError b:IsCIM_Error="true" '
        'xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd" '
        f'xmlns:cim="{_CIM}/common" xmlns:p="{_CIM}/cim-schema/2/MSFT_WmiError" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="p:MSFT_WmiError_Type">'
        + _cim_value("CIMStatusCode", "UnsignedInt", 27)
        + _cim_nothing("CIMStatusCodeDescription", "ErrorSource")
        + _cim_value("ErrorSourceFormat", "UnsignedShort", 0)
        + _cim_value("ErrorType", "UnsignedShort", 0)
        + _cim_value("Message", "String", fault.text)
        + _cim_value("MessageID", "String", f"HRESULT 0x{fault.code:08x}")
        + _cim_nothing("OtherErrorSourceFormat", "OtherErrorType", "OwningEntity")
        + _cim_value("PerceivedSeverity", "UnsignedShort", 0)
        + _cim_value("ProbableCause", "UnsignedShort", 0)
        + _cim_nothing("ProbableCauseDescription")
        + _cim_value("error_Category", "UnsignedInt", 30)
        + _cim_value("error_Code", "UnsignedInt", fault.code)
        + _cim_value("error_Type", "String", "HRESULT")
        + _cim_value("error_WindowsErrorMessage", "String", fault.text)
        + "</p:MSFT_WmiError>"
    )


def _cim_value(name: str, kind: str, value: object) -> str:
    return f'<p:{name} xsi:type="cim:cim{kind}">{escape(str(value))}</p:{name}>'


def _cim_nothing(*names: str) -> str:
    return "".join(f'<p:{name} xsi:nil="true" xsi:type="cim:cimString"/>' for name in names)


def _shell(about: About, more: str = "") -> str:
    powershell = about.resource != CMD_SHELL
    variables = "".join(
        f"<rsp:Variable Name={quoteattr(name)}>{escape(value)}</rsp:Variable>"
        for name, value in about.environment.items()
    )
    return (
        f'<rsp:Shell xmlns:rsp="{SHELL}"><rsp:ShellId>{about.shell_id}</rsp:ShellId>'
        f"<rsp:ResourceUri>{escape(about.resource)}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(about.owner)}</rsp:Owner>"
        f"<rsp:ClientIP>{escape(about.client)}</rsp:ClientIP>"
        + (f"<rsp:ProcessId>{about.process_id}</rsp:ProcessId>" if powershell else "")
        + (f"<rsp:Environment>{variables}</rsp:Environment>" if variables else "")
        + (
            f"<rsp:WorkingDirectory>{escape(about.directory)}</rsp:WorkingDirectory>"
            if about.directory
            else ""
        )
        + f"<rsp:IdleTimeOut>PT{about.idle_limit:.3f}S</rsp:IdleTimeOut>"
        f"<rsp:InputStreams>{'stdin pr' if powershell else 'stdin'}</rsp:InputStreams>"
        f"<rsp:OutputStreams>{'stdout' if powershell else 'stdout stderr'}</rsp:OutputStreams>"
        + (_POWERSHELL_PARTS if powershell else "")
        + f"<rsp:ShellRunTime>{_duration(about.run_seconds)}</rsp:ShellRunTime>"
        f"<rsp:ShellInactivity>{_duration(about.idle_seconds)}</rsp:ShellInactivity>{more}</rsp:Shell>"
    )


_POWERSHELL_PARTS = (
    "<rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut><rsp:Locale>en-US</rsp:Locale>"
    "<rsp:DataLocale>en-US</rsp:DataLocale><rsp:CompressionMode>NoCompression</rsp:CompressionMode>"
    "<rsp:ProfileLoaded>Yes</rsp:ProfileLoaded><rsp:Encoding>UTF8</rsp:Encoding>"
    "<rsp:BufferMode>Block</rsp:BufferMode><rsp:State>Connected</rsp:State>"
)


def _duration(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"P{days}DT{hours}H{minutes}M{left}S"


def _settings(settings: Mapping[str, object]) -> str:
    return "".join(
        f"<cfg:{name}>{_settings(value) if isinstance(value, Mapping) else escape(str(value))}</cfg:{name}>"
        for name, value in settings.items()
    )


def _reply(request: Request, action: str, body: str) -> Reply:
    # Deterministic, so that the same conversation gives the same bytes.
    message_id = str(uuid5(_REPLIES, request.message_id)).upper()
    text = (
        f'<s:Envelope xml:lang="en-US" {_NAMESPACES}><s:Header>'
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:{message_id}</a:MessageID>"
        f"<p:ActivityId>{message_id}</p:ActivityId>"
        f"<a:To>{ADDRESSING}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(request.message_id)}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
    return Reply(text.encode())
