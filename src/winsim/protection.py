"""What a security product does to the PC around it: rows, Defender's step back, closed ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from winsim.host import Host
from winsim.model.cim import SECURITY_CENTER

_DEFENDER_ON, _DEFENDER_OFF = 397568, 393472


def protect(
    host: Host,
    spec: Mapping[str, Any],
    *,
    on: bool,
    registered: bool = True,
    declared: bool = False,
) -> bool:
    """Let a security product come or go; other products change nothing here.

    Args:
        host: The PC.
        spec: What the product consists of.
        on: Whether it comes.
        registered: Whether Windows' Security Center is told of it.
        declared: Whether what the PC already lists of it has the last word.

    Returns:
        Whether Defender was switched by it.
    """
    if ports := set(spec.get("blocked_ports") or ()):
        host.blocked_ports = host.blocked_ports | ports if on else host.blocked_ports - ports
    if not registered:
        return False
    if row := spec.get("firewall_product"):
        _list(host, "FirewallProduct", row, on=on, declared=declared)
    row = spec.get("security_center")
    rows = _list(host, "AntiVirusProduct", row, on=on, declared=declared) if row else None
    return rows is not None and _switch_defender(host, rows, on=on)


def _list(
    host: Host, name: str, row: dict[str, Any], *, on: bool, declared: bool
) -> list[dict[str, Any]] | None:
    """Put a product's row into a class of the Security Center, or take it out; return all rows.

    Windows Server has no Security Center: None.
    """
    rows = host.cim.declared(SECURITY_CENTER, name)
    if rows is None:
        return None
    others = [other for other in rows if other["displayName"] != row["displayName"]]
    own = [other for other in rows if other not in others] if declared else []
    listed = [*others, *(own or [row])] if on else others
    host.cim.replace(SECURITY_CENTER, name, listed)
    return listed


def _switch_defender(host: Host, rows: list[dict[str, Any]], *, on: bool) -> bool:
    """Let Defender step back for another antivirus, and return after the last one."""
    alone = all("Defender" in row["displayName"] for row in rows)
    if not on and not alone:
        return False
    state = _DEFENDER_OFF if on else _DEFENDER_ON
    switched = [
        {**row, "productState": state} if "Defender" in row["displayName"] else row for row in rows
    ]
    host.cim.replace(SECURITY_CENTER, "AntiVirusProduct", switched)
    service = host.services.get("windefend")
    if service is None:
        return False
    start, running = ("Manual", "Stopped") if on else ("Auto", "Running")
    host.services["windefend"] = replace(service, start=start, state=running)
    return (service.start, service.state) != (start, running)
