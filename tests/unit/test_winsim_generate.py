"""`winsim generate`: the same seed, the same bytes; what is drawn is what the policies then see."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.machines import kind_of

from custode.core.policy import judge
from custode.core.probes import normalise
from custode.edges.inventory import load_client
from custode.edges.policies import Policies, load_policies
from custode.edges.project import find_project
from custode.flows import audit
from winsim.addresses import place_of
from winsim.cli import main
from winsim.distributions import TROUBLES
from winsim.errors import WinsimError
from winsim.generate import draw, generated_hosts, write_fleet
from winsim.host import Host
from winsim.modules import run_module
from winsim.profiles import load_profiles

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
# The rule that each trouble makes fail, whatever else the PC has.
SHOWN = {
    "battery_worn": "battery_capacity_sufficient",
    "defender_only": "antivirus_installed",
    "device_errors": "devices_working",
    "disk_dying": "disk_failure_not_predicted",
    "disk_full": "system_drive_has_free_space",
    "disk_worn": "disk_wear_acceptable",
    "hardware_errors": "hardware_errors_absent",
    "network_public": "firewall_on",
    "never_updated": "updates_recent",
    "norton_expired": "antivirus_subscription_valid",
    "norton_ghost": "antivirus_installed",
    "norton_off": "antivirus_working",
    "norton_outdated": "antivirus_signatures_current",
    "norton_snoozed": "antivirus_working",
    "not_activated": "windows_activated",
    "restart_pending": "restart_not_pending",
    "restore_off": "restore_point_recent",
    "volume_dirty": "volumes_clean",
}
# What a PC may fail without a trouble of the table: its Windows is old or soon will be, its maker
# was careless or saved money, nobody has synchronised for weeks.
OWN = {
    "owncloud_starts",
    "owncloud_synced_recently",
    "security_chip_ready",
    "serial_number_present",
    "system_disk_solid_state",
    "windows_11_possible",
    "windows_supported",
    "windows_supported_for_long",
}


@cache
def policies() -> Policies:
    return load_policies(ROOT / "policies")


def failures(host: Host) -> set[str]:
    host.advance(NOW)
    probes = audit.planned_probes(policies(), audit.EVERYTHING)
    plan: dict[str, Any] = {"probes": audit.wire_plan(probes, now=NOW)}
    facts = normalise(probes, run_module(host, "fleet_probe", plan)["facts"])
    contract = load_client(find_project(ROOT), "demo").contract.view()
    findings = judge(
        list(policies().rules.values()),
        facts=facts,
        device={"name": host.name, "kind": kind_of(host), "covered": True},
        contract=contract,
        limits=policies().baselines.limits(kind_of(host), contract),
        now=NOW,
    )
    return {finding.rule.id for finding in findings if finding.verdict == "fail"}


def content(folder: Path) -> Mapping[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_same_seed_gives_the_same_bytes_whatever_the_order_of_hashes(tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-m", "winsim", "generate", "40", "--seed", "7", "--out"]
        subprocess.run([*command, str(tmp_path / hash_seed)], env=environment, check=True)

    assert content(tmp_path / "1") == content(tmp_path / "2")


def test_another_seed_gives_another_fleet() -> None:
    assert list(draw(3, seed=1)) != list(draw(3, seed=2))


@settings(deadline=None, max_examples=20)
@given(st.integers(), st.integers(1, 12), st.integers(1, 12))
def test_a_smaller_fleet_is_the_beginning_of_a_larger_one(seed: int, few: int, more: int) -> None:
    assert list(draw(few, seed=seed)) == list(draw(few + more, seed=seed))[:few]


@settings(deadline=None, max_examples=30)
@given(st.integers())
def test_every_pc_that_can_be_drawn_can_be_made(seed: int) -> None:
    assert ["pc-00001", "pc-00002"] == [host.name for host in generated_hosts(2, seed=seed)]


def test_the_fleet_that_is_written_is_the_fleet_that_is_made(tmp_path: Path) -> None:
    write_fleet(tmp_path / "fleet", 60, seed=3)

    written = {host.name: host.snapshot() for host in load_profiles([str(tmp_path / "fleet")])}

    assert written == {host.name: host.snapshot() for host in generated_hosts(60, seed=3)}


def test_no_two_pcs_share_what_tells_pcs_apart() -> None:
    fleet = list(draw(2000, seed=5))
    names = [pc.machine["computer_name"] for pc in fleet]
    canaries = [canary for pc in fleet for canary in pc.canaries]

    assert 2000 == len(set(names))
    assert len(canaries) == len(set(canaries))


def test_what_must_not_leak_stands_in_the_pc() -> None:
    for drawn, host in zip(draw(30, seed=6), generated_hosts(30, seed=6), strict=True):
        world = str(host.snapshot())
        assert [] == [canary for canary in drawn.canaries if canary not in world]


def test_troubles_come_at_their_rates() -> None:
    drawn = 6000
    found = Counter(base for pc in draw(drawn, seed=9) for base in pc.machine["extends"])

    for trouble in TROUBLES:
        # Those of a kind exclude each other, and some models cannot have some troubles.
        most = 1.4 * drawn * trouble.rate / 1000
        least = (0.1 if trouble.models else 0.5) * drawn * trouble.rate / 1000
        assert least <= found[trouble.base] <= most, trouble.base


def test_the_policies_see_each_trouble_and_nothing_in_a_pc_that_has_none() -> None:
    assert {trouble.base for trouble in TROUBLES} == set(SHOWN)
    for drawn, host in zip(draw(400, seed=11), generated_hosts(400, seed=11), strict=True):
        troubles = [base for base in drawn.machine["extends"] if base in SHOWN]
        if "at_work" not in drawn.machine["extends"]:
            continue  # a server: nothing of the contract is on it
        failed = failures(host)
        assert {SHOWN[base] for base in troubles} <= failed, drawn.name
        if not troubles:
            assert failed <= OWN, drawn.name


def test_what_hosts_have_in_common_they_share() -> None:
    generated_hosts(5, seed=1)
    tracemalloc.start()
    try:
        hosts = generated_hosts(200, seed=1)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # 5,000 of them in 600 MB.
    assert size / len(hosts) < 120_000


def test_a_fleet_may_be_larger_than_a_network_of_254() -> None:
    host = generated_hosts(300, seed=1)[-1]

    assert "127.90.1.44" == place_of(host, "127.90.0.0/16").address


@pytest.mark.parametrize("count", [-1, 0, 65535])
def test_a_fleet_that_cannot_be_is_told(count: int) -> None:
    with pytest.raises(WinsimError, match=f"a fleet of {count} PCs cannot be; 1 to 65534 can"):
        draw(count, seed=1)


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        main(["generate", "2", "--seed", "1", "--out", str(tmp_path)])

    assert 2 == ended.value.code
    assert "has something in it; name a folder that is not there yet" in capsys.readouterr().err
    assert ["note.txt"] == [path.name for path in tmp_path.iterdir()]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(WinsimError, match="Not a directory"):
        write_fleet(tmp_path / "file" / "fleet", 1, seed=1)
