"""The catalog before a visit: what a client lacks, and entries made of real packages."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from custode.cli.app import app
from custode.core.errors import InputError, UsageError
from custode.core.needs import needed_products
from custode.edges.catalog import file_sha256, load_product
from custode.edges.installer_folders import installer_folders
from custode.edges.inventory import load_client
from custode.edges.project import Project
from custode.flows.catalogs import NewEntry, add, readiness, require_installers
from winsim.installers import build_installers

ROOT = Path(__file__).parents[2]
PACKAGES = Path(__file__).parent / "packages"
MSI, EXE = PACKAGES / "example.msi", PACKAGES / "example.exe"
MAKER = "Example Maker S.r.l."
TOLD = NewEntry(product="tool", source="the maker", files=("%ProgramFiles%\\ExampleTool\\x.dat",))
ENTRY = """---
# Why this one: it is the last that works.
id: tool
title: Example Tool
vendor: Example Maker S.r.l.
version: "2.3"  # pinned
signers: [Example Maker S.r.l.]
installer:
  kind: msi
  file: tool-2.3.msi
  sha256: null  # yours
  source: the maker
  upgrade_code: "{7B4D0F7C-0B6E-4E55-9E0C-1E6E2F0A00FF}"
detect:
  display_name: ^Example Tool
  evidence:
    - files: ['%ProgramFiles%\\\\ExampleTool\\\\x.dat']
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose one client is a copy of the demo's, without any installer."""
    root = tmp_path / "project"
    (root / "playbooks").mkdir(parents=True)
    shutil.copytree(ROOT / "inventories" / "demo", root / "inventories" / "demo")
    (root / "ansible.cfg").touch()
    (root / "policies").symlink_to(ROOT / "policies")
    return Project(root)


def contract(project: Project, **changes: Any) -> None:
    path = project.inventory("demo") / "contract.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**data, **changes}), encoding="utf-8")


def test_what_is_missing_for_a_client_is_listed_at_once(project: Project) -> None:
    found = readiness(project, "demo")
    assert found.cache == project.root / ".demo" / "cache"
    wanted = needed_products(load_client(project, "demo").contract)
    assert len(found.problems) == len(wanted)
    with pytest.raises(InputError, match="no such file"):
        require_installers(project, load_client(project, "demo"))


def test_a_client_whose_installers_are_all_there_lacks_nothing(project: Project) -> None:
    contract(project, cleanup={"tool": "windows"})
    build_installers("office", project.root / ".demo" / "cache")
    found = readiness(project, "demo")
    assert (set(found.ready), found.problems) == ({"norton", "owncloud", "teamviewer_host"}, [])
    require_installers(project, load_client(project, "demo"))


