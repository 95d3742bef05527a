"""What lies deeper in a simulated PC: hives, junctions, short names, tasks, network, restarts, logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.machines import NOW, make_machine

from winsim import restarts
from winsim.errors import NeverEnds
from winsim.evidence import clear_log
from winsim.host import Host
from winsim.installers import NEEDS_RESTART, RESTARTS, install
from winsim.model import services
from winsim.model.cim import CIMV2
from winsim.model.events import Event, EventLogs, LogMissingError
from winsim.model.files import FileSystem
from winsim.model.messages import render
from winsim.model.parts import Service
from winsim.model.paths import long_path, short_names, short_path
from winsim.model.registry import Registry, view_32
from winsim.model.services import ServiceError
from winsim.modules import run_module
from winsim.moments import SimClock
from winsim.profiles import load_profiles
from winsim.timeline import performer

pytestmark = pytest.mark.usefixtures("anything_may_be_read")

ANNA = "S-1-5-21-1-2-3-1001"
RUN = f"HKU\\{ANNA}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"
PERSON = f"""
registry:
  {RUN}: {{ownCloud: 'C:\\Program Files\\ownCloud\\owncloud.exe'}}
"""


def person(logged_in: str = "") -> str:
    """Return a machine's text whose one user is at the PC, is not, or nothing is said."""
    return f"{PERSON}add:\n  users:\n    - {{sid: {ANNA}, folder: 'C:\\Users\\anna'{logged_in}}}\n"


def rows(host: Host, name: str, space: str = CIMV2) -> list[dict[str, Any]]:
    return host.cim.rows(space, name)


def act(host: Host, **action: Any) -> None:
    performer(action)(host)


def probe(host: Host, **about: Any) -> list[dict[str, Any]]:
    answer = run_module(host, "fleet_probe", {"probes": [{"id": "x", **about}]})
    found: list[dict[str, Any]] = answer["facts"]["x"]["rows"]
    return found


def test_a_persons_part_of_the_registry_is_there_while_the_person_is(tmp_path: Path) -> None:
    host = make_machine(tmp_path, person(", logged_in: false"), bases="windows_11_pro, desktop_ssd")

    def seen() -> tuple[bool, Any]:
        found = run_module(
            host, "win_reg_stat", {"path": RUN.replace("HKU", "HKU:"), "name": "ownCloud"}
        )
        return found["exists"], rows(host, "Win32_ComputerSystem")[0].get("UserName")

    away = seen()
    act(host, log_on=ANNA)
    there = seen()
    host.registry.set(RUN, "Other", "x")
    act(host, start="owncloud.exe")
    act(host, log_off=ANNA)
    gone = seen()
    act(host, log_on=ANNA)

    assert [(False, None), (True, "PC\\anna"), (False, None)] == [away, there, gone]
    assert "x" == host.registry.get(RUN, "Other")  # the hive is a file of the profile meanwhile
    assert "owncloud.exe" not in {process.name for process in host.processes}


def test_what_both_kinds_of_programs_share_has_one_place() -> None:
    assert "HKLM\\SOFTWARE\\WOW6432Node\\TeamViewer" == view_32("HKLM:\\SOFTWARE\\TeamViewer")
    for shared in (
        "HKLM\\SOFTWARE\\Policies\\Norton",
        "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList",
        "HKLM\\SOFTWARE\\WOW6432Node\\TeamViewer",
        "HKLM\\SYSTEM\\Select",
        "HKU\\.DEFAULT",
    ):
        assert shared == view_32(shared)


def test_classes_root_is_a_part_of_the_machine() -> None:
    registry = Registry()

    registry.set("HKCR\\.ocx", "", "x")

    assert "x" == registry.get("HKLM\\SOFTWARE\\Classes\\.ocx", "")


def disk() -> FileSystem:
    files = FileSystem(SimClock(NOW))
    for path in (
        "C:\\ProgramData\\ownCloud GmbH\\sync.log",
        "C:\\Program Files (x86)\\TeamViewer\\TeamViewer_Service.exe",
        "C:\\Program Files\\ownCloud\\owncloud.exe",
        "C:\\Users\\Anna Maria\\Longer name.document",
    ):
        files.write(path, b"x")
    return files


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("C:\\PROGRA~1\\ownCloud", "C:\\Program Files\\ownCloud"),
        ("C:\\PROGRA~2\\TEAMVI~1", "C:\\Program Files (x86)\\TeamViewer"),
        ("C:\\PROGRA~3\\OWNCLO~1\\sync.log", "C:\\ProgramData\\ownCloud GmbH\\sync.log"),
        ("C:\\Users\\ANNAMA~1\\LONGER~1.DOC", "C:\\Users\\Anna Maria\\Longer name.document"),
        ("C:\\Users\\NOBODY~1", "C:\\Users\\NOBODY~1"),
    ],
)
def test_a_short_name_leads_to_the_long_one(short: str, long: str) -> None:
    files = disk()

    assert long == files.real(short)
    assert files.exists(long) == files.exists(short)
    if files.exists(long):
        assert short.upper() == files.short(long).upper()


