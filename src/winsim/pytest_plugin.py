"""A fleet for tests: `fleet` serves simulated PCs for one test.

    @pytest.mark.winsim("office", clock="2026-10-05T09:00:00+02:00")
    def test_my_playbook(fleet):
        run_ansible(fleet.inventory())

The marker names packaged sets or folders, and may give `clock` and `faults`, as `winsim serve`
takes them. Each test has a loopback network of its own, so tests may run side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from winsim.addresses import free_network
from winsim.fleet import Fleet


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "winsim(*profiles, clock=None, faults=()): the simulated PCs that the fixture `fleet` serves",
    )


@pytest.fixture
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """Serve the PCs that the test's marker `winsim` names; without one, the packaged `office`."""
    marker = request.node.get_closest_marker("winsim")
    profiles = marker.args if marker and marker.args else ("office",)
    about = marker.kwargs if marker else {}
    unknown = sorted(set(about) - {"clock", "faults"})
    if unknown:
        pytest.fail(f"winsim: unknown argument {unknown[0]}; allowed: clock, faults", pytrace=False)
    clock = about.get("clock")
    with Fleet(
        profiles,
        state=tmp_path / "winsim",
        network=free_network(),
        clock=datetime.fromisoformat(clock) if clock else datetime.now(UTC),
        faults=about.get("faults", ()),
    ) as served:
        yield served
