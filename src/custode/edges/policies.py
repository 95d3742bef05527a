"""Read the policy folder: probes, rules, and everything that is wrong with them at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from custode.core.antivirus_words import ANTIVIRUS_COLUMNS
from custode.core.backup_words import BACKUP_COLUMNS, BACKUP_MOVING
from custode.core.baselines import Baselines
from custode.core.errors import InputError, Problem, UsageError
from custode.core.expressions import NAMES, environment
from custode.core.policy import Rule, Verdict
from custode.core.probes import WHOLE_PROBE, Probe
from custode.core.references import References, expanded, references
from custode.core.rule_words import WSC_COLUMNS
from custode.core.teamviewer_words import TEAMVIEWER_COLUMNS
from custode.edges.baselines import COMMON, read_baselines
from custode.edges.policy_documents import PROBE_MODELS, EarlierProbe, RuleDocument
from custode.edges.policy_examples import Note, examples, one_of
from custode.edges.policy_probes import probe_from
from custode.edges.yaml_source import did_you_mean, load_yaml, validation_problems

_M = TypeVar("_M", bound=BaseModel)


@dataclass(frozen=True)
class Policies:
    """All probes and rules of a project.

    Attributes:
        probes: By id.
        rules: By id.
        baselines: What the rules compare with.
        digest: SHA-256 of their content, whatever the layout of the files.
    """

    probes: Mapping[str, Probe]
    rules: Mapping[str, Rule]
    baselines: Baselines
    digest: str


def load_policies(folder: Path) -> Policies:
    """Return the policies in `folder/probes`, `folder/rules` and `folder/baselines`.

    Raises:
        UsageError: The folder holds no policies.
        InputError: Files are wrong; every problem is listed, with its place.
    """
    if not (folder / "probes").is_dir() or not (folder / "rules").is_dir():
        raise UsageError(f"{folder} holds no policies", hint="it needs the folders probes, rules")
    reader = _Reader()
    probes = {
        probe.id: probe
        for path in sorted((folder / "probes").glob("*.yml"))
        if (probe := reader.probe(path)) is not None
    }
    reader.check_earlier(probes)
    baselines, content = read_baselines(folder / "baselines", reader.problems)
    reader.content.update(content)
    rules = {
        rule.id: rule
        for path in sorted((folder / "rules").glob("*.yml"))
        if (rule := reader.rule(path, probes, baselines)) is not None
    }
    if not reader.problems:
        reader.problems.extend(_unread_thresholds(folder, baselines, rules.values()))
    if reader.problems:
        raise InputError(reader.problems)
    text = json.dumps(reader.content, sort_keys=True, ensure_ascii=False, default=str)
    return Policies(probes, rules, baselines, hashlib.sha256(text.encode()).hexdigest())


class _Reader:
    """Reads files one by one and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.content: dict[str, Any] = {}
        self.broken: set[str] = set()
        self._earlier: dict[str, Note] = {}

    def probe(self, path: Path) -> Probe | None:
        """Return the probe in a file, or None after noting what is wrong with it."""
        read = self._read(path, PROBE_MODELS)
        if read is None:
            self.broken.add(path.stem)
            return None
        if isinstance(read[0], EarlierProbe):
            self._earlier[path.stem] = read[1]
        return probe_from(*read)

    def check_earlier(self, probes: Mapping[str, Probe]) -> None:
        """Note what probes of kind `earlier` want that the store does not keep of every look."""
        for probe_id, note in self._earlier.items():
            arguments = probes[probe_id].arguments
            other = probes.get(arguments["probe"])
            if other is None:
                hint = did_you_mean(arguments["probe"], sorted(probes))
                note(("probe",), arguments["probe"], "the id of a file in probes/", hint)
                continue
            kept = {*other.key, *other.volatile} if other.volatile else set()
            kept = {*kept, *other.columns} if WHOLE_PROBE in kept else kept
            for index, name in enumerate(arguments["properties"]):
                if name not in kept - {WHOLE_PROBE}:
                    allowed = f"{one_of(kept - {WHOLE_PROBE}) or 'none'}: what every look keeps"
                    note(("properties", index), name, allowed)

    def rule(self, path: Path, probes: Mapping[str, Probe], baselines: Baselines) -> Rule | None:
        """Return the rule in a file, or None after noting what is wrong with it."""
        read = self._read(path, {"": RuleDocument})
        if read is None:
            return None
        written, note = read
        if self.broken & set(written.needs):
            return None  # what is wrong with the probe comes first
        if clash := set(written.let) & {*NAMES, *environment().globals}:
            note(("let",), one_of(clash), "a name that means nothing yet")
        document = written_out(written)
        limits = _check_needs(document, probes, baselines, note)
        if (document.each is None) != (document.when_empty is None):
            note(("each",), "one of `each` and `when_empty`", "both or neither")
        if (document.service is None) != (document.proves is None):
            note(("service",), "one of `service` and `proves`", "both or neither")
        needed = [probes[probe_id] for probe_id in document.needs if probe_id in probes]
        moving = {column for probe in needed for column in _moving(probe)} | BACKUP_MOVING
        expressions = {name: references(text) for name, text in document.observed.items()}
        return Rule(
            id=document.id,
            title=document.title.model_dump(),
            why=document.why.model_dump(),
            area=document.area,
            scope=document.scope,
            severity=document.severity,
            clause=document.clause,
            needs=document.needs,
            passes=document.pass_,
            unknown_means=(
                None if document.unknown_means is None else document.unknown_means.model_dump()
            ),
            remedy=document.remedy.model_dump(exclude_none=True),
            applies=document.applies,
            each=document.each,
            when_empty=None if document.when_empty is None else Verdict(document.when_empty),
            observed=dict(document.observed),
            volatile_observed=frozenset(
                name for name, used in expressions.items() if used.clocked or used.shown & moving
            ),
            gate=document.gate,
            hazard=document.hazard,
            service=document.service,
            proves=document.proves,
            freshness_days={probe.id: probe.freshness_days for probe in needed},
            no_data={probe.id: probe.no_data for probe in needed if probe.no_data},
            limits=limits,
            examples=examples(document, probes, limits, note),
        )

    def _read(self, path: Path, models: Mapping[str, type[_M]]) -> tuple[_M, Note] | None:
        """Return a file's document, validated by the model that its `kind` names."""
        try:
            source = load_yaml(path)
        except InputError as error:
            self.problems.extend(error.problems)
            return None
        note = Note(source, self.problems)
        kind = str(source.data.get("kind", "")) if len(models) > 1 else ""
        if kind not in models:
            note(("kind",), kind or "no kind", one_of(models), did_you_mean(kind, sorted(models)))
            return None
        try:
            document = models[kind].model_validate(source.data)
        except ValidationError as error:
            self.problems.extend(validation_problems(source, error, models[kind]))
            return None
        if source.data["id"] != path.stem:
            note(("id",), source.data["id"], f"the file's own name, {path.stem}")
            return None
        self.content[f"{path.parent.name}/{path.stem}"] = source.data
        return document, note