@given(st.lists(st.text("aB 1.é+", min_size=1, max_size=12), max_size=6, unique_by=str.lower))
def test_short_names_are_told_apart_and_lead_back(texts: list[str]) -> None:
    names = [name for name in texts if name.strip(" .") == name and not name.startswith(".")]
    found = short_names(names)

    assert len(found) == len(set(found.values()))
    for short, long in found.items():
        assert len(short.partition(".")[0]) <= 8
        path = short_path(f"D:\\{long}", children=lambda _: names)
        assert f"D:\\{short}" == path
        assert f"D:\\{long}" == long_path(path, exists=lambda _: False, children=lambda _: names)


def test_what_is_written_through_a_junction_lies_where_it_leads() -> None:
    files = disk()
    files.make_folder("D:\\Data")
    files.add_junction("C:\\Data", "D:\\Data")

    files.write("C:\\Data\\a.txt", b"one")
    files.write("C:\\Documents and Settings\\All Users\\b.txt", b"two")

    assert b"one" == files.read("D:\\Data\\a.txt")
    assert b"two" == files.read("C:\\ProgramData\\b.txt")
    assert "D:\\Data" == files.junction("c:\\data")
    files.remove("C:\\Data")
    assert files.junction("C:\\Data") is None
    assert files.exists("D:\\Data\\a.txt")


def test_a_circle_of_junctions_leads_nowhere_and_ends() -> None:
    files = disk()
    files.add_junction("C:\\A", "C:\\B")
    files.add_junction("C:\\B", "C:\\A")

    assert not files.exists("C:\\A\\x")


