"""A PC's ledger: what happened to it and when that was known; lines are added, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from custode.core.attribution import try_of
from custode.core.identity import Identity, Match, compare
from custode.core.notices import recorded_lines
from custode.core.standing import Standing
from custode.core.steps import missing_lines

Entry = dict[str, Any]


def ledger_additions(
    ledger: Sequence[Mapping[str, Any]],
    *,
    run: Mapping[str, Any],
    device: str,
    contract: Mapping[str, Any],
    standing: Standing,
    identity: tuple[Identity | None, Identity | None],
    steps: Iterable[Mapping[str, Any]] = (),
) -> list[Entry]:
    """Return the lines that publishing a run adds to a PC's ledger.

    Args:
        ledger: The lines that stand there.
        run: The run's record.
        device: The PC's name; it need not have been part of the run.
        contract: The contract as plain data.
        standing: Where the contract stands for it, with every transition.
        identity: The recorded identity before and after the run.
        steps: Every line that the PC's steps owe the ledger; a run that is published late can add
            lines of other runs.

    Returns:
        New lines. Lines of the same run that stand there already are not written again, so
        publishing a run twice, or first half and then whole, leaves each fact once.
    """
    host = run["hosts"].get(device)
    out: list[Entry] = []
    own = [line for line in ledger if line["run_id"] == run["run_id"]]
    if host is not None:
        out += _identity(own, *identity)
        out += _missed(own, run, host, contract)
        out += _lost(own, run, host)
        out += _interventions(own, host)
        for kind in (
            "installed",
            "removed",
            "kept",
            "cleaned",
            "remedied",
            "handed_back",
            "released",
        ):
            out += _told(own, host, kind)
    out += recorded_lines(own, run, device)
    stamped = [{"at": run["at"], "run_id": run["run_id"], **entry} for entry in out]
    return stamped + missing_lines(ledger, steps) + _transitions(ledger, run, standing)


def _identity(
    own: Sequence[Mapping[str, Any]], before: Identity | None, after: Identity | None
) -> list[Entry]:
    if after is None or before == after or any(line["entry"] == "identity" for line in own):
        return []
    if before is not None and compare(before, after) is not Match.DIFFERENT:
        return []
    return [{"entry": "identity", "identity": after.to_json(), "replaced": before is not None}]


def _missed(
    own: Sequence[Mapping[str, Any]],
    run: Mapping[str, Any],
    host: Mapping[str, Any],
    contract: Mapping[str, Any],
) -> list[Entry]:
    """Return the line of a try that did not see the PC: why, when it was agreed, on whom it depended."""
    found = try_of(run, host, contract=contract)
    if found is None or found.party is None or any(line["entry"] == "missed" for line in own):
        return []
    return [
        {
            "entry": "missed",
            "hours": found.hours.to_json() if found.hours else None,
            "party": str(found.party),
            "reason": host["reason"],
            "verb": run["verb"],
            "why": found.why,
        }
    ]


def _lost(
    own: Sequence[Mapping[str, Any]], run: Mapping[str, Any], host: Mapping[str, Any]
) -> list[Entry]:
    """Return the line of a PC that was seen and fell silent before the visit's end."""
    lost = host["outcome"] == "unreachable" and host["observed_at"] is not None
    if not lost or run["check_mode"] or any(line["entry"] == "lost" for line in own):
        return []
    return [{"entry": "lost", "reason": host["reason"], "verb": run["verb"]}]


def _interventions(own: Sequence[Mapping[str, Any]], host: Mapping[str, Any]) -> list[Entry]:
    known = sum(len(line["changes"]) for line in own if line["entry"] == "intervention")
    changes = host["changed"][known:]
    return [{"entry": "intervention", "changes": changes}] if changes else []


def _told(own: Sequence[Mapping[str, Any]], host: Mapping[str, Any], kind: str) -> list[Entry]:
    """Return the lines of what was told of a kind; records of older versions do not know every kind."""
    known = sum(line["entry"] == kind for line in own)
    return [{"entry": kind, **item} for item in host.get(kind, [])[known:]]


def _transitions(
    ledger: Sequence[Mapping[str, Any]], run: Mapping[str, Any], standing: Standing
) -> list[Entry]:
    """Return the transitions that are not written yet.

    A run that is published late can change what was the first bad look. What was written is not
    unwritten: a line says that the transitions are told anew, and they follow.
    """
    true = [step.to_json() for step in standing.transitions]
    names = ("at", "from", "to", "reasons")
    told: list[Entry] = []
    for line in ledger:
        if line["entry"] == "retold":
            told = []
        elif line["entry"] == "state":
            told.append({name: line[name] for name in names})
    out: list[Entry] = []
    if told != true[: len(told)]:
        out.append({"entry": "retold", "at": run["at"], "run_id": run["run_id"]})
        told = []
    return out + [{"entry": "state", "run_id": run["run_id"], **step} for step in true[len(told) :]]
