"""How a PC's WinRM service is set: who may speak to it in which way, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CHANNEL_BINDINGS = ("none", "relaxed", "strict")


PORTS = {"HTTP": 5985, "HTTPS": 5986}
"""Where WinRM listens, by transport."""


@dataclass(frozen=True)
class Quotas:
    """What `winrm get winrm/config` shows as limits; the defaults are those of modern Windows.

    The plug-in of PowerShell has its own two limits, smaller than those of the shells of cmd.
    """

    shells_per_user: int = 30
    users: int = 10
    processes_per_shell: int = 25
    memory_mb_per_shell: int = 1024
    operations_per_user: int = 1500
    idle_seconds: int = 7200
    envelope_kb: int = 500
    timeout_seconds: int = 60
    powershell_shells_per_user: int = 25
    powershell_users: int = 5


@dataclass(frozen=True)
class WinRm:
    """The service.

    Attributes:
        quotas: Its limits.
        basic: Whether a name and a password are taken as they are, over TLS.
        negotiate: Whether NTLM and Kerberos are taken.
        certificate: Whether client certificates are taken, over TLS.
        allow_unencrypted: Whether bodies over HTTP need no seal, and Basic no TLS.
        channel_binding: `none`, `relaxed` (checked when sent) or `strict`.
        certificates: Names of local accounts by the UPN in a client's certificate.
        lockout_tries: Wrong passwords after which an account is locked; 0 for never.
        lockout_minutes: How long it stays locked, on the PC's clock.
    """

    quotas: Quotas = field(default_factory=Quotas)
    basic: bool = True
    negotiate: bool = True
    certificate: bool = True
    allow_unencrypted: bool = False
    channel_binding: str = "relaxed"
    certificates: Mapping[str, str] = field(default_factory=dict)
    lockout_tries: int = 10
    lockout_minutes: int = 10


def settings_shown(winrm: WinRm) -> Mapping[str, object]:
    """Return what Get of `winrm/config` answers, by Windows' names."""
    quotas, ports = winrm.quotas, PORTS
    return {
        "MaxEnvelopeSizekb": quotas.envelope_kb,
        "MaxTimeoutms": quotas.timeout_seconds * 1000,
        "MaxBatchItems": 32000,
        "MaxProviderRequests": 4294967295,
        "Client": {
            "NetworkDelayms": 5000,
            "URLPrefix": "wsman",
            "AllowUnencrypted": "false",
            "Auth": {
                **dict.fromkeys(("Basic", "Digest", "Kerberos", "Negotiate"), "true"),
                "Certificate": "true",
                "CredSSP": "false",
            },
            "DefaultPorts": ports,
            "TrustedHosts": "",
        },
        "Service": {
            "RootSDDL": "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)",
            "MaxConcurrentOperations": 4294967295,
            "MaxConcurrentOperationsPerUser": quotas.operations_per_user,
            "EnumerationTimeoutms": 240000,
            "MaxConnections": 300,
            "MaxPacketRetrievalTimeSeconds": 120,
            "AllowUnencrypted": _flag(on=winrm.allow_unencrypted),
            "Auth": {
                "Basic": _flag(on=winrm.basic),
                "Kerberos": _flag(on=winrm.negotiate),
                "Negotiate": _flag(on=winrm.negotiate),
                "Certificate": _flag(on=winrm.certificate),
                "CredSSP": "false",
                "CbtHardeningLevel": winrm.channel_binding.capitalize(),
            },
            "DefaultPorts": ports,
            "IPv4Filter": "*",
            "IPv6Filter": "*",
            "EnableCompatibilityHttpListener": "false",
            "EnableCompatibilityHttpsListener": "false",
            "CertificateThumbprint": "",
            "AllowRemoteAccess": "true",
        },
        "Winrs": {
            "AllowRemoteShellAccess": "true",
            "IdleTimeout": quotas.idle_seconds * 1000,
            "MaxConcurrentUsers": quotas.users,
            "MaxShellRunTime": 2147483647,
            "MaxProcessesPerShell": quotas.processes_per_shell,
            "MaxMemoryPerShellMB": quotas.memory_mb_per_shell,
            "MaxShellsPerUser": quotas.shells_per_user,
        },
    }


def _flag(*, on: bool) -> str:
    return "true" if on else "false"
