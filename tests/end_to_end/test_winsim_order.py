"""What PCs answer does not depend on the order in which they are asked."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.end_to_end.controller import BIN

from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.generate import generated_hosts

NOW = datetime(2026, 11, 9, 8, tzinfo=UTC)
PLAY = """---
- hosts: all
  gather_facts: false
  tasks:
    - ansible.windows.win_regedit: {path: 'HKLM:\\SOFTWARE\\Order', name: here, data: '{{ inventory_hostname }}'}
    - ansible.windows.win_file: {path: 'C:\\Order', state: directory}
    - ansible.windows.win_service: {name: Spooler, state: stopped}
    - ansible.windows.win_ping:
"""


def test_pcs_asked_one_by_one_and_together_end_the_same(tmp_path: Path) -> None:
    one_by_one = after(tmp_path / "1", forks=1)
    together = after(tmp_path / "8", forks=8)

    assert one_by_one == together


def after(folder: Path, *, forks: int) -> dict[str, Any]:
    """Run a play against a drawn fleet; return each PC's world and log as they are then."""
    folder.mkdir()
    play = folder / "play.yml"
    play.write_text(PLAY, encoding="utf-8")
    settings = folder / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")
    hosts = generated_hosts(8, seed=7)
    with Fleet(hosts, state=folder / "state", network=free_network(), clock=NOW) as fleet:
        words = ["-i", str(fleet.inventory()), "-f", str(forks), str(play)]
        done = subprocess.run(
            [str(BIN / "ansible-playbook"), *words],
            env={**os.environ, "ANSIBLE_CONFIG": str(settings)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout
        return {name: (host.snapshot(), fleet.log(name)) for name, host in fleet.hosts.items()}
