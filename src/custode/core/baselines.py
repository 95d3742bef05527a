"""Thresholds as data: what each is for, where its value comes from, and which holds for a device.

A value is looked for in the contract, then in the baseline of the device's kind, then in the
common one. Rules read the result as `limits.<name>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Number = int | float


@dataclass(frozen=True)
class Threshold:
    """One number that rules compare with.

    Attributes:
        name: Stable name, lower snake case.
        value: The number that holds where nothing says otherwise.
        unit: What it counts: percent, days, GiB.
        means: What it is, by language (`it`, `en`).
        source: Where the number comes from: a document, or our own practice and its reason.
    """

    name: str
    value: Number
    unit: str
    means: Mapping[str, str]
    source: str


@dataclass(frozen=True)
class Override:
    """A number that takes the place of the common one, and why."""

    value: Number
    source: str


@dataclass(frozen=True)
class Baselines:
    """All thresholds, and what differs by kind of device.

    Attributes:
        thresholds: By name.
        by_kind: By kind of device, then by name: what holds there instead.
    """

    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    by_kind: Mapping[str, Mapping[str, Override]] = field(default_factory=dict)

    def usual(self, kind: str) -> dict[str, Number]:
        """Return every threshold's value for a kind of device, before any contract."""
        own = self.by_kind.get(kind, {})
        return {
            name: own[name].value if name in own else threshold.value
            for name, threshold in sorted(self.thresholds.items())
        }

    def limits(self, kind: str, contract: Mapping[str, Any]) -> dict[str, Number]:
        """Return what rules read as `limits` for a device.

        Args:
            kind: The device's kind.
            contract: The contract as plain data; its `thresholds` go before everything else.
        """
        agreed = contract.get("thresholds") or {}
        return {
            name: agreed[name]["value"] if name in agreed else value
            for name, value in self.usual(kind).items()
        }

    def agreed(self, contract: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what a contract sets instead of the usual, in words for the report.

        Args:
            contract: The contract as plain data.

        Returns:
            `{name, means, unit, value, usual, reason}` of each, by name; `usual` has one value for
            each kind of device that the contract covers, without repeats, in order.
        """
        kinds = sorted({str(device["kind"]) for device in contract.get("devices", {}).values()})
        return [
            {
                "name": name,
                "means": dict(self.thresholds[name].means),
                "unit": self.thresholds[name].unit,
                "value": setting["value"],
                "usual": sorted({self.usual(kind)[name] for kind in kinds}),
                "reason": setting["reason"],
            }
            for name, setting in sorted((contract.get("thresholds") or {}).items())
            if name in self.thresholds
        ]
