"""The shipped probes: each has answers to show, and what it sends does not grow with the rules."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from custode.core.observation import Facts, canonical
from custode.core.policy import Rule, Verdict, judge, judge_example
from custode.core.probes import WHOLE_PROBE, Probe, ProbeExample, honest, normalise
from custode.edges.policies import load_policies
from custode.edges.policy_examples import EXAMPLE_CONTRACT, EXAMPLE_DEVICE, EXAMPLE_NOW
from custode.flows import audit

POLICIES = load_policies(Path(__file__).parents[2] / "policies")
PROBES = [POLICIES.probes[probe_id] for probe_id in sorted(POLICIES.probes)]
BY_PROBE = [pytest.param(probe, id=probe.id) for probe in PROBES]
BY_RULE = [pytest.param(rule, id=rule.id) for rule in POLICIES.rules.values()]
EXAMPLES = [
    pytest.param(probe, example, id=f"{probe.id}-{index}")
    for probe in PROBES
    for index, example in enumerate(probe.examples)
]
_PERSONAL = re.compile(
    r"S-1-(5-21|12-1)-|[\w.]+@[\w.]+\.\w|\b([0-9A-F]{2}[:-]){5}[0-9A-F]{2}\b|\\Users\\",
    re.IGNORECASE,
)


def test_there_are_at_least_forty_five() -> None:
    assert len(PROBES) >= 45


def test_there_are_at_least_eighty_five_rules() -> None:
    assert len(POLICIES.rules) >= 85


@pytest.mark.parametrize(("probe", "example"), EXAMPLES)
def test_an_example_is_an_answer_of_its_probe(probe: Probe, example: ProbeExample) -> None:
    result = normalise([probe], {probe.id: example.answer})[probe.id]

    if "error" in example.answer:
        assert result.error is not None
        assert result.error.message == example.answer["error"]["message"]
        return
    assert result.error is None
    assert len(result.rows) == len(example.answer["rows"])
    for row, shown in zip(
        sorted(result.rows, key=canonical), sorted(example.answer["rows"], key=canonical),
        strict=True,
    ):  # fmt: skip
        assert tuple(row) == probe.columns
        if not probe.digest and probe.kind != "event_log":
            assert {name: value for name, value in row.items() if name in shown} == shown


@pytest.mark.parametrize("probe", BY_PROBE)
def test_the_key_tells_the_rows_of_an_example_apart(probe: Probe) -> None:
    for example in probe.examples:
        rows = example.answer.get("rows", ())
        keys = [canonical([row.get(name) for name in probe.key]) for row in rows]

        assert not probe.key or len(keys) == len(set(keys))


@pytest.mark.parametrize("probe", BY_PROBE)
def test_a_probe_has_an_example_with_rows_and_no_example_names_anybody(probe: Probe) -> None:
    assert any(example.answer.get("rows") for example in probe.examples)
    for example in probe.examples:
        assert not _PERSONAL.search(json.dumps(example.answer, ensure_ascii=False)), example
        assert len(example.shape) > 3


@pytest.mark.parametrize("probe", BY_PROBE)
def test_a_probe_says_why_in_both_languages_and_how_long_its_answer_lasts(probe: Probe) -> None:
    assert probe.purpose["it"] != probe.purpose["en"]
    for words in probe.purpose.values():
        assert words.endswith(".")
        assert len(words) < 160
    assert probe.cost in {"low", "medium", "high"}
    assert 1 <= probe.freshness_days <= 60
    assert probe.kind != "event_log" or probe.since_days
    if WHOLE_PROBE in probe.volatile:
        assert len(probe.volatile) == 1


@pytest.mark.parametrize("rule", BY_RULE)
def test_no_rule_stumbles_over_an_example_of_its_probes(rule: Rule) -> None:
    """One probe after the other shows each of its examples; the others show their first."""
    first = {probe_id: POLICIES.probes[probe_id].examples[0].answer for probe_id in rule.needs}
    for probe_id in rule.needs:
        for example in POLICIES.probes[probe_id].examples:
            facts = {**first, probe_id: example.answer}
            probes = [POLICIES.probes[needed] for needed in rule.needs]
            (finding,) = judge(
                [rule],
                facts=normalise(probes, facts),
                device=EXAMPLE_DEVICE,
                contract=EXAMPLE_CONTRACT,
                limits=POLICIES.baselines.usual("desktop"),
                now=EXAMPLE_NOW,
            )

            assert finding.reason is None or finding.reason.kind != "expression", facts


LIES = [
    pytest.param(probe, name, value, id=f"{probe.id}-{name}-{value}")
    for probe in PROBES
    for name, values in probe.no_data.items()
    for value in values
]


@pytest.mark.parametrize(("probe", "name", "value"), LIES)
def test_a_counter_that_lies_says_nothing(probe: Probe, name: str, value: object) -> None:
    row = {**dict.fromkeys(probe.columns, 7), name: value}

    assert honest(row, probe.no_data) == {**row, name: None}
    assert honest({**row, name: 7}, probe.no_data)[name] == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Wear", 100),
        ("StartStopCycleCount", 65535),
        ("TemperatureMax", 0),
        ("PowerOnHours", 65535),
    ],
)
def test_the_counters_that_are_known_to_lie_are_listed(name: str, value: int) -> None:
    assert value in POLICIES.probes["disk_reliability"].no_data[name]


def test_a_lie_is_kept_as_it_was_read_and_judged_as_unknown() -> None:
    """Facts stay what Windows said; only the judge does not believe it."""
    probe, rule = POLICIES.probes["disk_reliability"], POLICIES.rules["disk_wear_acceptable"]
    raw = {"disk_reliability": {"rows": [{"DeviceId": "0", "MediaType": 4, "Wear": 100}]}}
    facts: Facts = normalise([probe], raw)

    finding = judge_example(rule, replace(rule.examples[0], facts=facts))

    assert facts["disk_reliability"].rows[0]["Wear"] == 100
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.reason is not None
    assert finding.reason.detail == "disk_reliability.Wear"


def test_what_is_sent_does_not_grow_with_the_rules() -> None:
    rules = {
        f"{rule.id}_{number}": replace(rule, id=f"{rule.id}_{number}")
        for rule in POLICIES.rules.values()
        for number in range(10)
    }
    many = replace(POLICIES, rules=rules)

    sent, more = (
        audit.wire_plan(audit.planned_probes(policies, audit.EVERYTHING), now=EXAMPLE_NOW)
        for policies in (POLICIES, many)
    )

    assert sent == more


def test_what_is_sent_is_small_and_says_nothing_twice() -> None:
    """Words, examples and everything that the PC can know by itself stay at home."""
    sent = audit.wire_plan(audit.planned_probes(POLICIES, audit.EVERYTHING), now=EXAMPLE_NOW)
    size = len(json.dumps(sent, separators=(",", ":")).encode())

    assert size < 300 * len(sent)
    own = {"purpose", "examples", "cost", "volatile", "key", "freshness_days", "no_data", "digest"}
    for probe in sent:
        assert not own & set(probe)
        assert None not in probe.values()
        assert [] not in probe.values()
