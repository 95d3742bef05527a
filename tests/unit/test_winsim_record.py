"""`winsim record`: a real PC's facts become a machine that answers the same, and names nobody."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custode.core.probes import normalise, plan, split_volatile
from custode.edges.policies import load_policies
from winsim.cli import main
from winsim.errors import WinsimError
from winsim.host import Host
from winsim.modules import run_module
from winsim.profiles import load_profiles
from winsim.record import record
from winsim.recorded_rows import join, satisfying
from winsim.redaction import Redactor

pytestmark = pytest.mark.usefixtures("anything_may_be_read")

ROOT = Path(__file__).resolve().parents[2]
POLICIES = ROOT / "policies" / "probes"
NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
SETS = ROOT / "src" / "winsim" / "profiles"
MACHINES = sorted(
    (path.parent.parent.name, path.parent.name) for path in SETS.glob("*/*/machine.yml")
)
# What a look at a PC may be about beside what the policies read.
MORE: tuple[dict[str, Any], ...] = (
    {"id": "bios", "kind": "cim", "namespace": "root/cimv2", "class": "Win32_BIOS",
     "properties": ["Manufacturer", "SerialNumber", "SMBIOSBIOSVersion", "ReleaseDate"]},
    {"id": "system", "kind": "cim", "namespace": "root/cimv2", "class": "Win32_ComputerSystem",
     "properties": ["Manufacturer", "Model", "Name", "Domain", "PartOfDomain"]},
    {"id": "drives", "kind": "cim", "namespace": "root/cimv2", "class": "Win32_DiskDrive",
     "properties": ["Index", "Model", "Size", "PNPDeviceID"]},
    {"id": "memory", "kind": "cim", "namespace": "root/cimv2", "class": "Win32_PhysicalMemory",
     "properties": ["DeviceLocator", "Capacity", "ConfiguredClockSpeed", "PartNumber", "Caption"]},
    {"id": "enclosure", "kind": "cim", "namespace": "root/cimv2", "class": "Win32_SystemEnclosure",
     "properties": ["ChassisTypes"]},
    {"id": "defender", "kind": "cim", "namespace": "root/microsoft/windows/defender",
     "class": "MSFT_MpComputerStatus", "properties": ["AMRunningMode", "AntivirusSignatureAge"]},
    {"id": "counters", "kind": "cim", "namespace": "root/Microsoft/Windows/Storage",
     "class": "MSFT_StorageReliabilityCounter", "properties": ["DeviceId", "Temperature", "Wear"]},
    {"id": "services", "kind": "cim", "namespace": "root/cimv2", "class": "Win32_Service",
     "filter": "StartMode <> 'Disabled'", "properties": ["Name", "DisplayName", "State", "StartMode"]},
    {"id": "owner", "kind": "registry", "values": ["RegisteredOwner", "UBR"],
     "keys": [r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"]},
    {"id": "teamviewer", "kind": "registry", "values": ["ClientID", "Version"],
     "keys": [r"HKLM\SOFTWARE\TeamViewer", r"HKLM\SOFTWARE\WOW6432Node\TeamViewer"]},
    {"id": "installer", "kind": "event_log", "log": "Application", "providers": ["MsiInstaller"],
     "ids": [1033, 1034, 11707, 11724], "fields": ["0", "1", "3"], "since": "2026-08-01T00:00:00Z"},
    {"id": "cleared", "kind": "event_log", "log": "System", "ids": [104],
     "providers": ["Microsoft-Windows-Eventlog"], "fields": ["Channel"],
     "since": "2026-08-01T00:00:00Z"},
    {"id": "configuration", "kind": "file", "each_profile": True,
     "paths": [r"AppData\Roaming\ownCloud\owncloud.cfg"], "properties": ["size_bytes"]},
    {"id": "settings", "kind": "marker", "paths": [r"AppData\Roaming\ownCloud\owncloud.cfg"],
     "markers": [r"<n>\url=", r"<n>\Folders\<id>\localPath=", r"<n>\Folders\<id>\paused="],
     "properties": ["count", "word"]},
    {"id": "runs", "kind": "marker", "paths": [r"{localPath}\.owncloudsync.log"],
     "markers": ["#=#=#=# Syncrun started", "#=#=#=# Syncrun finished"],
     "properties": ["count", "first_at", "last_at", "number"]},
    {"id": "folders", "kind": "file", "paths": ["%ProgramFiles%\\ownCloud", "%SystemRoot%\\Temp"]},
)  # fmt: skip
# Columns whose values are replaced, and what is counted or timed anew.
REPLACED = {
    "ClientID",
    "Domain",
    "IdentifyingNumber",
    "MachineGuid",
    "ManagementId",
    "Name",
    "RegisteredOwner",
    "SerialNumber",
    "UUID",
    "oldest_record_id",
    "record_id",
}
KEEPS_NAME = {
    "services",
    "antivirus_services",
    "owncloud_process",
    "processors",
    "stopped_services",
    "windows_services",
    "teamviewer_service",
    "computer_system_product",
}


@cache
def known_probes() -> dict[str, dict[str, Any]]:
    """Return what is asked, by id, as it goes over the wire."""
    everything = load_policies(ROOT / "policies").probes.values()
    return {str(probe["id"]): probe for probe in [*plan(everything, now=NOW), *MORE]}


@cache
def fleet(name: str) -> Mapping[str, Host]:
    hosts = {host.name: host for host in load_profiles([name])}
    for host in hosts.values():
        host.advance(NOW)
    return hosts


def look(host: Host) -> dict[str, Any]:
    return run_module(host, "fleet_probe", {"probes": list(known_probes().values())})


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probes")
    for path in (ROOT / "policies" / "probes").glob("*.yml"):
        shutil.copy(path, folder)
    for probe in known_probes().values():
        (folder / f"{probe['id']}.yml").write_text(yaml.safe_dump(probe), encoding="utf-8")
    return folder


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def recorded(facts: Any, definitions: Path, tmp_path: Path, *, at: datetime = NOW) -> Host:
    record(write(tmp_path / "f.json", facts), probes=definitions, name="pc", out=tmp_path / "set")
    host = load_profiles([str(tmp_path / "set")])[0]
    host.advance(at)
    return host


def comparable(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without what is replaced; what is missing stays missing."""
    out: dict[str, Any] = {}
    for probe, result in facts.items():
        hidden = REPLACED - ({"Name"} if probe in KEEPS_NAME else set())
        rows = [
            {k: v is not None if k in hidden else v for k, v in row.items()}
            for row in result.get("rows", [])
        ]
        out[probe] = {"rows": rows} if "rows" in result else {"error": result["error"]}
    return out


