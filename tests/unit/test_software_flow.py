"""What tasks are told about products, and which words and events a result becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from custode.core.software import StateUnknownError
from custode.flows import software

CATALOG = Path(__file__).parents[2] / "policies" / "catalog"


def no_answers() -> dict[str, Any]:
    return {"uninstall_entries": {"rows": []}, "product_files": {"rows": []}}


def test_tasks_get_all_that_win_package_needs(tmp_path: Path) -> None:
    found = software.sources(CATALOG, tmp_path, ["owncloud"], need_files=False)["owncloud"]
    assert found["path"] == str(tmp_path / "ownCloud-6.0.3.18040.x64.msi")
    assert found["kind"] == "msi"
    assert found["good_return_codes"] == [0, 3010, 1641]
    assert found["busy_return_codes"] == [1618]
    assert not found["attended"]


def test_norton_is_never_installed_unattended(tmp_path: Path) -> None:
    found = software.sources(CATALOG, tmp_path, ["norton"], need_files=False)["norton"]
    assert found["attended"]
    assert found["arguments"] == []


def test_an_unexpected_state_is_a_reason() -> None:
    found = software.installation(CATALOG, "owncloud", no_answers())
    assert software.unexpected(found, []) is None
    assert software.unexpected(found, ["absent"]) is None
    reason = software.unexpected(found, ["exact", "newer"])
    assert reason is not None
    assert "not installed; expected: exact or newer" in reason.message


def test_what_could_not_be_read_decides_nothing() -> None:
    facts = {**no_answers(), "product_files": {"error": {"kind": "timeout", "message": "x"}}}
    with pytest.raises(StateUnknownError, match="product_files could not be read"):
        software.installation(CATALOG, "owncloud", facts)
