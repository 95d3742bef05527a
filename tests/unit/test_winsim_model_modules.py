"""Modelled modules take, refuse, change and return what the real ones do."""

from __future__ import annotations

import io
import zipfile
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from winsim.host import UNINSTALL, Host
from winsim.installers import build_installer
from winsim.modules import run_module
from winsim.profiles import load_profiles

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
KEY = "HKLM:\\SOFTWARE\\Example"
CHECK = {"_ansible_check_mode": True}


@pytest.fixture
def host() -> Host:
    found = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    found.advance(NOW)
    found.files.write("C:\\Stage\\a.txt", b"one")
    return found


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("win_stat", {}, "missing required arguments: path"),
        (
            "win_stat",
            {"path": "C:\\", "paths": "x"},
            "Unsupported parameters for (win_stat) module",
        ),
        (
            "win_regedit",
            {"path": KEY, "type": "word"},
            "value of type must be one of: none, binary, dword, expandstring, multistring, "
            "string, qword. Got no match for: word",
        ),
        ("win_regedit", {"path": "SOFTWARE\\X"}, "is not a valid powershell path"),
        (
            "win_regedit",
            {"path": KEY, "name": "a", "type": "dword", "data": 2**32},
            "data cannot be larger than 0xffffffff when type is dword",
        ),
        ("win_regedit", {"path": KEY, "hive": "C:\\x"}, "winsim does not model the option hive"),
        ("win_reg_stat", {"path": "HKLM\\X"}, "is not a valid registry path"),
        ("win_service", {"name": "none", "state": "started"}, "need to set 'path'"),
        (
            "win_service",
            {"name": "Spooler", "sid_info": "none"},
            "winsim does not model the option sid_info",
        ),
        ("win_tempfile", {"state": "link"}, "Got no match for: link"),
        ("win_package", {"state": "present"}, "all of the following are missing: path"),
        ("win_package", {"state": "absent"}, "any of the following are missing: path, product_id"),
        ("fleet_cleanup", {"older_than_days": 0}, "must be 1 or more"),
        ("fleet_cleanup", {"older_than_days": "soon"}, "unable to convert to int"),
        ("fleet_cleanup", {"areas": ["downloads"]}, "Got no match for: downloads"),
        ("fleet_probe", {}, "missing required arguments: probes"),
        ("fleet_probe", {"probes": [{"id": "x"}]}, "missing required arguments: kind found in"),
        (
            "fleet_probe",
            {"probes": [{"id": "x", "kind": "cim", "clas": "y"}]},
            "Unsupported parameters for (fleet_probe) module: clas found in probes",
        ),
        ("win_copy", {"src": "C:\\none", "dest": "C:\\x"}, "as it does not exist"),
        ("win_copy", {"src": "C:\\Stage\\a.txt", "dest": "C:\\no\\x"}, "does not exist"),
        ("win_file", {"path": "C:\\none", "state": "file"}, "will not be created"),
        ("win_file", {"path": "C:\\Stage\\a.txt", "state": "directory"}, "is not a directory"),
        ("win_file", {"path": "C:\\Stage\\a.txt\\b", "state": "directory"}, "NotADirectoryError"),
        ("slurp", {"src": "C:\\Stage"}, "is a directory"),
        ("slurp", {"src": "C:\\none"}, "is not found"),
        ("win_ping", {"data": "crash"}, "boom"),
    ],
)
def test_a_wrong_call_fails_in_the_words_of_the_real_module(
    host: Host, name: str, arguments: dict[str, Any], words: str
) -> None:
    before = host.snapshot()

    result = run_module(host, name, arguments)

    assert (True, False) == (result["failed"], result["changed"])
    assert words in result["msg"]
    assert before == host.snapshot()


def test_a_module_that_overlooks_unknown_options_does_so_here() -> None:
    host = Host("pc", 1, "PC", (), load_profiles(["office"])[0].cim)

    assert "failed" not in run_module(host, "win_reg_stat", {"path": KEY, "property": "x"})


