"""An inventory is checked against its contract, and keeps no secret in clear."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from custode.core.errors import UsageError
from custode.edges.inventory import check_client, load_client, targets
from custode.edges.project import Project, find_project
from custode.flows.clients import NewClient, NewPc, new_client

ACME = NewClient(
    id="acme",
    name="ACME S.r.l.",
    contact_name="Ufficio",
    contact_email="ufficio@acme.example",
    provider_name="Assistenza",
    server_url="https://cloud.acme.example",
    signed_on=date(2026, 9, 1),
    starts_on=date(2026, 10, 1),
    pcs=(NewPc("pc-1", "desktop", "192.0.2.10"), NewPc("pc-2", "notebook", "192.0.2.11")),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    new_client(made, ACME)
    return made


def found(project: Project) -> list[str]:
    return [f"{p.key}: {p.found}" for p in check_client(project, "acme")]


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.inventory("acme") / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_covered_pc_without_a_host_is_named(project: Project) -> None:
    edit(project, "contract.yml", "  pc-2:", "  pc-3:")

    assert [
        "devices.pc-3: no host pc-3",
        f"all.hosts.pc-2: a host that {project.inventory('acme') / 'contract.yml'} does not cover",
    ] == found(project)


def test_a_pc_no_longer_covered_must_leave_the_hosts(project: Project) -> None:
    edit(project, "contract.yml", "kind: notebook", "kind: notebook\n    covered: false")

    assert 1 == len(found(project))


def test_a_mobile_device_needs_no_host(project: Project) -> None:
    edit(
        project,
        "contract.yml",
        "devices:\n",
        "devices:\n  telefono:\n    kind: mobile\n    owncloud_copy: true\n",
    )

    assert [] == found(project)


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("ansible_password: Canary-1", False),
        ("teamviewer_api_token: Canary-1", False),
        ("ansible_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162", True),
        ("ansible_password: '{{ vault_password }}'", True),
        ("owncloud_password: \"{{ lookup('ansible.builtin.env', 'X') }}\"", True),
    ],
)
def test_secrets_come_from_the_vault_or_the_environment(
    project: Project,
    line: str,
    accepted: bool,  # noqa: FBT001
) -> None:
    extra = project.inventory("acme") / "group_vars" / "all" / "more.yml"
    extra.write_text(f"---\n{line}\n", encoding="utf-8")

    problems = check_client(project, "acme")

    assert accepted == (not problems)
    assert all("Canary" not in str(problem) for problem in problems)


def test_a_whole_vault_file_is_left_alone(project: Project) -> None:
    path = project.inventory("acme") / "group_vars" / "all" / "vault.yml"
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n61626364\n", encoding="utf-8")

    assert [] == found(project)


def test_plain_http_is_refused_for_real_pcs(project: Project) -> None:
    edit(project, "group_vars/all/connection.yml", "5986", "5985")

    assert 2 == sum("plain HTTP" in line for line in found(project))


def test_certificates_must_be_checked_for_real_pcs(project: Project) -> None:
    edit(project, "group_vars/all/connection.yml", "validation: validate", "validation: ignore")

    assert ["ansible_winrm_server_cert_validation: ignore"] == found(project)


def test_simulated_clients_may_speak_plain_http() -> None:
    assert [] == check_client(find_project(Path(__file__)), "demo")


def test_an_unknown_client_is_told_the_nearest_name(project: Project) -> None:
    with pytest.raises(UsageError, match="no client 'acne'") as caught:
        load_client(project, "acne")

    assert "did you mean `acme`?" == caught.value.hint


def test_a_folder_outside_any_project_is_said_to_be_outside(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not inside a Custode project"):
        find_project(tmp_path)


@pytest.mark.parametrize(
    ("limit", "chosen"),
    [
        (None, ("pc-1", "pc-2")),
        ("pc-2", ("pc-2",)),
        ("pc-*,!pc-1", ("pc-2",)),
        ("all:&pc-1", ("pc-1",)),
    ],
)
def test_a_limit_is_a_pattern_of_ansible(
    project: Project, limit: str | None, chosen: tuple[str, ...]
) -> None:
    assert chosen == targets(load_client(project, "acme"), limit)


@pytest.mark.parametrize("limit", ["pc-3", "pc-1,pc-3", "all:!pc-3", "pc-1:&pc-2"])
def test_a_limit_that_names_no_pc_is_an_error_also_beside_names_that_do(
    project: Project, limit: str
) -> None:
    with pytest.raises(UsageError) as caught:
        targets(load_client(project, "acme"), limit)

    assert "its PCs are: pc-1, pc-2" == caught.value.hint
