"""The pinned backup client against the contract and the server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from custode.cli.app import app
from custode.core.backup_pin import Server, agrees, guess_refusal, pin_refusal
from custode.core.errors import InputError
from custode.edges.inventory import load_client
from custode.edges.project import Project
from custode.flows.backup_pin import pin_problems
from custode.flows.catalogs import readiness

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("contracted", "pinned", "same"),
    [
        ("6.0.3", "6.0.3.18040", True),
        ("6.0.3.18040", "6.0.3.18040", True),
        ("6", "6.0.3.18040", True),
        ("6.0.3.18040", "6.0", True),
        ("6.0.2", "6.0.3.18040", False),
        ("7.1", "6.0.3.18040", False),
        ("6.0.30", "6.0.3.18040", False),
    ],
)
def test_the_contract_may_say_the_version_to_fewer_places(
    contracted: str, pinned: str, same: object
) -> None:
    assert same is agrees(contracted, pinned)


@pytest.mark.parametrize(
    ("pinned", "product", "refused"),
    [
        ("5.3.2", "classic", False),
        ("6.0.3.18040", "classic", False),
        ("7.1.0.19041", "classic", True),
        ("6.0.3.18040", "infinite_scale", False),
        ("7.1.0.19041", "infinite_scale", False),
        ("8.0", "infinite_scale", True),
        # What is not known refuses nothing here; the PC is looked at.
        ("7.1.0.19041", None, False),
    ],
)
def test_a_client_that_cannot_speak_to_the_server_is_refused(
    pinned: str, product: str | None, refused: object
) -> None:
    reason = pin_refusal(pinned, Server(product, "version 10.15.0.4 at https://cloud.example"))

    assert refused is (reason is not None)
    if reason is not None:
        assert "the backup would end" in reason.message
        assert reason.hint


@pytest.mark.parametrize(
    ("installed", "refused"),
    [
        ("6.0.0.17092", False),
        ("6.0.3.18040", False),
        ("5.3.2", True),
        ("7.1.0", True),
        (None, True),
    ],
)
def test_another_generation_is_not_installed_on_a_guess(
    installed: str | None, refused: object
) -> None:
    reason = guess_refusal("6.0.3.18040", installed, Server(None, "it did not answer in time"))

    assert refused is (reason is not None)
    if reason is not None:
        assert "it did not answer in time" in reason.message


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    (root / "playbooks").mkdir(parents=True)
    shutil.copytree(ROOT / "inventories" / "demo", root / "inventories" / "demo")
    (root / "ansible.cfg").touch()
    (root / "policies").symlink_to(ROOT / "policies")
    return Project(root)


def contract(project: Project, backup: dict[str, str]) -> Path:
    path = project.inventory("demo") / "contract.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    services = {**data["services"], "backup": {"product": "owncloud", **backup}}
    path.write_text(yaml.safe_dump({**data, "services": services}), encoding="utf-8")
    return path


SERVER = {"server_url": "https://cloud.studio-bianchi.example"}


def test_a_contract_and_a_catalog_that_agree_are_in_order(project: Project) -> None:
    assert [] == pin_problems(project, load_client(project, "demo"))


def test_a_version_that_the_catalog_does_not_pin_is_told_with_its_place(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = contract(project, {"version": "7.1", **SERVER})
    line = 1 + path.read_text("utf-8").splitlines().index("    version: '7.1'")

    (problem,) = pin_problems(project, load_client(project, "demo"))

    words = str(problem)
    assert f"{path}:{line}:" in words
    assert "services.backup.version: found version 7.1; allowed: 6.0.3.18040" in words
    assert problem in readiness(project, "demo").problems
    monkeypatch.chdir(project.root)
    checked = CliRunner().invoke(app, ["client", "check", "demo"])
    assert isinstance(checked.exception, InputError)


def test_a_version_left_out_is_told_where_it_is_missing(project: Project) -> None:
    path = project.inventory("demo") / "catalog" / "owncloud.yml"
    entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**entry, "version": "5.3.2"}), encoding="utf-8")
    contract(project, SERVER)

    (problem,) = pin_problems(project, load_client(project, "demo"))

    assert "services.backup: found version 6.0.3; allowed: 5.3.2" in str(problem)


def test_an_entry_that_is_missing_is_told_once_and_elsewhere(project: Project) -> None:
    (project.inventory("demo") / "catalog" / "owncloud.yml").unlink()

    assert [] == pin_problems(project, load_client(project, "demo"))
    assert 1 == sum("owncloud" in str(problem) for problem in readiness(project, "demo").problems)
