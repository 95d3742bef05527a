"""What acceptance makes of readings that a simulated PC does not easily give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.acceptance.antivirus import DEFENDER_GUID, in_force
from tests.acceptance.looking import Pc
from tests.acceptance.products import judge_version
from tests.acceptance.test_antivirus import (
    test_an_accepted_antivirus_is_installed as antivirus_is_installed,
)
from tests.acceptance.test_antivirus import (
    test_windows_says_that_the_antivirus_is_on as windows_says_it_is_on,
)
from tests.acceptance.test_identity import (
    test_the_way_in_is_encrypted_and_its_certificate_is_checked as way_in_is_safe,
)

from custode.core.contract import Contract

ROOT = Path(__file__).parents[2]
PROGRAM = r"%ProgramFiles%\Norton\Suite\NortonSvc.exe"


def service(name: str, state: str) -> dict[str, Any]:
    return {"__item": name, "services": [{"name": name, "state": state, "path": None}]}


def row(guid: str, name: str, state: int) -> dict[str, Any]:
    values = {"DISPLAYNAME": {"value": name}, "STATE": {"value": state}}
    return {"__item": guid, "exists": True, "properties": values}


def pc(**read: Any) -> Pc:
    """Return a PC of a contract that accepts two; Norton is there and stopped, Defender runs."""
    text = (ROOT / "inventories" / "demo" / "contract.yml").read_text(encoding="utf-8")
    about = yaml.safe_load(text)
    about["services"]["antivirus"] = {"accept": ["norton", "defender"]}
    given = {
        "catalog": str(ROOT / "policies" / "catalog"),
        "services": [
            service("Norton Antivirus", "stopped"),
            {"__item": "NortonSecurity", "services": []},
            service("WinDefend", "started"),
        ],
        "versions": [{"__item": PROGRAM, "win_file_version": {"path": "x", "file_version": "26"}}],
        "files": [],
        "antivirus": {"exists": True},
        "antivirus_rows": [row(DEFENDER_GUID.lower(), "Ein anderer Name", 0x61100)],
    }
    return Pc("direzione", Contract.model_validate(about), {**given, **read})


def said(check: Any, looked: Pc) -> str:
    with pytest.raises(pytest.fail.Exception) as ended:
        check(looked)
    return str(ended.value)


def test_of_two_accepted_ones_the_one_that_runs_counts() -> None:
    found = in_force(pc())

    assert found is not None
    assert "Microsoft Defender" == found.title


def test_defender_is_known_by_its_number_and_not_by_its_name() -> None:
    windows_says_it_is_on(pc())


@pytest.mark.parametrize(
    ("state", "verdict", "found"),
    [
        (0x60100, "not accepted", "Microsoft Defender is off"),
        (0x63100, "not accepted", "Microsoft Defender is expired"),
        (0x64100, "unknown", "in a state that nobody has described"),
    ],
)
def test_a_state_that_nobody_has_described_is_unknown(state: int, verdict: str, found: str) -> None:
    looked = pc(antivirus_rows=[row(DEFENDER_GUID, "Windows Defender", state)])

    text = said(windows_says_it_is_on, looked)

    assert text.startswith(f"{verdict}\n")
    assert found in text


@pytest.mark.parametrize(
    "read",
    [
        {"antivirus": {"exists": False}},
        {"antivirus": {"msg": "MODULE FAILURE"}},
        {"antivirus_rows": [{"__item": "{}", "exists": True, "properties": {}}]},
    ],
    ids=["no key", "no answer", "no state"],
)
def test_a_security_center_that_tells_nothing_is_unknown(read: dict[str, Any]) -> None:
    assert said(windows_says_it_is_on, pc(**read)).startswith("unknown\n")


def test_a_service_that_may_not_be_looked_at_is_unknown_and_not_absent() -> None:
    denied = {
        "__item": "Norton Antivirus",
        "services": [],
        "warnings": ["Failed to open service 'Norton Antivirus to get more info, ignoring: denied"],
    }

    text = said(antivirus_is_installed, pc(services=[denied]))

    assert text.startswith("unknown\n")


def test_what_is_missing_is_missing_whatever_the_security_center_does_not_say() -> None:
    services = [
        {"__item": name, "services": []}
        for name in ("Norton Antivirus", "NortonSecurity", "WinDefend")
    ]

    text = said(antivirus_is_installed, pc(services=services, antivirus={"msg": "no answer"}))

    assert text.startswith("not accepted\n")
    assert "expected: Norton or Microsoft Defender" in text


@pytest.mark.parametrize(
    ("scheme", "validation", "accepted"),
    [("https", "validate", True), ("http", "validate", False), ("https", "ignore", False)],
)
def test_a_way_in_that_others_can_listen_to_is_not_accepted(
    scheme: str, validation: str, *, accepted: bool
) -> None:
    looked = pc(connection={"port": "5986", "scheme": scheme, "validation": validation})
    if accepted:
        way_in_is_safe(looked)
    else:
        assert f"WinRM over {scheme} at port 5986" in said(way_in_is_safe, looked)


def test_a_version_that_the_catalog_allows_beside_the_pin_is_accepted() -> None:
    file = {"path": "x", "file_version": "5.3.2.15463"}
    path = r"%ProgramFiles%\ownCloud\owncloud.exe"
    looked = pc(versions=[{"__item": path, "win_file_version": file}])
    pinned = looked.product("owncloud")

    with pytest.raises(pytest.fail.Exception):
        judge_version(looked, pinned, needed="6.0.3")
    judge_version(looked, pinned.model_copy(update={"also_allowed": ("5.3",)}), needed="6.0.3")
