"""What tasks and plans send is what the modules take: the simulator would not mind, Windows does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ansible import windows

from custode.core.probes import plan
from custode.edges.policies import load_policies

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(next(iter(windows.__path__))) / "plugins" / "modules"
FREE_FORM = {"ansible.windows.win_copy": {"_original_basename"}}


def documentation(module: str) -> dict[str, Any] | None:
    """Return a module's documentation, ours or ansible.windows's; None for Ansible's own."""
    if module.startswith("ansible.windows."):
        folder, name = REAL, module.rpartition(".")[2]
    elif "." not in module:
        folder, name = ROOT / "library", module
    else:
        return None
    if (folder / f"{name}.yml").is_file():
        text = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))["DOCUMENTATION"]
    elif (folder / f"{name}.py").is_file():
        scope: dict[str, Any] = {}
        exec((folder / f"{name}.py").read_text(encoding="utf-8"), scope)  # noqa: S102 - its documentation
        text = scope["DOCUMENTATION"]
    else:
        return None
    found: dict[str, Any] = yaml.safe_load(text) if isinstance(text, str) else text
    return found


def tasks(entries: Any) -> Iterator[dict[str, Any]]:
    for entry in entries or []:
        for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            yield from tasks(entry.get(key))
        yield entry


def calls() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")]):
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
            for key, value in task.items():
                if isinstance(value, dict) and documentation(key) is not None:
                    yield f"{path.relative_to(ROOT)}: {task.get('name')}", key, value


def names(options: dict[str, Any]) -> set[str]:
    return {alias for name, about in options.items() for alias in (name, *about.get("aliases", []))}


CALLS = list(calls())


@pytest.mark.parametrize(("place", "module", "given"), CALLS, ids=[place for place, _, _ in CALLS])
def test_a_task_gives_only_what_the_module_takes(
    place: str, module: str, given: dict[str, Any]
) -> None:
    documented = documentation(module)
    assert documented is not None, place
    options = documented.get("options") or {}

    assert set() == set(given) - names(options) - FREE_FORM.get(module, set())
    required = {name for name, about in options.items() if about.get("required")}
    aliases = {name: {name, *options[name].get("aliases", [])} for name in required}
    assert set() == {name for name in required if not aliases[name] & set(given)}


def test_tasks_that_change_pcs_are_among_them() -> None:
    assert {"ansible.windows.win_package", "fleet_cleanup", "fleet_restore_point"} <= {
        module for _, module, _ in CALLS
    }


def test_a_plan_uses_only_the_options_of_the_probe_module() -> None:
    documented = documentation("fleet_probe")
    assert documented is not None
    options = documented["options"]["probes"]["suboptions"]
    probes = list(load_policies(ROOT / "policies").probes.values())

    sent = {key for entry in plan(probes, now=datetime(2026, 11, 9, tzinfo=UTC)) for key in entry}

    assert set() == sent - set(options)