def test_a_junction_is_told_as_one_unless_it_is_followed(tmp_path: Path) -> None:
    host = make_machine(tmp_path, "junctions: {'C:\\Data': 'C:\\Windows'}\n")

    def stat(path: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = run_module(host, "win_stat", {"path": path, **more})["stat"]
        return found

    own, windows = stat("c:\\data"), stat("C:\\Documents and Settings")
    followed, plain = stat("C:\\Data", follow=True), stat("C:\\WINDOWS")

    assert (True, False, True, "C:\\Data", "C:\\Windows") == (
        own["isjunction"], own["ishidden"], own["isdir"], own["path"], own["lnk_target"],
    )  # fmt: skip
    assert (True, "C:\\Users") == (windows["ishidden"], windows["lnk_source"])
    assert plain == followed
    assert (False, "C:\\Windows") == (plain["isjunction"], plain["path"])


def test_a_task_of_the_scheduler_is_told_and_changed_by_the_story(tmp_path: Path) -> None:
    host = make_machine(
        tmp_path,
        """
tasks:
  '\\Norton 360\\Norton Overseer': {last_run: now - 3h, last_result: 0, next_run: now + 1h}
  \\GoogleUpdate: {enabled: false}
""",
    )
    space = "root/Microsoft/Windows/TaskScheduler"

    act(host, task={"path": "norton 360/norton overseer", "enabled": False})
    act(host, task={"path": "\\New", "running": True})
    host.advance(NOW + timedelta(days=1))

    assert [
        ("\\", "GoogleUpdate", 1),
        ("\\", "New", 4),
        ("\\Norton 360\\", "Norton Overseer", 1),
    ] == [
        (row["TaskPath"], row["TaskName"], row["State"])
        for row in rows(host, "MSFT_ScheduledTask", space)
    ]
    runs = probe(
        host, kind="cim", namespace=space, **{"class": "MSFT_TaskDynamicInfo"},
        filter="TaskName = 'Norton Overseer'",
        properties=["LastRunTime", "LastTaskResult", "NextRunTime"],
    )  # fmt: skip
    assert [
        {
            "LastRunTime": "2026-10-06T04:00:00Z",
            "LastTaskResult": 0,
            "NextRunTime": "2026-10-06T08:00:00Z",
        }
    ] == runs
    assert 267011 == rows(host, "MSFT_TaskDynamicInfo", space)[0]["LastTaskResult"]


NETWORK = """
network:
  name: Casa di Ada
  category: Public
  suffix: example.lan
  adapters:
    - {name: Wi-Fi, description: Wireless, mac: 'A8:B1:3B:70:C2:F4', wireless: true,
       addresses: [192.168.1.20/24, 'fe80::1/64'], gateway: 192.168.1.1, dns: [192.168.1.1, 9.9.9.9]}
    - {name: Ethernet, description: Wired, mac: 'A8:B1:3B:70:C2:F5', connected: false, dhcp: false}
"""


def test_cards_and_their_network_are_told(tmp_path: Path) -> None:
    host = make_machine(tmp_path, NETWORK)

    wireless, wired = rows(host, "Win32_NetworkAdapterConfiguration")
    before = rows(host, "MSFT_NetConnectionProfile", "root/StandardCimv2")
    act(host, network={"category": "Private", "internet": False})
    after = rows(host, "MSFT_NetConnectionProfile", "root/StandardCimv2")

    assert {
        "MACAddress": "A8:B1:3B:70:C2:F4",
        "IPEnabled": True,
        "IPAddress": ["192.168.1.20", "fe80::1"],
        "IPSubnet": ["255.255.255.0", "64"],
        "DefaultIPGateway": ["192.168.1.1"],
        "DHCPServer": "192.168.1.1",
        "DNSServerSearchOrder": ["192.168.1.1", "9.9.9.9"],
        "DNSDomain": "example.lan",
    }.items() <= wireless.items()
    assert {"IPEnabled": False, "IPAddress": None, "DHCPServer": None}.items() <= wired.items()
    assert [("Casa di Ada", "Wi-Fi", 0, 4)] == [
        (r["Name"], r["InterfaceAlias"], r["NetworkCategory"], r["IPv4Connectivity"])
        for r in before
    ]
    assert [(1, 1)] == [(r["NetworkCategory"], r["IPv4Connectivity"]) for r in after]


def test_a_pc_that_declares_no_card_has_one_of_its_own() -> None:
    hosts = load_profiles(["office"])

    cards = [rows(host, "Win32_NetworkAdapterConfiguration")[0] for host in hosts]

    assert len(hosts) == len({card["MACAddress"] for card in cards})
    assert len(hosts) == len({card["IPAddress"][0] for card in cards})


def chain() -> dict[str, Service]:
    """Return three services of which each needs the one before, all stopped."""
    found = [
        Service("a", "A", state="Stopped"),
        Service("b", "B", state="Stopped", depends_on=("A",)),
        Service("c", "C", state="Stopped", depends_on=("B",)),
    ]
    return {service.name: service for service in found}


def states(there: dict[str, Service]) -> str:
    return "".join(service.state[0] for service in there.values())


def test_a_service_starts_after_what_it_needs_and_stops_after_what_needs_it() -> None:
    there = chain()

    services.start(there, "c")
    assert "RRR" == states(there)
    with pytest.raises(ServiceError, match="other running services are dependent") as caught:
        services.stop(there, "a")
    assert (1051, "RRR") == (caught.value.code, states(there))
    assert ["c", "b", "a"] == services.stop(there, "a", force=True)
    assert "SSS" == states(there)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"c": {"start": "Disabled"}}, 1058),
        ({"a": {"start": "Disabled"}}, 1068),
        ({"b": {"depends_on": ("gone",)}}, 1068),
        ({"c": {"depends_on": ("gone",)}}, 1075),
        ({"a": {"depends_on": ("c",)}}, 1068),
        ({"c": {"fails": 1053}}, 1053),
    ],
)
def test_a_service_that_cannot_start_says_why(changes: dict[str, Any], code: int) -> None:
    there = chain()
    for name, change in changes.items():
        for key, value in change.items():
            object.__setattr__(there[name], key, value)

    with pytest.raises(ServiceError) as caught:
        services.start(there, "c")

    assert (code, "Stopped") == (caught.value.code, there["c"].state)


SERVICES = """
services:
  Base: {display: Base service}
  Upper: {display: Upper service, depends_on: [Base]}
  Spare: {display: Spare service, start: Manual, state: Stopped, fails: 1053}
"""


