"""The catalog: entries that say what is wrong with them, and installers proven by their sum."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from custode.core.errors import ExitCode, InputError, UsageError
from custode.edges.catalog import file_sha256, load_installers, load_product

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "policies" / "catalog"
CONTENT = b"an installer"


def entry(**installer: Any) -> dict[str, Any]:
    return {
        "id": "tool",
        "title": "Tool",
        "vendor": "Maker",
        "version": "1.2.3",
        "signers": ["Maker"],
        "installer": {
            "kind": "msi",
            "file": "Tool.msi",
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "source": "https://maker.example/tool",
            **installer,
        },
        "detect": {"display_name": "^Tool$", "evidence": [{"files": ["%ProgramFiles%\\T\\t.exe"]}]},
    }


def test_a_list_of_versions_beside_a_minimum_is_refused_with_its_place(catalog: Path) -> None:
    both = {**entry(), "accepts": "minimum", "also_allowed": ["1.1"]}
    (catalog / "tool.yml").write_text(yaml.safe_dump(both), encoding="utf-8")

    with pytest.raises(InputError, match=r"tool\.yml:2:1[^\n]* also_allowed: .*no place beside"):
        load_product(catalog, "tool")


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def write(catalog: Path, data: dict[str, Any], name: str = "tool") -> Path:
    path = catalog / f"{name}.yml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("product_id", sorted(path.stem for path in SHIPPED.glob("*.yml")))
def test_every_shipped_entry_is_right(product_id: str) -> None:
    assert load_product(SHIPPED, product_id).id == product_id


def test_the_shipped_pin_of_owncloud_is_the_last_that_speaks_to_owncloud_10() -> None:
    product = load_product(SHIPPED, "owncloud")
    assert product.version == "6.0.3.18040"
    assert product.installer.product_code == "{1D382CF5-AF11-4E42-A85B-7504BD2D3240}"
    assert product.accepts == "exact"


def test_the_right_installer_is_found_with_its_path(catalog: Path, cache: Path) -> None:
    write(catalog, entry())
    (cache / "Tool.msi").write_bytes(CONTENT)
    found = load_installers(catalog, cache, ["tool"], need_files=True)
    assert found["tool"][1] == cache / "Tool.msi"


def test_a_missing_installer_says_its_sum_and_where_to_get_it(catalog: Path, cache: Path) -> None:
    write(catalog, entry())
    with pytest.raises(InputError) as caught:
        load_installers(catalog, cache, ["tool"], need_files=True)
    [problem] = caught.value.problems
    assert problem.file == str(cache / "Tool.msi")
    assert problem.found == "no such file"
    assert hashlib.sha256(CONTENT).hexdigest() in problem.allowed
    assert "https://maker.example/tool" in problem.hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_another_file_under_the_right_name_is_refused(catalog: Path, cache: Path) -> None:
    write(catalog, entry())
    (cache / "Tool.msi").write_bytes(b"something else")
    with pytest.raises(InputError) as caught:
        load_installers(catalog, cache, ["tool"], need_files=True)
    [problem] = caught.value.problems
    assert problem.found == f"sha256 {hashlib.sha256(b'something else').hexdigest()}"


def test_an_entry_without_a_sum_says_how_to_fill_it(catalog: Path, cache: Path) -> None:
    path = write(catalog, entry(sha256=None))
    (cache / "Tool.msi").write_bytes(CONTENT)
    with pytest.raises(InputError) as caught:
        load_installers(catalog, cache, ["tool"], need_files=True)
    [problem] = caught.value.problems
    assert (problem.file, problem.key) == (str(path), "installer.sha256")
    assert path.read_text(encoding="utf-8").splitlines()[problem.line - 1].strip().startswith("sha")
    assert "custode catalog add" in problem.hint


def test_all_that_is_missing_is_said_at_once(catalog: Path, cache: Path) -> None:
    write(catalog, entry())
    write(catalog, {**entry(file="Other.msi"), "id": "other"}, "other")
    with pytest.raises(InputError) as caught:
        load_installers(catalog, cache, ["tool", "other"], need_files=True)
    assert {Path(problem.file).name for problem in caught.value.problems} == {
        "Tool.msi",
        "Other.msi",
    }


def test_entries_can_be_read_without_the_files(catalog: Path, cache: Path) -> None:
    write(catalog, entry(sha256=None))
    assert load_installers(catalog, cache, ["tool"], need_files=False)["tool"][0].title == "Tool"


def test_an_unknown_product_gets_a_suggestion(catalog: Path) -> None:
    write(catalog, entry())
    with pytest.raises(UsageError) as caught:
        load_product(catalog, "tol")
    assert "did you mean `tool`?" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"file": "../evil.msi"}, "installer.file", "pattern"),
        ({"sha256": "ABC"}, "installer.sha256", "pattern"),
        ({"kind": "rpm"}, "installer.kind", "msi"),
        ({"argument": ["/qn"]}, "installer.argument", "did you mean `arguments`?"),
    ],
)
def test_a_wrong_key_is_named_with_its_place(
    catalog: Path, change: dict[str, Any], key: str, words: str
) -> None:
    write(catalog, entry(**change))
    with pytest.raises(InputError) as caught:
        load_product(catalog, "tool")
    [problem] = caught.value.problems
    assert problem.key == key
    assert problem.line > 1
    assert words in str(problem)


def test_a_version_that_yaml_reads_as_a_number_is_refused(catalog: Path) -> None:
    write(catalog, {**entry(), "version": 22.1})
    with pytest.raises(InputError, match="version"):
        load_product(catalog, "tool")


def test_an_entry_under_another_files_name_is_refused(catalog: Path) -> None:
    write(catalog, entry(), "other")
    with pytest.raises(InputError) as caught:
        load_product(catalog, "other")
    assert (caught.value.problems[0].found, caught.value.problems[0].allowed) == ("tool", "other")


def test_a_regular_expression_that_does_not_compile_is_refused(catalog: Path) -> None:
    data = entry()
    data["detect"]["display_name"] = "^Tool("
    write(catalog, data)
    with pytest.raises(InputError, match="regular expression"):
        load_product(catalog, "tool")


def test_a_sum_is_computed_over_the_whole_file(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    path = tmp_path / "large.bin"
    path.write_bytes(content)
    assert file_sha256(path) == hashlib.sha256(content).hexdigest()