def test_the_clean_up_tool_of_the_contract_is_needed_too(project: Project) -> None:
    contract(project, cleanup={"tool": "ccleaner"})
    assert "ccleaner" in needed_products(load_client(project, "demo").contract)
    shutil.rmtree(project.inventory("demo") / "catalog")
    shutil.copytree(ROOT / "inventories/demo/catalog", project.inventory("demo") / "catalog")
    (project.inventory("demo") / "catalog" / "ccleaner.yml").unlink(missing_ok=True)
    problems = readiness(project, "demo").problems
    assert any(
        problem.key == "ccleaner" and "no such entry" in str(problem) for problem in problems
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("/mnt/share", "/mnt/share"),
        ("{{ inventory_dir }}/x", "{inventory}/x"),
        ("{{ lookup('ansible.builtin.env', 'HOME') }}/x", "/home/tester/x"),
        ("~/x", "/home/tester/x"),
        ("$HOME/x", "/home/tester/x"),
        ("shared", "{root}/shared"),
    ],
)
def test_the_folder_is_where_ansible_would_look(
    project: Project, monkeypatch: pytest.MonkeyPatch, said: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/tester")
    folder = project.inventory("demo")
    path = folder / "group_vars" / "all" / "connection.yml"
    path.write_text(f'custode_cache: "{said}"\n', encoding="utf-8")
    (folder / "group_vars" / "all" / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    found = installer_folders(project, folder)
    assert str(found.cache) == expected.format(inventory=folder, root=project.root)
    assert found.catalog == (ROOT / "policies" / "catalog").resolve()


def test_a_folder_that_only_the_vault_knows_is_refused_in_words(project: Project) -> None:
    folder = project.inventory("demo")
    path = folder / "group_vars" / "all" / "connection.yml"
    path.write_text('custode_cache: "{{ vault_cache }}"\n', encoding="utf-8")
    with pytest.raises(InputError, match="custode_cache: found"):
        installer_folders(project, folder)


def test_a_new_entry_is_made_of_what_the_file_says(catalog: Path) -> None:
    path, lines = add(catalog, MSI, TOLD)
    made = load_product(catalog, "tool")
    assert path == catalog / "tool.yml"
    assert (made.version, made.signers, made.architecture) == ("2.4.1", (MAKER,), "x64")
    assert made.installer.product_code == "{7B4D0F7C-0B6E-4E55-9E0C-1E6E2F0A0001}"
    assert made.installer.sha256 == file_sha256(MSI)
    assert "version: 2.4.1" in lines


def test_a_program_needs_what_it_does_not_say(catalog: Path) -> None:
    with pytest.raises(UsageError, match="needs --title, --vendor, --entry-version"):
        add(catalog, EXE, TOLD)
    whole = replace(TOLD, title="Tool", vendor=MAKER, version="3", arguments=("/S",), attended=True)
    add(catalog, EXE, whole)
    made = load_product(catalog, "tool").installer
    assert (made.kind, made.arguments, made.attended) == ("exe", ("/S",), True)


@pytest.mark.parametrize("product", [None, "tool"], ids=["known by its code", "named"])
def test_a_known_entry_is_brought_up_to_date_and_keeps_its_comments(
    catalog: Path, product: str | None
) -> None:
    (catalog / "tool.yml").write_text(ENTRY, encoding="utf-8")
    _, lines = add(catalog, MSI, NewEntry(product=product))
    text = (catalog / "tool.yml").read_text(encoding="utf-8")
    changed = set(text.splitlines()) - set(ENTRY.splitlines())
    assert text.startswith("---\n# Why this one: it is the last that works.\n")
    assert "# pinned" in text
    assert "# yours" in text
    assert len(changed) == len(lines) == 5  # version, file, sum, product code, architecture
    assert load_product(catalog, "tool").version == "2.4.1"
    assert add(catalog, MSI, NewEntry()) == (catalog / "tool.yml", [])


def test_a_maker_who_signs_under_a_new_name_is_accepted_only_when_told(catalog: Path) -> None:
    before = ENTRY.replace("signers: [Example Maker S.r.l.]", "signers: [Former Maker]")
    (catalog / "tool.yml").write_text(before, encoding="utf-8")
    with pytest.raises(UsageError, match="signed by Example Maker"):
        add(catalog, MSI, NewEntry())
    assert (catalog / "tool.yml").read_text(encoding="utf-8") == before
    add(catalog, MSI, NewEntry(signer=MAKER))
    assert load_product(catalog, "tool").signers == ("Former Maker", MAKER)


def test_another_product_never_takes_an_entrys_place(catalog: Path) -> None:
    (catalog / "tool.yml").write_text(ENTRY.replace("00FF}", "00EE}"), encoding="utf-8")
    with pytest.raises(UsageError, match="is another product than tool"):
        add(catalog, MSI, NewEntry(product="tool"))


def test_a_tool_that_comes_as_a_zip_is_renewed_and_its_settings_stay(
    catalog: Path, tmp_path: Path
) -> None:
    entry = (ROOT / "policies" / "catalog" / "ccleaner.yml").read_text(encoding="utf-8")
    path = catalog / "ccleaner.yml"
    path.write_text(entry.replace("signers: [", f"signers: [{MAKER}, "), encoding="utf-8")
    before = load_product(catalog, "ccleaner")
    newer = tmp_path / "ccsetup640.zip"
    with zipfile.ZipFile(newer, "w") as archive:
        archive.write(EXE, "CCleaner64.exe")

    _, lines = add(catalog, newer, NewEntry(product="ccleaner", version="6.40"))

    made = load_product(catalog, "ccleaner")
    assert (made.version, made.installer.file) == ("6.40", newer.name)
    assert made.installer.sha256 == file_sha256(newer)
    assert made.installer.settings == before.installer.settings
    assert len(lines) == 3
    with pytest.raises(UsageError, match="comes as zip"):
        add(catalog, EXE, NewEntry(product="ccleaner", version="6.40"))


def test_an_unsigned_package_makes_no_entry(catalog: Path) -> None:
    with pytest.raises(UsageError, match="bears no signature"):
        add(catalog, PACKAGES / "unsigned.msi", TOLD)
    assert list(catalog.iterdir()) == []


def test_an_entry_that_would_be_wrong_is_not_left(catalog: Path) -> None:
    with pytest.raises(InputError, match="id"):
        add(catalog, MSI, replace(TOLD, product="Not An Id"))
    (catalog / "tool.yml").write_text(ENTRY, encoding="utf-8")
    with pytest.raises(InputError, match="version"):
        add(catalog, MSI, NewEntry(version="latest"))
    assert (catalog / "tool.yml").read_text(encoding="utf-8") == ENTRY


def test_the_commands_say_what_they_did(
    project: Project, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    contract(project, cleanup={"tool": "windows"})
    run = CliRunner().invoke
    missing = run(app, ["catalog", "check", "demo", "--json"])
    assert missing.exit_code == 2
    assert "no such file" in missing.stdout
    build_installers("office", project.root / ".demo" / "cache")
    there = run(app, ["catalog", "check", "demo"])
    assert (there.exit_code, "every installer is in" in there.stdout) == (0, True)
    (catalog / "tool.yml").write_text(ENTRY, encoding="utf-8")
    added = run(app, ["catalog", "add", str(MSI), "--catalog", str(catalog)])
    assert added.exit_code == 0
    assert "version: 2.3 -> 2.4.1" in added.stdout
    assert "next: put example.msi into your folder" in added.stdout
