"""The examples of a rule: facts in a file, made into facts that the judge can be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from custode.core.errors import Problem
from custode.core.observation import Facts
from custode.core.policy import Example, Verdict
from custode.core.probes import Probe
from custode.edges.policy_documents import ExampleDocument, FailedProbe, RuleDocument
from custode.edges.yaml_source import Source, did_you_mean

EXAMPLE_NOW = datetime(2026, 10, 5, 7, 0, tzinfo=UTC)
"""The moment examples are judged at, when they name none."""

EXAMPLE_DEVICE: Mapping[str, Any] = {"name": "pc-1", "kind": "desktop", "covered": True}
"""The device examples are about, when they name none."""

EXAMPLE_CONTRACT: Mapping[str, Any] = {
    "client": {"timezone": "Europe/Rome"},
    "services": {
        "antivirus": {"product": "norton", "accept": ["norton"]},
        "backup": {"product": "owncloud", "version": "6.0.3.18040"},
        "remote_support": {"product": "teamviewer", "assigned": True},
    },
    "grace": {"antivirus_days": 7, "backup_days": 14, "unseen_days": 45},
}
"""The contract examples are under, when they name none."""


class Note:
    """Notes a problem of one file at the place of a key."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self._source = source
        self._problems = problems

    def __call__(
        self, place: Sequence[str | int], found: str, allowed: str, hint: str = ""
    ) -> None:
        """Note what stands at a place, what may stand there, and the next step."""
        self._problems.append(self._source.problem(place, found=found, allowed=allowed, hint=hint))


def examples(
    document: RuleDocument, probes: Mapping[str, Probe], limits: Iterable[str], note: Note
) -> tuple[Example, ...]:
    """Return the examples of a rule, noting what is wrong with them.

    Args:
        document: The rule.
        probes: All probes, by id.
        limits: The thresholds that the rule reads; its examples must state each, and no other.
        note: Takes what is wrong.
    """
    stated = document.examples.limits
    for name in sorted(set(limits) - set(stated)):
        note(("examples",), f"no limit {name}", f"limits: {{{name}: <number>}}")
    for name in sorted(set(stated) - set(limits)):
        note(("examples", "limits", name), name, one_of(limits) or "none: the rule reads none")
    found: list[Example] = []
    for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE):
        name = verdict.value
        listed = document.examples.pass_ if name == "pass" else getattr(document.examples, name)
        for index, example in enumerate(listed):
            place = ("examples", name, index, "facts")
            facts = _example_facts(example, document, probes, note=note, place=place)
            found.append(
                Example(
                    verdict=verdict,
                    facts=facts,
                    device={**EXAMPLE_DEVICE, **example.device},
                    contract={**EXAMPLE_CONTRACT, **example.contract},
                    limits=stated,
                    now=example.now or EXAMPLE_NOW,
                )
            )
    return tuple(found)


def _example_facts(
    example: ExampleDocument,
    document: RuleDocument,
    probes: Mapping[str, Probe],
    *,
    note: Note,
    place: tuple[str | int, ...],
) -> Facts:
    data: dict[str, Any] = {}
    for probe_id, shown in example.facts.items():
        if probe_id not in document.needs or probe_id not in probes:
            note((*place, probe_id), probe_id, f"those in needs: {one_of(document.needs)}")
        elif isinstance(shown, FailedProbe):
            data[probe_id] = {"error": {"kind": shown.error, "message": "Example"}}
        else:
            columns = probes[probe_id].columns
            for index, row in enumerate(shown):
                for name in sorted(set(row) - set(columns)):
                    hint = did_you_mean(name, sorted(columns))
                    row_place = (*place, probe_id, index, name)
                    note(row_place, f"the column {name}", one_of(columns), hint)
            data[probe_id] = {"rows": [{**dict.fromkeys(columns), **row} for row in shown]}
    return Facts.from_json(data)


def one_of(names: Iterable[str]) -> str:
    """Return names as a problem lists them."""
    return ", ".join(sorted(names))
