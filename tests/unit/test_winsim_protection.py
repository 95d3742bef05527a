"""What a security product does to the PC around it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

from winsim.addresses import HTTP_PORT, HTTPS_PORT, free_network
from winsim.fleet import Fleet
from winsim.host import Host
from winsim.installers import install, uninstall
from winsim.model.cim import SECURITY_CENTER
from winsim.profiles import load_profiles

SET = Path(__file__).resolve().parents[1] / "profiles" / "norton"
OFFICE = Path(__file__).resolve().parents[2] / "src/winsim/profiles/office/installers/norton.yml"
OCTOBER = datetime(2026, 10, 5, 7, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 9, 8, tzinfo=UTC)
ALLOWED = datetime(2026, 11, 12, 15, tzinfo=UTC)
TASKS = {rf"\norton\norton 360 {name}" for name in ("emergency update", "overseer", "patcher")}


def machines(tmp_path: Path) -> Path:
    """Return the set with the office's Norton among what it can install."""
    folder = tmp_path / "set"
    for path in SET.rglob("*.yml"):
        target = folder / path.relative_to(SET)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (folder / "installers" / "norton.yml").write_bytes(OFFICE.read_bytes())
    return folder


def pc(tmp_path: Path, name: str) -> Host:
    host = next(h for h in load_profiles([str(machines(tmp_path))]) if h.name == name)
    host.advance(OCTOBER)
    return host


def listed(host: Host, name: str) -> dict[str, int]:
    rows = host.cim.rows(SECURITY_CENTER, name)
    return {row["displayName"]: row["productState"] for row in rows}


def test_norton_brings_rows_services_tasks_and_a_firewall_and_takes_them_along(
    tmp_path: Path,
) -> None:
    host = pc(tmp_path, "bare")
    before = host.snapshot()

    install(host, host.specs["norton"], sid=None)

    assert listed(host, "AntiVirusProduct") == {"Norton 360": 266240, "Windows Defender": 393472}
    assert listed(host, "FirewallProduct") == {"Norton 360": 266240}
    assert TASKS <= set(host.tasks)
    assert host.services["norton firewall"].state == "Running"
    assert host.services["windefend"].state == "Stopped"
    assert not host.blocked_ports

    uninstall(host, host.specs["norton"], sid=None)

    after = host.snapshot()
    for part in ("blocked_ports", "cim", "services", "tasks"):
        assert after[part] == before[part], part


def test_a_firewall_that_lets_nobody_in_goes_with_its_product(tmp_path: Path) -> None:
    host = pc(tmp_path, "strict")

    install(host, host.specs["norton_strict"], sid=None)
    blocked = set(host.blocked_ports)
    uninstall(host, host.specs["norton_strict"], sid=None)

    assert (blocked, host.blocked_ports) == ({HTTP_PORT, HTTPS_PORT}, set())


def answers(fleet: Fleet, name: str) -> list[bool]:
    places = [(fleet.address(name), port) for port in (HTTP_PORT, HTTPS_PORT)]
    found = []
    for place in places:
        with socket.socket() as probe:
            found.append(probe.connect_ex(place) == 0)
    return found


def test_a_blocked_port_lets_nobody_in_until_somebody_allows_it(tmp_path: Path) -> None:
    with Fleet(
        [machines(tmp_path)], state=tmp_path / "state", network=free_network(), clock=OCTOBER
    ) as fleet:
        assert answers(fleet, "strict") == [True, True]
        fleet.set_clock(NOVEMBER)
        assert answers(fleet, "strict") == [False, False]
        assert answers(fleet, "bare") == [True, True]
        fleet.set_clock(ALLOWED)
        assert answers(fleet, "strict") == [True, True]


def test_one_port_may_be_blocked_and_the_other_not(tmp_path: Path) -> None:
    (host,) = [h for h in load_profiles([str(machines(tmp_path))]) if h.name == "bare"]
    host.blocked_ports = {HTTP_PORT}

    with Fleet([host], state=tmp_path / "state", network=free_network(), clock=OCTOBER) as fleet:
        assert answers(fleet, "bare") == [False, True]
