"""A new client's inventory passes its own check, whatever the client is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from custode.core.errors import InputError, UsageError
from custode.edges.inventory import check_client, load_client
from custode.edges.project import Project
from custode.flows.clients import NewClient, NewPc, new_client

ACME = NewClient(
    id="acme",
    name="ACME S.r.l.",
    contact_name="L'ufficio: acquisti #1",
    contact_email="ufficio@acme.example",
    provider_name="Assistenza & Co.",
    server_url="https://cloud.acme.example",
    signed_on=date(2026, 9, 1),
    starts_on=date(2026, 10, 1),
    pcs=(NewPc("pc-1", "desktop", "192.0.2.10"), NewPc("pc-2", "notebook", "pc-2.acme.example")),
)
one_line = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text and text
)


def test_a_new_client_passes_its_own_check(tmp_path: Path) -> None:
    project = Project(tmp_path)

    paths = new_client(project, ACME)

    assert [] == check_client(project, "acme")
    assert ["contract.yml", "hosts.yml", "connection.yml"] == [path.name for path in paths]
    assert ["pc-1", "pc-2"] == [host.name for host in load_client(project, "acme").hosts]


def test_no_secret_is_written(tmp_path: Path) -> None:
    _, _, connection = new_client(Project(tmp_path), ACME)

    settings_ = yaml.safe_load(connection.read_text(encoding="utf-8"))
    assert (
        "{{ lookup('ansible.builtin.env', 'CUSTODE_ACME_PASSWORD') }}"
        == settings_["ansible_password"]
    )


def test_an_inventory_is_never_overwritten(tmp_path: Path) -> None:
    project = Project(tmp_path)
    paths = new_client(project, ACME)
    before = [path.read_bytes() for path in paths]

    with pytest.raises(UsageError, match="is there already"):
        new_client(project, replace(ACME, name="Other"))

    assert before == [path.read_bytes() for path in paths]


def test_a_wrong_answer_leaves_nothing_behind(tmp_path: Path) -> None:
    project = Project(tmp_path)

    with pytest.raises(InputError, match=r"contract\.yml:\d+:\d+: client\.contacts\.0\.email"):
        new_client(project, replace(ACME, contact_email="nobody"))

    assert [] == list(project.inventories.iterdir())


@pytest.mark.parametrize("name", ["../evil", "Acme", "a b", "", "1st"])
def test_a_name_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        new_client(Project(tmp_path), replace(ACME, id=name))


@settings(max_examples=60, deadline=None)
@given(name=one_line, contact=one_line)
def test_any_name_survives_the_form(name: str, contact: str) -> None:
    with TemporaryDirectory() as folder:
        project = Project(Path(folder))

        new_client(project, replace(ACME, name=name, contact_name=contact))

        client = load_client(project, "acme").contract.client
        assert (name.strip(), contact.strip()) == (client.name, client.contacts[0].name)
