"""`win_user`: the accounts of the PC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from winsim.host import Host
from winsim.model.cim import CIMV2
from winsim.model.people import Group, LocalUser
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result
from winsim.moments import resolve

# By option: what it sets. Names and descriptions are compared with their case, paths without.
_TEXTS = {"description": "description", "fullname": "full_name"}
_PATHS = {"home_directory": "home", "login_script": "login_script", "profile": "profile"}
_OFFSET = re.compile(r"[+-]\d{4}$")
_FIRST_OWN = 1000  # accounts below are Windows' own
# ERROR_ACCOUNT_EXPIRED and ERROR_ACCOUNT_LOCKED_OUT: whether the password is right stays unknown.
_EXPIRED, _LOCKED = 1793, 1909


def win_user(call: Call) -> Result:
    """Make, change, look at or remove an account."""
    host, params, name = call.host, call.params, str(call.params["name"])
    if params["account_locked"]:
        raise ModuleFailure("account_locked must be set to 'no' if provided")
    expires = _moment(params["account_expires"])
    user = host.people.find_user(name)
    before = _diff(host, user)
    result: Result = {"name": name, "state": params["state"]}
    if params["state"] == "query":
        result |= {"msg": f"Querying user '{name}'", "state": "present" if user else "absent"}
        after = before
    elif params["state"] == "absent":
        result |= _removed(call, user)
        after = ""
    else:
        changed, after = _present(call, user, expires)
        result["changed"] = changed
    return {**result, **_told(host, name), "diff": {"before": before, "after": after}}


def _moment(text: str | None) -> datetime | str | None:
    if not text or text == "never":
        return text or None
    if _OFFSET.search(text):
        text = f"{text[:-2]}:{text[-2:]}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ModuleFailure(
            "Failed to parse account_expires as datetime string. Expecting datetime in yyyy-MM-dd "
            "or yyyy-MM-ddTHH:mm:ss.FFFFFFFK format."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _removed(call: Call, user: LocalUser | None) -> Result:
    if user is None:
        return {"msg": f"User '{call.params['name']}' was not found"}
    if int(user.sid.rpartition("-")[2]) < _FIRST_OWN and not call.check:
        raise ModuleFailure(
            'Unhandled exception while executing module: Exception calling "Delete" with "2" '
            'argument(s): "Cannot perform this operation on built-in accounts."'
        )
    if not call.check:
        call.host.people.drop(user.sid)
    return {"changed": True, "msg": f"User '{user.name}' deleted successfully"}


def _present(
    call: Call, user: LocalUser | None, expires: datetime | str | None
) -> tuple[bool, Result]:
    """Return whether something changes, and what the diff says of the account then."""
    host, params, made = call.host, call.params, user is None
    if user is None:
        user = LocalUser(
            host.people.new_sid(),
            params["name"],
            password=params["password"],
            password_expires=True,
        )
        if call.check:
            hidden = {"password": "REDACTED"} if params["password"] is not None else {}
            return True, {"name": params["name"], **hidden}
        host.people.put(user)
    after = replace(user, **_settings(host, user, params, expires))
    secret = _secret(host, user, params)
    if secret:
        after = replace(after, password=params["password"])
    shown = _diff(host, after)
    assert isinstance(shown, dict)  # noqa: S101 - of an account, not of none
    if secret:
        shown["password"] = "CHANGED REDACTED"  # noqa: S105 - as the module says it
    if not call.check:
        host.people.put(after)
    moved = _regroup(call, user, shown)
    return made or secret or after != user or moved, shown


def _settings(
    host: Host, user: LocalUser, params: Mapping[str, Any], expires: datetime | str | None
) -> dict[str, Any]:
    """Return what changes, by field."""
    now = host.clock.now()
    wanted = {
        "enabled": None if params["account_disabled"] is None else not params["account_disabled"],
        "password_expired": params["password_expired"],
        "password_expires": None
        if params["password_never_expires"] is None
        else not params["password_never_expires"],
        "may_change_password": None
        if params["user_cannot_change_password"] is None
        else not params["user_cannot_change_password"],
        **{field: params[name] for name, field in _TEXTS.items()},
    }
    found = {field: value for field, value in wanted.items() if value is not None}
    for name, field in _PATHS.items():
        text = params[name]
        if text is not None and text.lower() != getattr(user, field).lower():
            found[field] = text
    if params["account_locked"] is False and user.locked(now):
        found["locked_until"] = None
    has = None if user.expires is None else resolve(user.expires, now)
    if expires is not None and (None if expires == "never" else expires) != has:
        found["expires"] = None if expires == "never" else expires
    return found


def _secret(host: Host, user: LocalUser, params: Mapping[str, Any]) -> bool:
    """Tell whether the password is set anew: also where nobody can try whether it is right."""
    if params["password"] is None or params["update_password"] != "always":  # noqa: S105 - no password
        return False
    if not user.enabled or user.password_expired:
        return True
    now = host.clock.now()
    for code, barred in ((_EXPIRED, user.expired(now)), (_LOCKED, user.locked(now))):
        if barred:
            raise ModuleFailure(
                f"Failed to validate the user's credentials: Failed to logon {user.name} "
                f"(Win32ErrorCode {code} - 0x{code:08X})"
            )
    return bool(user.password != params["password"])


def _regroup(call: Call, user: LocalUser, shown: Result) -> bool:
    """Put an account into groups and take it out of others; tell whether that was a change."""
    if call.params["groups"] is None:
        return False
    people, how = call.host.people, call.params["groups_action"]
    wanted = [_group(call.host, name) for name in call.params["groups"] if name.strip()]
    there = people.groups_of(user.sid)
    leaves = [group for group in there if group not in wanted] if how == "replace" else []
    joins = [group for group in wanted if group not in there] if how != "remove" else []
    if how == "remove":
        leaves = [group for group in wanted if group in there]
    for group in leaves:
        # The module looks for the short name in its diff, finds none, and leaves the long one.
        if not call.check:
            people.leave(group.sid, user.sid)
    for group in joins:
        shown["groups"].append(group.name)
        if not call.check:
            people.join(group.sid, user.sid)
    return bool(leaves or joins)


def _group(host: Host, name: str) -> Group:
    found = host.people.groups.get(host.people.sid_of(name) or "")
    if found is None:
        raise ModuleFailure(f"group '{name}' not found")
    return found


def _told(host: Host, name: str) -> Result:
    user = host.people.find_user(name)
    if user is None:
        return {}
    return {
        "account_disabled": not user.enabled,
        "account_locked": user.locked(host.clock.now()),
        "description": user.description,
        "fullname": user.full_name,
        "groups": [
            {"name": group.name, "path": _path(host, group.name)}
            for group in host.people.groups_of(user.sid)
        ],
        "password_expired": user.password_expired,
        "password_never_expires": not user.password_expires,
        "path": _path(host, user.name),
        "sid": user.sid,
        "user_cannot_change_password": not user.may_change_password,
    }


def _path(host: Host, name: str) -> str:
    rows = host.cim.declared(CIMV2, "Win32_ComputerSystem") or [{}]
    return f"WinNT://{rows[0].get('Domain') or 'WORKGROUP'}/{host.computer_name}/{name}"


def _diff(host: Host, user: LocalUser | None) -> Result | str:
    if user is None:
        return ""
    now = host.clock.now()
    expires = "never" if user.expires is None else resolve(user.expires, now)
    return {
        "account_disabled": not user.enabled,
        "account_expires": expires if isinstance(expires, str) else f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        "account_locked": user.locked(now),
        "description": user.description,
        "fullname": user.full_name,
        "groups": [host.people.name_of(group.sid) for group in host.people.groups_of(user.sid)],
        "home_directory": user.home,
        "login_script": user.login_script,
        "name": user.name,
        "password": "REDACTED",
        "password_expired": user.password_expired,
        "password_never_expires": not user.password_expires,
        "profile": user.profile,
        "user_cannot_change_password": not user.may_change_password,
    }


WIN_USER = Model(
    win_user,
    {
        "account_disabled": Option("bool"),
        "account_expires": Option(),
        "account_locked": Option("bool"),
        "description": Option(),
        "fullname": Option(),
        "groups": Option("list", elements="str"),
        "groups_action": Option(default="replace", choices=("add", "remove", "replace")),
        "home_directory": Option(),
        "login_script": Option(),
        "name": Option(required=True),
        "password": Option(),
        "password_expired": Option("bool"),
        "password_never_expires": Option("bool"),
        "profile": Option(),
        "state": Option(default="present", choices=("absent", "present", "query")),
        "update_password": Option(default="always", choices=("always", "on_create")),
        "user_cannot_change_password": Option("bool"),
    },
)
