"""What an expression speaks of: so that a rule naming what it does not read never loads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import TemplateError, nodes

from custode.core import antivirus_words, backup_words, teamviewer_words
from custode.core.expressions import NAMES, compiled, environment

_ROOTS = ("errors", "facts", "limits")
_READS = {**antivirus_words.READS, **backup_words.READS, **teamviewer_words.READS}
_ATTRIBUTE_FILTERS = ("selectattr", "rejectattr")
_CLOCKED = frozenset({"age_days", "now", "utc_offset"})
_TOKENS = re.compile(r"'[^']*'|\"[^\"]*\"|(?<![\w.])[A-Za-z_]\w*")


@dataclass(frozen=True)
class References:
    """What one expression touches.

    Attributes:
        facts: Probe ids whose rows it reads.
        errors: Probe ids whose error kind it asks for.
        limits: Names of the thresholds it compares with.
        columns: Names it takes from rows, wherever the rows come from, and those that functions
            lean on.
        shown: Those of them that it takes from rows itself, so that their values may be shown.
        clocked: Whether its value depends on the moment of judging.
        faults: What is wrong with it, as `(found, allowed)`; empty when nothing is.
    """

    facts: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    clocked: bool = False
    faults: tuple[tuple[str, str], ...] = ()


@cache
def references(expression: str) -> References:
    """Return what an expression touches, and what is wrong with it; never raises."""
    try:
        compiled(expression)
        template = _parsed(expression)
    except TemplateError as error:
        return References(faults=((str(error.message), "a Jinja2 expression"),))
    named: dict[str, set[str]] = {root: set() for root in _ROOTS}
    columns: set[str] = set()
    judged: set[str] = set()
    faults: list[tuple[str, str]] = []
    known = {*NAMES, *environment().globals}
    rooted = 0
    every = list(_walk(template))
    for node in every:
        if isinstance(node, nodes.Name) and node.name not in known:
            faults.append((node.name, ", ".join(sorted(known))))
        root, path = _path(node)
        if root in _ROOTS and len(path) == 1:
            rooted += 1
            named[root].add(path[0])
        elif path and root not in ("contract", "device"):
            columns.add(path[-1])
        columns.update(_filter_attributes(node))
        for probe_id, read in _READS.get(_called(node), {}).items():
            named["facts"].add(probe_id)
            judged.update(read)
    mentions = sum(isinstance(node, nodes.Name) and node.name in _ROOTS for node in every)
    if mentions != rooted:
        allowed = "facts.<probe>, errors.<probe> or limits.<threshold>"
        faults.append(("facts, errors or limits without a name", allowed))
    return References(
        facts=frozenset(named["facts"]),
        errors=frozenset(named["errors"]),
        limits=frozenset(named["limits"]),
        columns=frozenset(columns | judged),
        shown=frozenset(columns),
        clocked=any(
            isinstance(node, nodes.Name | nodes.Filter) and node.name in _CLOCKED for node in every
        ),
        faults=tuple(faults),
    )


def spoken_of(expression: str) -> frozenset[str]:
    """Return the names an expression uses, and `device.name` where it asks which PC it is.

    `now` is among them where a word of ours looks at the clock.
    """
    nodes_ = list(_walk(_parsed(expression)))
    named = {word for node in nodes_ for word in _words(node)}
    found = {"now" if name in _clock_words() else name for name in named} & set(NAMES)
    which = (
        {"device.name"} if any(_path(node) == ("device", ["name"]) for node in nodes_) else set()
    )
    return frozenset(found | which)


@cache
def _clock_words() -> frozenset[str]:
    env = environment()
    words = {**env.globals, **env.filters, **env.tests}
    return frozenset(
        name
        for name, meaning in words.items()
        if hasattr(meaning, "jinja_pass_arg") and meaning.__module__.startswith("custode.")
    )


def _words(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Name | nodes.Filter | nodes.Test):
        yield node.name
    elif isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value  # `selectattr` takes a test by its name


def expanded(expression: str, let: Mapping[str, str]) -> str:
    """Return an expression with the names that a rule gives to parts of it written out.

    Args:
        expression: May use the names; texts in quotes and names after a dot are left alone.
        let: Expression by name; each may use the names before it.
    """
    known: dict[str, str] = {}

    def written_out(text: str) -> str:
        return _TOKENS.sub(lambda found: known.get(found.group(), found.group()), text)

    for name, meaning in let.items():
        known[name] = f"({written_out(meaning)})"
    return written_out(expression)


def _parsed(expression: str) -> nodes.Template:
    return environment().parse("{{ (" + expression + ") }}")


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _path(node: nodes.Node) -> tuple[str | None, list[str]]:
    """Return the name at the root of `a.b['c']`, if it is one, and the names after it."""
    path: list[str] = []
    while True:
        if isinstance(node, nodes.Getattr):
            path.insert(0, node.attr)
            node = node.node
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            if isinstance(node.arg.value, str):
                path.insert(0, node.arg.value)
            elif not path:
                return None, []
            node = node.node
        else:
            break
    return (node.name if isinstance(node, nodes.Name) else None), path


def _called(node: nodes.Node) -> str:
    """Return the name of the function that is called, or nothing."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        return str(node.node.name)
    return ""


def _filter_attributes(node: nodes.Node) -> set[str]:
    if not isinstance(node, nodes.Filter):
        return set()
    named = [pair.value for pair in node.kwargs if pair.key == "attribute"]
    if node.name in _ATTRIBUTE_FILTERS and node.args:
        named.append(node.args[0])
    texts = (value.value for value in named if isinstance(value, nodes.Const))
    return {part for text in texts if isinstance(text, str) for part in text.split(".")}
