"""From what Ansible said to what it means: the classes of failure a technician acts on.

The texts are those that ansible-core's winrm plugin, pywinrm and PowerShell produce; the raw text
never leaves this module, since it may quote paths or names from the PC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Reason:
    """Why a PC could not be seen or served.

    Attributes:
        kind: A stable word, such as `offline` or `auth`.
        message: One sentence in English, for the technician.
        hint: The next step.
    """

    kind: str
    message: str
    hint: str

    def to_json(self) -> dict[str, str]:
        """Return plain data."""
        return {"kind": self.kind, "message": self.message, "hint": self.hint}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reason:
        """Read what `to_json` wrote."""
        return cls(str(data["kind"]), str(data["message"]), str(data.get("hint", "")))


OFFLINE = Reason(
    "offline",
    "The PC did not answer on its WinRM port.",
    "Check that it is switched on and in the network; nothing was tried on it.",
)


def no_answer(host: str, port: int, error: str) -> Reason:
    """Return why a PC that refuses or ignores a connection was left out."""
    return replace(OFFLINE, message=f"Nothing answers at {host} port {port}: {error}.")


def firewall_suspected(silent: Reason, *, port: int, product: str, since: str) -> Reason:
    """Return what to suspect of a silent PC to which an antivirus with a firewall has come.

    Args:
        silent: What is known: that nothing answers.
        port: The TCP port of WinRM.
        product: The antivirus, by its name for people.
        since: What is known of its coming, such as `seen there just now`.
    """
    return Reason(
        "firewall_suspected",
        f"{silent.message} {product} ({since}) brings a firewall that may block WinRM.",
        f"If the PC is on, let {product} trust the technician's network or allow TCP {port} in; "
        "otherwise switch it on.",
    )


_MODULE_FAILURE = Reason(
    "module_failure",
    "A step failed on the PC.",
    "Read the run's log for the step's own words, then run again.",
)
_UNREACHABLE = Reason(
    "unreachable",
    "The connection failed in a way that is not known here.",
    "Read the run's log for the connection's own words.",
)

_BROKEN = (
    r"Connection aborted|ConnectionResetError|RemoteDisconnected|Read timed out|"
    r"winrm send_input failed|2150858843|I/O operation has been aborted"
)

# Order matters: the first pattern that is found names the class.
_TABLE: tuple[tuple[str, Reason], ...] = (
    (
        r"the specified credentials were rejected|failed to authenticate with the server",
        Reason(
            "auth",
            "The PC refused the account's credentials.",
            "Check in this order: password, expired, locked, name form; do not retry before.",
        ),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed|SSLCertVerification",
        Reason(
            "certificate",
            "The PC's certificate could not be trusted.",
            "Check its date, its name and the authority in ansible_winrm_ca_trust_path.",
        ),
    ),
    (
        r"NameResolutionError|Name or service not known|getaddrinfo failed",
        Reason(
            "name",
            "The PC's name does not resolve to an address.",
            "Check ansible_host in the inventory, and the DNS.",
        ),
    ),
    (
        r"NewConnectionError|ConnectTimeoutError|No route to host|Connection refused|connect timeout",
        OFFLINE,
    ),
    (
        r"2150859173|2150859174|maximum number of concurrent|quota",
        Reason(
            "quota",
            "The PC has no free remote session.",
            "Wait for the idle sessions to end (two hours at most) or restart the PC.",
        ),
    ),
    (
        r"Access is denied|access denied|code 5\b|wsmanfault_code: 5\b",
        Reason(
            "authorization",
            "The account is known but may not manage the PC.",
            "Use an administrator; for a local one set LocalAccountTokenFilterPolicy.",
        ),
    ),
    (
        r"malicious content|blocked by your antivirus|is not trusted to run|language mode",
        Reason(
            "security_block",
            "A security product or policy on the PC blocked the script.",
            "Allow Ansible's scripts there; trying again will not help.",
        ),
    ),
    (
        r"OutOfMemory|paging file is too small|Thread failed to start|3221225794",
        Reason(
            "resources",
            "The PC had no memory left for the step.",
            "Close programs or restart the PC, then run again.",
        ),
    ),
    (
        r"Task failed: Timed out|Timed out after|timed out after \d+ second",
        Reason(
            "deadline",
            "The step did not end within its time limit.",
            "The PC may still be busy with it: look at it before trying again.",
        ),
    ),
    (
        _BROKEN,
        Reason(
            "connection_lost",
            "The connection broke in the middle: the step may or may not have been done.",
            "Run again; what was already done is left as it is.",
        ),
    ),
    (
        r"Bad HTTP response returned from server",
        Reason(
            "transport_policy",
            "Something answered on the WinRM port, but not as WinRM does.",
            "Check for a proxy in between and that the listener allows this transport.",
        ),
    ),
    (
        r"Ansible requires PowerShell",
        Reason(
            "unsupported",
            "The PC's PowerShell is older than 5.1.",
            "Install Windows Management Framework 5.1.",
        ),
    ),
    (
        r"Module result deserialization failed|MODULE FAILURE",
        Reason(
            "no_answer",
            "The PC ran the step but its answer could not be read.",
            "Look for an antivirus that blocks scripts, then run again.",
        ),
    ),
    (
        r"(basic|ntlm|kerberos|ssl|certificate):\s*$",
        Reason(
            "no_session",
            "The PC accepted the connection but opened no session in time.",
            "Its WinRM service may be overloaded: restart it or the PC.",
        ),
    ),
)


def classify(result: Mapping[str, Any], *, unreachable: bool) -> Reason:
    """Name the class of a failed or unreachable task result.

    Args:
        result: The task's result, as a callback receives it. A key `custode_reason` (kind,
            message, hint) written by one of our own actions is taken as it is.
        unreachable: Whether Ansible called the host unreachable; it decides only what an
            unknown text is called, because the flag depends on when the link broke.
    """
    own = result.get("custode_reason")
    if isinstance(own, Mapping):
        return Reason.from_json(own)
    text = " ".join(str(result.get(key, "")) for key in ("msg", "module_stderr", "exception", "rc"))
    for pattern, reason in _TABLE:
        if re.search(pattern, text, re.IGNORECASE):
            return reason
    return _UNREACHABLE if unreachable else _MODULE_FAILURE
