"""Documents say what is true: pages made from the code are up to date, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel
from tests.generate_docs import ROOT, pages

from custode.core.products import Detection, Evidence, Installer, Leftovers, Product
from winsim.profiles import schema, shapes
from winsim.timeline import ACTIONS

DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "store", "journals", ".demo", ".hypothesis", ".pytest_cache"} & set(path.parts)
)
_LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"^ *```[a-z]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?custode ((?:[a-z]+ ?)+)([^\n]*)$", re.MULTILINE)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_generated_page_is_up_to_date(path: Path) -> None:
    assert pages()[path] == path.read_text(encoding="utf-8"), "run `make docs`"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    targets = [t for t in _LINK.findall(path.read_text(encoding="utf-8")) if "://" not in t]

    assert [] == [target for target in targets if not (path.parent / target).exists()]


def test_commands_in_documents_exist() -> None:
    helps: dict[str, str] = {}
    wrong = []
    for path in DOCUMENTS:
        for block in _BLOCK.findall(path.read_text(encoding="utf-8")):
            for words, rest in _COMMAND.findall(block):
                verb = " ".join(
                    words.split()[: 2 if words.split()[0] in {"catalog", "client", "schema"} else 1]
                )
                if verb not in helps:
                    helps[verb] = _help(verb)
                wrong += [
                    (str(path.relative_to(ROOT)), verb, option)
                    for option in re.findall(r"--[a-z-]+", rest)
                    if option not in helps[verb]
                ]
                if not helps[verb]:
                    wrong.append((str(path.relative_to(ROOT)), verb, "no such command"))

    assert [] == wrong


def _help(verb: str) -> str:
    executable = str(Path(sys.executable).parent / "custode")
    done = subprocess.run(
        [executable, *verb.split(), "--help"], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else ""


@pytest.mark.parametrize("model", [Product, Installer, Detection, Evidence, Leftovers])
def test_the_reference_of_the_catalog_names_every_key(model: type[BaseModel]) -> None:
    table = (ROOT / "docs/reference/catalog.md").read_text(encoding="utf-8").split("## Which")[0]
    named = {word for code in re.findall("`([^`]+)`", table) for word in re.findall(r"\w+", code)}

    assert [] == [name for name in model.model_fields if name not in named]


@pytest.mark.parametrize(
    "keys",
    [schema.MACHINE, ACTIONS, schema.SPEC, shapes.SERVICE, shapes.FILE, shapes.EVENT, shapes.TASK],
    ids=["machine", "action", "installer", "service", "file", "event", "task"],
)
def test_how_to_write_a_machine_names_every_key(keys: Mapping[str, object]) -> None:
    text = (ROOT / "src/winsim/profiles/README.md").read_text(encoding="utf-8")
    table = re.sub("```.*?```", "", text, flags=re.DOTALL)
    named = {word for code in re.findall("`([^`]+)`", table) for word in re.findall(r"\w+", code)}

    assert [] == [key for key in keys if key not in named]