@pytest.mark.parametrize(("group", "name"), MACHINES, ids=lambda part: part)
def test_a_recorded_machine_answers_as_the_one_it_was_recorded_from(
    group: str, name: str, definitions: Path, tmp_path: Path
) -> None:
    answer = look(fleet(group)[name])

    again = look(recorded(answer, definitions, tmp_path))

    assert comparable(answer["facts"]) == comparable(again["facts"])
    assert answer["collected_at"] == again["collected_at"]


@pytest.mark.parametrize(("group", "name"), MACHINES, ids=lambda part: part)
def test_nothing_of_a_person_or_a_pc_is_in_what_was_recorded(
    group: str, name: str, definitions: Path, tmp_path: Path
) -> None:
    host = fleet(group)[name]
    canaries = yaml.safe_load((SETS / group / name / "must_not_leak.yml").read_text("utf-8"))
    answer = look(host)
    rows = [*answer["facts"]["bios"]["rows"], *answer["facts"]["computer_system_product"]["rows"]]
    serials = {str(row.get("SerialNumber") or row.get("IdentifyingNumber")) for row in rows}
    serials -= {"None", "0", "To be filled by O.E.M.", "Default string"}

    recorded(answer, definitions, tmp_path)

    text = "".join(path.read_text("utf-8") for path in (tmp_path / "set").rglob("*.yml"))
    assert [] == [secret for secret in (*canaries, *serials, host.computer_name) if secret in text]


