"""`make bench`: speed as ratios against a baseline measured in the same run.

Seconds depend on the machine; a ratio to something as simple as starting Python hardly does.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import bench_rejudge, bench_winsim

from custode.core.policy import judge
from custode.core.probes import normalise
from custode.edges.inventory import load_client
from custode.edges.policies import load_policies
from custode.edges.project import find_project
from custode.flows import audit
from winsim.modules import run_module
from winsim.profiles import load_profiles

NOW = datetime(2026, 11, 9, 8, tzinfo=UTC)
BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure, and print one line for each figure."""
    python = median(lambda: run(sys.executable, "-c", "pass"), times=15)
    row("start of Python (the baseline)", python, python)
    row("custode --help", median(lambda: run(BIN / "custode", "--help"), times=9), python)
    row(
        "custode client check demo",
        median(lambda: run(BIN / "custode", "client", "check", "demo"), times=5),
        python,
    )
    policies = load_policies(ROOT / "policies")
    loading = median(lambda: load_policies(ROOT / "policies"), times=3)
    row(f"load {len(policies.probes)} probes and {len(policies.rules)} rules", loading, python)

    contract = load_client(find_project(ROOT), "demo").contract.view()
    probes = audit.planned_probes(policies, audit.EVERYTHING)
    host = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    host.advance(NOW)
    plan: dict[str, Any] = {"probes": audit.wire_plan(probes, now=NOW)}
    raw = run_module(host, "fleet_probe", plan)["facts"]
    sent = len(json.dumps(plan, separators=(",", ":")))
    module = (ROOT / "library/fleet_probe.ps1").stat().st_size
    answered = len(json.dumps(raw, separators=(",", ":")))
    device = {"name": "direzione", "kind": "desktop", "covered": True}

    def judge_once() -> None:
        facts = normalise(probes, raw)
        judge(
            list(policies.rules.values()),
            facts=facts,
            device=device,
            contract=contract,
            limits=policies.baselines.limits("desktop", contract),
            now=NOW,
        )

    row("judge one PC", median(judge_once, times=50), python)
    print(f"{'one audit: list of probes, as JSON':<48} {sent:9} bytes")  # noqa: T201
    print(f"{'one audit: the module, as text':<48} {module:9} bytes")  # noqa: T201
    print(f"{'one audit: the answer, as JSON':<48} {answered:9} bytes")  # noqa: T201
    bench_rejudge.main()
    bench_winsim.main()


def row(name: str, seconds: float, baseline: float) -> None:
    """Print a figure and its ratio."""
    print(f"{name:<48} {seconds * 1000:9.1f} ms {seconds / baseline:9.2f} x")  # noqa: T201


def median(work: Callable[[], Any], *, times: int) -> float:
    """Return the median duration in seconds."""
    durations = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        durations.append(time.perf_counter() - begin)
    return statistics.median(durations)


def run(*command: str | Path) -> str:
    """Run a command in the project and return what it printed."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT).stdout


if __name__ == "__main__":
    main()
