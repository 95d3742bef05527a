"""The register says what was really read: by month, by source, with purpose and number of PCs."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.conftest import CLIENT, Office

from custode.core.architectures import architecture_probe
from custode.core.errors import UsageError
from custode.core.register import (
    entry_of,
    month_register,
    product_entry,
    read_in_run,
    read_of,
    was_read,
)
from custode.core.removal import entries_probe
from custode.edges.catalog import load_product
from custode.edges.policies import load_policies
from custode.flows import privacy, software
from custode.flows.installing import signer_probe
from custode.flows.report import register_words
from custode.flows.report.render import render_report
from custode.flows.report.words import words

ROOT = Path(__file__).resolve().parents[2]
PROBES = load_policies(ROOT / "policies").probes
CATALOG = ROOT / "policies" / "catalog"
OCTOBER, NOVEMBER = "2026-10-05T07:00:00Z", "2026-11-09T08:00:00Z"
ENTRY = {
    "probe": "disk",
    "kind": "cim",
    "target": "root/cimv2:Win32_LogicalDisk",
    "columns": ["DeviceID", "Size"],
    "digested": [],
    "purpose": {"it": "Sapere se il disco è pieno.", "en": "Know if it is full."},
}


def entry(probe: str, **given: Any) -> dict[str, Any]:
    return {**ENTRY, "probe": probe, "target": probe, **given}


def run(*events: dict[str, Any], register: list[dict[str, Any]]) -> dict[str, Any]:
    start = {"event": "run_started", "register": register}
    entries, read = read_in_run([start, *events])
    return {"register": entries, "hosts": {host: {"read": ids} for host, ids in read.items()}}


def observed(host: str, **facts: Any) -> dict[str, Any]:
    return {"event": "observation", "host": host, "payload": {"facts": facts}}


ROWS: dict[str, Any] = {"rows": [], "ms": 1}


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (ROWS, True),
        ({"error": {"kind": "access_denied", "message": "x"}}, True),
        ({"error": {"kind": "timeout", "message": "ProbeLimitPassed"}}, True),
        ({"error": {"kind": "timeout", "message": "DeadlinePassed"}}, False),
        ({"error": {"kind": "refused", "message": "KeyNotListed"}}, False),
        ({"error": {"kind": "failed", "message": "NotReturned"}}, False),
        (None, False),
    ],
)
def test_a_look_counts_when_it_was_begun(answer: Any, read: object) -> None:
    assert was_read(answer) is read


def test_only_what_ran_is_in_it_whatever_was_planned() -> None:
    planned = [entry("disk"), entry("late"), entry("refused"), entry("nobody")]
    late = {"error": {"kind": "timeout", "message": "DeadlinePassed"}}
    refused = {"error": {"kind": "refused", "message": "KeyNotListed"}}
    events = [
        observed("desk", disk=ROWS, late=late, refused=refused),
        observed("front", disk=ROWS, late=ROWS),
    ]

    found = month_register([run(*events, register=planned)])

    assert {"disk": ["desk", "front"], "late": ["front"]} == {
        item["target"]: item["pcs"] for item in found
    }


def test_the_backups_server_is_in_it_only_when_it_was_asked() -> None:
    server = entry("backup_server", kind="server")

    silent = run(observed("desk", backup_server=ROWS), register=[server])
    asked = run(observed("desk", backup_server={"rows": [{"person": 1}]}), register=[server])
    deaf = run(
        observed("desk", backup_server={"error": {"kind": "timeout", "message": "timeout"}}),
        register=[server],
    )

    assert [] == silent["register"]
    assert [server] == asked["register"] == deaf["register"]


def test_looks_whose_facts_are_not_kept_are_in_it_too() -> None:
    product = entry("product_files", kind="file", purpose=None)
    told = {"event": "read", "host": "desk", "entries": [product]}

    found = run(told, observed("desk", disk=ROWS), register=[entry("disk")])

    assert ["disk", "product_files"] == [item["probe"] for item in found["register"]]
    assert {"desk": {"read": ["disk", "product_files"]}} == found["hosts"]


def test_one_source_is_one_line_however_many_looked_at_it() -> None:
    more = entry("uninstall_entries", target="disk", columns=["Size", "Model"], purpose=None)
    told = {"event": "read", "host": "front", "entries": [more]}
    runs = [
        run(observed("desk", disk=ROWS), register=[entry("disk")]),
        run(told, observed("desk", disk=ROWS), register=[entry("disk")]),
    ]

    (found,) = month_register(runs)

    assert ["DeviceID", "Size", "Model"] == found["columns"]
    assert ["desk", "front"] == found["pcs"]
    assert [ENTRY["purpose"], "uninstall_entries"] == found["purposes"]


def test_a_month_published_by_an_older_version_is_still_told() -> None:
    old = {key: value for key, value in ENTRY.items() if key not in {"columns", "digested"}}

    (found,) = month_register([{"register": [old], "hosts": {"desk": {}}}])

    assert [] == found["pcs"] == found["columns"]
    assert "" == register_words.seen_on(words("it", timezone="Europe/Rome"), found)


@pytest.mark.parametrize("probe", PROBES.values(), ids=lambda probe: probe.id)
def test_every_kind_of_probe_has_its_line_in_both_languages(probe: Any) -> None:
    line = entry_of(probe)
    (merged,) = month_register([{"register": [line], "hosts": {}}])

    assert line["target"]
    assert line["kind"] in register_words.KINDS
    for language in ("it", "en"):
        vocabulary = words(language, timezone="Europe/Rome")
        assert probe.purpose[language] == register_words.purposes(vocabulary, merged)
        assert "_" not in register_words.told(vocabulary, merged) or probe.kind in {
            "cim",
            "registry",
            "event_log",
        }
        assert vocabulary.texts[f"register.about.{probe.kind}"]
    # All that is read is named: classes, keys, logs, files, markers, columns.
    arguments = probe.arguments
    named = [*arguments.get("keys", ()), *arguments.get("paths", ()), *arguments.get("markers", ())]
    named += [arguments[name] for name in ("class", "log", "filter") if arguments.get(name)]
    named += [(arguments.get("associated") or {}).get("class", "")]
    assert [] == [name for name in named if str(name) not in line["target"]]
    asked = [*arguments.get("properties", ()), *arguments.get("values", ())]
    asked += [
        *arguments.get("fields", ()),
        *(arguments.get("associated") or {}).get("properties", ()),
    ]
    assert set(asked) <= set(line["columns"])
    assert set(probe.digest) == set(line["digested"])


@pytest.mark.parametrize("name", [path.stem for path in sorted(CATALOG.glob("*.yml"))])
def test_every_look_at_a_product_has_a_purpose_in_both_languages(name: str) -> None:
    load_product(CATALOG, name)
    probes = [
        *software.verification_probes(CATALOG, name),
        *software.state_probes(CATALOG, name, with_architecture=True),
        entries_probe(),
        architecture_probe(),
        signer_probe("C:\\ProgramData\\Custode\\x.msi"),
    ]

    for wire in probes:
        line = product_entry(wire)
        assert line["target"]
        for language in ("it", "en"):
            texts = words(language, timezone="Europe/Rome").texts
            assert texts[f"register.product.{line['probe']}"]


def test_each_month_tells_its_own(office: Office) -> None:
    second = entry("products", target="HKLM\\SOFTWARE\\X", kind="registry")
    office.visit("onboard", OCTOBER, office.seen("desk", OCTOBER))
    office.visit(
        "monthly", NOVEMBER, office.seen("desk", NOVEMBER), register=[second, entry("nobody")]
    )
    office.visit("monthly", "2026-12-07T08:00:00Z", office.unreachable("desk"))
    office.publish()
    tree = office.store.read()

    def told(month: int) -> str:
        return render_report(tree, month=date(2026, month, 1), language="en", format="html")

    assert "root/cimv2:Win32_LogicalDisk" in told(10)
    assert "HKLM\\SOFTWARE\\X" not in told(10)
    assert "HKLM\\SOFTWARE\\X" in told(11)
    assert "nobody" not in told(11)
    assert "No PC was observed this month: nothing was read." in told(12)
    # Nothing follows it but the closing words.
    assert told(11).index('id="verify"') < told(11).index('id="register"')


def test_a_probe_that_was_not_sent_is_not_in_it() -> None:
    facts = {"logical_disks": ROWS}
    lines = read_of(map(entry_of, PROBES.values()), facts)

    assert ["logical_disks"] == [line["probe"] for line in lines]


def test_privacy_is_told_from_the_store_alone(office: Office) -> None:
    office.visit("onboard", OCTOBER, office.seen("desk", OCTOBER), office.unreachable("front"))
    office.publish()

    italian = privacy.read_privacy(office.project, CLIENT, month=None, language=None)
    english = privacy.read_privacy(office.project, CLIENT, month="2026-10", language="en")

    assert italian.language == "it"
    assert english.title.startswith("Register of what was read:")
    assert "PCs observed: 1 of 3." in english.said[1]
    data = json.loads(json.dumps(english.to_json()))
    assert [("root/cimv2:Win32_LogicalDisk", ["desk"])] == [
        (item["target"], item["pcs"]) for item in data["read"]
    ]
    said = " ".join(line for _, lines in english.sections for line in lines)
    assert "made by: tecnico" in said
    with pytest.raises(UsageError, match="is no month"):
        privacy.read_privacy(office.project, CLIENT, month="october", language=None)
    with pytest.raises(UsageError, match="there was no visit in 2027-01"):
        privacy.read_privacy(office.project, CLIENT, month="2027-01", language=None)
    with pytest.raises(UsageError, match="is no language"):
        privacy.read_privacy(office.project, CLIENT, month=None, language="de")
