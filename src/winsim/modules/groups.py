"""`win_group_membership`: who is in which group of the PC."""

from __future__ import annotations

from collections.abc import Sequence

from winsim.host import Host
from winsim.model.people import Group
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result


def win_group_membership(call: Call) -> Result:
    """Put members into a group, take them out, or leave these alone in it."""
    people, state, name = call.host.people, call.params["state"], str(call.params["name"])
    result: Result = {"name": name}
    result |= {"added": []} if state in {"present", "pure"} else {}
    result |= {"removed": []} if state in {"absent", "pure"} else {}
    group = next((g for g in people.groups.values() if g.name.lower() == name.lower()), None)
    if group is None:
        raise ModuleFailure(f"Could not find local group {name}", **result)
    wanted = list(dict.fromkeys(_member(call.host, each) for each in call.params["members"]))
    joins = [sid for sid in wanted if sid not in group.members] if state != "absent" else []
    leaves = _leaving(group, wanted, state)
    if not call.check:
        for sid in joins:
            people.join(group.sid, sid)
        for sid in leaves:
            people.leave(group.sid, sid)
    for key, changed in (("added", joins), ("removed", leaves)):
        if key in result:
            result[key] = [people.name_of(sid) for sid in changed]
    left = [sid for sid in (*group.members, *joins) if sid not in leaves]
    members = [people.name_of(sid) for sid in left]
    return {**result, "changed": bool(joins or leaves), "members": members}


def _leaving(group: Group, wanted: Sequence[str], state: str) -> list[str]:
    if state == "present":
        return []
    return [sid for sid in group.members if (sid in wanted) == (state == "absent")]


def _member(host: Host, name: str) -> str:
    found = host.people.sid_of(name)
    if found is None:
        raise ModuleFailure(
            f"account_name {name} is not a valid account, cannot get SID: Exception calling "
            '"Translate" with "1" argument(s): "Some or all identity references could not be '
            'translated."'
        )
    if host.people.name_of(found) == found:
        raise ModuleFailure(
            f"failed to convert sid '{found}' to a logon name: Exception calling \"Translate\" "
            'with "1" argument(s): "Some or all identity references could not be translated."'
        )
    return found


WIN_GROUP_MEMBERSHIP = Model(
    win_group_membership,
    {
        "members": Option("list", required=True),
        "name": Option(required=True),
        "state": Option(default="present", choices=("absent", "present", "pure")),
    },
    strict=False,
)
