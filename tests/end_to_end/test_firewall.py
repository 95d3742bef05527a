"""Norton comes in the middle of the onboarding, and its firewall lets WinRM in no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.end_to_end.sandbox import REPOSITORY, Sandbox, copy_project
from tests.end_to_end.test_attended_steps import STAGED, machines

from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.host import Host
from winsim.installers import build_installers
from winsim.timeline import performer

pytestmark = pytest.mark.slow

OCTOBER = "2026-10-05T09:00:00+02:00"
PC = "bare"


@dataclass(frozen=True)
class Told:
    """What the onboarding said and kept."""

    code: int
    said: str
    host: dict[str, Any]
    ledger: list[dict[str, Any]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    sandbox = copy_project(tmp_path_factory.mktemp("firewall"))
    build_installers("office", sandbox.root / ".demo" / "cache")
    with Fleet(
        [machines(sandbox.root / "machines")],
        network=free_network(),
        state=sandbox.root / ".demo" / "winsim",
        clock=datetime.fromisoformat(OCTOBER),
    ) as fleet:
        move_in(sandbox, fleet)
        fleet.host(PC).postponed.append((1, install_as_soon_as_it_is_laid_ready))
        done = sandbox.run("custode", "onboard", "demo", "--at", OCTOBER, check=False)
        assert "Traceback" not in done.stderr
        [path] = (sandbox.store / "runs").glob("*-onboard.json")
        yield Told(
            done.returncode,
            " ".join(done.stdout.split()),
            json.loads(path.read_text(encoding="utf-8"))["hosts"][PC],
            read_ledger(sandbox.store / "devices" / PC / "ledger.jsonl"),
        )


def move_in(sandbox: Sandbox, fleet: Fleet) -> None:
    """Let the demo's client have this PC."""
    folder = sandbox.root / "inventories" / "demo"
    contract = yaml.safe_load((folder / "contract.yml").read_text(encoding="utf-8"))
    contract["devices"] = {PC: {"kind": "desktop"}}
    (folder / "contract.yml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    hosts = {"all": {"hosts": {PC: {"ansible_host": fleet.address(PC)}}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")


def install_as_soon_as_it_is_laid_ready(host: Host) -> None:
    """Do what the technician does at the PC, who waits for the installer."""
    if host.files.exists(STAGED):
        performer({"install": "norton_strict"})(host)
    else:
        host.postponed.append((1, install_as_soon_as_it_is_laid_ready))


def read_ledger(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_was_norton_that_came_and_shut_the_way(told: Told) -> None:
    assert (REPOSITORY / "tests/profiles/norton/installers/norton_strict.yml").is_file()
    assert [step["product"] for step in told.host["attended"]] == ["norton"]
    assert told.host["observed_at"] is not None
    assert told.host["outcome"] == "unreachable"


def test_the_onboarding_says_what_to_suspect_and_what_to_do(told: Told) -> None:
    # It was seen at the beginning: what was found then is what the command ends with.
    assert told.code == 1
    assert "Norton (to be installed there now) brings a firewall that may block WinRM." in told.said
    assert "let Norton trust the technician's network or allow TCP 5986 in" in told.said


def test_run_and_ledger_keep_it(told: Told) -> None:
    assert told.host["reason"]["kind"] == "firewall_suspected"
    [lost] = [line for line in told.ledger if line["entry"] == "lost"]
    assert (lost["verb"], lost["reason"]) == ("onboard", told.host["reason"])
    # The PC was seen: it was no missed visit.
    assert [line for line in told.ledger if line["entry"] == "missed"] == []
