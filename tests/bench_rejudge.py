"""How long a year of a large client takes to judge again.

The store is made as publishing makes it, of drawn PCs that are looked at every month; what they
answer changes as their clocks go on. The figure is beside its bound: 1.00 is the bound.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from custode.core.register import entry_of
from custode.core.run_record import build_run
from custode.core.store_layout import apply_run
from custode.edges.inventory import load_client
from custode.edges.policies import Policies, load_policies
from custode.edges.project import find_project
from custode.edges.store import Store
from custode.flows import audit
from custode.flows.rejudge import rejudge_client
from winsim.generate import generated_hosts
from winsim.host import Host
from winsim.modules import run_module

ROOT = Path(__file__).resolve().parents[1]
CLIENT = "large"
MONTHS = [datetime(2026, month, 9, 8, tzinfo=UTC) for month in range(1, 13)]
SECONDS_FOR_1000 = 60
# As many as are worth both processes; what each year costs is as good as the same for 1,000.
MEASURED = 200


class Folders:
    """Where the store is."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def journals(self, client: str) -> Path:
        """Return the folder of a client's journals."""
        return self.root / "journals" / client

    def store(self, client: str) -> Path:
        """Return the folder of a client's store."""
        return self.root / "store" / client


def main() -> None:
    """Measure, and print the figure."""
    seconds, verdicts = year(MEASURED)
    whole = seconds * 1000 / MEASURED
    name = f"judge 1,000 PCs' year again ({verdicts // MEASURED // 12} rules)"
    print(f"{name:<48} {whole:9.1f} s  {whole / SECONDS_FOR_1000:9.2f} x")  # noqa: T201


def year(count: int) -> tuple[float, int]:
    """Return the seconds that so many PCs' year takes, and how many verdicts were given."""
    policies = load_policies(ROOT / "policies")
    with tempfile.TemporaryDirectory() as folder:
        folders = Folders(Path(folder))
        fill(folders, policies, count)
        begin = time.perf_counter()
        found = rejudge_client(folders, CLIENT, policies=policies)
        seconds = time.perf_counter() - begin
    return seconds, sum(month.judged for month in found.months)


def fill(folders: Folders, policies: Policies, count: int) -> None:
    """Write a store of so many drawn PCs, looked at every month."""
    hosts = generated_hosts(count, seed=1)
    contract = dict(load_client(find_project(ROOT), "demo").contract.view())
    contract["devices"] = {
        host.name: {"kind": "desktop", "description": None, "covered": True} for host in hosts
    }
    store = Store(folders.store(CLIENT))
    tree: Mapping[str, bytes] = {}
    with store.locked():
        for at in MONTHS:
            record = build_run(list(events(policies, contract, hosts, at)), journal_sha256="")
            assert record is not None
            tree = apply_run(tree, record)
            store.write(tree, message=f"{at:%Y-%m}", at=at)


def events(
    policies: Policies, contract: dict[str, Any], hosts: list[Host], at: datetime
) -> Iterator[dict[str, Any]]:
    """Yield what a visit writes down."""
    probes = audit.planned_probes(policies, audit.EVERYTHING, kinds=["desktop"])
    plan: dict[str, Any] = {"probes": audit.wire_plan(probes, now=at)}
    yield {
        "event": "run_started", "verb": "monthly", "client": CLIENT, "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "run_id": f"{at:%Y%m%dT%H%M%SZ}-monthly", "operator": "bench", "contract": contract,
        "hosts": [host.name for host in hosts], "scopes": list(audit.EVERYTHING),
        "policy_digest": policies.digest,
        "probes": [
            {"id": probe.id, "key": list(probe.key), "volatile": list(probe.volatile)}
            for probe in probes
        ],
        "register": [entry_of(probe) for probe in probes],
    }  # fmt: skip
    for host in hosts:
        host.advance(at)
        payload = audit.observe(
            policies,
            run_module(host, "fleet_probe", plan)["facts"],
            probes=probes,
            scopes=audit.EVERYTHING,
            device={"name": host.name, "kind": "desktop", "covered": True},
            contract=contract,
            waivers=[],
            salt=None,
            now=at,
        )
        yield {"event": "observation", "host": host.name, "payload": payload}
    yield {"event": "run_finished", "at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "counts": {}}
