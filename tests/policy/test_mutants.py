"""Each rule's own examples notice every small mistake that could be made in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.mutate_rules import changes, mutants, parsed, written

from custode.core.policy import Rule, judge_example
from custode.edges.policies import load_policies

POLICIES = load_policies(Path(__file__).parents[2] / "policies")
BY_RULE = [pytest.param(rule, id=rule.id) for rule in POLICIES.rules.values()]


@pytest.mark.parametrize("rule", BY_RULE)
def test_every_mutant_of_a_rule_is_caught_by_an_example(rule: Rule) -> None:
    survivors = [
        f"{mutant.place}: {mutant.text}"
        for mutant in mutants(POLICIES, rule.id)
        if not mutant.is_caught()
    ]

    assert survivors == []


@pytest.mark.parametrize("rule", BY_RULE)
def test_a_rule_written_out_again_says_the_same(rule: Rule) -> None:
    """Otherwise a mutant might be caught for how it is spelt."""
    again = replace(
        rule,
        passes=written(parsed(rule.passes)),
        applies=None if rule.applies is None else written(parsed(rule.applies)),
        each=None if rule.each is None else written(parsed(rule.each)),
    )

    for example in rule.examples:
        before, after = judge_example(rule, example), judge_example(again, example)
        assert (before.verdict, before.reason) == (after.verdict, after.reason)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a < 1", {"(a <= 1)", "(a >= 1)", "(a < 2)", "(a < 0)"}),
        ("a == b", {"(a != b)"}),
        ("a and not b", {"(a or (not b))", "(a and b)"}),
        ("x in y", {"(x not in y)"}),
        ("a if b else c", {"(c if b else a)"}),
        ("limits.wear", {"(limits.wear + 1)", "(limits.wear - 1)"}),
        ("r.A == true", {"(r.A != True)", "(r.A == False)"}),
        (
            "f | selectattr('A', 'le', limits.x)",
            {
                "(f | rejectattr('A', 'le', limits.x))",
                "(f | selectattr('A', 'lt', limits.x))",
                "(f | selectattr('A', 'gt', limits.x))",
                "(f | selectattr('A', 'le', (limits.x + 1)))",
                "(f | selectattr('A', 'le', (limits.x - 1)))",
            },
        ),
        ("a is starting_with 'x'", {"(a is containing('x'))"}),
        ("f | map(attribute='A') | max", {"((f | map(attribute='A')) | min())"}),
        ("a[:10] ~ 'T'", set()),
    ],
)
def test_what_is_changed_in_an_expression(expression: str, expected: set[str]) -> None:
    assert set(changes(expression)) == expected
