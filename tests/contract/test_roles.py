"""What every role owes its users: documented defaults, house names, no forbidden shortcuts."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
TASK_FILES = sorted(ROOT.glob("roles/*/tasks/*.yml"))
PLAYBOOKS = sorted(ROOT.glob("playbooks/*.yml"))
ACTIONS = sorted(
    path
    for family in ("cleanup", "hand_back", "software", "teamviewer")
    for path in (ROOT / "plugins" / "action").glob(f"{family}_*.py")
)

TYPES: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "dict": dict,
    "float": float,
    "int": int,
    "list": list,
    "str": str,
}
FORBIDDEN = {
    "ignore_errors": "a failure is a result, and is recorded",
    "set_fact": "data does not flow by overwriting variables",
    "end_play": "one PC must not end the others' work",
    "end_host": "a PC that stops must be recorded as stopped",
    "win_shell": "no module would be idempotent or honest in check mode",
}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _tasks(items: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        yield item
        for part in ("block", "rescue", "always"):
            yield from _tasks(item.get(part, []))


def test_the_roles_of_the_contract_are_there() -> None:
    assert {path.name for path in ROLES} >= {
        "audit",
        "cleanup",
        "inspection",
        "norton",
        "owncloud",
        "preflight",
        "safeguard",
        "software_package",
        "teamviewer",
    }


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_default_is_documented_with_the_same_value(role: Path) -> None:
    defaults = _load(role / "defaults" / "main.yml")
    options = _load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    documented = {name: entry["default"] for name, entry in options.items() if "default" in entry}
    assert documented == defaults
    undefaulted = set(options) - set(documented)
    assert all(options[name].get("required") for name in undefaulted)


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_option_says_what_it_is_and_of_which_type(role: Path) -> None:
    for entry in _load(role / "meta" / "argument_specs.yml")["argument_specs"].values():
        assert entry["short_description"]
        assert entry["description"]
        for name, option in entry["options"].items():
            assert name.startswith(f"{role.name}_"), name
            assert option["description"], name
            default = option.get("default")
            if default is not None and "{{" not in str(default):
                assert isinstance(default, TYPES[option["type"]]), name
                assert default in option.get("choices", [default]) or option["type"] == "list"


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_every_role_has_the_files_of_the_house(role: Path) -> None:
    for part in ("README.md", "meta/main.yml", "tasks/main.yml"):
        assert (role / part).is_file(), part
    readme = (role / "README.md").read_text(encoding="utf-8")
    for heading in ("## What it promises", "## Example", "## Check mode", "## Unconfirmed"):
        assert heading in readme, heading


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_a_look_at_a_product_is_an_entry_point_of_its_own(role: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in role.glob("tasks/*.yml")]
    # One that hands over whatever product it is told is about none.
    handed_over = 'software_package_product: "{{'
    about_a_product = any(
        "software_package_product" in text and handed_over not in text for text in texts
    )
    specified = _load(role / "meta" / "argument_specs.yml")["argument_specs"]
    assert ("verify" in specified) == about_a_product
    assert (role / "tasks" / "verify.yml").is_file() == about_a_product


@pytest.mark.parametrize("path", TASK_FILES, ids=_name)
def test_task_names_carry_the_stem_of_their_file(path: Path) -> None:
    prefix = "" if path.stem == "main" else f"{path.stem} | "
    for task in _tasks(_load(path)):
        name = task["name"]
        assert name.startswith(prefix), name
        assert re.match(r"[A-Z][a-z]+ ", name.removeprefix(prefix)), name


@pytest.mark.parametrize("path", [item for item in TASK_FILES if item.stem == "main"], ids=_name)
def test_main_is_a_table_of_contents_with_tags(path: Path) -> None:
    for task in _load(path):
        assert {"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"} & set(task)
        assert path.parents[1].name in task["tags"]


@pytest.mark.parametrize("path", TASK_FILES, ids=_name)
def test_an_assertion_says_what_was_found_and_what_to_do(path: Path) -> None:
    for task in _tasks(_load(path)):
        if "ansible.builtin.assert" in task:
            assert "Found" in task["ansible.builtin.assert"]["fail_msg"], task["name"]


@pytest.mark.parametrize("path", TASK_FILES, ids=_name)
def test_registered_names_are_internal_to_their_role(path: Path) -> None:
    prefix = f"__{path.parents[1].name}_"
    for task in _tasks(_load(path)):
        loop_variable = task.get("loop_control", {}).get("loop_var", prefix)
        assert task.get("register", prefix).startswith(prefix), task["name"]
        assert loop_variable.startswith(prefix), task["name"]


@pytest.mark.parametrize("path", [*TASK_FILES, *PLAYBOOKS], ids=_name)
def test_no_forbidden_shortcut_is_taken(path: Path) -> None:
    text = re.sub(r"(^|\s)#.*", "", path.read_text(encoding="utf-8"))
    found = {word: why for word, why in FORBIDDEN.items() if word in text}
    assert not found
    assert "latest" not in text


@pytest.mark.parametrize("path", TASK_FILES, ids=_name)
def test_a_command_stands_below_the_reason_why_no_module_does_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if re.match(r"\s+ansible\.windows\.win_(command|powershell):", line):
            assert above.lstrip().startswith("# "), line


@pytest.mark.parametrize("path", PLAYBOOKS, ids=_name)
def test_every_play_has_a_deadline_and_gathers_nothing(path: Path) -> None:
    plays = _load(path)
    for play in plays:
        assert play["gather_facts"] is False
        assert "custode_task_timeout_seconds" in play["timeout"]
    # A later play may be for those that the first one set apart.
    assert plays[0]["hosts"] == "all"


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.stem)
def test_an_action_is_documented_as_it_behaves(path: Path) -> None:
    door = runpy.run_path(str(path))["ActionModule"]
    source = (ROOT / "library" / path.name).read_text(encoding="utf-8")
    documents = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    documentation = yaml.safe_load(documents["DOCUMENTATION"])
    assert documentation["module"] == path.stem
    specification = door.argument_spec
    documented = {
        name: {key: value for key, value in option.items() if key != "description"}
        for name, option in documentation["options"].items()
    }
    assert documented == specification
    example = yaml.safe_load(documents["EXAMPLES"])[0][path.stem]
    assert set(example) <= set(specification)
    assert yaml.safe_load(documents["RETURN"])