def test_the_same_facts_give_the_same_bytes(definitions: Path, tmp_path: Path) -> None:
    facts = write(tmp_path / "facts.json", look(fleet("clinic")["disk-dying"]))
    one = record(facts, probes=definitions, name="pc", out=tmp_path / "one")
    other = record(facts, probes=definitions, name="pc", out=tmp_path / "other")

    assert (one / "machine.yml").read_bytes() == (other / "machine.yml").read_bytes()


def test_two_machines_recorded_from_one_pc_are_two_machines(
    definitions: Path, tmp_path: Path
) -> None:
    facts = write(tmp_path / "facts.json", look(fleet("clinic")["disk-dying"]))
    for name in ("one", "other"):
        record(facts, probes=definitions, name=name, out=tmp_path / "set")

    hosts = load_profiles([str(tmp_path / "set")])
    uuids = {
        host.cim.rows("root/cimv2", "Win32_ComputerSystemProduct")[0]["UUID"] for host in hosts
    }

    assert [("one", 1), ("other", 2)] == [(host.name, host.octet) for host in hosts]
    assert 2 == len(uuids)


def test_what_was_recent_stays_recent_a_year_later(definitions: Path, tmp_path: Path) -> None:
    later = NOW + timedelta(days=365)
    host = recorded(look(fleet("clinic")["owncloud-stopped"]), definitions, tmp_path, at=later)

    runs = [row for row in look_at(host, "owncloud_runs", at=later) if row["exists"]]

    assert "2027-08-30T07:00:00Z" == max(row["last_at"] for row in runs)


def look_at(host: Host, probe: str, *, at: datetime) -> list[dict[str, Any]]:
    host.advance(at)
    rows: list[dict[str, Any]] = look(host)["facts"][probe]["rows"]
    return rows


def test_the_facts_that_the_store_keeps_of_a_pc_can_be_recorded_too(
    definitions: Path, tmp_path: Path
) -> None:
    probes = list(load_policies(ROOT / "policies").probes.values())
    facts = normalise(probes, look(fleet("clinic")["battery-worn"])["facts"])
    stable, _ = split_volatile(probes, facts)

    host = recorded({"facts": stable.to_json(with_timing=False)}, definitions, tmp_path)

    product = host.cim.rows("root/cimv2", "Win32_ComputerSystemProduct")[0]
    assert "HP EliteBook 840 G8 Notebook PC" == product["Name"]
    assert not product["UUID"].startswith("sha256:")


def ask(tmp_path: Path, probe: dict[str, Any], rows: list[dict[str, Any]], **more: Any) -> Host:
    """Return the machine recorded from one probe's rows."""
    (tmp_path / "probes").mkdir()
    text = yaml.safe_dump({"id": "x", **probe})
    (tmp_path / "probes" / "x.yml").write_text(text, encoding="utf-8")
    facts = {"collected_at": "2026-10-05T07:00:00Z", "facts": {"x": {"rows": rows, **more}}}
    return recorded(facts, tmp_path / "probes", tmp_path)


