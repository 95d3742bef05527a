"""A modelled module returns what the real one documents, and no key of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ansible import windows

from winsim.installers import build_installer
from winsim.modules import MODULES, run_module
from winsim.profiles import load_profiles

REAL = Path(next(iter(windows.__path__))) / "plugins" / "modules"
OWN = Path(__file__).resolve().parents[2] / "library"
COMMON = {"changed", "failed", "msg"}
# What win_copy's own halves say to each other, and what win_regedit has always returned.
INTERNAL = {
    "ansible.windows.win_copy": {"files", "directories", "symlinks"},
    "ansible.windows.win_ping": set[str](),
}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("ansible.windows.win_ping", {}),
    ("ansible.windows.win_copy", {"_copy_mode": "query", "dest": "C:\\", "files": []}),
    ("ansible.windows.win_copy", {"src": "C:\\Stage\\x.msi", "dest": "C:\\Stage\\y.msi"}),
    ("ansible.windows.win_file", {"path": "C:\\Stage", "state": "directory"}),
    ("ansible.windows.win_stat", {"path": "C:\\Stage\\x.msi"}),
    ("ansible.windows.win_tempfile", {"state": "directory"}),
    ("ansible.windows.win_regedit", {"path": "HKLM:\\SOFTWARE\\X", "name": "a", "data": "b"}),
    ("ansible.windows.win_package", {"path": "C:\\Stage\\x.msi"}),
    ("ansible.windows.win_package", {"path": "C:\\Stage\\none.msi"}),
    ("fleet_cleanup", {"areas": ["windows_temp"]}),
    ("fleet_restore_point", {"description": "x"}),
    ("fleet_probe", {"probes": []}),
]


def documented(name: str) -> set[str]:
    folder = REAL if "." in name else OWN
    short = name.rpartition(".")[2]
    sidecar = folder / f"{short}.yml"
    if sidecar.is_file():
        returned = yaml.safe_load(sidecar.read_text(encoding="utf-8")).get("RETURN") or {}
        returned = yaml.safe_load(returned) if isinstance(returned, str) else returned
    else:
        scope: dict[str, Any] = {}
        exec((folder / f"{short}.py").read_text(encoding="utf-8"), scope)  # noqa: S102 - its documentation
        returned = yaml.safe_load(scope.get("RETURN", "")) or {}
    return set(returned)


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_its_result_keys_are_documented(name: str, arguments: dict[str, Any]) -> None:
    host = next(h for h in load_profiles(["office"]) if h.name == "direzione")
    host.advance(datetime(2026, 10, 5, 7, tzinfo=UTC))
    host.files.make_folder("C:\\Stage")
    host.files.write("C:\\Stage\\x.msi", build_installer(host.specs["owncloud"]))

    result = run_module(host, name, arguments)

    assert set() == set(result) - documented(name) - COMMON - INTERNAL.get(name, set())


def test_every_model_is_called_here() -> None:
    assert set(MODULES) == {name for name, _ in CALLS}