def test_modules_and_classes_know_what_depends_on_what(tmp_path: Path) -> None:
    host = make_machine(tmp_path, SERVICES)

    def service(name: str, **arguments: Any) -> dict[str, Any]:
        return run_module(host, "win_service", {"name": name, **arguments})

    refused = service("Base", state="stopped")
    restarted = service("Base", state="restarted", force_dependent_services=True)
    failed = service("Spare", state="started")
    told = run_module(host, "win_service_info", {"name": "base"})["services"][0]
    links = [row for row in rows(host, "Win32_DependentService") if '"Upper"' in row["Dependent"]]

    assert "it has dependent services" in refused["msg"]
    assert ("running", ["Upper"]) == (restarted["state"], restarted["depended_by"])
    assert "Running" == host.services["upper"].state
    assert "cannot be started" in failed["msg"]
    assert ["Upper"] == told["dependency_of"]
    assert ['Win32_Service.Name="Base"'] == [row["Antecedent"] for row in links]


def test_a_log_keeps_so_many_records_and_counts_on(tmp_path: Path) -> None:
    host = make_machine(tmp_path, "limits: {Application: 3}\n")
    for number in range(5):
        act(host, event={"log": "Application", "provider": "x", "id": number})

    found = probe(
        host, kind="event_log", log="application", providers=["X"], ids=list(range(5)), max=50
    )

    assert [4, 3, 2] == [row["event_id"] for row in found]
    assert [1] * 2 == [left["record_id"] - right["record_id"] for left, right in pairwise(found)]
    before = found[0]["record_id"]
    host.events.clear("Application")
    assert before + 1 == host.events.add(Event("Application", "x", 1, NOW)).record_id


@given(st.lists(st.sampled_from(["A", "a", "B"]), max_size=30), st.integers(1, 5))
def test_only_the_log_that_is_full_forgets(logs: list[str], limit: int) -> None:
    events = EventLogs(limits={"a": limit})
    for number, log in enumerate(logs):
        events.add(Event(log, "x", number, NOW))

    first = [number for number, log in enumerate(logs) if log.lower() == "a"]
    assert first[-limit:] == [event.id for event in events.records("A")]
    assert [n for n, log in enumerate(logs) if log == "B"] == [e.id for e in events.records("b")]


def test_who_clears_a_log_is_noted_in_it_or_in_another(tmp_path: Path) -> None:
    host = make_machine(tmp_path, "missing_logs: [Setup]\n")
    act(host, event={"log": "Application", "provider": "x", "id": 1})

    act(host, clear_log="Application")
    clear_log(host, "Security", sid=None)

    assert [] == host.events.records("Application")
    noted = host.events.records("System")[-1]
    assert ("Microsoft-Windows-Eventlog", 104, ANNA) == (noted.provider, noted.id, noted.sid)
    assert ("anna", "PC", "Application") == tuple(
        noted.field(name) for name in ("SubjectUserName", "SubjectDomainName", "Channel")
    )
    assert [1102] == [event.id for event in host.events.records("Security")]
    with pytest.raises(LogMissingError):
        clear_log(host, "Setup", sid=None)


def test_a_restart_is_noted_brings_services_up_and_nobody_logged_on(tmp_path: Path) -> None:
    host = make_machine(tmp_path, SERVICES + person(", logged_in: true"))
    act(host, start="owncloud.exe")
    services.stop(host.services, "Base", force=True)
    seen = host.events.records("System")[-1:]

    act(host, restart=True, by="user")

    new = [event for event in host.events.records("System") if event not in seen][-6:]
    assert [1074, 6006, 13, 12, 6009, 6005] == [event.id for event in new]
    assert "PC\\anna" == new[0].field("param7")
    assert NOW < rows(host, "Win32_OperatingSystem")[0]["LastBootUpTime"]
    assert ([], [], 1) == (host.registry.hives(), host.processes, host.boots)
    assert ("Running", "Running", "Stopped") == tuple(
        host.services[name].state for name in ("base", "upper", "spare")
    )


MSI = "display_name: X\nkind: msi\nfile: x.msi\nversion: '2'\nproduct_code: '{1}'\n"
PARTS = """files: {'C:\\X\\a.exe': {size: 1}, 'C:\\X\\b.exe': {size: 1}}
registry: {'HKLM\\SOFTWARE\\X': {a: 1}}
services: [{name: x, display: X}]
"""


