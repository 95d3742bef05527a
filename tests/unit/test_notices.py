"""The duty to warn: each cause in one notice, each notice on its way, nothing warned of twice."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.fleet import fleet_at
from custode.core.hazards import causes
from custode.core.notices import Notice, notices_at, notices_due, record_problem
from custode.core.standing import Standing, State
from custode.core.store_layout import load_ledger

OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"
DECEMBER = "2026-12-14T08:00:00Z"
DUE = "20261109T080000Z-desk"
STANDING = Standing(State.AT_RISK, datetime(2026, 10, 1, tzinfo=UTC), (), (), {})

Office = Any


def visit(office: Office, verb: str, at: str, **desk: Any) -> Any:
    hazard = desk.pop("hazard", False)
    seen, other = office.seen("desk", at, **desk), office.seen("front", at)
    for look in (seen, other):
        look["payload"]["findings"][0]["hazard"] = hazard
    return office.visit(verb, at, seen, other, office.unreachable("laptop"))


def told(office: Office, pc: str = "desk") -> list[Notice]:
    (found,) = [item for item in fleet_at(office.store.read()).pcs if item.name == pc]
    return list(found.notices)


def record(office: Office, status: str, on: str, *, at: str, by: str = "provider") -> Any:
    event = {"event": "notice_recorded", "device": "desk", "notice": DUE, "status": status}
    start = office.start("notice", at, hosts=[], probes=[], register=[], contract={})
    journal = office.write([start, {**event, "on": on, "by": by}, office.finished(at)])
    office.publish()
    return journal


def subjects(notice: Notice) -> list[tuple[str, str]]:
    return [(cause["subject"], cause["kind"]) for cause in notice.causes]


def test_a_pc_whose_antivirus_was_removed_makes_a_notice_due(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    office.publish()

    (notice,) = told(office)
    assert (notice.id, notice.status, notice.due_at) == (DUE, "due", NOVEMBER)
    assert subjects(notice) == [("antivirus", "removed")]
    assert (notice.state, notice.until) == ("at_risk", "2026-11-16T08:00:00Z")
    assert told(office, "front") == []


def test_all_that_one_visit_brings_is_one_notice(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    bad = {"antivirus": "not_working", "backup": "absent", "disk": "fail", "hazard": True}
    visit(office, "monthly", NOVEMBER, **bad)
    office.publish()

    (notice,) = told(office)
    assert subjects(notice) == [
        ("antivirus", "not_working"),
        ("backup", "removed"),
        ("disk_healthy", "hazard"),
    ]


def test_a_rule_of_a_service_that_is_bad_says_nothing_new(office: Office) -> None:
    seen, later = (office.seen("desk", at) for at in (OCTOBER, NOVEMBER))
    for look in (seen, later):
        look["payload"]["findings"][0] |= {"hazard": True, "area": "backup"}
    later["payload"]["findings"][0]["verdict"] = "fail"
    office.visit("onboard", OCTOBER, seen)
    office.visit("monthly", NOVEMBER, later)
    worse = office.seen("desk", DECEMBER, backup="absent")
    worse["payload"]["findings"][0] |= {"hazard": True, "area": "backup", "verdict": "fail"}
    office.visit("monthly", DECEMBER, worse)
    office.publish()

    assert [subjects(notice) for notice in told(office)] == [
        [("disk_healthy", "hazard")],
        [("backup", "removed")],
    ]


def test_a_fault_that_is_no_hazard_asks_for_no_notice(office: Office) -> None:
    visit(office, "onboard", OCTOBER, disk="fail", hazard=False)
    office.publish()

    assert told(office) == []


@pytest.mark.parametrize("never", ["absent", "not_working"])
def test_what_never_worked_is_ours_to_bring_to_work_and_nobody_is_warned(
    office: Office, never: str
) -> None:
    visit(office, "onboard", OCTOBER, antivirus=never)
    visit(office, "monthly", NOVEMBER, antivirus=never)
    office.publish()

    assert told(office) == []


def test_what_is_unknown_asks_for_no_notice_and_ends_none(office: Office) -> None:
    visit(office, "onboard", OCTOBER, disk="unknown", hazard=True)
    visit(office, "monthly", "2026-10-19T07:00:00Z", antivirus="unknown")
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    visit(office, "monthly", DECEMBER, antivirus="unknown")
    office.publish()

    (notice,) = told(office)
    assert notice.due_at == NOVEMBER
    assert not notice.needless


def test_the_same_cause_is_warned_of_once_however_often_it_is_seen(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    for at in (NOVEMBER, "2026-11-12T14:00:00Z", DECEMBER):
        visit(office, "monthly", at, antivirus="absent")
        office.publish()
        office.publish()

    assert [notice.id for notice in told(office)] == [DUE]


def test_a_cause_that_was_cured_and_comes_back_is_a_new_one(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    visit(office, "monthly", "2026-11-12T14:00:00Z")
    visit(office, "monthly", DECEMBER, antivirus="absent")
    office.publish()

    first, second = told(office)
    assert (first.id, first.needless, second.needless) == (DUE, True, False)
    assert second.due_at == DECEMBER


def test_a_run_that_is_published_late_warns_of_nothing_twice(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    office.publish()
    visit(office, "monthly", "2026-10-20T07:00:00Z", antivirus="absent")
    office.publish()

    assert [notice.id for notice in told(office)] == [DUE]


def test_in_any_order_of_publishing_each_open_cause_is_told_once(office: Office) -> None:
    days = ("05", "12", "19", "26")
    states = ("working", "absent", "absent", "absent")
    for day, state in zip(days, states, strict=True):
        visit(office, "monthly", f"2026-10-{day}T07:00:00Z", antivirus=state)
    runs = [f"202610{day}T070000Z-monthly" for day in days]
    random.Random(7).shuffle(runs)  # noqa: S311 - an order, no secret
    for run in runs:
        office.publish(run)

    assert len([notice for notice in told(office) if not notice.needless]) == 1


def test_after_the_end_of_the_contract_nobody_is_warned(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", "2027-10-04T07:00:00Z", antivirus="absent")
    office.publish()

    assert told(office) == []


def test_what_became_of_a_notice_is_kept_in_the_ledger(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    office.publish()
    record(office, "sent", "2026-11-09T10:00:00Z", at="2026-11-10T08:00:00Z")
    record(office, "acknowledged", "2026-11-11T09:00:00Z", at="2026-11-11T09:30:00Z", by="titolare")

    (notice,) = told(office)
    assert notice.status == "acknowledged"
    assert notice.records["acknowledged"] == {"on": "2026-11-11T09:00:00Z", "by": "titolare"}
    lines = [line for line in load_ledger(office.store.read(), "desk") if line["entry"] == "notice"]
    assert [line["status"] for line in lines] == ["due", "sent", "acknowledged"]
    assert lines[1]["at"] == "2026-11-10T08:00:00Z"


def test_a_record_is_no_visit(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    office.publish()
    record(office, "sent", NOVEMBER, at="2026-12-01T08:00:00Z")

    tree = office.store.read()
    assert not [path for path in tree if path.startswith("reports/2026-12")]
    assert [pc.last_seen_at for pc in fleet_at(tree).pcs] == [NOVEMBER, NOVEMBER, None]
    assert not [line for line in load_ledger(tree, "laptop") if line["at"] > NOVEMBER]


def test_the_report_of_the_month_tells_what_became_of_it(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    office.publish()
    before = office.store.read()["reports/2026-11/report.en.md"].decode()
    record(office, "sent", "2026-11-09T10:00:00Z", at="2026-11-10T08:00:00Z")

    tree = office.store.read()
    after = tree["reports/2026-11/report.en.md"].decode()
    assert "Notice due since 9 November 2026 (antivirus). Not sent yet." in before
    assert "Sent on 9 November 2026 (provider)." in after
    assert (
        "Inviato il 9 novembre 2026 (provider)." in tree["reports/2026-11/report.it.html"].decode()
    )
    assert "Notice due" not in tree["reports/2026-10/report.en.md"].decode()


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_draft_says_what_was_seen_what_to_do_and_until_when(
    office: Office, language: str
) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent", disk="fail", hazard=True)
    office.publish()

    text = office.store.read()[f"notices/{DUE}.{language}.txt"].decode()

    words = {
        "en": (
            "Notice about the PC desk",
            "At the visit of 9 November 2026",
            "installed before, was removed",
            "The time to put it right ends on 16 November 2026",
            "the responsibility for damage by viruses",
            "“disk_healthy holds”. Why disk_healthy matters. Restore disk_healthy.",
        ),
        "it": (
            "Avviso sul PC desk",
            "Alla visita del 9 novembre 2026",
            "è stato rimosso",
            "Il termine per rimediare scade il 16 novembre 2026",
            "imputate al committente",
            "«Il requisito disk_healthy è rispettato». Perché disk_healthy conta.",
        ),
    }[language]
    assert [] == [part for part in words if part not in text]
    assert DUE in text
    assert "\n\n\n" not in text


def test_a_draft_is_not_rewritten_by_later_looks(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    office.publish()
    before = office.store.read()[f"notices/{DUE}.it.txt"]
    visit(office, "monthly", DECEMBER, antivirus="absent", backup="absent")
    office.publish()

    tree = office.store.read()
    assert tree[f"notices/{DUE}.it.txt"] == before
    assert [subjects(notice) for notice in told(office)] == [
        [("antivirus", "removed")],
        [("backup", "removed")],
    ]


def test_the_ledger_line_is_whole(office: Office) -> None:
    visit(office, "onboard", OCTOBER)
    visit(office, "monthly", NOVEMBER, antivirus="absent")
    office.publish()

    (line,) = [
        json.loads(text)
        for text in office.store.read()["devices/desk/ledger.jsonl"].splitlines()
        if json.loads(text)["entry"] == "notice"
    ]
    cause = {"kind": "removed", "since": NOVEMBER, "subject": "antivirus"}
    assert line == {
        "at": NOVEMBER,
        "causes": [cause],
        "entry": "notice",
        "notice": DUE,
        "run_id": "20261109T080000Z-monthly",
        "state": "at_risk",
        "status": "due",
        "until": "2026-11-16T08:00:00Z",
    }


@pytest.mark.parametrize(
    ("known", "status", "on", "problem"),
    [
        ({}, "sent", "2026-11-09T09:00:00Z", None),
        ({}, "delivered", "2026-11-09T09:00:00Z", "it was not sent yet"),
        ({}, "sent", "2026-11-01T09:00:00Z", "is before 2026-11-09T08:00:00Z"),
        ({}, "sent", "2027-01-01T09:00:00Z", "has not come yet"),
        ({"sent": NOVEMBER}, "acknowledged", "2026-11-10T09:00:00Z", None),
        ({"sent": NOVEMBER}, "sent", "2026-11-10T09:00:00Z", "recorded as sent on"),
        (
            {"sent": NOVEMBER, "acknowledged": NOVEMBER},
            "delivered",
            "2026-11-10T09:00:00Z",
            "it is acknowledged already",
        ),
    ],
)
def test_a_notice_goes_one_way(
    known: dict[str, str], status: str, on: str, problem: str | None
) -> None:
    records = {word: {"on": at, "by": "provider"} for word, at in known.items()}
    notice = Notice(DUE, "desk", NOVEMBER, "run", "at_risk", None, (), records)

    found = record_problem(notice, status, on=on, now=DECEMBER)

    assert found == problem if problem is None else problem in str(found)


verdicts = st.lists(st.sampled_from(["working", "absent", "not_working", "unknown"]), max_size=7)


@given(verdicts, st.randoms())
def test_in_any_order_of_publishing_no_open_cause_is_told_twice(
    seen: list[str], order: random.Random
) -> None:
    """Runs become known one by one, in any order and again; the ledger only grows."""
    runs = [look(number, standing) for number, standing in enumerate(seen)]
    late = runs * 2
    order.shuffle(late)
    ledger: list[dict[str, Any]] = []
    known: dict[str, dict[str, Any]] = {}
    for run in late:
        known[run["run_id"]] = run
        there = [item for item in runs if item["run_id"] in known]
        ledger += notices_due(
            ledger,
            causes(there, "desk", {}),
            device="desk",
            runs=there,
            standing=STANDING,
            grace={"antivirus": timedelta(days=7), "backup": timedelta(days=14)},
        )

    found = notices_at(ledger, causes(runs, "desk", {}), device="desk", now="9999")

    assert len([notice for notice in found if not notice.needless]) <= 1
    assert len({notice.id for notice in found}) == len(found)
    if seen and seen[-1] == "not_working" and "working" in seen:
        assert [notice for notice in found if not notice.needless]


def look(number: int, standing: str) -> dict[str, Any]:
    at = f"2026-10-{number + 1:02}T07:00:00Z"
    good = {"standing": "working", "installed": True}
    service = {
        "standing": standing,
        "installed": {"absent": False, "unknown": None}.get(standing, True),
    }
    host = {
        "observed_at": at,
        "findings": {},
        "services": {"antivirus": service, "backup": good},
    }
    return {"at": at, "run_id": f"run-{number}", "policy_digest": "", "hosts": {"desk": host}}
