"""Accounts and groups of a simulated PC: by SID, in every language, and who may come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from winsim.host import PROFILE_LIST, Host
from winsim.modules import run_module
from winsim.profiles import load_profiles
from winsim.wire.accounts import Accounts

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
MACHINE = "S-1-5-21-100-200-300"
ADMINISTRATORS, USERS = "S-1-5-32-544", "S-1-5-32-545"


def pc(folder: Path, *, language: int = 1033, more: str = "") -> Host:
    (folder / "fleet.yml").write_text("---\nmachines: {pc: 11}\n", encoding="utf-8")
    (folder / "pc").mkdir()
    (folder / "pc" / "machine.yml").write_text(
        f"""---
values: synthetic
computer_name: DESKTOP-1
accounts:
  - {{name: custode, password: Simulated-Only-1}}
  - {{name: clerk, password: 'with:colon', administrator: false}}
users:
  - {{sid: {MACHINE}-1001, folder: 'C:\\Users\\ada', name: ada, full_name: Ada A, administrator: true}}
  - {{sid: {MACHINE}-1002, folder: 'C:\\Users\\bruno.PC', name: bruno, enabled: false}}
  - {{sid: S-1-12-1-1-2-3-4, folder: 'C:\\Users\\CarlaNuvola'}}
cim:
  root/cimv2:
    Win32_OperatingSystem: [{{BuildNumber: "26200", OSLanguage: {language}}}]
    Win32_ComputerSystem: [{{PartOfDomain: false, Domain: WORKGROUP}}]
{more}""",
        encoding="utf-8",
    )
    host = load_profiles([str(folder)])[0]
    host.advance(NOW)
    return host


def rows(host: Host, name: str, where: str) -> list[dict[str, Any]]:
    return host.cim.rows("root/cimv2", name, where=where)


@pytest.mark.parametrize(
    ("language", "administrators", "users", "service"),
    [
        (1033, "Administrators", "Users", "NT AUTHORITY\\LOCAL SERVICE"),
        (1040, "Administrators", "Users", "NT AUTHORITY\\SERVIZIO LOCALE"),
        (1036, "Administrateurs", "Utilisateurs", "AUTORITE NT\\SERVICE LOCAL"),
    ],
)
def test_the_same_sid_has_another_name_in_another_language(
    tmp_path: Path, language: int, administrators: str, users: str, service: str
) -> None:
    host = pc(tmp_path, language=language)

    found = {row["SID"]: row["Name"] for row in host.cim.rows("root/cimv2", "Win32_Group")}

    assert (administrators, users) == (found[ADMINISTRATORS], found[USERS])
    assert service == host.people.name_of("S-1-5-19")
    assert "S-1-5-19" == host.people.sid_of(service) == host.people.sid_of("LocalService")


def test_accounts_are_told_with_sid_state_and_groups(tmp_path: Path) -> None:
    host = pc(tmp_path)
    people = host.people

    found = {row["Name"]: row for row in host.cim.rows("root/cimv2", "Win32_UserAccount")}

    assert (f"{MACHINE}-1001", "Ada A", False) == (
        found["ada"]["SID"], found["ada"]["FullName"], found["ada"]["Disabled"],
    )  # fmt: skip
    assert found["bruno"]["Disabled"]
    assert (f"{MACHINE}-500", True) == (
        found["Administrator"]["SID"], found["Administrator"]["Disabled"],
    )  # fmt: skip
    assert "CarlaNuvola" not in found  # of the cloud: no account of this PC
    assert ["Administrators"] == [group.name for group in people.groups_of(f"{MACHINE}-1001")]
    assert ["Administrators", "Users"] == [
        group.name for group in people.groups_of(str(people.sid_of("custode")))
    ]


@pytest.mark.parametrize(
    ("name", "sid"),
    [
        ("ada", f"{MACHINE}-1001"),
        (".\\ADA", f"{MACHINE}-1001"),
        ("DESKTOP-1\\ada", f"{MACHINE}-1001"),
        ("OTHER\\ada", None),
        ("BUILTIN\\Users", USERS),
        ("Users", USERS),
        (".\\Users", None),
        ("s-1-5-32-545", USERS),
        ("NT AUTHORITY\\SYSTEM", "S-1-5-18"),
        ("nobody", None),
    ],
)
def test_a_name_means_a_sid_or_nobody(tmp_path: Path, name: str, sid: str | None) -> None:
    assert sid == pc(tmp_path).people.sid_of(name)


def test_a_machine_declares_groups_and_who_is_in_them(tmp_path: Path) -> None:
    host = pc(
        tmp_path,
        more="""
groups:
  - {name: Docker users, description: Own, members: [ada, S-1-5-21-9-9-9-1105]}
  - {sid: S-1-5-32-555, members: [bruno]}
