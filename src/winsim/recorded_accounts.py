"""From counts of accounts to accounts: as many of each kind, and nobody in particular."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from winsim.model.names import ADMINISTRATORS
from winsim.model.people import FIRST_ACCOUNT

Row = dict[str, Any]

_FIRST, _OF_A_DOMAIN = 2001, "S-1-5-21-3141592653-1414213562-1732050807"
# Windows' own, by kind: the last parts of their SIDs.
_OWN = {"built_in_administrator": [500], "guest": [501], "windows": [503, 504, 505, 506]}


def accounts_of(counted: Sequence[Mapping[str, Any]], authority: str) -> dict[str, Any]:
    """Return `Win32_UserAccount` and the group of administrators in which the same is counted.

    Args:
        counted: The rows of an `accounts` probe.
        authority: What the SIDs of the PC's own accounts begin with.

    Returns:
        `{"rows": [...], "members": [...]}`: the class, and who joins the group beside the account
        that comes in.
    """
    rows: list[Row] = []
    members: list[str] = []
    for count in counted:
        kind, number = str(count["class"]), int(count["accounts"])
        own = _OWN.get(kind) or [FIRST_ACCOUNT, *range(_FIRST, _FIRST + max(0, number - 1))]
        sids = [f"{authority}-{last}" for last in own[:number]]
        enabled, administrators = int(count["enabled"]), int(count["administrators"])
        rows += [
            {"SID": sid, "LocalAccount": True, "Disabled": index >= enabled}
            for index, sid in enumerate(sids)
        ]
        if kind == "domain":
            members += [f"{_OF_A_DOMAIN}-{_FIRST + index}" for index in range(administrators)]
        elif kind == "windows" and not sids:
            members += ["S-1-5-18", "S-1-5-19", "S-1-5-20"][:administrators]
        else:
            # The built-in administrator and whoever comes in are in the group anyway.
            members += sids[:administrators]
    return {"rows": rows, "members": members}


def group_of(members: Sequence[str]) -> list[Row]:
    """Return the group of administrators as a machine declares it."""
    return [{"sid": ADMINISTRATORS, "members": list(members)}] if members else []
