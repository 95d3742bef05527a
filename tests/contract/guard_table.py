"""The table of what the privacy guard must say, as probes: shared by Python, PowerShell, simulator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

TABLE: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("guard_cases.yml").read_text(encoding="utf-8")
)
_OF_THE_TABLE = ("kind", "target", "more", "allowed", "answer", "why")


def probe_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the table as the probe that would be sent."""
    kind, target = case["kind"], case["target"]
    targets = [*([] if target is None else [target]), *case.get("more", [])]
    probe = {name: value for name, value in case.items() if name not in _OF_THE_TABLE}
    match kind:
        case "cim":
            probe["namespace"], _, probe["class"] = target.rpartition(":")
        case "event_log" | "log_start":
            probe["log"] = target
        case "file":
            probe = {"properties": ["version"], "paths": targets, **probe}
        case "marker":
            probe["paths"] = targets
        case "registry":
            probe["keys"] = targets
    return {"kind": kind, **probe}


CASES = [
    pytest.param(probe_of(case), case.get("answer"), id=f"{case['kind']}-{index}-{case['why']}")
    for index, case in enumerate(TABLE)
]