@pytest.mark.parametrize(
    ("type_", "data", "stored", "told"),
    [
        ("string", "a", "REG_SZ", ("a", "a")),
        ("string", 5, "REG_SZ", ("5", "5")),
        ("dword", "0x10", "REG_DWORD", (16, 16)),
        ("qword", 2**40, "REG_QWORD", (2**40, 2**40)),
        ("expandstring", "%SystemRoot%\\x", "REG_EXPAND_SZ", ("C:\\Windows\\x", "%SystemRoot%\\x")),
        ("multistring", ["a", 1], "REG_MULTI_SZ", (["a", "1"], ["a", "1"])),
        ("binary", "hex:be,ef", "REG_BINARY", ([190, 239], ["0xbe", "0xef"])),
        ("binary", [1, 255], "REG_BINARY", ([1, 255], ["0x01", "0xff"])),
    ],
)
def test_a_value_is_set_once_and_read_back_with_its_type(
    host: Host, type_: str, data: Any, stored: str, told: tuple[Any, Any]
) -> None:
    arguments = {"path": KEY, "name": "a", "type": type_, "data": data}

    first = run_module(host, "win_regedit", arguments)
    second = run_module(host, "win_regedit", arguments)
    found = run_module(host, "win_reg_stat", {"path": KEY, "name": "A"})

    assert (True, False) == (first["changed"], second["changed"])
    assert {"changed": False, "exists": True, "type": stored} == {
        key: found[key] for key in ("changed", "exists", "type")
    }
    assert told == (found["value"], found["raw_value"])


def test_another_type_with_the_same_data_is_a_change_of_type_only(host: Host) -> None:
    run_module(host, "win_regedit", {"path": KEY, "name": "a", "type": "string", "data": "x"})

    result = run_module(
        host, "win_regedit",
        {"path": KEY, "name": "a", "type": "expandstring", "data": "x", "_ansible_diff": True},
    )  # fmt: skip

    assert (True, False, True) == (
        result["changed"], result["data_changed"], result["data_type_changed"],
    )  # fmt: skip
    assert {
        "before": {KEY: {"a": {"type": "String", "value": "x"}}},
        "after": {KEY: {"a": {"type": "ExpandString", "value": "x"}}},
    } == result["diff"]


def test_a_key_tells_its_values_and_the_keys_below(host: Host) -> None:
    run_module(host, "win_regedit", {"path": f"{KEY}\\Below"})
    run_module(host, "win_regedit", {"path": KEY, "name": "a", "data": "b"})

    found = run_module(host, "win_reg_stat", {"path": KEY})

    assert ["Below"] == found["sub_keys"]
    assert {"a": {"type": "REG_SZ", "value": "b", "raw_value": "b"}} == found["properties"]


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ({"name": "a"}, ["b"]),
        ({"delete_key": False}, ["a", "b"]),
        ({}, None),
    ],
)
def test_absent_takes_a_value_or_the_key(
    host: Host, arguments: dict[str, Any], left: list[str] | None
) -> None:
    for name in ("a", "b"):
        run_module(host, "win_regedit", {"path": KEY, "name": name, "data": "x"})

    run_module(host, "win_regedit", {"path": KEY, "state": "absent", **arguments})

    assert (left is not None) == host.registry.exists(KEY)
    assert (left or []) == [value.name for value in host.registry.values(KEY)]


def test_a_service_is_started_stopped_made_and_removed(host: Host) -> None:
    def service(**arguments: Any) -> dict[str, Any]:
        return run_module(host, "win_service", {"name": "Spooler", **arguments})

    stopped = service(state="stopped", start_mode="disabled")
    again = service(state="stopped")
    refused = service(state="started")
    by_display = run_module(host, "win_service", {"name": "Print Spooler"})
    made = service(name="Example", path="C:\\e.exe", start_mode="manual")
    gone = service(state="absent")

    assert ("stopped", "disabled", True) == (
        stopped["state"], stopped["start_mode"], stopped["changed"],
    )  # fmt: skip
    assert not again["changed"]
    assert "cannot be started" in refused["msg"]
    assert ("Spooler", False) == (by_display["name"], by_display["changed"])
    assert ("stopped", "manual", "C:\\e.exe") == (made["state"], made["start_mode"], made["path"])
    assert (True, False) == (gone["changed"], gone["exists"])
    names = {row["Name"] for row in host.cim.rows("root/cimv2", "Win32_Service")}
    assert "Example" in names
    assert "Spooler" not in names


