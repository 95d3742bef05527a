"""Writes the reference pages that are made from the code: `python -m tests.generate_docs`.

A test compares them with what is committed, so that no page says what the code does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests import generate_guard, generate_winsim_docs

from custode.core.contract import contract_schema
from custode.edges.policies import Policies, load_policies

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
COMMANDS = (
    (),
    ("onboard",),
    ("monthly",),
    ("inspect",),
    ("remediate",),
    ("offboard",),
    ("doctor",),
    ("publish",),
    ("status",),
    ("pending",),
    ("report",),
    ("privacy",),
    ("demo",),
    ("rules",),
    ("probes",),
    ("probe",),
    ("client", "new"),
    ("client", "check"),
    ("schema", "contract"),
)
_MADE = "<!-- Made by `make docs`; do not edit. -->"


@cache
def pages() -> dict[Path, str]:
    """Return every generated page, by path."""
    return {
        REFERENCE / "contract.schema.json": schema_text(),
        REFERENCE / "contract.md": contract_page(),
        REFERENCE / "command_line.md": command_page(),
        REFERENCE / "probes_and_rules.md": policy_page(),
        generate_winsim_docs.PAGE: generate_winsim_docs.page(),
        **generate_guard.copies(),
    }


def schema_text() -> str:
    """Return the JSON Schema as `custode schema contract` prints it."""
    return json.dumps(contract_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def contract_page() -> str:
    """Return a table of every key of a contract."""
    schema = contract_schema()
    lines = [
        "# contract.yml",
        "",
        _MADE,
        "",
        "Every key that may stand in `inventories/<client>/contract.yml`.",
        "`custode client check CLIENT` checks a file, and [the schema](contract.schema.json) lets an",
        "editor complete it: begin the file with",
        "`# yaml-language-server: $schema=../../docs/reference/contract.schema.json`.",
        "",
        "| key | what it is | allowed | default |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{key}` | {words} | {kind} | {default} |"
            for key, words, kind, default in _keys(schema)
        ),
        "",
    ]
    return "\n".join(lines)


def _keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    definitions = schema["$defs"]

    def walk(model: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str, str]]:
        required = set(model.get("required", []))
        for name, field in model["properties"].items():
            inner, kind, many = _kind(field, definitions)
            key = f"{prefix}{name}{many}"
            default = "required" if name in required else _default(field)
            if inner is not None and many == "" and name not in required:
                default = "its own defaults" if field.get("default") is not None else default
            words = field.get("description") or (inner or {}).get("description", "")
            yield key, str(words), kind, default
            if inner is not None:
                yield from walk(inner, f"{key}.")

    return walk(schema, "")


def _kind(
    field: Mapping[str, Any], definitions: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, str, str]:
    """Return the model inside a field, its kind in words, and how it repeats."""
    if "anyOf" in field:
        known = [item for item in field["anyOf"] if item.get("type") != "null"]
        # A whole number is a number.
        chosen = next((item for item in known if item.get("type") == "number"), known[0])
        return _kind(chosen, definitions)
    if "$ref" in field:
        found = definitions[field["$ref"].rsplit("/", 1)[1]]
        if "enum" in found:
            return None, _choices(found["enum"]), ""
        return found, "keys", ""
    if "enum" in field:
        return None, _choices(field["enum"]), ""
    if "const" in field:
        return None, f"`{field['const']}`", ""
    if field.get("type") == "array":
        inner, kind, _ = _kind(field["items"], definitions)
        return inner, f"list of {kind}", "[]"
    if field.get("type") == "object":
        named = [*field.get("patternProperties", {}).values(), field.get("additionalProperties")]
        inner, _, _ = _kind(named[0], definitions)
        return inner, "one entry for each name", ".<name>"
    kinds = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    kind = kinds.get(field["type"], str(field["type"]))
    return (
        None,
        {"date": "date", "time": "time of day, quoted"}.get(field.get("format", ""), kind),
        "",
    )


def _choices(values: list[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if value is None or value == []:
        return "none"
    return f"`{json.dumps(value)}`"


def command_page() -> str:
    """Return the help of every command, as a terminal of eighty columns shows it."""
    lines = ["# Command line", "", _MADE, ""]
    for words in COMMANDS:
        name = " ".join(("custode", *words))
        lines += [f"## {name}", "", "```", _help(words), "```", ""]
    return "\n".join(lines)


def _help(words: tuple[str, ...]) -> str:
    executable = str(Path(sys.executable).parent / "custode")
    done = subprocess.run(
        [executable, *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"},
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def policy_page() -> str:
    """Return what is read and why, and what is required and why."""
    policies = load_policies(ROOT / "policies")
    lines = [
        "# Probes and rules",
        "",
        _MADE,
        "",
        "## What is read",
        "",
        "Nothing else is read, and nothing personal: the guard refuses it twice.",
        "",
        "| probe | kind | where | why |",
        "| --- | --- | --- | --- |",
    ]
    for probe in policies.probes.values():
        target = probe.target.replace("|", "\\|")
        lines.append(f"| `{probe.id}` | {probe.kind} | `{target}` | {probe.purpose['en']} |")
    lines += [
        "",
        "## What is required",
        "",
        "A *gate* stops the onboarding of that PC until it is cured; a *hazard* asks for an early visit.",
        "",
        "| rule | true when the PC complies | clause | severity | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for rule in policies.rules.values():
        marks = ", ".join(
            name for name, set_ in (("gate", rule.gate), ("hazard", rule.hazard)) if set_
        )
        row = (f"`{rule.id}`", rule.title["en"], rule.clause, rule.severity, marks)
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join([*lines, *threshold_lines(policies), ""])


def threshold_lines(policies: Policies) -> list[str]:
    """Return what the rules compare with, where it differs, and where each number comes from."""
    lines = [
        "",
        "## Thresholds",
        "",
        "A contract may set its own, [with a reason](../how_to/agree_a_threshold.md).",
        "",
        "| threshold | what it is | value | otherwise for | source |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, threshold in sorted(policies.baselines.thresholds.items()):
        others = ", ".join(
            f"{kind} {own[name].value}"
            for kind, own in sorted(policies.baselines.by_kind.items())
            if name in own
        )
        value = f"{threshold.value} {threshold.unit}"
        row = (f"`{name}`", threshold.means["en"], value, others, threshold.source)
        lines.append("| " + " | ".join(row) + " |")
    return lines


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
