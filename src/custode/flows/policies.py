"""What is loaded, as plain data for other programs."""

from __future__ import annotations

from typing import Any

from custode.edges.policies import Policies


def rules_json(policies: Policies) -> list[dict[str, Any]]:
    """Return every rule, by id: its words, what it reads and what it compares with."""
    return [
        {
            "id": rule.id,
            "area": rule.area,
            "clause": rule.clause,
            "gate": rule.gate,
            "hazard": rule.hazard,
            "needs": list(rule.needs),
            "remedy": dict(rule.remedy),
            "scope": rule.scope,
            "severity": rule.severity,
            "thresholds": {
                name: {
                    "value": policies.baselines.thresholds[name].value,
                    "unit": policies.baselines.thresholds[name].unit,
                    "by_kind": {
                        kind: own[name].value
                        for kind, own in sorted(policies.baselines.by_kind.items())
                        if name in own
                    },
                }
                for name in sorted(rule.limits)
            },
            "title": dict(rule.title),
            "why": dict(rule.why),
        }
        for _, rule in sorted(policies.rules.items())
    ]


def probes_json(policies: Policies) -> list[dict[str, Any]]:
    """Return every probe, by id: what it reads, why, and which rules read its answer."""
    return [
        {
            "id": probe.id,
            "columns": list(probe.columns),
            "cost": probe.cost,
            "device_kinds": list(probe.device_kinds),
            "freshness_days": probe.freshness_days,
            "kind": probe.kind,
            "purpose": dict(probe.purpose),
            "rules": sorted(rule.id for rule in policies.rules.values() if probe.id in rule.needs),
            "target": probe.target,
            "timeout_seconds": probe.timeout_seconds,
            "volatile": list(probe.volatile),
        }
        for _, probe in sorted(policies.probes.items())
    ]
