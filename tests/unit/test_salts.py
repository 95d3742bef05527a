"""The salt of a client's people: made once, for our eyes only; without it nobody is known again."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from custode.core.errors import UsageError
from custode.core.people import pc_key
from custode.edges.project import Project
from custode.edges.salts import SALTS, people_salt, salt_path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv(SALTS, raising=False)
    return Project(tmp_path / "checkout")


def test_it_is_made_once_and_only_its_owner_reads_it(project: Project) -> None:
    first = people_salt(project, "acme")
    path = salt_path(project, "acme")

    assert people_salt(project, "acme") == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [path] == list(path.parent.iterdir())
    assert people_salt(project, "other") != first


def test_it_lies_outside_the_clients_store(project: Project) -> None:
    assert not salt_path(project, "acme").is_relative_to(project.store("acme"))
    assert not salt_path(project, "acme").is_relative_to(project.inventory("acme"))


def test_the_environment_names_another_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SALTS, str(tmp_path / "elsewhere"))

    people_salt(project, "acme")

    assert (tmp_path / "elsewhere" / "acme.salt").is_file()
    assert not (project.root / "salts").exists()


def test_who_deletes_it_has_forgotten_the_people(project: Project) -> None:
    before = pc_key(people_salt(project, "acme"), "pc-1")
    salt_path(project, "acme").unlink()

    assert pc_key(people_salt(project, "acme"), "pc-1") != before


def test_many_at_once_get_the_same(project: Project) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from custode.edges.project import Project; from custode.edges.salts import people_salt;"
        "print(people_salt(Project(Path(sys.argv[1])), 'acme').hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(project.root)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    told = {process.communicate()[0].strip() for process in started}

    assert told == {people_salt(project, "acme").hex()}


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("00" * 32, 0o644, "others may read the salt"),
        ("00" * 16, 0o600, "found 16 bytes"),
        ("no salt", 0o600, "the salt cannot be read"),
    ],
)
def test_a_salt_that_is_none_is_refused(
    project: Project, content: str, mode: int, words: str
) -> None:
    path = salt_path(project, "acme")
    path.parent.mkdir(parents=True)
    path.write_text(content)
    path.chmod(mode)

    with pytest.raises(UsageError, match=words) as caught:
        people_salt(project, "acme")

    assert str(path) in str(caught.value)
    assert caught.value.hint
