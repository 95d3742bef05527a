"""What is found on a simulated PC: files by name, versions of programs, the Security Center's keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from winsim.derived import ANTIVIRUS_KEY
from winsim.host import Host
from winsim.modules import run_module
from winsim.profiles import load_profiles
from winsim.timeline import performer

NORTON = "{7F0A2B1E-90C4-41D3-8E55-3C4B6B9D2A10}"
DEFENDER = "{D68DDC3A-831F-4fae-9E44-DA132C1ACF46}"


@pytest.fixture
def host() -> Host:
    found = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    found.advance(datetime(2026, 10, 5, 7, tzinfo=UTC))
    for path in ("custode.1\\a.msi", "Custode.2\\b\\c.txt", "other\\custode.3"):
        found.files.write(f"C:\\Stage\\{path}", b"one")
    return found


def names(host: Host, **arguments: Any) -> list[str]:
    found = run_module(host, "win_find", {"paths": ["C:\\Stage"], **arguments})
    return [str(entry["path"]).removeprefix("C:\\Stage\\") for entry in found["files"]]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({}, []),
        ({"file_type": "directory"}, ["custode.1", "Custode.2", "other"]),
        ({"file_type": "directory", "patterns": ["custode.*"]}, ["custode.1", "Custode.2"]),
        ({"file_type": "any", "patterns": ["?????"]}, ["other"]),
        ({"recurse": True, "patterns": ["*.msi"]}, ["custode.1\\a.msi"]),
        (
            {"recurse": True, "file_type": "any", "patterns": [r"\d$"], "use_regex": True},
            ["custode.1", "Custode.2", "other\\custode.3"],
        ),
        (
            {
                "recurse": True,
                "file_type": "any",
                "patterns": ["^C"],
                "use_regex": True,
                "case_sensitive": True,
            },
            ["Custode.2"],
        ),
    ],
)
def test_files_and_folders_are_found_by_their_names(
    host: Host, arguments: dict[str, Any], found: list[str]
) -> None:
    assert found == names(host, **arguments)


def test_what_is_no_folder_is_a_warning_and_finds_nothing(host: Host) -> None:
    paths = ["C:\\none", "C:\\Stage\\custode.1\\a.msi"]

    result = run_module(host, "win_find", {"paths": paths})

    assert (0, []) == (result["examined"], result["files"])
    assert ["does not exist or is not accessible", "is a file not a directory"] == [
        warning.partition("' ")[2].partition(", skipping")[0] for warning in result["warnings"]
    ]


def test_a_program_tells_its_version_in_four_numbers(host: Host) -> None:
    path = "%ProgramFiles%\\Norton\\Suite\\NortonSvc.exe"

    told = run_module(host, "win_file_version", {"path": path})["win_file_version"]

    assert ("26.8.11125.2681", "26", "2681") == (
        told["file_version"],
        told["file_major_part"],
        told["file_private_part"],
    )


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("C:\\none.exe", "does not exist or is not a file"),
        ("C:\\Stage\\custode.1\\a.msi", "must be DLL or EXE"),
    ],
)
def test_what_has_no_version_is_said_to_have_none(host: Host, path: str, words: str) -> None:
    result = run_module(host, "win_file_version", {"path": path})

    assert (True, {}) == (result["failed"], result["win_file_version"])
    assert words in result["msg"]


def listed(host: Host) -> dict[str, tuple[Any, Any]]:
    """Return name and state of each antivirus as the registry tells them."""
    keys = run_module(host, "win_reg_stat", {"path": ANTIVIRUS_KEY.replace("HKLM", "HKLM:")})
    return {
        name: (
            host.registry.get(f"{ANTIVIRUS_KEY}\\{name}", "DISPLAYNAME"),
            host.registry.get(f"{ANTIVIRUS_KEY}\\{name}", "STATE"),
        )
        for name in keys.get("sub_keys", [])
    }


def test_the_security_center_tells_the_same_in_the_registry(host: Host) -> None:
    assert {NORTON: ("Norton 360", 0x41000), DEFENDER: ("Windows Defender", 0x60100)} == listed(
        host
    )

    performer({"uninstall": "norton"})(host)

    assert {DEFENDER: ("Windows Defender", 0x61100)} == listed(host)


def test_a_server_has_no_security_center_in_its_registry_either() -> None:
    server = next(host for host in load_profiles(["clinic"]) if host.name == "server-2022-vm")

    assert not server.registry.exists(ANTIVIRUS_KEY)
    assert {} == listed(server)


def test_looking_at_it_changes_nothing(host: Host) -> None:
    before = host.snapshot()

    listed(host)

    assert before == host.snapshot()
    assert f"{ANTIVIRUS_KEY}\\{NORTON}" in before["registry"]
