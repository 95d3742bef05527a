"""The pytest plugin: a marker names the PCs, and the fixture serves them."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from winsim.errors import WinsimError
from winsim.fleet import Fleet

pytest_plugins = ["pytester"]
LAB = str(Path(__file__).resolve().parents[1] / "profiles" / "lab")


@pytest.mark.winsim(
    LAB, clock="2026-10-05T09:00:00+02:00", faults=[{"host": "pc-2", "fault": "offline"}]
)
def test_the_fixture_serves_what_the_marker_names(fleet: Fleet) -> None:
    assert {"pc-1", "pc-2", "strict"} == set(fleet.hosts)
    assert datetime(2026, 10, 5, 7, tzinfo=UTC) == fleet.host("pc-1").clock.now()
    socket.create_connection((fleet.address("pc-1"), 5986), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((fleet.address("pc-2"), 5986), timeout=5)


@pytest.mark.winsim(LAB)
def test_an_inventory_says_how_to_reach_them(fleet: Fleet) -> None:
    written = yaml.safe_load(fleet.inventory().read_text(encoding="utf-8"))["all"]

    assert fleet.address("pc-1") == written["hosts"]["pc-1"]["ansible_host"]
    assert str(fleet.ca) == written["vars"]["ansible_winrm_ca_trust_path"]
    with pytest.raises(WinsimError, match="has no account 'nobody-knows'"):
        fleet.inventory(user="nobody-knows")


def test_an_unknown_argument_of_the_marker_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n@pytest.mark.winsim('office', time='now')\ndef test_it(fleet): pass\n"
    )

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.stdout.fnmatch_lines(["*unknown argument time; allowed: clock, faults*"])
