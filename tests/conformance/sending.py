"""Sends one module of the project to PCs through real Ansible."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.end_to_end.controller import BIN, ROOT

from winsim.fleet import Fleet


def run(
    fleet: Fleet, module: str, arguments: Mapping[str, Any], *, pcs: list[str], check: bool = False
) -> dict[str, dict[str, Any]]:
    """Run one module of the project on PCs through real Ansible; return its results by PC."""
    folder = fleet.ca.parent / "results"
    for old in folder.glob("*"):
        old.unlink()
    words = ["-i", str(fleet.inventory()), ",".join(pcs), "-M", str(ROOT / "library"), "-f", "4"]
    words += ["-m", module, "-a", json.dumps(arguments), "-t", str(folder)]
    settings = fleet.ca.parent / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")
    done = subprocess.run(
        [str(BIN / "ansible"), *words, *(["--check"] if check else [])],
        env={**os.environ, "ANSIBLE_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    found = {path.name: json.loads(path.read_text("utf-8")) for path in folder.glob("*")}
    assert set(pcs) == set(found), done.stdout + done.stderr
    return found
