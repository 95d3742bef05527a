"""What Windows refuses, and in which words: codes, subcodes and texts of WS-Management faults.

Time-out, unknown shell, unknown command, invalid header and too many shells were compared with
recordings of real Windows (tests/contract/recorded_replies.json); the others follow its numbers
for errors, with words of our own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from winsim.wire.soap import CMD_SHELL, CONFIG, POWERSHELL_SHELL, SHELL, Request

OPERATION_TIMEOUT = 2150858793
UNKNOWN_SELECTOR = 2150858843
UNSUPPORTED = 2150858778
INVALID_HEADER = 2150858767
NOT_UNDERSTOOD = 2150858768
TOO_MANY_SHELLS = 2150859173
TOO_MANY_OPERATIONS = 2150859174
RESOURCE_NOT_FOUND = 2150858752
SCHEMA = 2150858817
ACCESS_DENIED = 5
ABORTED = 995
NO_HOST_PROCESS = 1018
NOT_ENOUGH_QUOTA = 2147944216

_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"
_RESOURCES = {CMD_SHELL, POWERSHELL_SHELL, CONFIG, SHELL}
_SMALLEST_ENVELOPE = 8192
_CMD_PLUGIN = ("Shell cmd plugin", r"%systemroot%\system32\winrscmd.dll")


@dataclass(frozen=True)
class Fault:
    """A refusal that Windows expresses in SOAP, sent with status 500.

    Attributes:
        code: What `WSManFault` carries, or `error_Code` of a quota's fault.
        reason: The general text.
        message: The particular one, where it is another.
        subcode: What kind of refusal it is, as SOAP has it.
        sender: Whether the request is to blame.
        detail: The last part of WS-Management's URI of details, or empty.
        provider: Name and file of the plug-in that refused, or None.
        nested: Whether the plug-in tells a whole fault of its own.
        quota: Whether it is told as `MSFT_WmiError`, as limits are.
    """

    code: int
    reason: str
    subcode: str = "w:InternalError"
    message: str = ""
    sender: bool = False
    detail: str = ""
    provider: tuple[str, str] | None = None
    nested: bool = False
    quota: bool = False

    @property
    def text(self) -> str:
        """Return the particular text."""
        return self.message or self.reason

    @property
    def detail_uri(self) -> str:
        """Return the URI of the detail, or nothing."""
        return f"{_DETAIL}/{self.detail}" if self.detail else ""


_SELECTORS = Fault(
    UNKNOWN_SELECTOR,
    "The WS-Management service cannot process the request because the request contained invalid "
    "selectors for the resource. ",
    "w:InvalidSelectors",
    sender=True,
    detail="UnexpectedSelectors",
)
UNKNOWN_SHELL = replace(
    _SELECTORS, provider=("Shell provider", r"%systemroot%\system32\WsmSvc.dll"), nested=True
)
UNKNOWN_COMMAND = replace(
    _SELECTORS,
    message="The Windows Remote Shell received a request to perform an operation on a command "
    "identifier that does not exist. Either the command has completed execution or the client "
    "specified an invalid command identifier. ",
)
TIMED_OUT = Fault(
    OPERATION_TIMEOUT,
    "The WS-Management service cannot complete the operation within the time specified in "
    "OperationTimeout.  ",
    "w:TimedOut",
)
ACTION_NOT_SUPPORTED = Fault(
    UNSUPPORTED,
    "The WS-Management service cannot process the request. The action is not supported by the "
    "service. ",
    "a:ActionNotSupported",
    sender=True,
)
DENIED = Fault(ACCESS_DENIED, "Access is denied. ", "w:AccessDenied", sender=True)
INTERRUPTED = Fault(
    ABORTED,
    "The I/O operation has been aborted because of either a thread exit or an application request. ",
)
_LIMITS = "The WS-Management service cannot process the request. "
_RAISE = "Close existing {} or raise the quota for this user. "


def too_many_shells(limit: int) -> Fault:
    """Return the refusal of one shell too many for an account."""
    return Fault(
        TOO_MANY_SHELLS,
        f"{_LIMITS}The maximum number of concurrent shells for this user has been exceeded. "
        + _RAISE.format("shells"),
        "w:QuotaLimit",
        f"{_LIMITS}This user is allowed a maximum number of {limit} concurrent shells, which has "
        f"been exceeded. {_RAISE.format('shells')}",
        sender=True,
        quota=True,
    )


def too_many_users(limit: int) -> Fault:
    """Return the refusal of one account too many with shells on the PC."""
    return Fault(
        TOO_MANY_SHELLS,
        f"{_LIMITS}The maximum number of users executing shell operations has been exceeded. "
        "Retry after sometime or raise the quota for concurrent shell users. ",
        "w:QuotaLimit",
        f"{_LIMITS}The system is allowed a maximum number of {limit} users executing shell "
        "operations, which has been exceeded. ",
        sender=True,
        quota=True,
    )


def too_many_operations(limit: int) -> Fault:
    """Return the refusal of one operation too many for an account."""
    return Fault(
        TOO_MANY_OPERATIONS,
        f"{_LIMITS}The maximum number of concurrent operations for this user has been exceeded. "
        + _RAISE.format("operations"),
        "w:QuotaLimit",
        f"{_LIMITS}This user is allowed a maximum number of {limit} concurrent operations, which "
        f"has been exceeded. {_RAISE.format('operations')}",
        sender=True,
        quota=True,
    )


TOO_MANY_PROCESSES = Fault(
    NOT_ENOUGH_QUOTA,
    "Not enough quota is available to process this command. ",
    provider=_CMD_PLUGIN,
)


def judged(request: Request) -> Fault | None:
    """Return why a request's header is refused, or None when nothing speaks against it."""
    if request.not_understood:
        name = request.not_understood[0].rpartition("}")[2]
        return Fault(
            NOT_UNDERSTOOD,
            "The WS-Management service cannot process the request. The request contains a SOAP "
            f"header that must be understood and is not: {name}. ",
            "s:MustUnderstand",
            sender=True,
        )
    if request.timeout_text:
        return _invalid_header(
            f"The XML contains an invalid timeout field in the SOAP header: {request.timeout_text}. "
        )
    if request.envelope_bytes < _SMALLEST_ENVELOPE:
        return _invalid_header(f"MaxEnvelopeSize is less than {_SMALLEST_ENVELOPE} octets. ")
    if request.resource not in _RESOURCES:
        return Fault(
            RESOURCE_NOT_FOUND,
            f"{_LIMITS}The service cannot find the resource identified by the resource URI and "
            "selectors. ",
            "a:DestinationUnreachable",
            sender=True,
            detail="InvalidResourceURI",
        )
    return None


def _invalid_header(message: str) -> Fault:
    return Fault(
        INVALID_HEADER,
        f"{_LIMITS}The request contains one or more invalid SOAP headers. ",
        "a:InvalidMessageInformationHeader",
        _LIMITS + message,
        sender=True,
    )


def not_valid(why: str) -> Fault:
    """Return the refusal of a request whose content is not what its place asks for."""
    return Fault(
        SCHEMA,
        f"{_LIMITS}The request is not valid against the schema of the resource: {why}. ",
        "w:SchemaValidationError",
        sender=True,
    )
