"""What happens on a simulated PC by itself, what it leaves behind, and what a probe sees of it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winsim.host import Host
from winsim.installers import install, uninstall
from winsim.modules import run_module
from winsim.profiles import ProfileError, load_profiles
from winsim.profiles.schema import SchemaError, check_fleet, check_machine, check_spec
from winsim.timeline import performer

pytestmark = pytest.mark.usefixtures("anything_may_be_read")

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 9, 8, tzinfo=UTC)

DEFENDER_LOG = "Microsoft-Windows-Windows Defender/Operational"
USER = "S-1-5-21-1290445871-3344556677-1029384756-1001"


def pc(name: str, *, at: datetime = NOW) -> Host:
    host = next(host for host in load_profiles(["office"]) if host.name == name)
    host.advance(at)
    return host


def ask(host: Host, **probe: Any) -> dict[str, Any]:
    answer = run_module(host, "fleet_probe", {"probes": [{"id": "x", **probe}]})
    found: dict[str, Any] = answer["facts"]["x"]
    return found


def world(host: Host) -> dict[str, Any]:
    """Return what a PC consists of, without its history and the folders and keys left empty."""
    snapshot = host.snapshot()
    snapshot.pop("events")
    snapshot["files"].pop("folders")
    snapshot["registry"] = {key: value for key, value in snapshot["registry"].items() if value}
    return snapshot


texts = st.text("abXY09 ", min_size=1, max_size=6).filter(lambda text: text.strip() == text)
paths = st.lists(texts, min_size=1, max_size=3).map("\\".join)
specs = st.fixed_dictionaries(
    {
        "display_name": texts,
        "kind": st.sampled_from(["msi", "exe"]),
        "file": st.just("x.msi"),
        "version": st.just("1.0"),
        "key": texts.map(lambda text: f"hypothesis {text}"),
        "view": st.sampled_from([32, 64]),
    },
    optional={
        "files": st.dictionaries(
            paths.map(lambda path: f"C:\\Program Files\\hypothesis\\{path}.exe"),
            st.fixed_dictionaries({"size": st.integers(0, 10**6)}),
            max_size=3,
        ),
        "services": st.lists(
            st.fixed_dictionaries({"name": texts.map("hypothesis {}".format), "display": texts}),
            max_size=2,
        ),
        "registry": st.dictionaries(
            paths.map(lambda path: f"HKLM\\SOFTWARE\\hypothesis\\{path}"),
            st.dictionaries(texts, st.integers(0, 9), min_size=1, max_size=2),
            max_size=2,
        ),
        "processes": st.lists(st.just("hypothesis.exe"), max_size=2),
        "security_center": st.just(
            {"displayName": "Hypothesis AV", "instanceGuid": "{1}", "productState": 266240}
        ),
        "size_bytes": st.integers(0, 10**9),
    },
)


@settings(max_examples=60, deadline=None)
@given(specs)
def test_removing_what_was_installed_restores_the_pc(spec: dict[str, Any]) -> None:
    host = pc("archivio")
    check_spec(spec, ())
    uninstall(host, host.specs["norton"], sid=None)
    before = world(host)

    assert 0 == install(host, spec, sid=None)
    assert before != world(host)
    assert 0 == uninstall(host, spec, sid=None)

    assert before == world(host)


def test_another_antivirus_puts_defender_to_sleep_and_its_removal_wakes_it() -> None:
    host = pc("contabilita-1")
    status = {
        "kind": "cim",
        "namespace": "root/Microsoft/Windows/Defender",
        "class": "MSFT_MpComputerStatus",
        "properties": ["RealTimeProtectionEnabled"],
    }

    asleep = ask(host, **status)
    host.advance(NOVEMBER)
    awake = ask(host, **status)

    assert {"kind": "failed", "message": "HRESULT 0x800106ba"} == asleep["error"]
    assert [{"RealTimeProtectionEnabled": True}] == awake["rows"]
    assert ("Auto", "Running") == (
        host.services["windefend"].start,
        host.services["windefend"].state,
    )


def test_a_removal_by_a_user_is_dated_and_told_without_the_users_name() -> None:
    host = pc("contabilita-1", at=NOVEMBER)

    defender = ask(
        host, kind="event_log", log=DEFENDER_LOG,
        providers=["Microsoft-Windows-Windows Defender"], ids=[5000, 5001],
    )["rows"]  # fmt: skip
    control = ask(
        host, kind="event_log", log="System", providers=["Service Control Manager"],
        ids=[7040, 7045], fields=["param4"],
    )["rows"]  # fmt: skip

    assert [(5000, "2026-10-21T16:42:00Z", "system")] == [
        (row["event_id"], row["time"], row["account"]) for row in defender
    ]
    assert [(7040, "WinDefend")] == [(row["event_id"], row["data"]["param4"]) for row in control]
    installer = ask(
        host, kind="event_log", log="Application", providers=["MsiInstaller"], ids=[1034]
    )
    assert [] == installer["rows"]


def test_an_msi_removed_by_a_user_is_told_with_product_code_and_account() -> None:
    host = pc("contabilita-1")
    performer({"uninstall": "owncloud", "by": "user"})(host)

    event = host.events.snapshot()[-2]
    seen = ask(
        host, kind="event_log", log="Application", providers=["MsiInstaller"], ids=[1034],
        fields=["0", "3", "9"],
    )["rows"][0]  # fmt: skip

    assert (USER, b"{1D382CF5-AF11-4E42-A85B-7504BD2D3240}") == (
        event["sid"], bytes.fromhex(event["binary"]),
    )  # fmt: skip
    assert ("user", {"0": "ownCloud", "3": "0", "9": None}) == (seen["account"], seen["data"])
    assert USER not in str(seen)


def test_a_ghost_stays_in_the_security_center() -> None:
    host = pc("contabilita-1")

    performer({"uninstall": "norton", "by": "user", "ghost": True})(host)

    rows = host.cim.rows("root/SecurityCenter2", "AntiVirusProduct")
    assert {"Norton 360": 266240, "Windows Defender": 393472} == {
        row["displayName"]: row["productState"] for row in rows
    }
    assert "norton antivirus" not in host.services


def test_in_italian_only_what_people_read_is_italian() -> None:
    italian, english = pc("segreteria"), pc("contabilita-1")
    for host in (italian, english):
        performer({"uninstall": "owncloud", "by": "system"})(host)
    services = {
        "kind": "cim", "namespace": "root/cimv2", "class": "Win32_Service",
        "filter": "Name = 'WinDefend'", "properties": ["Name", "State", "DisplayName"],
    }  # fmt: skip

    left, right = (ask(host, **services)["rows"][0] for host in (italian, english))

    assert left.pop("DisplayName") != right.pop("DisplayName")
    assert left == right
    words = [host.events.snapshot()[-1]["data"][0] for host in (italian, english)]
    assert words[0].startswith("Prodotto: ")
    assert words[1].startswith("Product: ")


def test_actions_of_the_timeline_change_the_pc() -> None:
    host = pc("direzione")
    for action in (
        {"service": {"name": "Spooler", "state": "Stopped", "start": "Disabled"}},
        {"registry": {"HKLM\\SOFTWARE\\X": {"a": 1, "b": ["c"]}}},
        {"registry": {"HKLM\\SOFTWARE\\X": {"a": None}}},
        {"start": "Example.exe"},
        {"stop": "EXAMPLE.EXE"},
        {"restore_point": {"description": "by hand"}},
        {"file": {"path": "C:\\x", "size": 3, "modified": "now - 1d"}},
        {"event": {"log": "System", "provider": "disk", "id": 7, "level": 2}},
        {"remove": "C:\\Windows\\Temp\\chrome_installer.log"},
    ):
        check_machine({"timeline": [{"at": "2026-10-05T09:00:00Z", "do": [action]}]}, ())
        performer(action)(host)

    assert ("Disabled", "Stopped") == (
        host.services["spooler"].start,
        host.services["spooler"].state,
    )
    assert ["b"] == [value.name for value in host.registry.values("HKLM\\SOFTWARE\\X")]
    assert "Example.exe" not in host.processes
    assert (42, NOW) == (host.restore_points[-1].number, host.restore_points[-1].made)
    assert (7, str(NOW)) == (host.events.snapshot()[-1]["id"], host.events.snapshot()[-1]["at"])
    assert not host.files.exists("C:\\Windows\\Temp\\chrome_installer.log")


def test_a_slow_provider_takes_its_time_and_not_that_of_others() -> None:
    host = pc("direzione")
    host.cim._classes["root/cimv2"]["slow"] = {"seconds": 30, "rows": [{"a": 1}]}
    slow = {"kind": "cim", "namespace": "root/cimv2", "class": "Slow", "properties": ["a"]}
    probes = [
        {"id": "one", "timeout_seconds": 40, **slow},
        {"id": "two", **slow},
        {"id": "three", "kind": "registry", "keys": ["HKLM\\SOFTWARE\\Microsoft"]},
        {"id": "four", "timeout_seconds": 40, **slow},
        {"id": "five", "kind": "registry", "keys": ["HKLM\\SOFTWARE\\Microsoft"]},
    ]

    facts = run_module(host, "fleet_probe", {"probes": probes, "deadline_seconds": 60})["facts"]

    late = {"kind": "timeout", "message": "HRESULT 0x00040004"}
    assert ([{"a": 1}], 30001) == (facts["one"]["rows"], facts["one"]["ms"])
    assert (late, 20001) == (facts["two"]["error"], facts["two"]["ms"])
    assert 1 == facts["three"]["ms"]
    assert (late, 10001) == (facts["four"]["error"], facts["four"]["ms"])
    assert {"kind": "timeout", "message": "DeadlinePassed"} == facts["five"]["error"]


def test_a_log_that_is_missing_is_an_error_and_a_provider_that_is_not_there_is_none() -> None:
    host = pc("direzione")
    probe = {"kind": "event_log", "log": DEFENDER_LOG, "providers": ["x"], "ids": [1]}
    assert {"rows": [], "ms": 1} == ask(host, **probe)

    host.events._missing = {DEFENDER_LOG.lower()}

    assert {"kind": "not_found", "message": "NoMatchingLogsFound"} == ask(host, **probe)["error"]


def test_a_file_is_told_in_four_numbers_and_a_profile_by_its_place() -> None:
    host = pc("segreteria")

    norton = ask(
        host, kind="file", paths=["%ProgramFiles%\\Norton\\Suite\\NortonSvc.exe"],
        properties=["version", "signer", "size_bytes"],
    )["rows"]  # fmt: skip
    log = ask(
        host, kind="file", paths=["ownCloud\\.owncloudsync.log"], each_profile=True,
        properties=["modified_at"],
    )["rows"]  # fmt: skip

    assert ("26.8.11125.2681", "Gen Digital Inc.", True) == (
        norton[0]["version"], norton[0]["signer"], norton[0]["exists"],
    )  # fmt: skip
    # The second profile is the one that Windows made for the account that comes in.
    assert [(1, True, "2026-10-05T06:40:00Z"), (2, False, None)] == [
        (row["profile"], row["exists"], row["modified_at"]) for row in log
    ]


def test_a_healthy_pc_is_healthy_a_year_later_with_no_entry_in_its_timeline() -> None:
    soon, later = pc("sala-riunioni"), pc("sala-riunioni", at=NOW + timedelta(days=365))
    probe = {
        "kind": "file", "paths": ["ownCloud\\.owncloudsync.log"], "each_profile": True,
        "properties": ["modified_at"],
    }  # fmt: skip

    for host in (soon, later):
        written = datetime.fromisoformat(ask(host, **probe)["rows"][0]["modified_at"])
        assert timedelta(minutes=20) == host.clock.now() - written


def test_no_machine_of_the_office_is_like_another() -> None:
    hosts = load_profiles(["office"])
    for name, column in (
        ("Win32_ComputerSystemProduct", "UUID"),
        ("Win32_BIOS", "SerialNumber"),
        ("Win32_BaseBoard", "SerialNumber"),
        ("Win32_DiskDrive", "SerialNumber"),
    ):
        found = [host.cim.rows("root/cimv2", name)[0][column] for host in hosts]
        assert len(hosts) == len(set(found)), name
    assert len(hosts) == len({host.users[0].sid for host in hosts})


def test_a_snapshot_is_plain_data_and_the_same_each_time() -> None:
    first, second = (
        {host.name: host.snapshot() for host in load_profiles(["office"])} for _ in range(2)
    )

    assert first == second
    assert first == json.loads(json.dumps(first))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["cim", "registry", "services", "files", "events", "timeline", "programs", "users", "values"]
)


@given(st.dictionaries(KEYS, anything, max_size=3) | anything)
def test_whatever_a_file_holds_the_check_passes_it_or_says_what_is_allowed(data: Any) -> None:
    for check in (check_machine, check_fleet, check_spec):
        with suppress(SchemaError):
            check(data, ())


MACHINE = "---\nvalues: synthetic\ncomputer_name: PC\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("power: true\npower: false\n", ":5: power: found twice"),
        (
            "files:\n  C:\\x: {size: big}\n",
            ":5: files.C:\\x.size: found big; allowed: a whole number",
        ),
        ("files:\n  C:\\x: {modified: 2026-10-05T10:00:00}\n", "a moment with a time zone"),
        ("services: {X: {state: running}}\n", "found running; allowed: Running or Stopped"),
        ("services: {X: {state: Running}}\n", "missing 1 required positional argument: 'display'"),
        ("users: [{sid: S-1-5-21-1}]\n", ":4: users.0: found no folder"),
        ("users: [{sid: anna}]\n", ":4: users.0.sid: found anna; allowed: a SID"),
        ("registry: {HKLM\\X: {a: -1}}\n", "registry.HKLM\\X.a: found -1; allowed: text"),
        ("registry: {HKLM\\X: {a: {type: word, data: 1}}}\n", "found word; allowed: none or"),
        ("registry: {HKLM\\X: {a: {type: binary, data: xyz}}}\n", "type and data"),
        ("cim: {root/cimv2: {X: {seconds: 3}}}\n", "found no rows"),
        ("cim: {root/cimv2: {X: text}}\n", "found text; allowed: a list of rows"),
        ("events: [{log: System, provider: x, id: 1}]\n", "found no at"),
        (
            "timeline: [{at: 2026-10-05T10:00:00Z, do: [{power: true, start: x}]}]\n",
            "one of blocked",
        ),
        (
            "timeline: [{at: 2026-10-05T10:00:00Z, do: [{uninstall: x}]}]\n",
            "found x; allowed: none",
        ),
        ("timeline: [{at: soon, do: []}]\n", "found soon; allowed: a moment"),
        (
            "timeline:\n  - at: 2026-10-05T10:00:00Z\n    do:\n"
            "      - cim: {namespace: a, class: b, sett: {}}\n",
            ":7: timeline.0.do.0.cim.sett: found an unknown key; allowed: class, match, namespace, "
            "set; did you mean set?",
        ),
        ("extends: [windows]\naccounts: [{name: x}]\n", ":5: accounts.0: found no password"),
        ("- a\n", "machine.yml: "),
    ],
)
def test_a_mistake_is_told_by_file_line_and_key(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "fleet.yml").write_text("---\nmachines: {pc: 11}\n", encoding="utf-8")
    (tmp_path / "pc").mkdir()
    (tmp_path / "pc" / "machine.yml").write_text(MACHINE + text, encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load_profiles([str(tmp_path)])

    assert words in str(caught.value)
    assert "machine.yml:" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("machines: {a: 11, b: 11}\n", ":2: machines.b: found 11, as a has; allowed: a number of"),
        ("machines: {a: 65535}\n", "found 65535; allowed: a whole number, 1 to 65534"),
        ("machine: {a: 1}\n", "did you mean machines?"),
        ("machines: {a: 11}\n", "a/machine.yml: No such file"),
        ("", "found None"),
    ],
)
def test_a_mistake_in_a_fleet_is_told_too(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "fleet.yml").write_text(f"---\n{text}", encoding="utf-8")

    with pytest.raises(ProfileError) as caught:
        load_profiles([str(tmp_path)])

    assert words in str(caught.value)


def test_sets_that_are_served_together_share_no_number_and_no_name() -> None:
    together = load_profiles(["office", "clinic"])
    alone = {host.name: host.octet for host in load_profiles(["office"])}

    assert len(together) == len({host.octet for host in together})
    assert alone == {host.name: host.octet for host in together if host.name in alone}
    with pytest.raises(ProfileError, match=r"segreteria, as an earlier set has; allowed: a name"):
        load_profiles(["office", "office"])


def test_an_installer_and_the_canaries_are_checked_as_well(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text("---\nmachines: {pc: 11}\n", encoding="utf-8")
    for folder in ("pc", "installers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pc" / "machine.yml").write_text(MACHINE, encoding="utf-8")
    (tmp_path / "pc" / "must_not_leak.yml").write_text("---\n- 5\n", encoding="utf-8")

    with pytest.raises(ProfileError, match=r"must_not_leak\.yml:2: 0: found 5; allowed: text"):
        load_profiles([str(tmp_path)])

    spec = "---\ndisplay_name: X\nkind: deb\nfile: x\nversion: '1'\n"
    (tmp_path / "installers" / "x.yml").write_text(spec, encoding="utf-8")
    with pytest.raises(
        ProfileError, match=r"x\.yml:3: kind: found deb; allowed: msi or exe or zip"
    ):
        load_profiles([str(tmp_path)])