def test_what_windows_calls_a_person_is_found_wherever_it_stands(tmp_path: Path) -> None:
    probe = {
        "kind": "registry",
        "keys": [r"HKLM\SOFTWARE\Acme"],
        "values": ["Home", "Mail", "Note", "RegisteredOwner", "UserName"],
    }
    row = {
        "key": r"HKLM\SOFTWARE\Acme",
        "Home": r"D:\Users\maria.rossi\Acme",
        "Mail": "maria.rossi@studio.example",
        "Note": "of MARIA.ROSSI at 192.168.1.20, fe80::1c2d:3e4f:5a6b:7c8d, 00-1A-2B-3C-4D-5E",
        "RegisteredOwner": "Maria Rossi",
        "UserName": r"STUDIO7\maria.rossi",
    }

    host = ask(tmp_path, probe, [row])

    text = (tmp_path / "set" / "pc" / "machine.yml").read_text("utf-8").lower()
    told = ("rossi", "studio7", "192.168", "fe80", "1a-2b", "studio.example")
    assert [] == [word for word in told if word in text]
    home = str(host.registry.get(r"HKLM\SOFTWARE\Acme", "Home"))
    person = home.split("\\")[2]
    assert person in str(host.registry.get(r"HKLM\SOFTWARE\Acme", "Note"))


def test_a_version_is_no_address_and_a_maker_no_person(tmp_path: Path) -> None:
    probe = {
        "kind": "cim",
        "namespace": "root/cimv2",
        "class": "Win32_Anything",
        "properties": ["Manufacturer", "DriverVersion", "Path", "UserName"],
    }
    row = {
        "Manufacturer": "LENOVO",
        "DriverVersion": "10.0.19.1",
        "Path": r"C:\Users\Lenovo\tool.exe",
        "UserName": r"PC7\Lenovo",
    }

    found = ask(tmp_path, probe, [row]).cim.rows("root/cimv2", "Win32_Anything")[0]

    assert ("LENOVO", "10.0.19.1") == (found["Manufacturer"], found["DriverVersion"])
    assert "lenovo" not in f"{found['Path']}{found['UserName']}".lower()


def test_the_number_in_the_path_of_a_stick_is_replaced_and_the_bus_is_not(tmp_path: Path) -> None:
    probe = {
        "kind": "cim",
        "namespace": "root/cimv2",
        "class": "Win32_PnPEntity",
        "properties": ["DeviceID", "Name", "ConfigManagerErrorCode"],
    }
    rows: list[dict[str, Any]] = [
        {"DeviceID": r"USBSTOR\DISK&VEN_KINGSTON&PROD_DT\E0D55EA574F0F4A0&0", "Name": "Anna's stick",
         "ConfigManagerErrorCode": 0},
        {"DeviceID": r"PCI\VEN_8086&DEV_A0FC\3&11583659&0&90", "Name": None,
         "ConfigManagerErrorCode": 28},
    ]  # fmt: skip

    stick, card = ask(tmp_path, probe, rows).cim.rows("root/cimv2", "Win32_PnPEntity")

    assert re.fullmatch(r"USBSTOR\\DISK&VEN_KINGSTON&PROD_DT\\SN[0-9A-F]{10}&0", stick["DeviceID"])
    assert "Anna" not in stick["Name"]
    assert rows[1]["DeviceID"] == card["DeviceID"]


def test_what_no_service_of_the_model_can_be_is_declared_as_windows_told_it(tmp_path: Path) -> None:
    probe = {
        "kind": "cim",
        "namespace": "root/cimv2",
        "class": "Win32_Service",
        "properties": ["Name", "State", "ExitCode"],
    }
    rows = [{"Name": "Spooler", "State": "Stop Pending", "ExitCode": 1067}]

    assert rows == ask(tmp_path, probe, rows).cim.rows("root/cimv2", "Win32_Service")


def test_a_negative_number_of_powershell_is_the_registrys_large_one(tmp_path: Path) -> None:
    probe = {"kind": "registry", "keys": [r"HKLM\SOFTWARE\Acme"], "values": ["Code", "List"]}
    row = {"key": r"HKLM\SOFTWARE\Acme", "Code": -2147024891, "List": ["a", "b"]}

    host = ask(tmp_path, probe, [row])

    assert 0x80070005 == host.registry.get(r"HKLM\SOFTWARE\Acme", "Code")
    assert ["a", "b"] == host.registry.get(r"HKLM\SOFTWARE\Acme", "List")


