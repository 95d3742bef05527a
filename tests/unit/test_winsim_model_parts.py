"""The parts of a simulated PC: filters, registry, files, CIM classes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from winsim.model.cim import ACCESS_DENIED, INVALID_CLASS, TIMED_OUT, Cim, CimError, Rules
from winsim.model.files import File, FileSystem, LockedError
from winsim.model.registry import TYPES, Registry, type_of
from winsim.model.wql import WqlError, compile_filter
from winsim.moments import SimClock

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6))
words = st.sampled_from(
    ["AND", "or", "NOT", "LIKE", "IS", "NULL", "TRUE", "(", ")", "=", "<>", "<", ">=", "Name"]
)
pieces = st.one_of(words, st.text("abN_%[]^-'\"\\0123456789.²٣", max_size=5), st.text(max_size=3))


@given(st.lists(pieces, max_size=14).map(" ".join), st.dictionaries(st.just("Name"), values))
@example("(" * 5000, {})
@example("NOT " * 5000, {})
@example("Name = " + "9" * 5000, {})
@example("Name = 3", {"Name": "²"})
@example("Name LIKE '[z-a]'", {"Name": "x"})
@example("Name LIKE '[a--b]'", {"Name": "x"})
@example("Name = 1", {"Name": "--1"})
def test_whatever_a_filter_holds_the_answer_is_rows_or_its_own_error(
    text: str, row: dict[str, Any]
) -> None:
    try:
        assert compile_filter(text)(row) in {True, False}
    except WqlError:
        return


@given(st.text(max_size=12))
def test_a_quoted_text_finds_itself_and_like_finds_it_by_its_beginning(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")

    assert compile_filter(f"Name = '{quoted}'")({"Name": text})
    assert compile_filter("Name LIKE '%'")({"Name": text})


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("Nor%", True), ("nor_on%", True), ("[M-O]orton", True), ("[^M-O]orton", False), ("N", False)],
)
def test_like_knows_the_wildcards_of_wql(pattern: str, *, found: bool) -> None:
    assert found == compile_filter(f"Name LIKE '{pattern}'")({"Name": "Norton"})


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        ("text", "string"),
        (0, "dword"),
        (2**32 - 1, "dword"),
        (2**32, "qword"),
        (b"\x01", "binary"),
        (["a", "b"], "multistring"),
    ],
)
def test_a_value_has_the_type_of_its_data(data: Any, type_: str) -> None:
    registry = Registry()

    registry.set("HKLM\\SOFTWARE\\X", "a", data)

    found = registry.value("hklm:\\software\\x", "A")
    assert found is not None
    assert (type_, data) == (found.type, found.data)


@pytest.mark.parametrize("data", [-1, 2**64, True, 1.5, [1], None])
def test_what_no_type_holds_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="is no text"):
        type_of(data)


def test_a_declared_type_wins_over_the_datas_own() -> None:
    registry = Registry()

    registry.declare("HKU\\S-1-5-18\\X", "a", {"type": "expandstring", "data": "%TEMP%"})
    registry.declare("HKU\\S-1-5-18\\X", "b", {"type": "binary", "data": "dead"})

    assert {"a": ["REG_EXPAND_SZ", "%TEMP%"], "b": ["REG_BINARY", "dead"]} == registry.snapshot()[
        "HKU\\S-1-5-18\\X"
    ]
    assert set(TYPES) == {value.type for value in registry.values("HKU\\S-1-5-18\\X")} | {
        "none", "dword", "multistring", "string", "qword",
    }  # fmt: skip


@given(st.text("aB. ", min_size=1, max_size=6).filter(lambda t: t.strip(" .") == t))
def test_files_do_not_tell_case_apart_and_keep_it(name: str) -> None:
    files = FileSystem(SimClock(NOW))

    files.write(f"C:\\{name}\\{name}.TXT", b"x")

    found = files.get(f"c:/{name.swapcase()}/{name.swapcase()}.txt")
    assert found is not None
    assert f"C:\\{name}\\{name}.TXT" == found.path
    assert files.is_folder("C:\\")
    assert [found] == files.below("C:\\")


def test_a_file_is_no_folder_and_a_folder_no_file() -> None:
    files = FileSystem(SimClock(NOW))
    files.write("C:\\a\\b", b"x")

    with pytest.raises(NotADirectoryError):
        files.write("C:\\a\\b\\c", b"y")
    with pytest.raises(IsADirectoryError):
        files.write("C:\\a", b"y")
    assert ["C:\\a\\b"] == [file.path for file in files]


def test_nothing_is_removed_when_something_is_in_use() -> None:
    files = FileSystem(SimClock(NOW))
    files.add(File("C:\\a\\free"))
    files.add(File("C:\\a\\held", locked=True))

    with pytest.raises(LockedError):
        files.remove("C:\\a")

    assert files.exists("C:\\a\\free")


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 3])
def test_a_checksum_is_that_of_the_content(size: int) -> None:
    files = FileSystem(SimClock(NOW))
    files.add(File("C:\\a", size=size))

    assert hashlib.sha256(files.read("C:\\a")).hexdigest() == files.digest("C:\\a", "sha256")


def test_a_copy_keeps_version_signer_and_time() -> None:
    files = FileSystem(SimClock(NOW))
    files.add(File("C:\\a.exe", size=3, modified="now - 3d", version="1.2.3.4", signer="Example"))

    files.copy("C:\\a.exe", "C:\\b\\c.exe")

    copied = files.get("C:\\b\\c.exe")
    assert copied is not None
    assert ("1.2.3.4", "Example", datetime(2026, 10, 2, 7, tzinfo=UTC)) == (
        copied.version,
        copied.signer,
        copied.modified,
    )


def test_what_a_machine_declares_wins_over_what_the_model_works_out() -> None:
    cim = Cim({"root/cimv2": {"Win32_Service": {"error": "access_denied"}}})
    derived = {
        ("root/cimv2", "win32_service"): lambda world: [{"Name": world}],
        ("root/cimv2", "win32_process"): lambda world: [{"Name": world}],
    }
    cim.tie("y", Rules(derived=derived))

    with pytest.raises(CimError, match=ACCESS_DENIED):
        cim.rows("root/cimv2", "Win32_Service")
    assert [{"Name": "y"}] == cim.rows("root/cimv2", "Win32_Process")


@pytest.mark.parametrize(
    ("counters", "said"),
    [
        ({"error": "access_denied"}, ACCESS_DENIED),
        ({"error": "timeout"}, TIMED_OUT),
        ({"error": "unsupported"}, None),
        ([], None),
    ],
)
def test_missing_counters_are_none_and_refused_ones_an_error(
    counters: Any, said: str | None
) -> None:
    cim = Cim({"root/s": {"Disk": [{"Id": 1}], "Counter": counters}})
    cim.tie(None, Rules(links={("disk", "counter"): "Id"}))

    if said is None:
        assert cim.associated("root/s", "Disk", {"Id": 1}, "Counter") is None
        return
    with pytest.raises(CimError, match=said):
        cim.associated("root/s", "Disk", {"Id": 1}, "Counter")


def test_a_namespace_that_is_spelt_in_two_ways_is_one() -> None:
    cim = Cim({"root/CIMV2": {"X": [{"a": 1}]}, "root/cimv2": {"Y": [{"a": 2}]}})

    assert [1, 2] == [cim.rows("ROOT/cimv2", name)[0]["a"] for name in ("x", "y")]


def test_rows_that_are_given_out_are_copies() -> None:
    cim = Cim({"root/cimv2": {"X": [{"a": 1}]}})

    cim.rows("root/cimv2", "X")[0]["a"] = 2

    assert [{"a": 1}] == cim.rows("root/cimv2", "X")


def test_a_change_reaches_the_rows_of_a_slow_class_and_no_class_that_is_not_there() -> None:
    cim = Cim({"root/cimv2": {"X": {"seconds": 3, "rows": [{"a": 1, "b": 1}, {"a": 2, "b": 1}]}}})

    cim.change("root/cimv2", "X", {"a": 2}, {"b": 5})

    assert [1, 5] == [row["b"] for row in cim.rows("root/cimv2", "X")]
    with pytest.raises(CimError, match=INVALID_CLASS):
        cim.change("root/cimv2", "Y", {}, {"b": 5})
