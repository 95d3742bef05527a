"""The register of what is read on the PCs: what, where, why, and on how many of them.

It is made from what really ran. A look whose facts are kept tells it by its facts; every other
look, such as one at a product before it is installed, by an event of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from custode.core.probes import ACCOUNT_DIGEST, EVENT_COLUMNS, NOT_OF_THE_PC, Probe

Entry = dict[str, Any]

_NEVER_BEGUN = ("DeadlinePassed", "NotReturned")
_OWN = ("id", "kind")


def entry_of(probe: Probe) -> Entry:
    """Return one line of the register: probe, kind, target, columns, digested, purpose."""
    columns = [name for name in probe.columns if name not in {"path", "key"}]
    if probe.kind == "event_log":
        digest = [ACCOUNT_DIGEST] if probe.arguments.get("digest_account") else []
        columns = [*EVENT_COLUMNS[:-1], *digest, *probe.arguments.get("fields", ())]
    return {
        "probe": probe.id,
        "kind": probe.kind,
        "target": probe.target,
        "columns": columns,
        "digested": sorted(probe.digest),
        "purpose": {"it": probe.purpose["it"], "en": probe.purpose["en"]},
    }


def product_entry(wire: Mapping[str, Any]) -> Entry:
    """Return the line of a probe about a product, as it was sent to the PC.

    It has no purpose of its own: the words for it go by the probe's id.
    """
    arguments = {name: value for name, value in wire.items() if name not in _OWN}
    none = {"it": "", "en": ""}
    probe = Probe(id=str(wire["id"]), purpose=none, kind=str(wire["kind"]), arguments=arguments)
    return {**entry_of(probe), "purpose": None}


def was_read(answer: Any) -> bool:
    """Tell whether a probe really looked: it was neither refused nor left out for lack of time.

    A look that the PC could not answer was one.
    """
    if not isinstance(answer, Mapping):
        return False
    error = answer.get("error") or {}
    return error.get("kind") != "refused" and error.get("message") not in _NEVER_BEGUN


def read_of(entries: Iterable[Entry], facts: Mapping[str, Any]) -> list[Entry]:
    """Return the lines of those probes that really looked.

    Args:
        entries: The lines of what was planned.
        facts: The answers by probe id.
    """
    return [entry for entry in entries if was_read(facts.get(entry["probe"]))]


def read_in_run(
    events: Sequence[Mapping[str, Any]],
) -> tuple[list[Entry], dict[str, list[str]]]:
    """Return the register of a run, and by PC the ids of the probes that looked at it.

    Args:
        events: The run's events, `run_started` first.
    """
    planned = {str(entry["probe"]): entry for entry in events[0].get("register", [])}
    entries: dict[str, Entry] = {}
    by_host: dict[str, set[str]] = {}
    for event in events:
        told: Iterable[Entry] = ()
        if event["event"] == "read":
            told = event["entries"]
        elif event["event"] == "observation":
            told = read_of(planned.values(), _asked(planned, event["payload"]["facts"]))
        for entry in told:
            entries[_key(entry)] = dict(entry)
            by_host.setdefault(str(event["host"]), set()).add(str(entry["probe"]))
    return [entries[key] for key in sorted(entries)], {
        host: sorted(ids) for host, ids in by_host.items()
    }


def month_register(runs: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """Return what the runs of a month read, each source once, in order of kind and target.

    Args:
        runs: Their records, oldest first.

    Returns:
        `{kind, target, columns, digested, purposes, probes, pcs}`; a purpose is a text by
        language, or the id of a probe about a product, and `pcs` are names.
    """
    merged: dict[tuple[str, str], Entry] = {}
    for run in runs:
        for entry in run["register"]:
            told = {
                **entry,
                "purposes": [entry["purpose"] or entry["probe"]],
                "probes": [entry["probe"]],
                "pcs": [n for n, host in run["hosts"].items() if entry["probe"] in _read(host)],
            }
            place = (str(entry["kind"]), str(entry["target"]))
            known = merged.setdefault(place, {"kind": place[0], "target": place[1]})
            for name in ("columns", "digested", "purposes", "probes", "pcs"):
                before = known.get(name, [])
                known[name] = [
                    *before,
                    *(item for item in told.get(name, []) if item not in before),
                ]
    return [{**merged[place], "pcs": sorted(merged[place]["pcs"])} for place in sorted(merged)]


def _read(host: Mapping[str, Any]) -> Sequence[str]:
    # Runs that were published by an older version do not say it PC by PC.
    read: Sequence[str] = host.get("read", ())
    return read


def _asked(planned: Mapping[str, Entry], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the facts without those not of the PC that nobody asked for: no rows."""
    silent = {
        probe_id
        for probe_id, entry in planned.items()
        if entry["kind"] in NOT_OF_THE_PC and not facts.get(probe_id, {}).get("rows")
        and "error" not in facts.get(probe_id, {})
    }  # fmt: skip
    return {probe_id: answer for probe_id, answer in facts.items() if probe_id not in silent}


def _key(entry: Entry) -> str:
    return "\0".join((str(entry["probe"]), str(entry["kind"]), str(entry["target"])))
