"""`fleet_release`: takes away the account and the listeners by which it comes in."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from winsim.host import Host
from winsim.model.people import LocalUser
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result

POLICIES = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
TOKEN_POLICY = "LocalAccountTokenFilterPolicy"  # noqa: S105 - a value's name
_OWN = r"HKLM\SOFTWARE\Custode"
_PREPARED = rf"{_OWN}\Preparation"
# Where Windows keeps which certificate a listener shows, and the certificates of the machine.
_LISTENERS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener"
_CERTIFICATES = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates"
_THUMBPRINT = re.compile("[0-9A-Fa-f]{40}")


def fleet_release(call: Call) -> Result:
    """Remove what lets us in: the listeners last."""
    host, params = call.host, call.params
    ways = [way for way in sorted(host.listeners) if way.lower() in params["transports"]]
    ours = str(host.registry.get(_PREPARED, "CertificateThumbprint") or "").upper()
    certificates = _certificates(host, ways)
    account = _own_account(host, params["account"])
    policy = host.registry.has(POLICIES, TOKEN_POLICY)
    marked = host.registry.get(_PREPARED, "TokenFilterPolicy") == 1
    steps: list[tuple[str, Callable[[], object]]] = []
    left = []
    if policy and (marked or params["token_filter_policy"]):
        steps.append(("token_filter_policy", partial(_delete_policy, host)))
    elif policy:
        left.append("token_filter_policy")
    if account is not None:
        steps.append(("account", partial(host.people.drop, account.sid)))
    if (rule := params["firewall_rule"]) in host.firewall_rules:
        steps.append(("firewall_rule", partial(host.firewall_rules.remove, rule)))
    own = [thumbprint for thumbprint in certificates if thumbprint.upper() == ours]
    left += ["certificate"] if len(own) < len(certificates) else []
    for thumbprint in own:
        key = f"{_CERTIFICATES}\\{thumbprint}"
        steps.append(("certificate", partial(host.registry.delete, key)))
    if ways and host.registry.exists(_OWN):
        steps.append(("own_key", partial(host.registry.delete, _OWN)))
    steps += [(f"listener_{way.lower()}", partial(host.listeners.discard, way)) for way in ways]
    return _done(call, steps, left)


def _done(call: Call, steps: list[tuple[str, Callable[[], object]]], left: list[str]) -> Result:
    """Take the steps, unless they are only told, and return what they came to."""
    removed = [name for name, _ in steps]
    if not call.check:
        for _, act in steps:
            call.host.step()
            act()
    diff = {"before": {"there": removed}, "after": {"there": []}}
    return {"changed": bool(removed), "left": left, "removed": removed, "diff": diff}


def _delete_policy(host: Host) -> None:
    host.registry.delete_value(POLICIES, TOKEN_POLICY)


def _certificates(host: Host, ways: list[str]) -> list[str]:
    """Return the thumbprints of the listeners' certificates that are there."""
    shown = (host.registry.get(rf"{_LISTENERS}\*+{way}", "certThumbprint") for way in ways)
    return [
        str(thumbprint)
        for thumbprint in shown
        if _THUMBPRINT.fullmatch(str(thumbprint))
        and host.registry.exists(f"{_CERTIFICATES}\\{thumbprint}")
    ]


def _own_account(host: Host, name: str | None) -> LocalUser | None:
    account = host.people.find_user(name) if name else None
    if account is None:
        return None
    if account.sid.endswith("-500"):
        raise ModuleFailure(
            f"Cannot remove '{name}': it is the built-in administrator", removed=[], left=[]
        )
    if host.accounts and name != host.accounts[0].name:
        raise ModuleFailure(f"Cannot remove '{name}': another account came in", removed=[], left=[])
    return account


FLEET_RELEASE = Model(
    fleet_release,
    {
        "account": Option(),
        "firewall_rule": Option(),
        "token_filter_policy": Option("bool", default=False),
        "transports": Option("list", elements="str", choices=("http", "https"), default=["https"]),
    },
)
