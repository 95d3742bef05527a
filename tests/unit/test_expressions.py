"""The language of rules: what is not known is never a value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.expressions import Scope, evaluate
from custode.core.observation import Facts
from custode.core.references import expanded, references
from custode.core.rule_words import Uncertain, wsc_state

FACTS = Facts.from_json(
    {
        "disks": {"rows": [{"Name": "C:", "Size": 10, "Free": None, "items": 3}]},
        "empty": {"rows": []},
        "broken": {"error": {"kind": "timeout", "message": "HRESULT 0x80041069"}},
        "events": {
            "rows": [
                {"time": "2026-10-04T06:00:00Z", "data": {"title": None, "0": "x"}},
                {"time": "2026-10-03T06:00:00Z", "data": {"title": "t", "0": "x"}},
            ]
        },
    }
)
SCOPE = Scope(
    facts=FACTS,
    device={"kind": "desktop"},
    contract={"client": {"timezone": "Europe/Rome"}, "services": {"backup": {"version": None}}},
    limits={"wear_percent": 80},
    now=datetime(2026, 10, 5, 7, 0, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("facts.disks | length", 1),
        ("(facts.disks | first).Size > 5", True),
        ("(facts.disks | first).items", 3),
        ("facts.disks | map(attribute='Size') | sum", 10),
        ("facts.disks | map(attribute='Free') | select('defined') | list", []),
        ("(facts.disks | first).Free | default(7)", 7),
        ("facts.empty | length == 0", True),
        ("errors.broken", "timeout"),
        ("errors.disks", ""),
        ("errors.broken == 'timeout' or facts.broken | length > 0", True),
        ("'2026-10-01T07:00:00Z' | age_days", 4.0),
        ("'20261001090000.000000+120' | age_days", 4.0),
        ("'20261001060000.500000-060' | age_days", 4.0),
        ("'1099511627776' | gib", 1024.0),
        ("version_at_least('6.0.10', '6.0.9')", True),
        ("version_at_least('6.0', '6.0.0.0')", True),
        ("version_at_least('5.9.9', '6')", False),
        ("major('7.1.0.19041')", 7),
        ("'Norton 360' is starting_with 'norton'", True),
        ("wsc_state(397568).owner", "windows"),
        ("limits.wear_percent + 1", 81),
        ("'Adobe Reader XI' is starting_with ['QuickTime', 'adobe reader']", True),
        ("'Reader' is starting_with ['QuickTime', 'Adobe Reader']", False),
        ("['a', 'b', 'a'] | repeats", 2),
        ("[] | repeats", 0),
        ("facts.events | map(attribute='data.0') | repeats", 2),
        ("facts.events | newest_day | map(attribute='time') | list", ["2026-10-04T06:00:00Z"]),
        ("[] | newest_day", []),
        ("['17.0.2', '9'] | map('major') | list", [17, 9]),
        ("utc_offset('Europe/Rome')", 120),
        ("utc_offset('America/Los_Angeles')", -420),
        ("utc_offset(contract.client.timezone)", 120),
        ("facts.disks", [{"Name": "C:", "Size": 10, "Free": None, "items": 3}]),
    ],
)
def test_an_expression_gives_its_value(expression: str, value: Any) -> None:
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    ("expression", "kind", "detail"),
    [
        ("(facts.disks | first).Free < 5", "missing_value", "disks.Free"),
        ("not (facts.disks | first).Free", "missing_value", "disks.Free"),
        ("(facts.disks | first).Nothing == 1", "missing_value", "disks.Nothing"),
        ("'C' in facts.disks | map(attribute='Free') | list", "missing_value", "disks.Free"),
        ("(facts.disks | first).Free in [1, 2]", "missing_value", "disks.Free"),
        ("(facts.disks | first).Free | int", "missing_value", "disks.Free"),
        ("(facts.disks | first).Free | round", "missing_value", "disks.Free"),
        ("(facts.disks | first).Free | lower", "missing_value", "disks.Free"),
        ("(facts.disks | first).Free | gib", "missing_value", "disks.Free"),
        ("(facts.disks | first).Free ~ 'x'", "missing_value", "disks.Free"),
        ("facts.disks | map(attribute='Free') | sum", "missing_value", "disks.Free"),
        ("facts.disks | selectattr('Free', 'gt', 1) | list", "missing_value", "disks.Free"),
        ("(facts.events | first).data.title == 'x'", "missing_value", "events.data.title"),
        (
            "contract.services.backup.version == '6'",
            "missing_value",
            "contract.services.backup.version",
        ),
        ("contract.services.antivirus == '6'", "missing_value", "contract.services.antivirus"),
        ("facts.broken | length", "probe_error", "broken: timeout (HRESULT 0x80041069)"),
        ("facts.absent | length", "probe_missing", "absent"),
        ("errors.absent == ''", "probe_missing", "absent"),
        ("unknown('no row')", "missing_value", "no row"),
        ("limits.nothing > 1", "missing_value", "limits.nothing"),
        (
            "facts.events | map(attribute='data.title') | repeats",
            "missing_value",
            "events.data.title",
        ),
        ("facts.disks | newest_day", "missing_value", "disks.time"),
        ("utc_offset('Europe/Roma')", "expression", "ZoneInfoNotFoundError"),
        ("utc_offset(contract.nobody)", "missing_value", "contract.nobody"),
        ("(facts.disks | first).Name > 5", "expression", "TypeError"),
        ("1 / 0", "expression", "ZeroDivisionError"),
        ("'abc' | int", "expression", "ValueError"),
        ("'yesterday' | age_days", "expression", "ValueError"),
        ("major('six')", "expression", "not a version"),
        ("wsc_state('on')", "expression", "ValueError"),
    ],
)
def test_an_expression_without_an_answer_says_where_it_ends(
    expression: str, kind: str, detail: str
) -> None:
    with pytest.raises(Uncertain) as caught:
        evaluate(expression, SCOPE)

    assert (caught.value.kind, caught.value.detail) == (kind, detail)


@pytest.mark.parametrize(
    "expression",
    [
        "facts.disks.__class__",
        "''.__class__.__mro__",
        "(facts.disks | first).values_by_name",
        "facts.facts",
        "now.__reduce__()",
    ],
)
def test_the_sandbox_gives_no_way_out(expression: str) -> None:
    with pytest.raises(Uncertain):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize(
    "expression", ["x is none", "x is sameas 1", "x | tojson", "range(3)", "x is string", "a b"]
)
def test_what_the_language_leaves_out_is_a_fault(expression: str) -> None:
    assert references(expression).faults


def test_references_are_what_an_expression_touches() -> None:
    found = references(
        "facts.a | selectattr('data.title', 'defined') | map(attribute='Size') | sum > row.Free"
        " and errors['b'] == '' and contract.services.backup.version and (facts.c | first).Name"
    )

    assert (found.facts, found.errors, found.faults) == ({"a", "c"}, {"b"}, ())
    assert found.columns == {"data", "title", "Size", "Free", "Name"}


@pytest.mark.parametrize(
    "expression", ["facts", "facts[device.kind]", "errors | length", "nobody.x"]
)
def test_facts_are_named_one_by_one(expression: str) -> None:
    assert references(expression).faults


def test_names_given_to_parts_are_written_out_but_not_inside_texts() -> None:
    let = {"size": "row.Size", "big": "size > 5"}

    assert (
        expanded("big and 'size' != row.size ~ \"big\"", let)
        == "((row.Size) > 5) and 'size' != row.size ~ \"big\""
    )


@pytest.mark.parametrize(
    ("state", "on", "signatures"),
    [
        (0x041000, "on", "current"),
        (0x041010, "on", "outdated"),
        (0x042000, "snoozed", "current"),
        (0x043000, "expired", "current"),
        (0x050000, "off", "current"),
        (0x054000, "unknown", "current"),
        (0x041020, "on", "unknown"),
        ("397312", "on", "current"),
    ],
)
def test_security_center_states_are_read_by_mask(state: Any, on: str, signatures: str) -> None:
    read = wsc_state(state)

    assert (read["on"], read["signatures"]) == (on, signatures)


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_a_fault(text: str) -> None:
    found = references(text)

    if not found.faults:
        try:
            evaluate(text, SCOPE)
        except Uncertain:
            return
