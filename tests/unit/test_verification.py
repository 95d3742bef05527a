"""How a product stands on a PC: every aspect seen, or why it was not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from custode.core.observation import Facts
from custode.core.products import Product
from custode.core.readers import reader_for
from custode.core.verification import ASPECTS, Knowledge, Verification, known

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
OLD = "%ProgramFiles%\\Tool\\old.exe"
NEW = "%ProgramFiles%\\Tool\\new.exe"
UNINSTALL = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
PROBES = ("product_files", "product_services", "uninstall_entries")


def tool(*, services: bool = True) -> Product:
    """Return a product of two generations, each with a service of its own."""
    evidence: list[dict[str, Any]] = [{"files": [NEW]}, {"files": [OLD]}]
    if services:
        evidence[0]["services"] = ["ToolNew", "ToolHelper"]
        evidence[1]["services"] = ["ToolOld"]
    return Product.model_validate(
        {
            "id": "tool",
            "title": "Tool",
            "vendor": "Maker",
            "version": "2.0",
            "signers": ["Maker"],
            "installer": {"kind": "msi", "file": "tool.msi", "sha256": None, "source": "maker"},
            "detect": {"display_name": "^Tool$", "evidence": evidence},
        }
    )


def answers(
    *,
    listed: str | None = None,
    files: dict[str, str | None] | None = None,
    services: dict[str, tuple[str | None, str | None]] | None = None,
) -> dict[str, Any]:
    """Return what a PC answers; services are name to start mode and state."""
    row = {"key": f"{UNINSTALL}\\Tool", "DisplayName": "Tool", "DisplayVersion": listed}
    return {
        "uninstall_entries": {"rows": [] if listed is None else [row]},
        "product_files": {
            "rows": [
                {"path": path, "exists": path in (files or {}), "version": (files or {}).get(path)}
                for path in (OLD, NEW)
            ]
        },
        "product_services": {
            "rows": [
                {"Name": name, "StartMode": start, "State": state}
                for name, (start, state) in (services or {}).items()
            ]
        },
    }


def read(product: Product, told: dict[str, Any]) -> dict[str, Any]:
    """Return each aspect's value, or its state and why."""
    found = reader_for(product.id).read(product, Facts.from_json(told), now=NOW)
    return {
        name: aspect.value if aspect.state is Knowledge.KNOWN else f"{aspect.state}: {aspect.why}"
        for name, aspect in found.aspects.items()
    }


RUNNING = {"ToolNew": ("Auto", "Running"), "ToolHelper": ("Auto", "Running")}
NOTHING_MORE = dict.fromkeys(
    ("configured", "last_sign_of_life"), "not_applicable: nothing_shows_it"
)


def test_a_whole_product_is_known_in_every_aspect_that_shows() -> None:
    told = answers(listed="2.0.1", files={NEW: "2.0.1.7"}, services=RUNNING)

    assert read(tool(), told) == {
        "version": "2.0.1",
        "registered": True,
        "service": "auto",
        "running": True,
        **NOTHING_MORE,
    }


def test_a_product_that_is_not_there_has_no_version_and_is_not_unknown() -> None:
    assert read(tool(), answers()) == {
        "version": "not_applicable: not_installed",
        "registered": False,
        "service": "missing",
        "running": False,
        **NOTHING_MORE,
    }


@pytest.mark.parametrize(
    ("services", "service", "running"),
    [
        ({"ToolOld": ("Auto", "Running")}, "auto", True),
        ({"ToolOld": ("Disabled", "Stopped")}, "disabled", False),
        ({"ToolOld": ("Manual", "Running")}, "manual", True),
        ({"TOOLOLD": ("Auto", "Start Pending")}, "auto", False),
        ({"ToolNew": ("Auto", "Running")}, "missing", False),
        ({**RUNNING, "ToolHelper": ("Disabled", "Stopped")}, "disabled", False),
        ({"ToolOld": (None, None)}, "unknown: no_start_mode", "unknown: no_state"),
    ],
)
def test_the_generation_that_is_there_is_judged(
    services: dict[str, tuple[str | None, str | None]], service: str, running: object
) -> None:
    found = read(tool(), answers(listed="1", files={OLD: "1.0"}, services=services))

    assert (found["service"], found["running"]) == (service, running)


def test_a_product_without_a_listing_has_the_version_of_its_files() -> None:
    found = read(tool(), answers(files={OLD: "1.9"}, services=RUNNING))

    assert (found["version"], found["registered"]) == ("1.9", False)


def test_a_product_that_names_no_version_is_not_absent() -> None:
    assert read(tool(), answers(listed="", services=RUNNING))["version"] == "unknown: no_version"


def test_a_product_without_services_is_not_called_stopped() -> None:
    found = read(tool(services=False), answers(listed="2.0"))

    assert found["service"] == found["running"] == "not_applicable: has_no_service"


@pytest.mark.parametrize(
    ("probe_id", "aspects"),
    [
        ("uninstall_entries", {"registered", "version"}),
        ("product_files", {"version"}),
        ("product_services", {"service", "running", "version"}),
    ],
)
@pytest.mark.parametrize(
    ("failure", "why"),
    [
        ({"error": {"kind": "access_denied", "message": "0x5"}}, "access_denied"),
        (None, "not_returned"),
    ],
)
def test_a_probe_that_failed_leaves_its_aspects_unknown(
    probe_id: str, aspects: set[str], failure: dict[str, Any] | None, why: str
) -> None:
    told = {**answers(), probe_id: failure}
    if failure is None:
        del told[probe_id]

    found = read(tool(), told)

    assert {name for name, value in found.items() if value == f"unknown: {why}"} == aspects


def test_a_verification_survives_being_written_and_read() -> None:
    facts = Facts.from_json(answers(listed="2.0", services=RUNNING))
    found = reader_for("tool").read(tool(), facts, now=NOW)

    assert Verification.from_json(found.to_json()) == found
    assert tuple(found.to_json()["aspects"]) == ASPECTS


def test_a_verification_holds_the_aspects_and_nothing_else() -> None:
    with pytest.raises(ValueError, match="the aspects are version, registered"):
        Verification("tool", {"version": known("1")})


def test_a_verification_is_one_sentence() -> None:
    facts = Facts.from_json(answers(listed="2.0", services=RUNNING))
    said = reader_for("tool").read(tool(), facts, now=NOW).sentence("Tool")

    assert said == (
        "Tool: version 2.0, registered yes, service auto, running yes, "
        "configured not applicable (nothing_shows_it), "
        "last_sign_of_life not applicable (nothing_shows_it)"
    )