def test_looking_at_a_service_that_is_not_there_is_no_failure(host: Host) -> None:
    assert {"changed": False, "exists": False} == run_module(host, "win_service", {"name": "none"})


def test_a_folder_is_copied_within_the_pc(host: Host) -> None:
    host.files.write("C:\\Stage\\deep\\b.txt", b"two")
    arguments = {"_copy_mode": "remote", "src": "C:\\Stage", "dest": "C:\\Kept"}

    dry = run_module(host, "win_copy", {**arguments, **CHECK, "_ansible_diff": True})
    assert not host.files.exists("C:\\Kept")
    first = run_module(host, "win_copy", arguments)
    second = run_module(host, "win_copy", arguments)

    assert "+C:\\Kept\\Stage\\deep\\b.txt" in dry["diff"]["prepared"]
    assert (True, True, False) == (dry["changed"], first["changed"], second["changed"])
    assert ("folder_copy", 6, "C:\\Kept\\Stage") == (
        first["operation"], first["size"], first["dest"],
    )  # fmt: skip
    assert b"two" == host.files.read("C:\\Kept\\Stage\\deep\\b.txt")


def test_a_file_is_copied_within_the_pc_and_the_old_one_kept(host: Host) -> None:
    host.files.write("C:\\Stage\\b.txt", b"old")

    result = run_module(
        host, "win_copy",
        {"_copy_mode": "remote", "src": "C:\\Stage\\a.txt", "dest": "C:\\Stage\\b.txt", "backup": True},
    )  # fmt: skip

    assert ("file_copy", "a.txt", 3) == (
        result["operation"], result["original_basename"], result["size"],
    )  # fmt: skip
    assert b"old" == host.files.read(result["backup_file"])
    assert b"one" == host.files.read("C:\\Stage\\b.txt")


def test_many_files_arrive_in_a_zip_with_encoded_names(host: Host) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in (("è.txt", b"x"), ("in\\y.txt", b"y")):
            archive.writestr(b64encode(name.encode()).decode(), data)
        archive.writestr(b64encode(b"empty").decode() + "/", b"")
    host.files.write("C:\\Stage\\s.zip", buffer.getvalue())

    run_module(
        host, "win_copy", {"_copy_mode": "explode", "src": "C:\\Stage\\s.zip", "dest": "C:\\Out"}
    )

    assert b"x" == host.files.read("C:\\Out\\è.txt")
    assert b"y" == host.files.read("C:\\Out\\in\\y.txt")
    assert host.files.is_folder("C:\\Out\\empty")


def test_a_file_is_described_and_read(host: Host) -> None:
    stat = run_module(host, "win_stat", {"path": "C:\\Stage\\a.txt"})["stat"]
    folder = run_module(host, "win_stat", {"path": "%SystemDrive%\\Stage"})["stat"]
    read = run_module(host, "slurp", {"src": "C:\\Stage\\a.txt"})

    assert (3, ".txt", NOW.timestamp()) == (stat["size"], stat["extension"], stat["lastwritetime"])
    assert (True, 3) == (folder["isdir"], folder["size"])
    assert b"one" == b64decode(read["content"])


def test_touching_changes_the_time_and_nothing_else(host: Host) -> None:
    host.clock.set(datetime(2026, 10, 6, tzinfo=UTC))

    run_module(host, "win_file", {"path": "C:\\Stage\\a.txt", "state": "touch"})

    file = host.files.get("C:\\Stage\\a.txt")
    assert file is not None
    assert (b"one", datetime(2026, 10, 6, tzinfo=UTC)) == (file.data, file.modified)


def test_a_file_in_use_is_not_removed(host: Host) -> None:
    path = "C:\\Windows\\Temp\\open_by_a_program.tmp"

    result = run_module(host, "win_file", {"path": path, "state": "absent"})

    assert "being used by another process" in result["msg"]
    assert host.files.exists(path)


