"""The PowerShell modules: they parse, and their documentation says what their options are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_powershell
import yaml
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "library").glob("*.ps1"))
NAMES = [path.stem for path in MODULES]

# The cmdlets that reach into the PC. Tests put stand-ins in their place; a new name here needs one.
SYSTEM_CMDLETS = {
    "Expand-Archive",
    "Get-AuthenticodeSignature",
    "Get-ChildItem",
    "Get-CimAssociatedInstance",
    "Get-CimInstance",
    "Get-Content",
    "Get-Date",
    "Get-Item",
    "Get-ItemProperty",
    "Get-LocalUser",
    "Get-NetFirewallRule",
    "Get-Process",
    "Get-Service",
    "Get-WSManInstance",
    "Get-WinEvent",
    "Invoke-CimMethod",
    "New-Item",
    "Remove-Item",
    "Remove-ItemProperty",
    "Remove-LocalUser",
    "Remove-NetFirewallRule",
    "Remove-WSManInstance",
    "Set-Content",
    "Set-ItemProperty",
    "Start-Process",
    "Start-Service",
    "Start-Sleep",
    "Stop-Process",
    "Stop-Service",
    "Wait-Process",
}
# No cmdlet makes a keyed digest, and this class asks nothing of the system: docs/adr/0016.
DIGEST_CLASS = "System.Security.Cryptography.HMACSHA256"
# Those that only work on what others gave.
LANGUAGE_CMDLETS = {
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "ForEach-Object",
    "New-Object",
    "Out-Null",
    "Select-Object",
    "Set-StrictMode",
    "Sort-Object",
    "Where-Object",
}


def _tree(path: Path) -> Node:
    language = Language(tree_sitter_powershell.language())
    return Parser(language).parse(path.read_bytes()).root_node


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def _sidecar(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))
    return loaded


def test_there_are_modules() -> None:
    assert NAMES == [
        "fleet_cleaner",
        "fleet_cleanup",
        "fleet_installer_stop",
        "fleet_probe",
        "fleet_registry_backup",
        "fleet_release",
        "fleet_restore_point",
    ]


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_parses(path: Path) -> None:
    faults = [node for node in _walk(_tree(path)) if node.is_error or node.is_missing]

    assert [(node.start_point.row + 1, _text(node)) for node in faults] == []


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_begins_as_the_house_style_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text.startswith("#!powershell\n")
    assert "\n#AnsibleRequires -CSharpUtil Ansible.Basic\n" in text
    assert "\nSet-StrictMode -Version 2.0\n" in text
    assert text.endswith("$module.ExitJson()\n")
    assert text.isascii()


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_reaches_the_pc_through_known_cmdlets_only(path: Path) -> None:
    nodes = list(_walk(_tree(path)))
    own = {_text(node) for node in nodes if node.type == "function_name"}
    called = {_text(node) for node in nodes if node.type == "command_name"}

    assert called <= own | SYSTEM_CMDLETS | LANGUAGE_CMDLETS
    assert own - called <= {"Get-FleetRefusal"}


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_calls_no_class_of_dotnet(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    static = set(re.findall(r"\[[A-Za-z.]+\]::\w+", text))

    assert static == {"[Ansible.Basic.AnsibleModule]::Create"}
    assert set(re.findall(r"New-Object -TypeName '([^']*)'", text)) <= {DIGEST_CLASS}
    assert text.count("New-Object") == text.count("New-Object -TypeName '")
    assert "Add-Type" not in text
    assert "Invoke-Expression" not in text


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_reads_by_literal_path(path: Path) -> None:
    commands = [_text(node) for node in _walk(_tree(path)) if node.type == "command"]
    readers = ("Get-Content ", "Get-Item ", "Get-ChildItem ", "Get-ItemProperty ", "Remove-Item ")

    for command in commands:
        if command.startswith(readers):
            assert " -LiteralPath " in command, command


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_each_function_says_in_one_line_what_it_gives(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    functions = re.findall(r"^function ([\w-]+) \{\n(.*)$", text, re.MULTILINE)

    assert functions
    for name, first_line in functions:
        assert re.match(r"[A-Z][A-Za-z]+-Fleet", name), name
        assert re.fullmatch(r"    <# \.SYNOPSIS .*\. #>", first_line), name


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_the_documentation_says_what_the_options_are(path: Path) -> None:
    documented = _documented(_sidecar(path)["DOCUMENTATION"]["options"])

    assert _declared(path) == documented


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_the_documentation_is_complete(path: Path) -> None:
    sidecar = _sidecar(path)

    assert sidecar["DOCUMENTATION"]["module"] == path.stem
    assert set(sidecar["DOCUMENTATION"]["attributes"]) == {"check_mode", "diff_mode", "platform"}
    for task in yaml.safe_load(sidecar["EXAMPLES"]):
        assert path.stem in task
    for name, value in sidecar["RETURN"].items():
        assert set(value) == {"description", "returned", "type", "sample"}, name


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_ansible_doc_renders_the_documentation(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.doc", "--json", "-t", "module", path.stem],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "ANSIBLE_LIBRARY": str(path.parent)},
        cwd=path.parent,
    )

    assert json.loads(done.stdout)[path.stem]["doc"]["module"] == path.stem


def _declared(path: Path) -> dict[str, Any]:
    """Read `$spec`: it is plain enough to be read as nested `name = value` pairs."""
    assignment = next(
        node
        for node in _walk(_tree(path))
        if node.type == "assignment_expression" and _text(node).startswith("$spec")
    )
    table = next(node for node in _walk(assignment) if node.type == "hash_literal_expression")
    return _options(_hash(table)["options"])


def _options(options: dict[str, Any]) -> dict[str, Any]:
    # Documentation has no word for an option that is hidden from logs.
    shown = {
        name: {key: value for key, value in spec.items() if key != "no_log"}
        for name, spec in options.items()
    }
    return {
        name: {**spec, **({"options": _options(spec["options"])} if "options" in spec else {})}
        for name, spec in shown.items()
    }


def _hash(node: Node) -> dict[str, Any]:
    out: dict[str, Any] = {}
    body = next((child for child in node.children if child.type == "hash_literal_body"), None)
    entries = body.children if body is not None else []
    for entry in entries:
        if entry.type == "hash_entry":
            key = next(child for child in entry.children if child.type == "key_expression")
            out[_text(key)] = _value([child for child in entry.children if child.is_named][-1])
    return out


def _value(node: Node) -> Any:
    table = next((n for n in _walk(node) if n.type == "hash_literal_expression"), None)
    text = _text(node).strip()
    if text.startswith("@{") and table is not None:
        return _hash(table)
    if text.startswith("@("):
        return re.findall(r"'([^']*)'", text)
    if text in {"$true", "$false"}:
        return text == "$true"
    return int(text) if text.isdigit() else text.strip("'")


def _documented(options: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, option in options.items():
        spec = {
            key: option[key]
            for key in ("type", "elements", "choices", "default", "required")
            if key in option
        }
        if "suboptions" in option:
            spec["options"] = _documented(option["suboptions"])
        out[name] = spec
    return out
