"""What calls for a notice to the client: a service gone bad, or a rule that marks a hazard.

A cause opens when it is first seen bad and is over when it is seen good; what is unknown changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from custode.core.services import BAD, SERVICES, ServiceStanding
from custode.core.store_layout import rules_path

_GOOD_VERDICTS = frozenset({"pass", "not_applicable", "waived"})


@dataclass(frozen=True)
class Cause:
    """Something that the client must be warned of.

    Attributes:
        subject: A service of the contract, or the id of a rule.
        kind: How the service was seen: a bad standing; `hazard` for a rule.
        since: The first look that saw it, ISO 8601 UTC.
        run_id: That look's run.
        rules: The rules of a hazard that failed then, in order.
        over_at: The first look that saw it good again, or None.
    """

    subject: str
    kind: str
    since: str
    run_id: str
    rules: tuple[str, ...] = ()
    over_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the ledger."""
        return {
            "kind": self.kind,
            "rules": list(self.rules),
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
    installed: set[str] = set()
    for run in runs:
        host = run["hosts"].get(device)
        if host is None or host["observed_at"] is None:
            continue
        bad, good = _seen(host, rules.get(rules_path(str(run["policy_digest"])), {}))
        since, run_id = str(host["observed_at"]), str(run["run_id"])
        for subject, (kind, failed) in bad.items():
            gone = kind == ServiceStanding.ABSENT
            # What was never there is ours to install: the client is not warned of our own work.
            if not gone or subject in installed:
                word = str(ServiceStanding.REMOVED) if gone else kind
                still.setdefault(subject, Cause(subject, word, since, run_id, failed))
        ended = sorted(good & still.keys())
        over += [replace(still.pop(name), over_at=since) for name in ended]
        installed |= {name for name in SERVICES if host["services"][name]["installed"]}
    return sorted([*over, *still.values()], key=lambda item: (item.since, item.subject))


def _seen(
    host: Mapping[str, Any], rules: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, tuple[str, ...]]], set[str]]:
    """Return what one look saw bad, with kind and failed rules, and what it saw good."""
    failed: dict[str, list[str]] = {}
    good: set[str] = set()
    for rule, item in sorted(host["findings"].items()):
        words = rules.get(rule, {})
        if not words.get("hazard"):
            continue
        if item["verdict"] == "fail":
            failed.setdefault(words.get("service") or rule, []).append(rule)
        elif item["verdict"] in _GOOD_VERDICTS and not words.get("service"):
            good.add(rule)
    bad = {name: ("hazard", tuple(own)) for name, own in failed.items()}
    for name in SERVICES:
        standing = ServiceStanding(host["services"][name]["standing"])
        if standing in BAD or name in failed:
            kind = str(standing if standing in BAD else ServiceStanding.NOT_WORKING)
            bad[name] = (kind, tuple(failed.get(name, [])))
        elif standing is ServiceStanding.WORKING:
            good.add(name)
    return bad, good
