"""`make mutants`: break each rule a little, and see whether one of its own examples notices.

A mutant is a rule with one comparison turned or moved by a hair, one threshold shifted by one, one
`and` made `or`, one `not` taken away, one selection made a rejection. A mutant that every example
still accepts is a mistake that somebody could make tomorrow without a test failing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import nodes

from custode.core.expressions import environment
from custode.core.policy import Rule, judge_example
from custode.edges.policies import Policies, load_policies, written_out
from custode.edges.policy_documents import RuleDocument
from custode.edges.yaml_source import load_yaml

ROOT = Path(__file__).resolve().parents[1]
_SIGNS = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=",
    "in": "in", "notin": "not in",
}  # fmt: skip
_COMPARED = {
    "==": ["!="], "!=": ["=="], "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="],
    ">=": [">", "<"], "in": ["not in"], "not in": ["in"],
}  # fmt: skip
_TESTED = {
    "eq": ["ne"], "ne": ["eq"], "lt": ["le", "ge"], "le": ["lt", "gt"], "gt": ["ge", "le"],
    "ge": ["gt", "lt"], "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
    "==": ["!="], "!=": ["=="], "starting_with": ["containing"], "containing": ["starting_with"],
}  # fmt: skip
_FILTERED = {
    "select": "reject", "reject": "select", "selectattr": "rejectattr",
    "rejectattr": "selectattr", "min": "max", "max": "min",
}  # fmt: skip
_TEST_PLACE = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
_OPERATORS = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.FloorDiv: "//",
    nodes.Mod: "%", nodes.And: "and", nodes.Or: "or",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A rule with one thing changed.

    Attributes:
        rule: The changed rule.
        place: Which of its expressions was changed: `pass`, `applies`, `each` or `let.<name>`.
        text: That expression as it reads now.
    """

    rule: Rule
    place: str
    text: str

    def is_caught(self) -> bool:
        """Tell whether an example of the rule gets another verdict than it must."""
        return any(
            judge_example(self.rule, example).verdict is not example.verdict
            for example in self.rule.examples
        )


def main() -> None:
    """Print how many mutants were caught, and every one that was not."""
    made = caught = 0
    policies = load_policies(ROOT / "policies")
    for rule_id in sorted(policies.rules):
        for mutant in mutants(policies, rule_id):
            made += 1
            if mutant.is_caught():
                caught += 1
            else:
                print(f"survives: {rule_id}: {mutant.place}: {mutant.text}")  # noqa: T201
    print(f"{caught} of {made} mutants of {len(policies.rules)} rules are caught")  # noqa: T201
    sys.exit(caught < made)


def mutants(policies: Policies, rule_id: str) -> Iterator[Mutant]:
    """Yield every mutant of a rule."""
    document = _document(rule_id)
    for place, text in expressions(document):
        for changed in changes(text):
            yield Mutant(_rule(policies.rules[rule_id], document, place, changed), place, changed)


def expressions(document: RuleDocument) -> Iterator[tuple[str, str]]:
    """Yield place and text of every expression that a verdict hangs on."""
    for name, text in document.let.items():
        yield f"let.{name}", text
    for name in ("applies", "each", "pass_"):
        text = getattr(document, name)
        if text is not None:
            yield name.rstrip("_"), text


def changes(text: str) -> Iterator[str]:
    """Yield an expression with one thing changed, for each thing that can be."""
    tree = parsed(text)
    for node in _walk(tree):
        for other in _others(node):
            yield written(tree, swap=(node, other))


def parsed(text: str) -> nodes.Node:
    """Return the tree of an expression."""
    output = environment().parse("{{ (" + text + ") }}").body[0]
    assert isinstance(output, nodes.Output)
    return output.nodes[0]


def written(node: nodes.Node, swap: tuple[nodes.Node, str] | None = None) -> str:
    """Return a tree as text, with one node written otherwise."""
    if swap is not None and node is swap[0]:
        return swap[1]
    for kind, writer in _WRITERS:
        if isinstance(node, kind):
            return writer(node, lambda inner: written(inner, swap))
    raise NotImplementedError(type(node).__name__)


def _arguments(node: Any, of: Callable[[nodes.Node], str]) -> str:
    named = (f"{pair.key}={of(pair.value)}" for pair in node.kwargs)
    return ", ".join([*(of(argument) for argument in node.args), *named])


def _slice(node: Any, of: Callable[[nodes.Node], str]) -> str:
    return ":".join("" if part is None else of(part) for part in (node.start, node.stop))


def _compared(node: Any, of: Callable[[nodes.Node], str]) -> str:
    rest = (f" {_SIGNS[operand.op]} {of(operand.expr)}" for operand in node.ops)
    return f"({of(node.expr)}{''.join(rest)})"