@pytest.mark.parametrize(
    ("changes", "arguments", "expected"),
    [
        ({}, {}, {"rc": 0, "changed": True, "reboot_required": False}),
        ({"reboot_required": True}, {}, {"rc": 3010, "changed": True, "reboot_required": True}),
        ({"exit_code": 1603}, {}, {"rc": 1603, "changed": False, "failed": True}),
        ({"exit_code": 1618}, {"expected_return_code": [0, 1618]}, {"rc": 1618, "changed": True}),
        ({"exit_code": 1641}, {}, {"rc": 1641, "failed": True}),
        ({"silent": False}, {}, {"rc": 258, "failed": True}),
        ({}, {"checksum": "00"}, {"failed": True, "changed": False}),
        ({}, {"creates_path": "C:\\Stage\\a.txt"}, {"changed": False, "rc": 0}),
        ({}, {"creates_service": "Spooler"}, {"changed": False}),
        ({}, {"creates_path": "C:\\Stage\\a.txt", "creates_version": "1.0"}, {"changed": True}),
        ({}, CHECK, {"changed": True, "rc": 0}),
    ],
)
def test_an_installer_ends_as_its_spec_says(
    host: Host, changes: dict[str, Any], arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    spec = {**host.specs["teamviewer_host"], **changes}
    host.files.write("C:\\Stage\\x.msi", build_installer(spec))

    result = run_module(host, "win_package", {"path": "C:\\Stage\\x.msi", **arguments})

    assert expected == {key: result[key] for key in expected}
    listed = host.registry.exists(f"{UNINSTALL}\\{spec['product_code']}")
    # 1641: installed, and the PC restarts at once; nobody said that this was expected.
    done = (result["changed"] and result["rc"] in {0, 3010}) or result["rc"] == 1641
    good = done and not arguments.get("_ansible_check_mode")
    assert good == listed


def test_a_failed_installation_leaves_the_records_of_a_failure(host: Host) -> None:
    spec = {**host.specs["teamviewer_host"], "exit_code": 1603}
    host.files.write("C:\\Stage\\x.msi", build_installer(spec))
    count = len(host.events.snapshot())

    run_module(host, "win_package", {"path": "C:\\Stage\\x.msi"})

    added = host.events.snapshot()[count:]
    assert [(1033, "1603"), (11708, None)] == [
        (event["id"], event["data"][3] if event["id"] == 1033 else None) for event in added
    ]
    assert {"S-1-5-18"} == {event["sid"] for event in added}


def test_half_a_copied_installer_is_no_package(host: Host) -> None:
    whole = build_installer(host.specs["teamviewer_host"])

    for end in range(0, len(whole) - 1, 37):
        host.files.write("C:\\Stage\\x.msi", whole[:end])
        result = run_module(host, "win_package", {"path": "C:\\Stage\\x.msi", **CHECK})
        assert "msg" not in result or "winsim" not in result["msg"]
    host.files.write("C:\\Stage\\x.msi", whole[:30])
    assert 1620 == run_module(host, "win_package", {"path": "C:\\Stage\\x.msi"})["rc"]


@pytest.mark.parametrize("name", ["fleet_cleanup", "fleet_restore_point", "win_file"])
def test_a_diff_is_given_only_when_asked_for(host: Host, name: str) -> None:
    arguments = {"path": "C:\\Stage", "state": "directory"} if name == "win_file" else {}

    assert "diff" not in run_module(host, name, arguments)
    asked = run_module(host, name, {**arguments, "_ansible_diff": True})
    assert (name != "win_file") == ("diff" in asked)


def test_free_space_follows_what_comes_and_goes(host: Host) -> None:
    before = host.free_bytes() or 0
    host.files.write("C:\\Stage\\big", b"x" * 1000)
    assert before - 1000 == host.free_bytes()

    result = run_module(host, "fleet_cleanup", {})

    assert result["removed_bytes"] == result["free_bytes_after"] - result["free_bytes_before"]


def test_no_restore_point_is_made_where_protection_is_off_or_there_is_no_such_class() -> None:
    unprotected, server = (
        next(h for h in load_profiles(["office"]) if h.name == "direzione") for _ in range(2)
    )
    unprotected.protected, unprotected.restore_points = False, []
    server.cim._classes["root/default"] = {"systemrestore": {"error": "not_found"}}

    for host, reason in ((unprotected, "ReturnValue 1058"), (server, "HRESULT 0x80041010")):
        host.advance(NOW)
        result = run_module(host, "fleet_restore_point", {})

        assert ("unavailable", reason, False) == (
            result["state"], result["reason"], result["changed"],
        )  # fmt: skip
