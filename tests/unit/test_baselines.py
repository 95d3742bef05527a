"""Thresholds: the contract goes before the kind of device, the kind before what is common."""

from __future__ import annotations

from pathlib import Path

import pytest

from custode.core.baselines import Baselines, Override, Threshold
from custode.core.errors import InputError
from custode.edges.inventory import check_client, load_client
from custode.edges.policies import load_policies
from custode.edges.project import Project

ROOT = Path(__file__).parents[2]
WORDS = {"it": "Usura", "en": "Wear"}
BASELINES = Baselines(
    {
        "wear": Threshold("wear", 80, "percent", WORDS, "Own practice."),
        "memory": Threshold("memory", 7, "GiB", WORDS, "Own practice."),
    },
    {"server": {"memory": Override(15, "Own practice.")}},
)
AGREED = {
    "thresholds": {"memory": {"value": 3.5, "reason": "One program only."}},
    "devices": {"a": {"kind": "desktop"}, "b": {"kind": "server"}, "c": {"kind": "desktop"}},
}


@pytest.mark.parametrize(
    ("kind", "contract", "expected"),
    [
        ("desktop", {}, {"memory": 7, "wear": 80}),
        ("server", {}, {"memory": 15, "wear": 80}),
        ("desktop", AGREED, {"memory": 3.5, "wear": 80}),
        ("server", AGREED, {"memory": 3.5, "wear": 80}),
        ("no such kind", {"thresholds": None}, {"memory": 7, "wear": 80}),
    ],
)
def test_the_nearest_value_holds(
    kind: str, contract: dict[str, object], expected: dict[str, float]
) -> None:
    assert BASELINES.limits(kind, contract) == expected


def test_what_was_agreed_is_told_beside_the_usual() -> None:
    assert BASELINES.agreed(AGREED) == [
        {
            "name": "memory",
            "means": WORDS,
            "unit": "GiB",
            "value": 3.5,
            "usual": [7, 15],
            "reason": "One program only.",
        }
    ]
    assert BASELINES.agreed({}) == []


def test_every_kind_of_device_that_is_visited_has_a_baseline() -> None:
    kinds = {"desktop", "notebook", "mini_pc", "server", "virtual_machine", "loaner"}

    assert set(load_policies(ROOT / "policies").baselines.by_kind) == kinds


def test_every_number_has_a_source_and_words_in_both_languages() -> None:
    baselines = load_policies(ROOT / "policies").baselines

    for threshold in baselines.thresholds.values():
        assert len(threshold.source) > 20, threshold.name
        assert threshold.means["it"] != threshold.means["en"]
    for overrides in baselines.by_kind.values():
        for name, own in overrides.items():
            assert len(own.source) > 20, name
            assert own.value != baselines.thresholds[name].value, name


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one client, the real policies, and room for thresholds in the contract."""
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    folder = tmp_path / "inventories" / "demo"
    folder.mkdir(parents=True)
    for path in (ROOT / "inventories" / "demo").glob("*.yml"):
        (folder / path.name).write_bytes(path.read_bytes())
    return Project(tmp_path)


def agree(project: Project, text: str) -> None:
    path = project.inventory("demo") / "contract.yml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_a_contract_sets_a_threshold_with_a_reason(project: Project) -> None:
    agree(project, "thresholds:\n  memory_gib: {value: 3.5, reason: One program only.}\n")

    assert check_client(project, "demo") == []
    contract = load_client(project, "demo").contract.view()
    limits = load_policies(project.policies).baselines.limits("desktop", contract)
    assert limits["memory_gib"] == 3.5


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "memory: {value: 3, reason: Why.}",
            "thresholds.memory: found the threshold memory; allowed: administrators, ",
        ),
        ("memory_gib: {value: 3}", "thresholds.memory_gib.reason: found no such key"),
        ("memory_gib: {value: 3, reason: ''}", "thresholds.memory_gib.reason: found"),
        (
            "memory_gib: {value: little, reason: Why.}",
            'thresholds.memory_gib.value: found "little"; allowed: a number, 0 or more',
        ),
        ("memory_gib: {value: -1, reason: Why.}", "found -1; allowed: a number, 0 or more"),
        ("memory_gib: {value: .inf, reason: Why.}", "allowed: a number, 0 or more"),
        ("memory_gib: {value: true, reason: Why.}", "found true; allowed: a number, 0 or more"),
        ("Memory: {value: 3, reason: Why.}", "allowed: the name of a threshold, lower case"),
    ],
)
def test_a_threshold_that_cannot_be_is_told_with_its_place(
    project: Project, written: str, expected: str
) -> None:
    agree(project, f"thresholds:\n  {written}\n")

    try:
        told = "\n".join(map(str, check_client(project, "demo")))
    except InputError as error:
        told = str(error)

    assert "contract.yml:" in told
    assert expected in told