def _joined(between: str, items: Iterable[nodes.Node], of: Callable[[nodes.Node], str]) -> str:
    return between.join(of(item) for item in items)


_WRITERS: tuple[tuple[type[nodes.Node], Callable[[Any, Callable[[nodes.Node], str]], str]], ...] = (
    (nodes.Const, lambda node, _: repr(node.value)),
    (nodes.Name, lambda node, _: node.name),
    (nodes.Getattr, lambda node, of: f"{of(node.node)}.{node.attr}"),
    (nodes.Getitem, lambda node, of: f"{of(node.node)}[{of(node.arg)}]"),
    (nodes.Slice, _slice),
    (nodes.Filter, lambda node, of: f"({of(node.node)} | {node.name}({_arguments(node, of)}))"),
    (nodes.Test, lambda node, of: f"({of(node.node)} is {node.name}({_arguments(node, of)}))"),
    (nodes.Call, lambda node, of: f"{of(node.node)}({_arguments(node, of)})"),
    (nodes.Compare, _compared),
    (nodes.Not, lambda node, of: f"(not {of(node.node)})"),
    (nodes.Neg, lambda node, of: f"(-{of(node.node)})"),
    (
        nodes.CondExpr,
        lambda node, of: f"({of(node.expr1)} if {of(node.test)} else {of(node.expr2)})",
    ),
    (nodes.Concat, lambda node, of: f"({_joined(' ~ ', node.nodes, of)})"),
    (nodes.List, lambda node, of: f"[{_joined(', ', node.items, of)}]"),
    (nodes.Tuple, lambda node, of: f"[{_joined(', ', node.items, of)}]"),
    (nodes.Pair, lambda node, of: f"{of(node.key)}: {of(node.value)}"),
    (nodes.Dict, lambda node, of: f"{{{_joined(', ', node.items, of)}}}"),
    (
        nodes.BinExpr,
        lambda node, of: f"({of(node.left)} {_OPERATORS[type(node)]} {of(node.right)})",
    ),
)


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    if isinstance(node, nodes.Slice):
        return  # how much of a text is compared: one sign more is often the same
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _others(node: Any) -> Iterator[str]:
    """Yield what may stand in a node's place, a little wrong."""
    match node:
        case nodes.Compare():
            yield from _other_comparisons(node)
        case nodes.And() | nodes.Or():
            other = "or" if isinstance(node, nodes.And) else "and"
            yield f"({written(node.left)} {other} {written(node.right)})"
        case nodes.Not():
            yield written(node.node)
        case nodes.CondExpr():
            yield f"({written(node.expr2)} if {written(node.test)} else {written(node.expr1)})"
        case nodes.Getattr() if written(node.node) == "limits":
            yield f"(limits.{node.attr} + 1)"
            yield f"(limits.{node.attr} - 1)"
        case nodes.Const():
            yield from _other_values(node.value)
        case nodes.Filter():
            yield from _other_filters(node)
        case nodes.Test():
            for name in _TESTED.get(node.name, ()):
                yield f"({written(node.node)} is {name}({_arguments(node, written)}))"


def _other_comparisons(node: nodes.Compare) -> Iterator[str]:
    for index, operand in enumerate(node.ops):
        for sign in _COMPARED[_SIGNS[operand.op]]:
            signs = [_SIGNS[each.op] for each in node.ops]
            signs[index] = sign
            rest = zip(signs, node.ops, strict=True)
            tail = "".join(f" {other} {written(each.expr)}" for other, each in rest)
            yield f"({written(node.expr)}{tail})"


def _other_values(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, int | float):
        yield repr(value + 1)
        yield repr(value - 1)


def _other_filters(node: nodes.Filter) -> Iterator[str]:
    assert node.node is not None
    before, arguments = written(node.node), _arguments(node, written)
    if node.name in _FILTERED:
        yield f"({before} | {_FILTERED[node.name]}({arguments}))"
    place = _TEST_PLACE.get(node.name)
    if place is None or len(node.args) <= place:
        return
    tested = node.args[place]
    assert isinstance(tested, nodes.Const)
    for name in _TESTED.get(str(tested.value), ()):
        yield written(node, swap=(tested, repr(name)))


def _document(rule_id: str) -> RuleDocument:
    source = load_yaml(ROOT / "policies" / "rules" / f"{rule_id}.yml")
    return RuleDocument.model_validate(source.data)


def _rule(rule: Rule, document: RuleDocument, place: str, text: str) -> Rule:
    """Return a rule in which one expression reads otherwise."""
    if place.startswith("let."):
        changed = document.model_copy(
            update={"let": {**document.let, place.removeprefix("let."): text}}
        )
    else:
        changed = document.model_copy(update={"pass_" if place == "pass" else place: text})
    whole = written_out(changed)
    return replace(rule, passes=whole.pass_, applies=whole.applies, each=whole.each)


if __name__ == "__main__":
    main()
