"""One verdict a product: what a PC shows is told apart, and what it does not show is unknown."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custode.core.antivirus import PROBES, AntivirusState, product_state, whole
from custode.core.antivirus_products import ANTIVIRUS, accepted, judge_antivirus, summary
from custode.core.guard import refusal
from custode.core.observation import Facts
from custode.core.probes import normalise
from custode.core.products import Product
from custode.core.readers import OF_WINDOWS, reader_for
from custode.core.readers.norton import NORTON
from custode.edges.catalog import load_product
from custode.edges.policies import Policies, load_policies
from custode.flows import audit
from winsim.modules import run_module
from winsim.profiles import load_profiles

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
REPORT = "Mon, 05 Oct 2026 05:41:07 GMT"
FILE = r"%ProgramFiles%\Norton\Suite\NortonSvc.exe"
OLD_FILE = r"%ProgramFiles%\Norton Security\Engine\<version>\NortonSecurity.exe"
ON, OFF, SNOOZED, EXPIRED, OUTDATED, NOBODY_KNOWS = 0x41000, 0x40000, 0x42000, 0x43000, 0x41010, 0x54000  # fmt: skip
DEFENDER_ON, DEFENDER_OFF = 397568, 393472


def row(name: str = "Norton 360", state: Any = ON, at: Any = REPORT) -> dict[str, Any]:
    return {"displayName": name, "instanceGuid": "{1}", "productState": state, "timestamp": at}


def service(name: str, state: str = "Running", start: str = "Auto") -> dict[str, Any]:
    return {"Name": name, "State": state, "StartMode": start}


WINDOWS = service("WinDefend", "Stopped", "Manual")
NEW = (service("Norton Antivirus"), service("NortonWscReporter"))
OLD = (service("NortonSecurity"), service("nsWscSvc"))
STATUS = {
    "AMRunningMode": "Normal",
    "AMServiceEnabled": True,
    "AntivirusEnabled": True,
    "AntivirusSignatureAge": 0,
    "RealTimeProtectionEnabled": True,
}


def seen(
    *services: Mapping[str, Any],
    rows: Any = (),
    file: bool | None = False,
    old_file: bool | None = False,
    entries: tuple[str, ...] = (),
    **more: Any,
) -> Facts:
    """Return what was read; a text for `rows` or a further probe is the kind of an error."""
    answers: dict[str, Any] = {
        "security_products": rows,
        "antivirus_services": services,
        "antivirus_files": [
            {"path": FILE, "exists": file},
            {"path": OLD_FILE, "exists": old_file},
        ],
        "installed_software": [{"DisplayName": name} for name in entries],
        **more,
    }
    return Facts.from_json(
        {
            name: {"error": {"kind": answer, "message": "Example"}}
            if isinstance(answer, str)
            else {"rows": [dict(item) for item in answer]}
            for name, answer in answers.items()
        }
    )


NORTON_CASES: Mapping[str, tuple[Facts, str, str]] = {
    "new_generation": (seen(*NEW, rows=[row()], file=True), "healthy", ""),
    "old_generation": (seen(*OLD, rows=[row("Norton Security")], old_file=True), "healthy", ""),
    "any_edition": (seen(*NEW, rows=[row("norton antivirus plus")], file=True), "healthy", ""),
    "outdated": (seen(*NEW, rows=[row(state=OUTDATED)], file=True), "outdated", ""),
    "off": (seen(*NEW, rows=[row(state=OFF)], file=True), "off", "security_center"),
    "snoozed": (seen(*NEW, rows=[row(state=SNOOZED)], file=True), "snoozed", "security_center"),
    "expired": (seen(*NEW, rows=[row(state=EXPIRED)], file=True), "expired", "security_center"),
    "stopped": (
        seen(service("Norton Antivirus", "Stopped"), rows=[row()], file=True),
        "off",
        "service_stopped",
    ),
    "stopped_and_not_registered": (
        seen(service("NortonSecurity", "Stopped"), old_file=True),
        "off",
        "service_stopped",
    ),
    "not_from_the_start": (
        seen(service("Norton Antivirus", start="Manual"), rows=[row()], file=True),
        "half",
        "service_not_automatic",
    ),
    "state_that_nobody_knows": (
        seen(*NEW, rows=[row(state=NOBODY_KNOWS)], file=True),
        "unknown",
        "product_state",
    ),
    "no_state": (seen(*NEW, rows=[row(state=None)], file=True), "unknown", "product_state"),
    "signatures_that_nobody_knows": (
        seen(*NEW, rows=[row(state=0x41020)], file=True),
        "unknown",
        "signatures_unknown",
    ),
    "reported_long_ago": (
        seen(*NEW, rows=[row(at="Mon, 31 Aug 2026 06:59:59 GMT")], file=True),
        "unknown",
        "report_too_old",
    ),
    "reported_just_in_time": (
        seen(*NEW, rows=[row(at="Mon, 31 Aug 2026 07:00:00 GMT")], file=True),
        "healthy",
        "",
    ),
    "undated_report": (seen(*NEW, rows=[row(at=None)], file=True), "unknown", "report_undated"),
    "two_rows_that_disagree": (
        seen(*NEW, rows=[row(), row("Norton Security", OFF)], file=True),
        "unknown",
        "rows_disagree",
    ),
    "two_rows_that_agree": (
        seen(*NEW, rows=[row(), row("Norton Security")], file=True),
        "healthy",
        "",
    ),
    "unregistered": (
        seen(*NEW, WINDOWS, rows=[row("Windows Defender", DEFENDER_OFF)], file=True),
        "unregistered",
        "not_registered",
    ),
    "server": (seen(*NEW, rows="not_found", file=True), "unknown", "no_security_center"),
    "denied": (seen(*NEW, rows="access_denied", file=True), "unknown", "access_denied"),
    "ghost": (seen(WINDOWS, rows=[row()]), "ghost", "row_without_program"),
    "ghost_with_its_entry": (
        seen(rows=[row()], entries=("Norton 360",)),
        "ghost",
        "row_without_program",
    ),
    "service_without_file": (
        seen(*NEW, rows=[row()]),
        "half",
        "files_missing",
    ),
    "file_without_service": (
        seen(rows=[row()], file=True, entries=("Norton 360",)),
        "half",
        "service_missing",
    ),
    "helper_alone": (seen(service("nsWscSvc")), "half", "files_missing"),
    "entry_alone": (seen(entries=("Norton Security",)), "half", "entry_without_program"),
    "absent": (seen(WINDOWS, entries=("Nortonbox", "ownCloud")), "absent", ""),
    "services_not_read": (
        seen(rows=[row()], file=True, antivirus_services="timeout"),
        "unknown",
        "timeout",
    ),
    "files_not_read": (
        seen(*NEW, rows=[row()], antivirus_files="refused"),
        "unknown",
        "refused",
    ),
    "old_service_without_file": (
        seen(*OLD, rows=[row("Norton Security")]),
        "half",
        "files_missing",
    ),
    "old_file_without_service": (seen(old_file=True), "half", "service_missing"),
    "old_file_not_told": (seen(*OLD, rows=[row()], old_file=None), "unknown", "file_unknown"),
    "file_not_told": (seen(*NEW, rows=[row()], file=None), "unknown", "file_unknown"),
    "entries_not_read": (seen(installed_software="failed"), "unknown", "failed"),
}


@pytest.mark.parametrize("name", NORTON_CASES)
def test_what_a_pc_shows_of_norton_has_one_verdict(name: str) -> None:
    facts, state, why = NORTON_CASES[name]

    found = judge_antivirus(facts, now=NOW)["norton"]

    assert (found.state, found.why) == (state, why)


def test_every_state_of_an_antivirus_is_met() -> None:
    assert {state for _, state, _ in NORTON_CASES.values()} == set(AntivirusState)


OWN_ROW = row("Windows Defender", DEFENDER_ON)
DEFENDER_CASES: Mapping[str, tuple[Facts, str]] = {
    "on": (seen(service("WinDefend"), rows=[OWN_ROW]), "healthy"),
    "on_under_its_newer_name": (
        seen(service("WinDefend"), rows=[row("Microsoft Defender Antivirus", DEFENDER_ON)]),
        "healthy",
    ),
    "steps_back": (
        seen(*NEW, WINDOWS, rows=[row(), row("Windows Defender", DEFENDER_OFF)], file=True),
        "off",
    ),
    "outdated": (
        seen(service("WinDefend"), rows=[{**OWN_ROW, "productState": 397584}]),
        "outdated",
    ),
    "removed": (seen(), "absent"),
    "server": (seen(service("WinDefend"), rows="not_found", defender_status=[STATUS]), "healthy"),
    "server_that_was_not_asked": (seen(service("WinDefend"), rows="not_found"), "unknown"),
    "server_old_signatures": (
        seen(
            service("WinDefend"),
            rows="not_found",
            defender_status=[{**STATUS, "AntivirusSignatureAge": 8}],
        ),
        "outdated",
    ),
    "server_age_that_means_nothing": (
        seen(
            service("WinDefend"),
            rows="not_found",
            defender_status=[{**STATUS, "AntivirusSignatureAge": 65535}],
        ),
        "unknown",
    ),
    "server_passive": (
        seen(
            service("WinDefend"),
            rows="not_found",
            defender_status=[{**STATUS, "AMRunningMode": "Passive Mode"}],
        ),
        "off",
    ),
    "server_half_told": (
        seen(
            service("WinDefend"),
            rows="not_found",
            defender_status=[{**STATUS, "RealTimeProtectionEnabled": None}],
        ),
        "unknown",
    ),
    "server_stopped": (
        seen(service("WinDefend", "Stopped"), rows="not_found", defender_status="failed"),
        "off",
    ),
}


@pytest.mark.parametrize("name", DEFENDER_CASES)
def test_what_a_pc_shows_of_defender_has_one_verdict(name: str) -> None:
    facts, state = DEFENDER_CASES[name]

    assert judge_antivirus(facts, now=NOW)["defender"].state == state


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (262144, "off"), (262160, "off"), (266240, "on"), (266256, "on"), (270336, "snoozed"),
        (327680, "off"), (331776, "on"), (344064, "unknown"), (393216, "off"), (393472, "off"),
        (397312, "on"), (397568, "on"), (397584, "on"), (274432, "expired"), (462848, "on"),
    ],
)  # fmt: skip
def test_a_known_number_of_the_security_center_is_read_by_its_masks(number: int, word: str) -> None:
    assert product_state(number)["on"] == word


@given(st.integers(0, 2**32 - 1))
def test_no_other_digit_than_one_means_on(number: int) -> None:
    assert (product_state(number)["on"] == "on") is (number >> 12 & 0xF == 1)


@given(st.integers(0, 2**64))
def test_large_numbers_arrive_as_text(number: int) -> None:
    assert whole(str(number)) == whole(number) == number


_ANY = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**33), st.text(max_size=6), st.just(REPORT),
    st.sampled_from(["Norton 360", "Norton Antivirus", "WinDefend", "Running", "Auto", FILE]),
)  # fmt: skip


@st.composite
def _facts(draw: st.DrawFn) -> Facts:
    data: dict[str, Any] = {}
    for probe_id, columns in PROBES.items():
        shape = draw(st.sampled_from(["rows", "rows", "rows", "error", "absent"]))
        if shape == "error":
            data[probe_id] = {"error": {"kind": "failed", "message": "Example"}}
        elif shape == "rows":
            rows = [{name: draw(_ANY) for name in columns} for _ in range(draw(st.integers(0, 3)))]
            data[probe_id] = {"rows": rows}
    return Facts.from_json(data)


@settings(max_examples=150, deadline=None)
@given(_facts())
def test_any_facts_have_a_verdict_and_health_is_never_made_of_nothing(facts: Facts) -> None:
    for found in judge_antivirus(facts, now=NOW).values():
        if found.state is AntivirusState.HEALTHY:
            assert (found.installed, found.working, found.current) == (True, True, True)
        if found.working:
            assert found.installed
        if found.state is AntivirusState.UNKNOWN:
            assert found.why


@pytest.mark.parametrize("name", ["new_generation", "old_generation"])
def test_a_column_that_is_blank_never_leaves_it_healthy(name: str) -> None:
    facts = NORTON_CASES[name][0].to_json()

    for probe_id, columns in PROBES.items():
        for column in columns:
            if probe_id not in facts or column in {"instanceGuid", "DisplayName"}:
                continue
            rows = [{**item, column: None} for item in facts[probe_id]["rows"]]
            blind = Facts.from_json({**facts, probe_id: {"rows": rows}})
            assert judge_antivirus(blind, now=NOW)["norton"].state != "healthy", column


def test_any_accepted_product_that_works_is_enough() -> None:
    both = judge_antivirus(DEFENDER_CASES["on"][0], now=NOW)

    assert accepted(both, ["norton", "defender"]).product == "defender"
    assert accepted(both, ["norton"]).state == "absent"


def test_of_products_that_do_not_work_the_most_wanted_is_told() -> None:
    verdicts = judge_antivirus(NORTON_CASES["expired"][0], now=NOW)
    asleep = judge_antivirus(seen(*NEW, WINDOWS, rows=[row(state=OFF)], file=True), now=NOW)

    assert accepted(verdicts, ["norton", "defender"]).product == "norton"
    assert accepted(asleep, ["defender", "norton"]).product == "defender"


def test_what_nobody_looked_at_is_unknown() -> None:
    found = summary(Facts(), accept=["norton"], now=NOW)

    assert {entry["state"] for entry in found["products"].values()} == {"unknown"}
    assert {entry["working"] for entry in found["products"].values()} == {None}


def test_the_summary_names_every_product_and_what_is_accepted() -> None:
    found = summary(NORTON_CASES["ghost"][0], accept=["norton"], now=NOW)

    assert found["accept"] == ["norton"]
    assert set(found["products"]) == set(ANTIVIRUS)
    assert found["products"]["norton"] == {
        "installed": False,
        "state": "ghost",
        "why": "row_without_program",
        "working": False,
    }


# --- the adapters, the policy and the catalog speak of the same things -----------------------


@cache
def policies() -> Policies:
    return load_policies(ROOT / "policies")


def test_the_policy_reads_what_the_verdicts_lean_on() -> None:
    for probe_id, columns in PROBES.items():
        assert set(columns) <= set(policies().probes[probe_id].columns), probe_id


def test_the_policy_asks_for_every_service_and_file_of_the_products() -> None:
    wanted = policies().probes["antivirus_services"].arguments["filter"]
    named = {part.strip() for part in wanted.replace("\n", " ").split("OR")}

    assert named == {f"Name = '{name}'" for item in ANTIVIRUS.values() for name in item.services}
    assert set(policies().probes["antivirus_files"].arguments["paths"]) == set(NORTON.files)


def test_defenders_own_class_is_asked_on_servers_alone() -> None:
    """Elsewhere the call fails, or hangs, while another antivirus is on."""
    asked = {
        kind: "defender_status"
        in {probe.id for probe in audit.planned_probes(policies(), audit.EVERYTHING, kinds=[kind])}
        for kind in ("desktop", "notebook", "virtual_machine", "server")
    }

    assert asked == {
        "desktop": False,
        "notebook": False,
        "virtual_machine": False,
        "server": True,
    }


def catalog_entry() -> Product:
    return load_product(ROOT / "policies" / "catalog", "norton")


def test_the_catalog_recognises_norton_by_the_same_things() -> None:
    evidence = catalog_entry().detect.evidence

    assert {name for item in evidence for name in item.services} == {
        item.service for item in NORTON.generations
    }
    # A catalog names whole paths: where a folder is named after the version, the service has to do.
    whole = {path for path in NORTON.files if "<version>" not in path}
    assert {path for item in evidence for path in item.files} == whole


# --- the machines of the clinic --------------------------------------------------------------

SERVER = {"server-2016", "server-2019-vm", "server-2022-vm", "server-2025-vm"}
# Norton's and Defender's states where they are not `healthy` and `off`.
CLINIC: Mapping[str, tuple[str, str]] = {
    "defender-broken": ("absent", "off"),
    "defender-only": ("absent", "healthy"),
    "norton-expired": ("expired", "off"),
    "norton-ghost": ("ghost", "off"),
    "norton-off": ("off", "off"),
    "norton-outdated": ("outdated", "off"),
    "norton-snoozed": ("snoozed", "off"),
    "norton-unregistered": ("unregistered", "off"),
    # The repository is broken: Windows does not say what it knows.
    "repository-broken": ("unknown", "unknown"),
    **dict.fromkeys(SERVER, ("absent", "healthy")),
    "virtualbox-test": ("absent", "healthy"),
}
MACHINES = sorted(
    path.parent.name for path in (ROOT / "src/winsim/profiles/clinic").glob("*/machine.yml")
)


@cache
def clinic() -> Mapping[str, Any]:
    hosts = {host.name: host for host in load_profiles(["clinic"])}
    for host in hosts.values():
        host.advance(NOW)
    return hosts


def look(name: str) -> Facts:
    """Return what the policy's own probes see of a machine's antivirus."""
    kind = "server" if name in SERVER else "desktop"
    planned = audit.planned_probes(policies(), audit.EVERYTHING, kinds=[kind])
    probes = [probe for probe in planned if probe.id in PROBES]
    answer = run_module(clinic()[name], "fleet_probe", {"probes": audit.wire_plan(probes, now=NOW)})
    return normalise(probes, answer["facts"])


@pytest.mark.parametrize("name", MACHINES)
def test_each_machine_of_the_clinic_gets_its_verdict(name: str) -> None:
    found = judge_antivirus(look(name), now=NOW)

    expected = CLINIC.get(name, ("healthy", "off"))
    assert tuple(str(found[product].state) for product in ("norton", "defender")) == expected


# --- the reader: what `verify` says of Norton ------------------------------------------------


def verified(name: str) -> dict[str, tuple[str, Any]]:
    product = catalog_entry()
    probes = reader_for("norton").probes(product)
    assert [refusal(probe["kind"], probe) for probe in probes] == [None] * len(probes)
    answer = run_module(clinic()[name], "fleet_probe", {"probes": probes})
    found = reader_for("norton").read(product, Facts.from_json(answer["facts"]), now=NOW)
    return {
        aspect: (str(item.state), item.value if item.state == "known" else item.why)
        for aspect, item in found.aspects.items()
    }


def test_a_healthy_norton_of_either_generation_shows_every_aspect() -> None:
    expected = {
        "registered": ("known", True),
        "service": ("known", "auto"),
        "running": ("known", True),
        "configured": ("known", True),
        "last_sign_of_life": ("known", "2026-10-05T04:00:00Z"),
    }

    assert verified("mini-pc") == {"version": ("known", "26.8.11125.2681"), **expected}
    assert verified("norton-22") == {"version": ("known", "22.24.8.36"), **expected}


@pytest.mark.parametrize(
    ("name", "aspect", "value"),
    [
        ("norton-expired", "configured", ("known", False)),
        ("norton-ghost", "registered", ("known", True)),
        ("norton-ghost", "version", ("not_applicable", "not_installed")),
        ("norton-ghost", "service", ("known", "missing")),
        ("norton-off", "running", ("known", False)),
        ("norton-unregistered", "registered", ("known", False)),
        ("norton-unregistered", "configured", ("unknown", "not_registered")),
        ("server-2022-vm", "registered", ("not_applicable", "no_security_center")),
        ("server-2022-vm", "configured", ("not_applicable", "no_security_center")),
        ("repository-broken", "last_sign_of_life", ("unknown", "not_found")),
    ],
)
def test_what_verify_says_of_a_troubled_norton(
    name: str, aspect: str, value: tuple[str, Any]
) -> None:
    assert verified(name)[aspect] == value


def test_what_the_old_generation_noted_is_its_version_where_nothing_else_says_it() -> None:
    product = catalog_entry()
    key = r"HKLM\SOFTWARE\Norton\{0C55C096-0F1D-4F28-AAA2-85EF591126E7}"
    answers = {
        "uninstall_entries": {"rows": []},
        "product_files": {"rows": []},
        "product_services": {"rows": [service("NortonSecurity")]},
        "security_products": {"rows": [row(), row(state=EXPIRED)]},
        "norton_version": {"rows": [{"key": key, "PRODUCTVERSION": "22.24.8.36"}]},
    }

    found = reader_for("norton").read(product, Facts.from_json(answers), now=NOW).aspects

    assert found["version"].value == "22.24.8.36"
    assert (found["configured"].state, found["configured"].why) == ("unknown", "product_state")


def defender(name: str) -> dict[str, tuple[str, Any]]:
    probes = OF_WINDOWS["defender"].probes()
    assert [refusal(probe["kind"], probe) for probe in probes] == [None] * len(probes)
    host = clinic()[name]
    answer = run_module(host, "fleet_probe", {"probes": probes})
    found = OF_WINDOWS["defender"].read(Facts.from_json(answer["facts"]), now=NOW)
    return {
        aspect: (str(item.state), item.value if item.state == "known" else item.why)
        for aspect, item in found.aspects.items()
    }


def test_defender_shows_every_aspect_where_it_protects() -> None:
    assert defender("defender-only") == {
        "version": ("unknown", "no_version"),
        "registered": ("known", True),
        "service": ("known", "auto"),
        "running": ("known", True),
        "configured": ("not_applicable", "needs_no_account"),
        "last_sign_of_life": ("known", "2026-10-05T05:00:00Z"),
    }


@pytest.mark.parametrize(
    ("name", "aspect", "value"),
    [
        ("mini-pc", "running", ("known", False)),
        ("mini-pc", "registered", ("known", True)),
        ("server-2022-vm", "registered", ("not_applicable", "no_security_center")),
        ("server-2022-vm", "running", ("known", True)),
        ("repository-broken", "registered", ("unknown", "not_found")),
    ],
)
def test_what_defender_does_not_show_is_told_apart(
    name: str, aspect: str, value: tuple[str, Any]
) -> None:
    assert defender(name)[aspect] == value


@pytest.mark.parametrize(
    ("file", "service_rows", "expected"),
    [
        ({"exists": True, "version": "4.18.26080.7"}, [WINDOWS], ("known", "4.18.26080.7")),
        ({"exists": False, "version": None}, [WINDOWS], ("unknown", "no_version")),
        ({"exists": False, "version": None}, [], ("not_applicable", "not_installed")),
    ],
)
def test_the_version_of_defender_is_that_of_its_program(
    file: dict[str, Any], service_rows: list[dict[str, Any]], expected: tuple[str, Any]
) -> None:
    facts = Facts.from_json(
        {"product_files": {"rows": [file]}, "product_services": {"rows": service_rows}}
    )
    found = OF_WINDOWS["defender"].read(facts, now=NOW).aspects["version"]
    assert (str(found.state), found.value or found.why) == expected


def test_two_answers_that_differ_are_told_apart_whatever_their_order() -> None:
    rows = [row(), row("Norton Security", OFF), row("Windows Defender", DEFENDER_OFF)]

    found = {
        judge_antivirus(seen(*NEW, rows=turn, file=True), now=NOW)["norton"].why
        for turn in itertools.permutations(rows)
    }

    assert found == {"rows_disagree"}
