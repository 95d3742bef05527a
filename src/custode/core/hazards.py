"""What calls for a notice to the client: a service gone bad, or a rule that marks a hazard.

A cause opens when it is first seen bad and is over when it is seen good; what is unknown changes
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from custode.core.services import BAD, SERVICES, ServiceStanding
from custode.core.store_layout import rules_path

HAZARD = "hazard"
"""The kind of a cause that is a rule's."""

_GOOD_VERDICTS = frozenset({"pass", "not_applicable", "waived"})


@dataclass(frozen=True)
class Cause:
    """Something that the client must be warned of.

    Attributes:
        subject: A service of the contract, or the id of a rule.
        kind: How the service was seen: a bad standing; `hazard` for a rule.
        since: The first look that saw it, ISO 8601 UTC.
        run_id: That look's run.
        over_at: The first look that saw it good again, or None.
    """

    subject: str
    kind: str
    since: str
    run_id: str
    over_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the ledger."""
        return {
            "kind": self.kind,
            "since": self.since,
            "subject": self.subject,
        }


def causes(
    runs: Iterable[Mapping[str, Any]], device: str, rules: Mapping[str, Mapping[str, Any]]
) -> list[Cause]:
    """Return everything that ever called for a notice about a PC, oldest first.

    Args:
        runs: Every run's record, oldest first.
        device: The PC.
        rules: The words of every rule that judged, as `load_rules` gives them.
    """
    still: dict[str, Cause] = {}
    over: list[Cause] = []
    proven: set[str] = set()
    installed: set[str] = set()
    for run in runs:
        host = run["hosts"].get(device)
        if host is None or host["observed_at"] is None:
            continue
        since, run_id = str(host["observed_at"]), str(run["run_id"])
        bad, good = _seen(host, rules.get(rules_path(str(run["policy_digest"])), {}), proven)
        for subject, kind in bad.items():
            gone = kind == ServiceStanding.ABSENT and subject in installed
            word = str(ServiceStanding.REMOVED) if gone else kind
            still.setdefault(subject, Cause(subject, word, since, run_id))
        ended = sorted(good & still.keys())
        over += [replace(still.pop(name), over_at=since) for name in ended]
        for name in SERVICES:
            told = host["services"][name]
            proven |= {name} if told["standing"] == ServiceStanding.WORKING else set()
            installed |= {name} if told["installed"] else set()
    return sorted([*over, *still.values()], key=lambda item: (item.since, item.subject))


def _seen(
    host: Mapping[str, Any], rules: Mapping[str, Any], proven: Collection[str]
) -> tuple[dict[str, str], set[str]]:
    """Return what one look saw bad, and how, and what it saw good.

    What never worked here is ours to bring to work: the client is not warned of our own task. And
    where a service is bad, its rules say nothing new.
    """
    standings = {name: ServiceStanding(host["services"][name]["standing"]) for name in SERVICES}
    bad = {
        name: str(standing)
        for name, standing in standings.items()
        if standing in BAD and name in proven
    }
    good = {name for name, standing in standings.items() if standing is ServiceStanding.WORKING}
    for rule, item in sorted(host["findings"].items()):
        words = rules.get(rule, {})
        about = words.get("service") or words.get("area")
        told = about not in SERVICES or (about in proven and standings[about] not in BAD)
        if words.get("hazard") and item["verdict"] == "fail" and told:
            bad[rule] = HAZARD
        elif item["verdict"] in _GOOD_VERDICTS:
            good.add(rule)
    return bad, good
