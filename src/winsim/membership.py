"""Who is in a group, as the association of CIM leads to them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from winsim.host import Host
from winsim.model.cim import CIMV2, CimError

_CLASSES = ("Win32_UserAccount", "Win32_Group", "Win32_SystemAccount")


def member_rows(host: Host, group: str) -> list[dict[str, Any]]:
    """Return the members of a group, each as its own class tells of it (`Win32_GroupUser`).

    Whoever is of a domain is there with a SID; a cloud account has no class, and is not told.
    """
    known: dict[str, dict[str, Any]] = {}
    for name in _CLASSES:
        with suppress(CimError):
            known |= {str(row.get("SID")): row for row in host.cim.rows(CIMV2, name)}
    rows = []
    for sid in host.people.groups[group].members:
        if sid in known:
            rows.append(known[sid])
        elif not sid.startswith(("S-1-12-1-", host.machine_sid)):
            rows.append({"SID": sid, "LocalAccount": False})
    return rows
