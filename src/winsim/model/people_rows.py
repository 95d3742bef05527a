"""Local accounts and groups as CIM tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from winsim.model.people import People


def user_rows(people: People, now: datetime) -> list[dict[str, Any]]:
    """Return `Win32_UserAccount`."""
    return [
        {
            "Name": user.name,
            "Caption": f"{people.computer}\\{user.name}",
            "Domain": people.computer,
            "SID": user.sid,
            "SIDType": 1,
            "LocalAccount": True,
            "AccountType": 512,
            "FullName": user.full_name,
            "Description": user.description,
            "Disabled": not user.enabled,
            "Lockout": user.locked(now),
            "PasswordChangeable": user.may_change_password,
            "PasswordExpires": user.password_expires,
            "PasswordRequired": True,
            "Status": "OK" if user.enabled else "Degraded",
        }
        for user in sorted(people.users.values(), key=lambda user: user.name.lower())
    ]


def group_rows(people: People) -> list[dict[str, Any]]:
    """Return `Win32_Group`."""
    return [
        {
            "Name": group.name,
            # Windows writes the PC's own name here, for its built-in groups too.
            "Caption": f"{people.computer}\\{group.name}",
            "Domain": people.computer,
            "SID": group.sid,
            "SIDType": 4,
            "LocalAccount": True,
            "Description": group.description,
            "Status": "OK",
        }
        for group in sorted(people.groups.values(), key=lambda group: group.name.lower())
    ]


def system_rows(people: People) -> list[dict[str, Any]]:
    """Return `Win32_SystemAccount`."""
    return [
        {
            "Name": name,
            "Caption": f"{people.computer}\\{name}",
            "Domain": people.computer,
            "SID": sid,
            "SIDType": 5,
            "LocalAccount": True,
            "Status": "OK",
        }
        for sid, name in people.own()
    ]