def test_a_slow_provider_stays_slow(tmp_path: Path) -> None:
    probe = {"kind": "cim", "namespace": "root/wmi", "class": "Slow", "properties": ["A"]}

    host = ask(tmp_path, probe, [{"A": 1}], ms=17_430)

    assert 17 == host.cim.seconds("root/wmi", "Slow")


def test_a_log_that_is_not_there_is_not_there(tmp_path: Path, definitions: Path) -> None:
    error = {"kind": "not_found", "message": "NoMatchingLogsFound"}
    late = {"kind": "timeout", "message": "DeadlinePassed"}
    facts = {"collected_at": "2026-10-05T07:00:00Z",
             "facts": {"disk_events": {"error": error}, "bios": {"error": late}}}  # fmt: skip

    host = recorded(facts, definitions, tmp_path)

    assert error == look(host)["facts"]["disk_events"]["error"]
    text = (tmp_path / "set" / "pc" / "machine.yml").read_text("utf-8")
    assert "# Not told: bios." in text


def test_rows_of_two_probes_are_laid_over_each_other() -> None:
    table = [{"Id": "0", "Size": 5}, {"Id": "1", "Size": 6}]

    join(table, [{"Id": "1", "Health": 2}, {"Id": "2", "Health": 0}])

    assert [
        {"Id": "0", "Size": 5},
        {"Id": "1", "Size": 6, "Health": 2},
        {"Id": "2", "Health": 0},
    ] == table


@pytest.mark.parametrize(
    ("where", "row", "added"),
    [
        ("DriveType = 3", {}, {"DriveType": 3}),
        ("Name = 'a' OR Name = 'b'", {"Name": "b"}, {}),
        ("Present = TRUE AND Code <> 22", {"Code": 10}, {"Present": True}),
        ("Key IS NOT NULL AND Id = 'x'", {}, {"Key": "recorded", "Id": "x"}),
        ("Key IS NULL", {}, {}),
        ("Name LIKE 'Norton%' AND Age > 5", {}, {"Name": "Norton", "Age": 6}),
        ("NOT Kind = 'x'", {}, {}),
    ],
)
def test_a_row_gets_the_columns_that_its_filter_asks_for(
    where: str, row: dict[str, Any], added: dict[str, Any]
) -> None:
    assert {**row, **added} == satisfying(where, row)


def test_a_filter_that_nothing_can_pass_is_told() -> None:
    with pytest.raises(WinsimError, match="no row can be made that the filter"):
        satisfying("A = 1 AND B = 2 AND A = 3", {})


words = st.text("abcdefghijklmnopqrstuvwxyz.", min_size=5, max_size=12)


@settings(deadline=None)
@given(words, st.text(max_size=20), st.text(max_size=20))
def test_a_name_that_was_learned_stands_in_no_text(name: str, before: str, after: str) -> None:
    redactor = Redactor("pc")
    redactor.learn([{"Path": rf"C:\Users\{name}\x"}])

    text = redactor.text(f"{before} {name.upper()} {after}")

    assert f" {name} " not in f" {text} ".lower().replace(redactor.person(1), "")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_what_is_replaced_is_replaced_once(text: str) -> None:
    redactor = Redactor("pc")

    once = redactor.value("Note", text)

    assert once == redactor.value("Note", once)


@settings(deadline=None)
@given(st.from_regex(r"S-1-5-21(-[0-9]{8,10}){3}-[0-9]{3,5}", fullmatch=True))
def test_a_sid_keeps_its_shape_and_its_last_number(sid: str) -> None:
    found = Redactor("pc").text(f"by {sid}.")

    assert re.fullmatch(rf"by S-1-5-21(-[0-9]{{10}}){{3}}-{sid.rpartition('-')[2]}\.", found)
    assert sid not in found


values = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
values |= st.sampled_from(["2026-10-01T07:00:00Z", "20261001070000.000000-000", "Auto", "Running"])
values |= st.lists(st.integers() | st.text(max_size=5), max_size=2)
columns = {
    "services": ["Name", "DisplayName", "State", "StartMode"],
    "restore_points": ["SequenceNumber", "CreationTime"],
    "disk_reliability": ["DeviceId", "MediaType", "Wear", "PowerOnHours"],
    "owner": ["key", "RegisteredOwner", "UBR"],
    "installer": ["record_id", "event_id", "provider", "time", "level", "account", "data"],
    "configuration": ["path", "profile", "exists", "size_bytes"],
    "settings": ["path", "profile", "folder", "marker", "exists", "count", "word"],
    "runs": ["path", "profile", "folder", "marker", "exists", "count", "last_at", "number"],
}
keys = st.sampled_from([r"HKLM\SOFTWARE\A", r"HKLM\SOFTWARE\A\B", "HKLM", "x"])
CONFIGURATION = r"AppData\Roaming\ownCloud\owncloud.cfg"
shapes = {
    "key": keys,
    "record_id": st.integers(1, 9),
    "event_id": st.integers(0, 9),
    "provider": st.just("MsiInstaller") | st.text(min_size=1, max_size=5),
    "time": st.just("2026-10-01T07:00:00Z"),
    "data": st.none() | st.dictionaries(st.sampled_from(["0", "1", "Channel"]), values, max_size=2),
    "path": st.sampled_from([CONFIGURATION, r"a\b", "a"]),
    "profile": st.none() | st.integers(1, 3),
    "exists": st.booleans(),
    "marker": st.sampled_from(
        [r"<n>\url=", r"<n>\Folders\<id>\paused=", "#=#=#=# Syncrun started"]
    ),
    "folder": st.none() | st.integers(0, 3),
    "last_at": st.none() | st.just("2026-10-01T07:00:00Z"),
}
errors = st.fixed_dictionaries({"kind": st.text(max_size=9), "message": st.text(max_size=9)})


def any_result(probe: str) -> st.SearchStrategy[dict[str, Any]]:
    row = st.fixed_dictionaries({name: shapes.get(name, values) for name in columns[probe]})
    rows = st.fixed_dictionaries({"rows": st.lists(row, max_size=3), "ms": st.integers(0, 9_000)})
    return rows | st.fixed_dictionaries({"error": errors})


