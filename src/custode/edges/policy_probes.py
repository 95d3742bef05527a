"""From the file of a probe to the probe, noting what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from custode.core.guard import refusal
from custode.core.probes import NOT_OF_THE_PC, WHOLE_PROBE, Probe, ProbeExample
from custode.edges.policy_documents import (
    EarlierProbe,
    EventLogProbe,
    ProbeDocument,
    ProbeExampleDocument,
)
from custode.edges.policy_examples import Note, one_of
from custode.edges.yaml_source import did_you_mean

_OWN_KEYS = frozenset(
    {
        "id",
        "kind",
        "purpose",
        "freshness_days",
        "cost",
        "key",
        "volatile",
        "device_kinds",
        "digest",
        "no_data",
        "since_days",
        "timeout_seconds",
        "examples",
    }
)
"""What a probe says of itself; all else is what its kind takes."""


def probe_from(document: ProbeDocument, note: Note) -> Probe:
    """Return the probe of a file, noting what is wrong with it."""
    raw = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    probe = Probe(
        id=document.id,
        purpose=document.purpose.model_dump(),
        kind=document.kind,
        arguments={name: raw[name] for name in raw if name not in _OWN_KEYS},
        freshness_days=document.freshness_days,
        cost=document.cost,
        key=document.key,
        volatile=document.volatile,
        digest=document.digest,
        device_kinds=document.device_kinds,
        no_data={name: tuple(values) for name, values in document.no_data.items()},
        examples=tuple(_example(example) for example in document.examples),
        since_days=document.since_days
        if isinstance(document, EarlierProbe | EventLogProbe)
        else None,
        timeout_seconds=document.timeout_seconds,
    )
    refused = None if probe.kind in NOT_OF_THE_PC else refusal(probe.kind, probe.arguments)
    if refused is not None:
        note(("id",), f"a probe that the privacy guard refuses ({refused})", "see core/readable.py")
    _check_columns(probe, note)
    for index, example in enumerate(document.examples):
        for number, row in enumerate(example.rows or ()):
            _check_row(probe, row, note, place=("examples", index, "rows", number))
    return probe


def _example(document: ProbeExampleDocument) -> ProbeExample:
    answer = document.model_dump(mode="json", include={"rows", "error"}, exclude_none=True)
    if document.rows is not None:  # null columns and all
        answer = {"rows": [dict(row) for row in document.rows]}
    return ProbeExample(document.values == "recorded", document.shape, answer)


def _check_columns(probe: Probe, note: Note) -> None:
    if len(set(probe.columns)) != len(probe.columns):
        note(("properties",), "the same column twice", "each column once")
    for role in ("key", "volatile", "digest"):
        allowed = {*probe.columns, *((WHOLE_PROBE,) if role == "volatile" else ())}
        for index, name in enumerate(getattr(probe, role)):
            _check_name(name, allowed, note, place=(role, index))
    for name in probe.no_data:
        _check_name(name, probe.columns, note, place=("no_data", name))


def _check_row(
    probe: Probe, row: dict[str, Any], note: Note, *, place: tuple[str | int, ...]
) -> None:
    for name, value in row.items():
        _check_name(name, probe.columns, note, place=(*place, name))
        if name == "data" and isinstance(value, dict):
            for field in value:
                declared = probe.arguments.get("fields", ())
                _check_name(field, declared, note, place=(*place, name, field))


def _check_name(
    name: str, allowed: Iterable[str], note: Note, *, place: tuple[str | int, ...]
) -> None:
    known = sorted(allowed)
    if name not in known:
        note(place, name, one_of(known), did_you_mean(name, known))