def maker(folder: Path, more: str) -> Host:
    return make_machine(folder, installers={"x": MSI + PARTS + more})


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("files", ["a.exe"]),
        ("registry", ["a.exe", "b.exe", "a"]),
        ("services", ["a.exe", "b.exe", "a", "x"]),
    ],
)
def test_an_installer_that_fails_half_way_leaves_what_came_before(
    tmp_path: Path, step: str, left: list[str]
) -> None:
    host = maker(tmp_path, f"fails_at: {step}\n")

    code = install(host, host.specs["x"], sid="S-1-5-18")

    found = [file.path.rpartition("\\")[2] for file in host.files.below("C:\\X")]
    found += [value.name for value in host.registry.values("HKLM\\SOFTWARE\\X")]
    found += [name for name in ("x",) if name in host.services]
    assert (1603, left) == (code, found)
    assert not [
        row for row in rows(host, "Win32_Service") if row["Name"] == "x" and "x" not in left
    ]
    assert "1603" == host.events.records("Application")[-2].field("3")


def test_an_installer_that_hangs_in_session_0_keeps_others_waiting(tmp_path: Path) -> None:
    host = maker(tmp_path, "hangs: Choose a language\n")
    host.files.write("C:\\x.msi", b"")

    with pytest.raises(NeverEnds):
        install(host, host.specs["x"], sid="S-1-5-18")
    busy = install(host, host.specs["x"], sid=ANNA)

    assert [("msiexec.exe", 0, "Choose a language")] == [
        (process.name, process.session, process.title)
        for process in host.processes
        if process.title
    ]
    assert 1618 == busy
    restarts.begin(host)
    restarts.finish(host)
    assert 0 == install(host, host.specs["x"], sid=ANNA)


def test_another_version_of_the_same_package_is_refused(tmp_path: Path) -> None:
    host = maker(tmp_path, "")
    assert 0 == install(host, host.specs["x"], sid=ANNA)

    assert 1638 == install(host, {**host.specs["x"], "version": "3"}, sid=ANNA)


def test_a_restart_that_is_needed_is_pending_until_it_happens(tmp_path: Path) -> None:
    host = maker(tmp_path, "reboot_required: true\n")

    def pending() -> bool:
        facts = run_module(host, "setup", {"gather_subset": ["platform"]})["ansible_facts"]
        return bool(facts["ansible_reboot_pending"])

    before = pending()
    code = install(host, host.specs["x"], sid=ANNA)
    between = pending()
    act(host, restart=True)

    assert (False, NEEDS_RESTART, True, False) == (before, code, between, pending())


def test_an_installer_that_restarts_the_pc_says_who_and_why(tmp_path: Path) -> None:
    host = maker(tmp_path, f"exit_code: {RESTARTS}\n")

    code = install(host, host.specs["x"], sid=ANNA)

    said = [event for event in host.events.records("System") if event.id == 1074][-1]
    assert (RESTARTS, True, "X 2", "PC\\anna") == (
        code, host.restarting, said.field("param6"), said.field("param7"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("windows_11_pro", "Windows Installer installed the product. Product Name: X."),
        (
            "windows_11_pro, desktop_ssd, italian",
            "Windows Installer ha installato il prodotto. Nome del prodotto: X.",
        ),
        (
            "windows_11_pro, desktop_ssd, french",
            "Windows Installer a installé le produit. Nom du produit : X.",
        ),
    ],
)
def test_an_event_is_read_in_the_language_of_its_windows(
    tmp_path: Path, base: str, words: str
) -> None:
    host = make_machine(tmp_path, bases=base, installers={"x": MSI + PARTS})

    install(host, host.specs["x"], sid=ANNA)
    act(host, restart=True)

    texts = {event.id: render(event, host.language) for event in host.events}
    assert str(texts[1033]).startswith(words)
    noted = {1033, 11707, 7045, 1074, 6005, 6006, 6009, 12, 13}
    assert not [number for number in noted if not texts[number] or "{" in str(texts[number])]
    assert render(Event("System", "nobody", 1, NOW), "it") is None


def test_a_story_that_is_told_late_is_the_same(tmp_path: Path) -> None:
    story = """
network: {category: Private}
timeline:
  - {at: 2026-10-06T08:00:00Z, do: [{log_on: S-1-5-21-1-2-3-1001}, {network: {category: Public}}]}
  - {at: 2026-10-06T09:00:00Z, do: [{restart: true, by: system}, {clear_log: System, by: system}]}
  - {at: 2026-10-06T10:00:00Z, do: [{task: {path: \\X, enabled: false}}]}
"""
    early, late = make_machine(tmp_path, story), make_machine(tmp_path, story)
    end = datetime(2026, 10, 7, tzinfo=UTC)

    for hours in range(0, 40, 3):
        early.advance(NOW + timedelta(hours=hours))
    early.advance(end)
    late.advance(end)

    assert early.snapshot() == late.snapshot()
    assert "Public" == early.network.category
