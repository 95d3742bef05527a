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
    assert found["product_code"] == "{1D382CF5-AF11-4E42-A85B-7504BD2D3240}"
    assert found["good_return_codes"] == [0, 3010, 1641]
    assert found["busy_return_codes"] == [1618]
    assert not found["attended"]


def test_norton_is_never_installed_unattended(tmp_path: Path) -> None:
    found = software.sources(CATALOG, tmp_path, ["norton"], need_files=False)["norton"]
    assert found["attended"]
    assert found["arguments"] == []


@pytest.mark.parametrize(
    ("exit_code", "kind", "words"),
    [
        (1618, "installer_busy", "another installation is in progress"),
        (1603, "installer_failed", "ended with 1603: a fatal error"),
        (-1, "installer_failed", "does not say"),
    ],
)
def test_a_failed_installation_has_a_reason_and_a_next_step(
    exit_code: int, kind: str, words: str
) -> None:
    product, outcome = software.judged(CATALOG, "owncloud", exit_code)
    reason = software.failure(product, outcome)
    assert reason is not None
    assert reason.kind == kind
    assert words in reason.message
    assert reason.hint.endswith("run again.")
    assert software.installed(product, outcome) is None


def test_a_wanted_restart_is_an_event_and_no_failure() -> None:
    product, outcome = software.judged(CATALOG, "owncloud", 3010)
    assert software.failure(product, outcome) is None
    assert software.installed(product, outcome) == {
        "kind": "installed",
        "product": "owncloud",
        "title": "ownCloud desktop client",
        "version": "6.0.3.18040",
        "restart_wanted": True,
    }


def test_an_attended_step_has_the_same_name_wherever_the_file_lies() -> None:
    texts, events = zip(
        *(software.attended_step(CATALOG, "norton", place) for place in ("C:\\a", "C:\\b")),
        strict=True,
    )
    assert events[0] == events[1] == {"kind": "step_opened", "product": "norton", "step": "install"}
    assert "C:\\a" in texts[0]


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
