"""An installer runs where it is made for, and what a PC does not say is unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from custode.core.architectures import (
    ARCHITECTURE_PROBE,
    architecture,
    architecture_probe,
    unsuitable,
)
from custode.core.guard import refusal
from custode.core.observation import Facts
from custode.edges.catalog import load_product

CATALOG = Path(__file__).parents[2] / "policies" / "catalog"


def said(value: object) -> Facts:
    row = {"key": architecture_probe()["keys"][0], "PROCESSOR_ARCHITECTURE": value}
    return Facts.from_json({ARCHITECTURE_PROBE: {"rows": [row]}})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("AMD64", "x64"),
        ("x86", "x86"),
        ("ARM64", "arm64"),
        ("IA64", None),
        ("", None),
        (None, None),
    ],
)
def test_windows_says_its_own_architecture(value: object, expected: str | None) -> None:
    assert architecture(said(value)) == expected


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {ARCHITECTURE_PROBE: {"rows": []}},
        {ARCHITECTURE_PROBE: {"error": {"kind": "access_denied", "message": "x"}}},
    ],
)
def test_what_is_not_said_is_unknown(answers: dict[str, Any]) -> None:
    assert architecture(Facts.from_json(answers)) is None


def test_the_guard_lets_it_be_read() -> None:
    assert refusal("registry", architecture_probe()) is None


@pytest.mark.parametrize(
    ("made_for", "found", "kind"),
    [
        ("x64", "x64", None),
        ("x64", "x86", "architecture"),
        ("x64", "arm64", "architecture"),
        ("x64", None, "architecture_unknown"),
        ("x86", "x64", None),
        ("x86", "x86", None),
        ("x86", "arm64", "architecture"),
        ("x86", None, "architecture_unknown"),
    ],
)
def test_an_installer_runs_only_where_it_is_made_for(
    made_for: Literal["x86", "x64"], found: str | None, kind: str | None
) -> None:
    product = load_product(CATALOG, "owncloud").model_copy(update={"architecture": made_for})
    reason = unsuitable(product, found)
    assert (reason.kind if reason else None) == kind
