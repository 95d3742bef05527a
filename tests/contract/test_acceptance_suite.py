"""The acceptance suite looks with its own eyes, changes nothing, and is not run by accident."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ansible import windows
from ansible_collections.community import windows as more_windows

from custode.core.acceptance import sentence
from winsim.modules import MODULES

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "tests" / "acceptance"
READ = SUITE / "tasks" / "read.yml"
REAL = [
    Path(next(iter(package.__path__))) / "plugins" / "modules"
    for package in (windows, more_windows)
]
# Of our own only what says what is promised, and how verdicts and unreachable PCs are told.
OURS = {
    "custode.core.acceptance",
    "custode.core.contract",
    "custode.core.products",
    "custode.core.symptoms",
    "custode.edges.catalog",
    "custode.edges.inventory",
    # The record of which PC was enrolled: a file on the controller.
    "custode.edges.project",
    "custode.edges.store",
}
KEYWORDS = {"name", "vars", "block", "register", "when", "loop", "loop_control", "failed_when"}


def tasks(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if "block" in entry:
            yield from tasks(entry["block"])
        else:
            yield entry


def readings() -> list[dict[str, Any]]:
    return list(tasks(yaml.safe_load(READ.read_text(encoding="utf-8"))))


def module_of(task: dict[str, Any]) -> str:
    (module,) = set(task) - KEYWORDS
    return module


def documentation(module: str) -> dict[str, Any]:
    name = module.rpartition(".")[2]
    path = next(folder / f"{name}.py" for folder in REAL if (folder / f"{name}.py").is_file())
    scope: dict[str, Any] = {}
    exec(path.read_text(encoding="utf-8"), scope)  # noqa: S102 - its documentation
    found: dict[str, Any] = yaml.safe_load(scope["DOCUMENTATION"])
    return found


def test_it_reads_with_modules_that_only_look() -> None:
    used = {module_of(task) for task in readings()}

    assert {
        "ansible.builtin.debug",
        "ansible.windows.win_find",
        "ansible.windows.win_reg_stat",
        "ansible.windows.win_service_info",
        "ansible.windows.win_stat",
        "community.windows.win_file_version",
    } == used
    assert used - {"ansible.builtin.debug"} <= set(MODULES)


def test_it_sends_what_the_modules_take() -> None:
    for task in readings():
        module = module_of(task)
        if module == "ansible.builtin.debug":
            continue
        options = documentation(module)["options"]
        known = {spelt for name, o in options.items() for spelt in (name, *o.get("aliases", []))}
        assert set(task[module]) <= known
        assert {name for name, o in options.items() if o.get("required")} <= set(task[module])


def test_every_reading_that_fails_is_kept_and_given() -> None:
    *asked, given = readings()

    assert all(task["failed_when"] is False for task in asked)
    registered = {task["register"] for task in asked}
    text = str(given["vars"])
    assert [] == sorted(name for name in registered if name not in text)


def test_it_never_asks_for_a_whole_key_that_may_hold_a_secret() -> None:
    whole = [
        task["ansible.windows.win_reg_stat"]["path"]
        for task in readings()
        if "ansible.windows.win_reg_stat" in task
        and "name" not in task["ansible.windows.win_reg_stat"]
    ]

    assert whole
    assert all("\\Microsoft\\Security Center\\Provider\\Av" in path for path in whole)


def test_it_takes_nothing_of_ours_that_looks_or_installs() -> None:
    imported = {
        node.module
        for path in SUITE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    }

    assert {name for name in imported if name.startswith("custode")} == OURS
    assert not {name for name in imported if name.startswith("winsim")}


def test_every_check_is_explained_to_the_technician() -> None:
    page = (ROOT / "docs/how_to/accept_pcs_after_onboarding.md").read_text(encoding="utf-8")
    checks = [
        sentence(node.name)
        for path in SUITE.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]

    assert sorted(checks) == sorted(
        re.findall(r"^\| ([A-Z].*?|TeamViewer .*?|ownCloud .*?) \| ", page, re.MULTILINE)
    )


def test_without_a_client_it_is_one_line_in_the_summary() -> None:
    ours = ROOT / "pyproject.toml"
    command = [*(sys.executable, "-m", "pytest", "-c", str(ours)), "-p", "no:cacheprovider"]

    done = subprocess.run(
        [*command, str(SUITE)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stdout
    told = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert 1 == len(told), done.stdout
    assert "no client's PC was named; `custode accept CLIENT` names them" in told[0]
