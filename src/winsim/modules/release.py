"""`fleet_release`: takes away the account and the listeners by which it comes in."""

from __future__ import annotations

from winsim.host import Host
from winsim.model.people import LocalUser
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result

POLICIES = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
TOKEN_POLICY = "LocalAccountTokenFilterPolicy"  # noqa: S105 - a value's name


def fleet_release(call: Call) -> Result:
    """Remove what lets us in: the listeners last."""
    host, params, removed = call.host, call.params, list[str]()
    account = _own_account(host, params["account"])
    if params["token_filter_policy"] and host.registry.has(POLICIES, TOKEN_POLICY):
        removed.append("token_filter_policy")
        if not call.check:
            host.step()
            host.registry.delete_value(POLICIES, TOKEN_POLICY)
    if account is not None:
        removed.append("account")
        if not call.check:
            host.step()
            host.people.drop(account.sid)
    if params["firewall_rule"] in host.firewall_rules:
        removed.append("firewall_rule")
        if not call.check:
            host.step()
            host.firewall_rules.remove(params["firewall_rule"])
    for transport in sorted(host.listeners):
        if transport.lower() not in params["transports"]:
            continue
        removed.append(f"listener_{transport.lower()}")
        if not call.check:
            host.step()
            host.listeners.discard(transport)
    diff = {"before": {"there": removed}, "after": {"there": []}}
    return {"changed": bool(removed), "removed": removed, "diff": diff}


def _own_account(host: Host, name: str | None) -> LocalUser | None:
    account = host.people.find_user(name) if name else None
    if account is None:
        return None
    if account.sid.endswith("-500"):
        raise ModuleFailure(f"Cannot remove '{name}': it is the built-in administrator", removed=[])
    if host.accounts and name != host.accounts[0].name:
        raise ModuleFailure(f"Cannot remove '{name}': another account came in", removed=[])
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