@settings(deadline=None, max_examples=200)
@given(
    st.fixed_dictionaries({}, optional={probe: any_result(probe) for probe in columns}).filter(bool)
)
@example(
    facts={
        "configuration": {
            "rows": [{"path": CONFIGURATION, "profile": 1, "exists": True, "size_bytes": None}],
            "ms": 0,
        },
        "runs": {
            "rows": [
                {"path": CONFIGURATION, "profile": 1, "folder": 1, "marker": r"<n>\url=",
                 "exists": False, "count": None, "last_at": None, "number": None}
            ],
            "ms": 0,
        },
    }
)  # fmt: skip
def test_whatever_the_facts_are_the_machine_loads_or_a_sentence_says_why_not(
    definitions: Path, tmp_path_factory: pytest.TempPathFactory, facts: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = write(folder / "f.json", {"collected_at": "2026-10-05T07:00:00Z", "facts": facts})

    try:
        record(path, probes=definitions, name="pc", out=folder / "set")
    except WinsimError:
        assert not (folder / "set").exists()
        return

    hosts = load_profiles([str(folder / "set")])
    assert ["pc"] == [host.name for host in hosts]
    look(hosts[0])


BAD = [
    ("[]", "facts: found a list; allowed: results by probe"),
    ("{}", "facts: found the keys (none); allowed: results by probe"),
    ("{", "no JSON: "),
    ('{"facts": {"nothing": {"rows": []}}}', "facts.nothing: found a probe that nobody defined"),
    ('{"facts": {"bios": {"row": []}}}', "facts.bios: found the keys row; allowed: rows (a list"),
    (
        '{"facts": {"bios": {"rows": [1]}}}',
        "facts.bios: found the keys rows; allowed: rows (a list",
    ),
    ('{"facts": {"bios": {"error": "x"}}}', "facts.bios.error: found a text; allowed: kind and me"),
    (
        '{"collected_at": "noon", "facts": {"bios": {"rows": []}}}',
        "collected_at: found noon; allowed: a",
    ),
    (
        '{"facts": {"owner": {"rows": [{}]}}}',
        "facts.owner.rows.0.key: found nothing; allowed: a te",
    ),
    (
        '{"facts": {"cleared": {"rows": [{"record_id": "x", "provider": "p", "event_id": 1}]}}}',
        "facts.cleared.rows.0.record_id: found a text; allowed: a whole number",
    ),
    (
        '{"facts": {"folders": {"rows": [{"path": "x", "exists": true, "modified_at": "noon"}]}}}',
        "facts.folders.rows.0.modified_at: found a text; allowed: a moment as 2026-10-05T07:00:00Z",
    ),
    ('{"collected_at": "2026-10-05T07:00", "facts": {"bios": {"rows": []}}}', "allowed: a moment"),
]


@pytest.mark.parametrize(("text", "told"), BAD)
def test_facts_that_are_none_are_told(
    text: str, told: str, definitions: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(text, encoding="utf-8")

    with pytest.raises(WinsimError) as ended:
        record(facts, probes=definitions, name="pc", out=tmp_path / "set")

    assert f"{facts}: " in str(ended.value)
    assert told in str(ended.value)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "id: x\n",
            ":1: kind: found None; allowed: accounts, cim, earlier, event_log, file, log_start, marker, registry",
        ),
        ("id: x\nkind: cim\nnamespace: root/wmi\n", ":1: the file: found no class"),
        ("- x\n", ":1: the file: found no id"),
    ],
)
def test_a_probe_that_is_none_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text(text, encoding="utf-8")
    facts = write(tmp_path / "facts.json", {"facts": {"x": {"rows": []}}})

    with pytest.raises(WinsimError) as ended:
        record(facts, probes=tmp_path, name="pc", out=tmp_path / "set")

    assert f"{tmp_path / 'x.yml'}{told}" in str(ended.value)


def test_nothing_is_written_over(
    definitions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = write(tmp_path / "facts.json", look(fleet("clinic")["mini-pc"]))
    command = ["record", str(facts), "--probes", str(definitions), "--name", "pc", "--out"]
    main([*command, str(tmp_path / "set")])
    before = (tmp_path / "set" / "pc" / "machine.yml").read_bytes()

    with pytest.raises(SystemExit) as ended:
        main([*command, str(tmp_path / "set")])

    assert 2 == ended.value.code
    assert "is there already; another name, or remove it first" in capsys.readouterr().err
    assert before == (tmp_path / "set" / "pc" / "machine.yml").read_bytes()


@pytest.mark.parametrize("name", ["PC", "a b", "-x", "", "../x", "x" * 64])
def test_a_name_that_is_none_is_told(name: str, definitions: Path, tmp_path: Path) -> None:
    with pytest.raises(WinsimError, match="is no name for a machine; use a-z, 0-9 and hyphens"):
        record(tmp_path / "x.json", probes=definitions, name=name, out=tmp_path)


def test_a_set_that_is_written_on_one_line_is_left_alone(definitions: Path, tmp_path: Path) -> None:
    facts = write(tmp_path / "facts.json", look(fleet("clinic")["mini-pc"]))
    (tmp_path / "fleet.yml").write_text("machines: {a: 1}\n", encoding="utf-8")

    with pytest.raises(WinsimError, match="write it with one machine a line"):
        record(facts, probes=definitions, name="pc", out=tmp_path)

    assert "machines: {a: 1}\n" == (tmp_path / "fleet.yml").read_text("utf-8")
    assert not (tmp_path / "pc").exists()
