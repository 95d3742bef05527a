"""The simulated PC: what modules read and change, and stories that do not depend on when they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from winsim.host import UNINSTALL, Host
from winsim.installers import build_installer, parse_installer
from winsim.model.registry import Registry
from winsim.model.wql import WqlError, compile_filter
from winsim.modules import ModuleNotModelled, run_module
from winsim.moments import resolve
from winsim.profiles import ProfileError, load_profiles

pytestmark = pytest.mark.usefixtures("anything_may_be_read")

OCTOBER = datetime(2026, 10, 5, 7, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 9, 8, tzinfo=UTC)
names = st.text("abcXYZ09 .{}-", min_size=1, max_size=8).filter(
    lambda text: text.strip(" .") == text
)


def pc(name: str, *, at: datetime = OCTOBER) -> Host:
    host = next(host for host in load_profiles(["office"]) if host.name == name)
    host.advance(at)
    return host


def probe(host: Host, **arguments: Any) -> dict[str, Any]:
    answer = run_module(host, "fleet_probe", {"probes": [{"id": "x", **arguments}]})
    result: dict[str, Any] = answer["facts"]["x"]
    return result


@given(st.lists(names, min_size=1, max_size=3), names, st.integers(0, 2**64 - 1))
def test_the_registry_does_not_tell_case_apart(path: list[str], name: str, value: int) -> None:
    registry = Registry()
    key = "\\".join(["HKLM", *path])

    registry.set(key, name, value)

    assert value == registry.get(key.swapcase().replace("hklm", "HKLM"), name.swapcase())
    assert registry.exists("HKEY_LOCAL_MACHINE\\" + "\\".join(path).upper())
    assert registry.delete(key.lower())
    assert not registry.exists(key)


def test_subkeys_are_those_directly_below() -> None:
    registry = Registry()
    for path in ("A\\B", "A\\B\\C", "A\\D", "AB"):
        registry.make(f"HKLM\\{path}")

    assert ["B", "D"] == registry.subkeys("HKLM\\a")


ROWS = [
    {"Name": "Norton Antivirus", "State": "Running", "Number": 3, "Odd": None},
    {"Name": "Spooler", "State": "Stopped", "Number": 10, "Odd": True},
]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Name = 'norton antivirus'", [3]),
        ("number > 3 AND State <> 'Running'", [10]),
        ("Name LIKE 'S%' OR Number = 3", [3, 10]),
        ("NOT (Number = 3)", [10]),
        ("Odd IS NULL", [3]),
        ("Odd IS NOT NULL AND Odd = TRUE", [10]),
        ("Odd <> FALSE", [10]),
    ],
)
def test_filters_select_as_wql_does(where: str, found: list[int]) -> None:
    selects = compile_filter(where)

    assert found == [row["Number"] for row in ROWS if selects(row)]


@given(st.text("ab =<>'()andorNULL%123", max_size=30))
def test_a_filter_that_cannot_be_read_is_a_wql_error_and_nothing_else(text: str) -> None:
    try:
        selects = compile_filter(text)
        [selects(row) for row in ROWS]
    except WqlError:
        return


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 60 * 24), max_size=4), st.integers(0, 60 * 24))
def test_a_story_does_not_depend_on_when_it_is_told(stops: list[int], end: int) -> None:
    direct, stepwise = ({host.name: host for host in load_profiles(["office"])} for _ in range(2))
    last = OCTOBER + timedelta(hours=end)

    for name in ("contabilita-1", "direzione", "portatile-1", "segreteria"):
        direct[name].advance(last)
        for hours in sorted(stop for stop in stops if stop <= end):
            stepwise[name].advance(OCTOBER + timedelta(hours=hours))
        stepwise[name].advance(last)

        assert direct[name].snapshot() == stepwise[name].snapshot()


def test_relative_times_follow_the_clock_and_fixed_ones_do_not() -> None:
    assert OCTOBER - timedelta(minutes=20) == resolve("now - 20m", OCTOBER)
    assert resolve("2026-10-21T18:42:00+02:00", OCTOBER) == resolve(
        "2026-10-21T16:42:00Z", NOVEMBER
    )
    with pytest.raises(ValueError, match="time zone"):
        resolve("2026-10-21T18:42:00", OCTOBER)


def test_a_product_removed_by_a_user_leaves_what_windows_leaves() -> None:
    host = pc("contabilita-1", at=NOVEMBER)

    events = probe(
        host, kind="event_log", log="Application", providers=["SecurityCenter"], ids=[15],
        fields=["0", "1"], max=50,
    )["rows"]  # fmt: skip
    products = probe(
        host, kind="cim", namespace="root/SecurityCenter2", **{"class": "AntiVirusProduct"},
        properties=["displayName", "productState"],
    )["rows"]  # fmt: skip

    assert [
        ("2026-10-21T16:42:00Z", "Windows Defender", "SECURITY_PRODUCT_STATE_ON"),
        ("2026-10-21T16:42:00Z", "Norton 360", "SECURITY_PRODUCT_STATE_OFF"),
    ] == [(event["time"], event["data"]["0"], event["data"]["1"]) for event in events]
    assert [{"displayName": "Windows Defender", "productState": 397568}] == products
    assert not host.registry.exists(f"{UNINSTALL}\\Norton 360")
    assert "norton antivirus" not in host.services


def test_installing_and_removing_an_msi_leaves_its_events_and_nothing_else() -> None:
    host = pc("direzione")
    spec = host.specs["owncloud"]
    host.files.make_folder("C:\\Stage")
    host.files.write("C:\\Stage\\x.msi", build_installer(spec))
    before = host.snapshot()
    product = spec["product_code"]

    installed = run_module(host, "win_package", {"path": "C:\\Stage\\x.msi", "product_id": product})
    again = run_module(host, "win_package", {"path": "C:\\Stage\\x.msi", "product_id": product})
    removed = run_module(host, "win_package", {"product_id": product, "state": "absent"})

    assert [True, False, True] == [r["changed"] for r in (installed, again, removed)]
    after = host.snapshot()
    added = after.pop("events")[len(before.pop("events")) :]
    assert [1033, 11707, 1034, 11724] == [event["id"] for event in added]
    assert ["0", "0"] == [event["data"][3] for event in added if event["id"] in {1033, 1034}]
    for side in (before, after):
        side["files"].pop("folders")
    assert before == after


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("win_copy", {"src": "C:\\Windows\\Temp\\MpSigStub.log", "dest": "C:\\Windows\\x"}),
        ("win_file", {"path": "C:\\New", "state": "directory"}),
        ("win_file", {"path": "C:\\Windows\\Temp", "state": "absent"}),
        ("win_tempfile", {"state": "directory"}),
        ("win_regedit", {"path": "HKLM:\\SOFTWARE\\X", "name": "a", "data": 1, "type": "dword"}),
        ("win_package", {"product_id": "Norton 360", "state": "absent"}),
        ("fleet_cleanup", {"areas": ["windows_temp"], "older_than_days": 7}),
        ("fleet_restore_point", {"description": "x", "min_age_hours": 24}),
    ],
)
def test_check_mode_says_what_would_change_and_changes_nothing(
    name: str, arguments: dict[str, Any]
) -> None:
    host = pc("direzione")
    before = host.snapshot()

    result = run_module(host, name, {**arguments, "_ansible_check_mode": True})

    assert result["changed"] is True
    assert before == host.snapshot()


def test_cleaning_up_leaves_young_locked_and_personal_files() -> None:
    host = pc("direzione")
    host.files.write("C:\\Windows\\Temp\\letter.docx", b"x")
    host.clock.set(OCTOBER + timedelta(days=40))

    result = run_module(host, "fleet_cleanup", {"areas": ["windows_temp"], "older_than_days": 7})

    left = {file.path.rpartition("\\")[2] for file in host.files.below("C:\\Windows\\Temp")}
    assert {"MpSigStub.log", "open_by_a_program.tmp", "letter.docx"} == left
    assert (2, 2) == (result["removed_count"], result["skipped_count"])


def test_numbers_that_json_cannot_hold_are_text_and_times_are_utc() -> None:
    host = pc("direzione")
    host.cim.replace(
        "root/cimv2", "X", [{"Big": 2**53, "Safe": 2**53 - 1, "When": "now", "No": None}]
    )

    rows = probe(
        host, kind="cim", namespace="root/cimv2", **{"class": "X"},
        properties=["Big", "Safe", "When", "No", "Missing"],
    )["rows"]  # fmt: skip

    assert [
        {
            "Big": "9007199254740992",
            "Safe": 9007199254740991,
            "When": "2026-10-05T07:00:00Z",
            "No": None,
            "Missing": None,
        }
    ] == rows


@pytest.mark.parametrize(
    ("namespace", "name", "kind", "message"),
    [
        ("root/none", "X", "not_found", "HRESULT 0x8004100e"),
        ("root/cimv2", "Win32_None", "not_found", "HRESULT 0x80041010"),
        ("root/wmi", "MSStorageDriver_FailurePredictStatus", "unsupported", "HRESULT 0x8004100c"),
    ],
)
def test_what_windows_lacks_is_an_error_of_its_kind(
    namespace: str, name: str, kind: str, message: str
) -> None:
    result = probe(
        pc("sala-riunioni"), kind="cim", namespace=namespace, **{"class": name}, properties=["X"]
    )

    assert {"kind": kind, "message": message} == result["error"]


def test_a_module_that_nobody_modelled_is_said_to_be_so() -> None:
    with pytest.raises(ModuleNotModelled):
        run_module(pc("direzione"), "ansible.windows.win_updates", {})


def test_an_installer_is_the_same_bytes_each_time_and_says_what_it_is() -> None:
    spec = pc("direzione").specs["owncloud"]

    data = build_installer(spec)

    assert data == build_installer(dict(reversed(spec.items())))
    assert spec == parse_installer(data)
    assert parse_installer(b"MZ\x90") is None


MACHINE = "---\nvalues: synthetic\ncomputer_name: PC\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{MACHINE}registri: {{}}\n", ":4: registri: found an unknown key"),
        (f"{MACHINE}registri: {{}}\n", "did you mean registry?"),
        (f"{MACHINE}power: maybe\n", ":4: power: found maybe; allowed: a bool"),
        (f"{MACHINE}extends: [windos]\n", ":4: extends: found windos; allowed: "),
        (f"{MACHINE}programs: [norton]\n", ":4: programs.0: found norton"),
        (f"{MACHINE}files:\n  C:\\x: {{sise: 1}}\n", ":5: files.C:\\x.sise: found an unknown key"),
        (f"{MACHINE}events:\n  - {{log: System, provider: x, id: 1, at: soon}}\n", "events.0.at"),
        (
            f"{MACHINE}timeline:\n  - at: 2026-10-05T10:00:00Z\n    do: [{{explode: 1}}]\n",
            "explode",
        ),
        (f"{MACHINE}cim: {{root/cimv2: {{X: {{error: nope}}}}}}\n", "error: access_denied"),
        ("---\ncomputer_name: PC\n", "values: found None; allowed: synthetic or recorded"),
    ],
)
def test_a_wrong_machine_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "fleet.yml").write_text("---\nmachines: {pc: 11}\n", encoding="utf-8")
    (tmp_path / "pc").mkdir()
    (tmp_path / "pc" / "machine.yml").write_text(text, encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load_profiles([str(tmp_path)])

    assert words in str(caught.value)


def test_every_machine_of_the_office_has_its_canaries() -> None:
    folder = Path(__file__).resolve().parents[2] / "src" / "winsim" / "profiles" / "office"

    for host in load_profiles(["office"]):
        words = yaml.safe_load((folder / host.name / "must_not_leak.yml").read_text())
        world = str(host.snapshot())
        assert all(str(word) in world for word in words if not str(word).startswith("S-1-"))