""",
    )

    own, desktop = host.people.find_group("docker USERS"), host.people.find_group("S-1-5-32-555")

    assert own is not None
    assert (f"{MACHINE}-1001", "S-1-5-21-9-9-9-1105") == own.members
    assert own.sid.startswith(f"{MACHINE}-")
    assert desktop is not None
    assert ("Remote Desktop Users", (f"{MACHINE}-1002",)) == (desktop.name, desktop.members)


def user(host: Host, **arguments: Any) -> dict[str, Any]:
    return run_module(host, "win_user", {"name": "mario", **arguments})


def test_an_account_is_made_changed_looked_at_and_removed(tmp_path: Path) -> None:
    host = pc(tmp_path)

    made = user(host, password="First-1", groups=["Users"], password_never_expires=True)
    again = user(host, password="First-1", groups=["Users"], password_never_expires=True)
    changed = user(host, password="Second-1", groups=["Administrators"], groups_action="add")
    seen = user(host, state="query")
    removed = user(host, state="absent")
    gone = user(host, state="absent")

    assert [True, False, True, False, True, False] == [
        r["changed"] for r in (made, again, changed, seen, removed, gone)
    ]
    assert made["sid"] == seen["sid"] == f"{MACHINE}-1102"
    assert [
        {"name": "Administrators", "path": "WinNT://WORKGROUP/DESKTOP-1/Administrators"},
        {"name": "Users", "path": "WinNT://WORKGROUP/DESKTOP-1/Users"},
    ] == seen["groups"]
    assert ("WinNT://WORKGROUP/DESKTOP-1/mario", True) == (
        seen["path"], seen["password_never_expires"],
    )  # fmt: skip
    assert ("absent", "User 'mario' deleted successfully", "User 'mario' was not found") == (
        removed["state"], removed["msg"], gone["msg"],
    )  # fmt: skip
    assert all(made["sid"] not in group.members for group in host.people.groups.values())


@pytest.mark.parametrize(
    ("option", "value", "column", "shown"),
    [
        ("fullname", "Mario R", "FullName", "Mario R"),
        ("description", "Backup", "Description", "Backup"),
        ("account_disabled", True, "Disabled", True),
        ("password_never_expires", True, "PasswordExpires", False),
        ("user_cannot_change_password", True, "PasswordChangeable", False),
    ],
)
def test_what_is_set_is_what_windows_tells(
    tmp_path: Path, option: str, value: Any, column: str, shown: Any
) -> None:
    host = pc(tmp_path)
    user(host)

    first = user(host, **{option: value})
    second = user(host, **{option: value})

    assert (True, False) == (first["changed"], second["changed"])
    assert [shown] == [row[column] for row in rows(host, "Win32_UserAccount", "Name = 'mario'")]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("win_user", {"name": "x", "account_locked": True}, "must be set to 'no' if provided"),
        ("win_user", {"name": "x", "account_expires": "soon"}, "Failed to parse account_expires"),
        ("win_user", {"name": "ada", "groups": ["none"]}, "group 'none' not found"),
        ("win_user", {"name": "ada", "groups": ["bruno"]}, "group 'bruno' not found"),
        ("win_user", {"name": "Guest", "state": "absent"}, "on built-in accounts"),
        ("win_user", {"name": "x", "state": "there"}, "Got no match for: there"),
        ("win_group_membership", {"name": "x", "members": ["ada"]}, "Could not find local group x"),
        (
            "win_group_membership",
            {"name": USERS, "members": ["ada"]},
            f"Could not find local group {USERS}",
        ),
        (
            "win_group_membership",
            {"name": "Users", "members": ["none"]},
            "account_name none is not a valid account, cannot get SID",
        ),
        (
            "win_group_membership",
            {"name": "Users", "members": ["S-1-5-21-9-9-9-1105"]},
            "failed to convert sid 'S-1-5-21-9-9-9-1105' to a logon name",
        ),
    ],
)
def test_a_wrong_call_fails_in_the_words_of_the_real_module(
    tmp_path: Path, name: str, arguments: dict[str, Any], words: str
) -> None:
    host = pc(tmp_path)
    before = host.snapshot()

    result = run_module(host, name, arguments)

    assert (True, False) == (result["failed"], result["changed"])
    assert words in result["msg"]
    assert before == host.snapshot()


def test_check_mode_tells_of_the_account_as_it_is_and_the_diff_as_it_would_be(
    tmp_path: Path,
) -> None:
    host = pc(tmp_path)
    before = host.snapshot()

    result = run_module(
        host,
        "win_user",
        {
            "name": "ada", "description": "x", "password": "Canary-1", "groups": ["Users"],
            "account_expires": "2026-12-31", "_ansible_check_mode": True, "_ansible_diff": True,
        },
    )  # fmt: skip
    new = run_module(host, "win_user", {"name": "new", "_ansible_check_mode": True})

    assert (True, "") == (result["changed"], result["description"])
    assert {"description": "x", "account_expires": "2026-12-31T00:00:00Z"} == {
        key: value
        for key, value in result["diff"]["after"].items()
        if key not in {"password", "groups"} and value != result["diff"]["before"][key]
    }
    assert "Canary-1" not in str(result)
    assert {"changed": True, "name": "new", "state": "present"} == new
    assert before == host.snapshot()


def test_members_are_added_taken_out_and_left_alone(tmp_path: Path) -> None:
    host = pc(tmp_path)

    def members(state: str, *names: str) -> dict[str, Any]:
        arguments = {"name": "administrators", "members": list(names), "state": state}
        dry = run_module(host, "win_group_membership", {**arguments, "_ansible_check_mode": True})
        real = run_module(host, "win_group_membership", arguments)
        assert dry == real
        return real

    added = members("present", "bruno", "DESKTOP-1\\ada", f"{MACHINE}-1002")
    taken = members("absent", "ada", "clerk")
    pure = members("pure", "custode", "NT AUTHORITY\\SYSTEM")

    assert ["DESKTOP-1\\bruno"] == added["added"]
    assert ["DESKTOP-1\\ada"] == taken["removed"]
    assert (["NT AUTHORITY\\SYSTEM"], ["DESKTOP-1\\Administrator", "DESKTOP-1\\bruno"]) == (
        pure["added"], pure["removed"],
    )  # fmt: skip
    assert ["DESKTOP-1\\custode", "NT AUTHORITY\\SYSTEM"] == pure["members"]
    assert not members("pure", "custode", "NT AUTHORITY\\SYSTEM")["changed"]


def test_who_comes_in_is_who_windows_knows_now(tmp_path: Path) -> None:
    host = pc(tmp_path)
    accounts = Accounts(host, folder=tmp_path)

    def knows(name: str, password: str) -> bool:
        return accounts.knows(name, password) is not None

    assert knows("custode", "Simulated-Only-1")
    assert not knows("ada", "")  # nobody knows the passwords of people
    run_module(host, "win_user", {"name": "ada", "password": "Given-1"})
    assert knows("DESKTOP-1\\ada", "Given-1")
    run_module(host, "win_user", {"name": "ada", "account_expires": "2026-10-06"})
    host.advance(NOW + timedelta(days=1))
    assert not knows("ada", "Given-1")
    late = run_module(host, "win_user", {"name": "ada", "password": "Given-1"})
    assert "Win32ErrorCode 1793" in late["msg"]
    run_module(host, "win_user", {"name": "ada", "account_expires": "never"})
    assert knows("ada", "Given-1")
    run_module(host, "win_user", {"name": "custode", "account_disabled": True})
    assert not knows("custode", "Simulated-Only-1")
    run_module(host, "win_user", {"name": "clerk", "state": "absent"})
    assert not knows("clerk", "with:colon")
    assert f"{PROFILE_LIST}\\{MACHINE}-1101" in host.snapshot()["registry"]


def test_a_locked_account_is_told_and_unlocked(tmp_path: Path) -> None:
    host = pc(tmp_path, more="winrm: {lockout_tries: 2, lockout_minutes: 15}\n")
    accounts = Accounts(host, folder=tmp_path)

    def locked() -> Any:
        return rows(host, "Win32_UserAccount", "Name = 'custode'")[0]["Lockout"]

    for _ in range(2):
        accounts.knows("custode", "wrong")
    assert locked()
    assert accounts.knows("custode", "Simulated-Only-1") is None
    refused = run_module(host, "win_user", {"name": "custode", "password": "x"})
    assert "Win32ErrorCode 1909" in refused["msg"]
    unlocked = run_module(host, "win_user", {"name": "custode", "account_locked": False})
    assert (True, False, False) == (unlocked["changed"], unlocked["account_locked"], locked())
    assert accounts.knows("custode", "Simulated-Only-1") is not None
    for _ in range(2):
        accounts.knows("custode", "wrong")
    host.advance(NOW + timedelta(minutes=15))
    assert not locked()


def test_who_comes_in_for_the_first_time_is_given_a_profile(tmp_path: Path) -> None:
    host = pc(tmp_path)
    sid = user(host, password="First-1")["sid"]
    assert not host.files.is_folder("C:\\Users\\mario")

    host.welcome(sid)

    assert "C:\\Users\\mario" == host.registry.get(f"{PROFILE_LIST}\\{sid}", "ProfileImagePath")
    assert host.files.is_folder("C:\\Users\\mario\\AppData\\Local\\Temp")