def written_out(document: RuleDocument) -> RuleDocument:
    """Return a rule with the names that it gives to parts of its expressions written out."""

    def out(text: str | None) -> str | None:
        return None if text is None else expanded(text, document.let)

    return document.model_copy(
        update={
            "pass_": out(document.pass_),
            "applies": out(document.applies),
            "each": out(document.each),
            "observed": {name: out(text) for name, text in document.observed.items()},
        }
    )


def _check_needs(
    document: RuleDocument, probes: Mapping[str, Probe], baselines: Baselines, note: Note
) -> frozenset[str]:
    """Note what expressions name that is not there; return the thresholds that they read."""
    for index, probe_id in enumerate(document.needs):
        if probe_id not in probes:
            hint = did_you_mean(probe_id, sorted(probes))
            note(("needs", index), probe_id, "the id of a file in probes/", hint)
    known = {"data", *ANTIVIRUS_COLUMNS, *BACKUP_COLUMNS, *TEAMVIEWER_COLUMNS, *WSC_COLUMNS}
    for probe_id in document.needs:
        if probe_id in probes:
            known.update(probes[probe_id].columns)
            known.update(probes[probe_id].arguments.get("fields", ()))
    used: set[str] = set()
    limits: set[str] = set()
    thresholds = baselines.thresholds
    for place, text in _expressions(document):
        seen = references(text)
        used |= seen.facts | seen.errors
        limits |= seen.limits
        for name in sorted(seen.limits - set(thresholds)):
            hint = did_you_mean(name, sorted(thresholds))
            note(place, f"the threshold {name}", one_of(thresholds) or "none", hint)
        _check_expression(seen, place, needs=document.needs, columns=known, note=note)
    for index, probe_id in enumerate(document.needs):
        if probe_id in probes and probe_id not in used:
            note(("needs", index), f"{probe_id}, which no expression reads", "what is read, only")
    return frozenset(limits)


def _unread_thresholds(
    folder: Path, baselines: Baselines, rules: Iterable[Rule]
) -> Iterator[Problem]:
    """Yield a problem for each threshold that no rule compares with."""
    read = {name for rule in rules for name in rule.limits}
    unread = sorted(set(baselines.thresholds) - read)
    if not unread:
        return
    source = load_yaml(folder / "baselines" / f"{COMMON}.yml")
    for name in unread:
        found, allowed = f"{name}, which no rule reads", "what is read, only"
        yield source.problem(("thresholds", name), found=found, allowed=allowed)


def _check_expression(
    seen: References,
    place: Sequence[str],
    *,
    needs: Sequence[str],
    columns: set[str],
    note: Note,
) -> None:
    for found, allowed in seen.faults:
        note(place, found, allowed)
    for probe_id in sorted((seen.facts | seen.errors) - set(needs)):
        note(place, f"facts of {probe_id}", f"those in needs: {one_of(needs)}")
    for column in sorted(seen.columns - columns):
        note(place, f"the column {column}", one_of(columns), did_you_mean(column, sorted(columns)))


def _expressions(document: RuleDocument) -> list[tuple[tuple[str, ...], str]]:
    single = [("pass", document.pass_), ("applies", document.applies), ("each", document.each)]
    return [
        *(((name,), text) for name, text in single if text is not None),
        *((("observed", name), text) for name, text in document.observed.items()),
    ]


def _moving(probe: Probe) -> set[str]:
    if "*" in probe.volatile:
        return {*probe.columns, *probe.arguments.get("fields", ())}
    return set(probe.volatile)
