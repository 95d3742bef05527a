"""Local accounts and groups: told apart by SID, called by names that Windows translates."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from winsim.model import names
from winsim.model.parts import Account, User
from winsim.moments import resolve

SID = re.compile(r"S-1(-\d+){2,}", re.IGNORECASE)
# As the service manager writes them, in every language.
_SERVICE_ACCOUNTS = {
    "localsystem": "S-1-5-18",
    "localservice": "S-1-5-19",
    "networkservice": "S-1-5-20",
}
FIRST_ACCOUNT = 1100  # the relative identifier of the first account made for administration


@dataclass(frozen=True)
class LocalUser:
    """An account of this PC.

    Attributes:
        sid: Who it is.
        name: What it is called.
        full_name: What people read.
        description: What it is for.
        enabled: Whether it may log on.
        locked_until: Until when it is locked after too many wrong passwords, or None.
        password: In clear: it is public. None where nobody can come in with one.
        expires: From when on it may not log on, fixed or relative to the clock; None for never.
        principal: Its Kerberos name, or empty.
        password_expires: Whether its password grows old.
        password_expired: Whether it must be changed at the next log-on.
        may_change_password: Whether it may change its own.
        home: Its home folder, or empty.
        login_script: What runs when it logs on, or empty.
        profile: Where its profile is kept, or empty for the usual place.
    """

    sid: str
    name: str
    full_name: str = ""
    description: str = ""
    enabled: bool = True
    locked_until: datetime | None = None
    password: str | None = None
    expires: Any = None
    principal: str = ""
    password_expires: bool = False
    password_expired: bool = False
    may_change_password: bool = True
    home: str = ""
    login_script: str = ""
    profile: str = ""

    def locked(self, now: datetime) -> bool:
        """Tell whether it is locked at a moment."""
        return self.locked_until is not None and now < self.locked_until

    def expired(self, now: datetime) -> bool:
        """Tell whether its time is over at a moment."""
        return self.expires is not None and now >= resolve(self.expires, now)


@dataclass(frozen=True)
class Group:
    """A group of this PC; members are SIDs."""

    sid: str
    name: str
    description: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupDeclared:
    """A group as a machine's description has it; one of Windows' own is named by its SID."""

    name: str = ""
    sid: str = ""
    description: str = ""
    members: Sequence[str] = ()


class People:
    """The local accounts and groups of a PC."""

    def __init__(
        self,
        computer: str,
        machine_sid: str,
        language: str,
        *,
        users: Iterable[User],
        accounts: Iterable[Account],
        groups: Iterable[GroupDeclared] = (),
    ) -> None:
        self.computer, self.machine_sid, self.language = computer, machine_sid, language
        self.users: dict[str, LocalUser] = {}
        self.groups: dict[str, Group] = {}
        self._own = names.well_known(language)
        for sid, spelt in names.GROUPS.items():
            self.groups[sid] = Group(sid, spelt[language])
        for number, spelt in names.ACCOUNTS.items():
            self.put(LocalUser(f"{machine_sid}-{number}", spelt[language], enabled=False))
        for number, group in names.MEMBERS.items():
            self.join(group, f"{machine_sid}-{number}")
        for user in users:
            self._bring(user)
        for index, account in enumerate(accounts):
            sid = f"{machine_sid}-{FIRST_ACCOUNT + index}"
            logon = LocalUser(
                sid,
                account.name,
                enabled=account.enabled,
                password=account.password,
                expires=account.expires,
                principal=account.principal,
            )
            self.put(logon)
            self.join(names.USERS, sid)
            if account.administrator:
                self.join(names.ADMINISTRATORS, sid)
        for declared in groups:
            self._declare(declared)

    def _bring(self, user: User) -> None:
        if not user.sid.startswith(f"{self.machine_sid}-"):
            return  # of a domain, or of the cloud: no account of this PC
        name = user.name or ntpath.basename(user.folder)
        self.put(LocalUser(user.sid, name, user.full_name, enabled=user.enabled))
        self.join(names.ADMINISTRATORS if user.administrator else names.USERS, user.sid)

    def _declare(self, group: GroupDeclared) -> None:
        known = self.find_group(group.sid or group.name)
        if known is None:
            known = Group(group.sid or self.new_sid(), group.name)
        description = group.description or known.description
        self.groups[known.sid] = replace(known, description=description)
        for member in group.members:
            sid = self.sid_of(member)
            self.join(known.sid, sid or member)

    def new_sid(self) -> str:
        """Return the next identifier that nobody has."""
        taken = [
            int(sid.rpartition("-")[2])
            for sid in (*self.users, *self.groups)
            if sid.startswith(f"{self.machine_sid}-")
        ]
        return f"{self.machine_sid}-{max(taken, default=1000) + 1}"

    def put(self, user: LocalUser) -> None:
        """Add an account, or put it in the place of the one with the same SID."""
        self.users[user.sid] = user

    def drop(self, sid: str) -> None:
        """Remove an account or a group, also from the groups that it was in."""
        self.users.pop(sid, None)
        self.groups.pop(sid, None)
        for group in list(self.groups):
            self.leave(group, sid)

    def join(self, group: str, member: str) -> None:
        """Put a member into a group, both by SID."""
        found = self.groups[group]
        if member not in found.members:
            self.groups[group] = replace(found, members=(*found.members, member))

    def leave(self, group: str, member: str) -> None:
        """Take a member out of a group, both by SID."""
        found = self.groups[group]
        left = tuple(sid for sid in found.members if sid != member)
        if left != found.members:
            self.groups[group] = replace(found, members=left)

    def find_user(self, name: str) -> LocalUser | None:
        """Return an account by name."""
        low = name.lower()
        return next((user for user in self.users.values() if user.name.lower() == low), None)

    def find_logon(self, name: str, *, principal: str = "") -> LocalUser | None:
        """Return an account that has a password, by its name or by its Kerberos name."""
        low, known = name.lower(), principal.lower()
        return next(
            (
                user
                for user in self.users.values()
                if user.password is not None
                and (
                    user.name.lower() == low or (user.principal and user.principal.lower() == known)
                )
            ),
            None,
        )

    def is_administrator(self, sid: str) -> bool:
        """Tell whether somebody is in the group of administrators."""
        return sid in self.groups[names.ADMINISTRATORS].members

    def find_group(self, name: str) -> Group | None:
        """Return a group by name or SID; its name is that of the PC's language."""
        low = name.lower()
        return next(
            (g for g in self.groups.values() if low in {g.name.lower(), g.sid.lower()}), None
        )

    def sid_of(self, name: str) -> str | None:
        """Return the SID that a name means on this PC, or None; a SID means itself.

        A name may have a domain: this PC's, `.`, `BUILTIN` or Windows' own authority.
        """
        if SID.fullmatch(name):
            return name.upper()
        domain, _, plain = name.rpartition("\\")
        for sid, (authority, own) in self._own.items():
            if plain.lower() == own.lower() and domain.lower() in {"", authority.lower()}:
                return sid
        if plain.lower() in _SERVICE_ACCOUNTS:
            return _SERVICE_ACCOUNTS[plain.lower()]
        low = domain.lower()
        if low in {"", ".", self.computer.lower()} and (user := self.find_user(plain)):
            return user.sid
        group = self.find_group(plain)
        if group is None:
            return None
        builtin = group.sid.startswith("S-1-5-32-")
        places = {"", "builtin"} if builtin else {"", ".", self.computer.lower()}
        return group.sid if low in places else None

    def name_of(self, sid: str) -> str:
        r"""Return what Windows calls a SID, such as `PC\anna`; the SID when it knows none."""
        if sid in self._own:
            return "\\".join(part for part in self._own[sid] if part)
        if sid in self.users:
            return f"{self.computer}\\{self.users[sid].name}"
        if sid in self.groups:
            return f"{self._domain(sid)}\\{self.groups[sid].name}"
        return sid

    def groups_of(self, sid: str) -> list[Group]:
        """Return the groups that somebody is in, by name."""
        found = (group for group in self.groups.values() if sid in group.members)
        return sorted(found, key=lambda group: group.name.lower())

    def own(self) -> Iterable[tuple[str, str]]:
        """Return SID and name of Windows' own identities."""
        return ((sid, name) for sid, (_, name) in self._own.items())

    def _domain(self, sid: str) -> str:
        return names.BUILTIN if sid.startswith("S-1-5-32-") else self.computer

    def snapshot(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "groups": [
                {**asdict(group), "members": list(group.members)}
                for _, group in sorted(self.groups.items())
            ],
            "users": [_plain(user) for _, user in sorted(self.users.items())],
        }


def _plain(user: LocalUser) -> dict[str, Any]:
    shown = asdict(user)
    for name in ("expires", "locked_until"):
        shown[name] = None if shown[name] is None else str(shown[name])
    return shown
