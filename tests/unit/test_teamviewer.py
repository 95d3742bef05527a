"""What a PC shows of its TeamViewer: the registration that counts, the ID, the assignment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from custode.core.observation import Facts
from custode.core.readers import reader_for
from custode.core.teamviewer import (
    Registration,
    UnclearError,
    edition,
    is_assigned,
    probes,
    registration,
    shared_ids,
)
from custode.core.verification import Aspect, known, not_applicable, unknown
from custode.edges.catalog import load_product
from custode.edges.policies import load_policies

KEY_64 = "HKLM\\SOFTWARE\\TeamViewer"
KEY_32 = "HKLM\\SOFTWARE\\WOW6432Node\\TeamViewer"
FOLDER_64 = "C:\\Program Files\\TeamViewer"
FOLDER_32 = "C:\\Program Files (x86)\\TeamViewer"
PROGRAM_64 = "%ProgramFiles%\\TeamViewer\\TeamViewer.exe"
PROGRAM_32 = "%ProgramFiles(x86)%\\TeamViewer\\TeamViewer.exe"
ROW_64 = {"key": KEY_64, "ClientID": 1512345678, "InstallationDirectory": FOLDER_64}
ROW_32 = {"key": KEY_32, "ClientID": 1398765432, "InstallationDirectory": FOLDER_32}


def programs(*present: str) -> list[dict[str, Any]]:
    return [{"path": path, "exists": path in present} for path in (PROGRAM_64, PROGRAM_32)]


def found(*rows: dict[str, Any], present: tuple[str, ...] = (PROGRAM_64,)) -> Registration:
    seen = registration(rows, programs(*present))
    assert seen is not None
    return seen


def test_the_64_bit_registration_counts_where_the_32_bit_program_is_gone() -> None:
    seen = found(ROW_64, ROW_32)

    assert seen.key == KEY_64
    assert seen.program == f"{FOLDER_64}\\TeamViewer.exe"
    assert seen.stale == (KEY_32,)


def test_the_32_bit_registration_counts_where_its_program_is() -> None:
    assert found(ROW_64, ROW_32, present=(PROGRAM_64, PROGRAM_32)).key == KEY_32
    assert found(ROW_32, present=(PROGRAM_32,)).client_id == 1398765432


def test_keys_without_a_program_are_no_installation() -> None:
    assert registration([], programs()) is None
    assert registration([ROW_32], programs()) is None
    assert registration([{"key": KEY_64, "InstallationDirectory": None}], programs()) is None


def test_what_fits_no_single_installation_is_not_guessed() -> None:
    other = {**ROW_64, "InstallationDirectory": "D:\\Tools\\TeamViewer\\"}
    with pytest.raises(UnclearError, match="folder_not_looked_into"):
        registration([other], programs())
    with pytest.raises(UnclearError, match="program_without_registration"):
        registration([], programs(PROGRAM_64))


@pytest.mark.parametrize(
    ("value", "client_id"),
    [
        (1512345678, 1512345678),
        (-1, 4294967295),
        (-2147483648, 2147483648),
        ("3999999999", 3999999999),
        (0, None),
        (None, None),
        (True, None),
        ("", None),
        ("r123", None),
    ],
)
def test_an_id_is_printed_as_people_know_it(value: Any, client_id: int | None) -> None:
    assert found({**ROW_64, "ClientID": value}).client_id == client_id


@pytest.mark.parametrize(
    ("values", "assigned"),
    [
        ({"ManagementId": "2c3e0346-2e18-58f8-836f-422a1a28e8e1"}, True),
        ({"ManagementId": "2c3e0346-2e18-58f8-836f-422a1a28e8e1", "Unmanaged": 0}, True),
        ({"ManagementId": "2c3e0346-2e18-58f8-836f-422a1a28e8e1", "Unmanaged": 1}, False),
        ({"ManagementId": "2c3e0346-2e18-58f8-836f-422a1a28e8e1", "Unmanaged": "0"}, False),
        ({"ManagementId": "", "Unmanaged": None}, False),
        ({"Unmanaged": 0}, False),
    ],
)
def test_assigned_is_what_the_pc_shows(values: dict[str, Any], *, assigned: bool) -> None:
    managed = [{"key": f"{KEY_64}\\DeviceManagementV2", **values}]

    assert is_assigned(found(ROW_64), managed) is assigned
    assert not is_assigned(found(ROW_64), [])


def test_a_stale_key_assigns_nothing() -> None:
    managed = [{"key": f"{KEY_32}\\DeviceManagementV2", "ManagementId": "2c3e0346"}]

    assert not is_assigned(found(ROW_64, ROW_32), managed)


@pytest.mark.parametrize(
    ("names", "which"),
    [
        (["TeamViewer Host", "ownCloud", None], "host"),
        (["TeamViewer"], "full"),
        (["TeamViewer 15"], "full"),
        (["TeamViewer 14 Host"], "host"),
        (["TeamViewer", "TeamViewer Host"], None),
        (["TeamViewer Outlook Add-in"], None),
        ([], None),
    ],
)
def test_the_edition_is_told_by_the_listed_name(names: list[str | None], which: str | None) -> None:
    assert edition([{"DisplayName": name} for name in names]) == which


def test_an_id_of_two_pcs_is_told_with_their_names() -> None:
    ids = {"b": 1997312158, "a": 1997312158, "c": 1512345678, "d": None, "e": None}

    assert shared_ids(ids) == {1997312158: ("a", "b")}


NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
SEEN = "2026-10-05T06:58:11Z"
PRODUCT = load_product(Path(__file__).parents[2] / "policies" / "catalog", "teamviewer_host")
GONE: dict[str, Any] = {
    "teamviewer_registration": {"rows": []},
    "teamviewer_programs": {"rows": programs()},
    "teamviewer_management": {"rows": []},
}
THERE: dict[str, Any] = {
    "teamviewer_registration": {"rows": [ROW_64]},
    "teamviewer_programs": {"rows": programs(PROGRAM_64)},
    "teamviewer_management": {
        "rows": [{"key": f"{KEY_64}\\DeviceManagementV2", "ManagementId": "2c3e0346"}]
    },
}


def read(**answers: Any) -> tuple[Aspect, Aspect]:
    """Return `configured` and `last_sign_of_life` of what a PC and perhaps the API answered."""
    aspects = reader_for("teamviewer_host").read(PRODUCT, Facts.from_json(answers), now=NOW).aspects
    return aspects["configured"], aspects["last_sign_of_life"]


@pytest.mark.parametrize(
    ("answers", "configured"),
    [
        (THERE, known(value=True)),
        ({**THERE, "teamviewer_management": {"rows": []}}, known(value=False)),
        (GONE, not_applicable("not_installed")),
        ({}, unknown("not_returned")),
        ({**GONE, "teamviewer_registration": {"rows": [ROW_32]}}, not_applicable("not_installed")),
        (
            {**THERE, "teamviewer_management": {"error": {"kind": "timeout", "message": "x"}}},
            unknown("timeout"),
        ),
        (
            {**THERE, "teamviewer_registration": {"rows": []}},
            unknown("program_without_registration"),
        ),
    ],
)
def test_configured_means_that_the_pc_shows_the_assignment(
    answers: dict[str, Any], configured: Aspect
) -> None:
    assert read(**answers)[0] == configured


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        (None, unknown("not_looked_up")),
        ({"rows": []}, unknown("not_in_the_account")),
        ({"rows": [{"online": True, "last_seen": None}]}, known("2026-10-05T07:00:00Z")),
        ({"rows": [{"online": False, "last_seen": SEEN}]}, known(SEEN)),
        ({"rows": [{"online": False, "last_seen": None}]}, unknown("never_seen")),
        ({"error": {"kind": "unauthorized", "message": "x"}}, unknown("unauthorized")),
    ],
)
def test_the_last_sign_of_life_is_what_the_web_api_told(told: Any, seen: Aspect) -> None:
    api = {"teamviewer_api": told} if told else {}

    assert read(**THERE, **api)[1] == seen
    assert read(**GONE, **api)[1] == not_applicable("not_installed")


def test_the_visit_and_the_role_read_the_same_places() -> None:
    """The policy's probes and the role's own name the same keys, files and values."""
    policies = load_policies(Path(__file__).parents[2] / "policies")
    for wire in probes():
        declared = policies.probes[wire["id"]]
        assert declared.kind == wire["kind"]
        for name in ("keys", "paths"):
            assert list(declared.arguments.get(name, ())) == wire.get(name, [])
        assert set(declared.arguments.get("values", ())) <= set(wire.get("values", ()))
