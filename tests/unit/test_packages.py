"""What real packages say of themselves, and that half a file says nothing."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.errors import UsageError
from custode.edges.packages import Package, read_package

PACKAGES = Path(__file__).parent / "packages"
MAKER = "Example Maker S.r.l."


def test_an_msi_says_its_properties_its_architecture_and_who_signed_it() -> None:
    assert read_package(PACKAGES / "example.msi") == Package(
        kind="msi",
        signer=MAKER,
        version="2.4.1",
        name="Example Tool",
        manufacturer=MAKER,
        product_code="{7B4D0F7C-0B6E-4E55-9E0C-1E6E2F0A0001}",
        upgrade_code="{7B4D0F7C-0B6E-4E55-9E0C-1E6E2F0A00FF}",
        architecture="x64",
    )


def test_a_program_says_who_signed_it() -> None:
    assert read_package(PACKAGES / "example.exe") == Package("exe", MAKER)


def zipped(folder: Path, *programs: bytes) -> Path:
    path = folder / "tool.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lang/lang-1040.dll", b"MZ")
        for number, program in enumerate(programs):
            archive.writestr(f"tool/Tool{number}.exe", program)
    return path


def test_a_zip_says_who_signed_all_programs_in_it(tmp_path: Path) -> None:
    signed = (PACKAGES / "example.exe").read_bytes()
    unsigned = signed.replace(b"Example Maker S.r.l.", b"Another Maker S.r.l.")

    assert read_package(zipped(tmp_path, signed, signed)) == Package("zip", MAKER)
    assert read_package(zipped(tmp_path, signed, unsigned)) == Package("zip", None)


def test_a_zip_without_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no program"):
        read_package(zipped(tmp_path))
    with pytest.raises(UsageError, match=r"Tool0\.exe in .* is no program"):
        read_package(zipped(tmp_path, b"text"))


@given(data=st.data())
def test_a_damaged_zip_is_refused_or_says_less(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = zipped(tmp_path_factory.mktemp("zip"), (PACKAGES / "example.exe").read_bytes())
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))

    with contextlib.suppress(UsageError):
        assert read_package(path).kind == "zip"


def test_an_unsigned_package_names_nobody() -> None:
    assert read_package(PACKAGES / "unsigned.msi").signer is None


@pytest.mark.parametrize("name", ["example.msi", "example.exe"])
@pytest.mark.parametrize("part", range(0, 100, 9))
def test_half_a_file_is_refused_or_says_less_and_never_anything_else(
    tmp_path: Path, name: str, part: int
) -> None:
    whole = (PACKAGES / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: len(whole) * part // 100])
    hint = ""
    found = None
    try:
        found = read_package(path)
    except UsageError as error:
        hint = error.hint
    assert found in {None, read_package(PACKAGES / name), Package("exe", None)}
    assert (found is None) == hint.startswith("download it again")


def test_other_files_are_no_installers(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    for path, words in (
        (tmp_path / "notes.txt", "is no installer"),
        (tmp_path / "none.msi", "there is no file"),
    ):
        with pytest.raises(UsageError, match=words):
            read_package(path)
