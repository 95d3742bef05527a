"""On whom it depended: only what was tried counts, and a doubt is never the client's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core import symptoms
from custode.core.agreed_hours import agreed_hours, hours_at
from custode.core.attribution import (
    PARTIES,
    AgreedVisit,
    Missed,
    Party,
    agreed_visit,
    missed_service,
    tries,
)
from custode.core.disappearance import VERDICTS
from custode.core.services import ServiceStanding
from custode.core.store_layout import load_ledger
from custode.flows.report import render_report
from custode.flows.report.words import _catalogue

NOVEMBER = date(2026, 11, 1)
FIRST, SECOND = "2026-11-09T08:00:00Z", "2026-11-12T13:00:00Z"  # in the agreed hours
OUTSIDE = "2026-11-10T20:00:00Z"
LATER = datetime(2026, 11, 30, tzinfo=UTC)
CONTRACT: dict[str, Any] = {
    "client": {"timezone": "Europe/Rome"},
    "starts_on": "2026-10-01",
    "ends_on": "2027-09-30",
    "monitoring": {
        "rule": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2",
        "window": {"start": "09:00:00", "end": "13:00:00"},
        "blackout": ["2026-12-14"],
        "fallback_slots": [{"after_days": 3, "window": {"start": "14:00:00", "end": "17:00:00"}}],
    },
}

Office = Any


def run(
    at: str, kind: str | None, *, check: bool = False, scopes: tuple[str, ...] = ("compliance",)
) -> Any:
    """Return a run's record: of a PC that was seen, or not, for a reason."""
    host = {
        "outcome": "observed"
        if kind is None
        else "interrupted"
        if kind == "interrupted"
        else "unreachable",
        "observed_at": at if kind is None else None,
        "reason": None if kind is None else {"kind": kind},
        "scopes": list(scopes) if kind is None else [],
    }
    return {"at": at, "run_id": f"run-{at}", "check_mode": check, "hosts": {"desk": host}}


def visit(*runs: Any, now: datetime = LATER) -> AgreedVisit | None:
    made = tries(runs, "desk", contract=CONTRACT)
    return agreed_visit(made, contract=CONTRACT, month=NOVEMBER, now=now)


def verdict(*runs: Any) -> tuple[str, Party | None, str, int]:
    found = visit(*runs)
    assert found is not None
    return (found.outcome, found.party, found.why, found.tried)


def test_the_calendar_gives_each_month_its_hours_in_the_clients_time() -> None:
    first, second = agreed_hours(CONTRACT, date(2026, 11, 20))

    assert first.to_json() == {"starts_at": FIRST, "ends_at": "2026-11-09T12:00:00Z"}
    assert second.to_json() == {"starts_at": SECOND, "ends_at": "2026-11-12T16:00:00Z"}
    assert hours_at(CONTRACT, datetime(2026, 11, 9, 11, 59, tzinfo=UTC)) == first
    assert hours_at(CONTRACT, datetime(2026, 11, 9, 12, tzinfo=UTC)) is None


def test_a_day_without_visits_leaves_its_second_chance() -> None:
    (only,) = agreed_hours(CONTRACT, date(2026, 12, 1))

    assert only.starts_at == datetime(2026, 12, 17, 13, tzinfo=UTC)


@pytest.mark.parametrize("month", [date(2026, 9, 1), date(2027, 10, 1)])
def test_outside_the_contract_no_visit_is_agreed(month: date) -> None:
    assert agreed_hours(CONTRACT, month) == ()
    assert agreed_visit([], contract=CONTRACT, month=month, now=LATER) is None


def test_a_pc_that_was_seen_in_the_month_had_its_visit() -> None:
    assert verdict(run(FIRST, None)) == ("kept", None, "", 1)
    assert verdict(run(OUTSIDE, None)) == ("kept", None, "", 0)


def test_until_the_last_chance_has_passed_nothing_is_missed() -> None:
    found = visit(run(FIRST, "offline"), now=datetime(2026, 11, 9, 20, tzinfo=UTC))

    assert found == AgreedVisit("open", 2, 1)


def test_a_pc_that_was_off_whenever_it_was_tried_depended_on_the_client() -> None:
    both = (run(FIRST, "offline"), run(SECOND, "offline"))

    assert verdict(*both) == ("missed", Party.CLIENT, "offline", 2)
    assert verdict(both[0]) == ("missed", Party.CLIENT, "offline", 1)


def test_a_visit_that_nobody_tried_depended_on_us() -> None:
    assert verdict() == ("missed", Party.US, "not_run", 0)


@pytest.mark.parametrize(
    "untried",
    [
        run(OUTSIDE, "offline"),
        run(FIRST, "offline", check=True),
        run(FIRST, "interrupted"),
        run(FIRST, None, scopes=("hardware",)),
    ],
    ids=["outside the agreed hours", "rehearsal", "broken off before", "hardware alone"],
)
def test_hours_count_against_nobody_unless_they_were_really_tried(untried: Any) -> None:
    outcome, party, why, _ = verdict(untried)

    assert (outcome, party, why) == ("missed", Party.US, "not_run")


@pytest.mark.parametrize(
    ("kind", "party"),
    [
        ("controller", Party.US),
        ("module_failure", Party.US),
        ("security_block", Party.THIRD_PARTY),
        ("auth", Party.UNKNOWN),
        ("firewall_suspected", Party.UNKNOWN),
        ("never_heard_of", Party.UNKNOWN),
    ],
)
def test_one_doubt_takes_the_visit_from_the_client(kind: str, party: Party) -> None:
    assert verdict(run(FIRST, "offline"), run(SECOND, kind))[1:3] == (party, kind)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([FIRST, SECOND, OUTSIDE]),
            st.sampled_from(["offline", "auth", "controller", "security_block", "interrupted"]),
        )
    )
)
def test_the_client_is_named_only_where_every_try_found_the_pc_off(
    told: list[tuple[str, str]],
) -> None:
    outcome, party, _, tried = verdict(*(run(at, kind) for at, kind in told))
    inside = {kind for at, kind in told if at != OUTSIDE and kind != "interrupted"}

    assert outcome == "missed"
    assert (party is Party.CLIENT) == (inside == {"offline"})
    assert tried == len({at for at, kind in told if at != OUTSIDE and kind != "interrupted"})


def test_every_reason_that_is_named_exists_and_has_words() -> None:
    words = {key.removeprefix("attempt.") for key in _catalogue("en") if key.startswith("attempt.")}

    assert set(PARTIES) <= words
    assert PARTIES[symptoms.OFFLINE.kind] is Party.CLIENT


def service(
    standing: ServiceStanding,
    *,
    name: str = "backup",
    backup: str = "",
    verdicts: tuple[str, ...] = ("fail",),
    waiting: bool = False,
    blocked: bool = False,
    removal: Any = None,
) -> Missed | None:
    host = {
        "antivirus": {"accept": ["norton"], "products": {"norton": {"state": "snoozed"}}},
        "backup": {"state": "broken", "why": backup},
        "services": {name: {"evidence": [{"rule": "r", "verdict": item} for item in verdicts]}},
    }
    return missed_service(
        name, standing, host=host, waiting=waiting, blocked=blocked, removal=removal
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (service(ServiceStanding.WORKING), None),
        (service(ServiceStanding.ABSENT), (Party.US, "not_installed")),
        (service(ServiceStanding.ABSENT, waiting=True), (Party.US, "step_open")),
        (service(ServiceStanding.ABSENT, blocked=True), (Party.UNKNOWN, "gate")),
        (service(ServiceStanding.REMOVED), (Party.UNKNOWN, "no_event")),
        (
            service(ServiceStanding.REMOVED, removal={"verdict": "uninstalled_by_person"}),
            (Party.CLIENT, "uninstalled_by_person"),
        ),
        (
            service(ServiceStanding.REMOVED, removal={"verdict": "removed_by_us"}),
            (Party.US, "removed_by_us"),
        ),
        (
            service(ServiceStanding.REMOVED, removal={"verdict": "switched_off"}),
            (Party.UNKNOWN, "switched_off"),
        ),
        (service(ServiceStanding.NOT_WORKING), (Party.UNKNOWN, "cause_unknown")),
        (service(ServiceStanding.NOT_WORKING, backup="paused"), (Party.UNKNOWN, "paused")),
        (service(ServiceStanding.NOT_WORKING, name="antivirus"), (Party.UNKNOWN, "snoozed")),
        (
            service(ServiceStanding.UNKNOWN, backup="server_out_of_service"),
            (Party.THIRD_PARTY, "server_out_of_service"),
        ),
        (service(ServiceStanding.UNKNOWN, backup="log_unread"), None),
        (service(ServiceStanding.UNKNOWN, verdicts=("waived",)), (Party.CLIENT, "waived")),
    ],
)
def test_a_service_that_does_not_stand_depends_on_whoever_the_evidence_names(
    found: Missed | None, expected: tuple[Party, str] | None
) -> None:
    assert (found and (found.party, found.why)) == expected


def tell(office: Office, month: date) -> str:
    return render_report(dict(office.store.read()), month=month, language="en", format="md")


def test_each_try_that_saw_nothing_is_in_the_ledger_with_its_hours(office: Office) -> None:
    office.visit("monthly", FIRST, office.seen("desk", FIRST), office.unreachable("laptop"))
    office.visit("monthly", OUTSIDE, office.unreachable("laptop"), hosts=["laptop"])
    office.publish()

    tree = office.store.read()
    told = [line for line in load_ledger(tree, "laptop") if line["entry"] == "missed"]
    assert [(line["party"], line["why"]) for line in told] == [
        ("client", "offline"),
        ("nobody", "outside_hours"),
    ]
    assert told[0]["hours"] == {"starts_at": FIRST, "ends_at": "2026-11-09T12:00:00Z"}
    assert told[1]["hours"] is None
    assert [line for line in load_ledger(tree, "front") if line["entry"] == "missed"] == []


def test_the_report_tells_a_missed_visit_once_when_it_is_certain(office: Office) -> None:
    seen = [office.seen("desk", FIRST), office.seen("front", FIRST)]
    office.visit("monthly", FIRST, *seen, office.unreachable("laptop"))
    december = "2026-12-14T08:00:00Z"
    looks = [office.seen(name, december) for name in office.devices]
    office.visit("monthly", december, *looks)
    january = "2027-01-11T08:00:00Z"
    looks = [office.seen(name, january) for name in office.devices]
    office.visit("monthly", january, *looks)
    office.publish()

    row = (
        "| laptop | visit of November 2026 | the client | the PC was off or not in the network; "
        "tried at 1 of 2 agreed hours |"
    )
    assert "2 made, 0 missed, 1 still possible" in tell(office, NOVEMBER)
    assert row not in tell(office, NOVEMBER)
    assert row in tell(office, date(2026, 12, 1))
    assert row not in tell(office, date(2027, 1, 1))


def test_months_without_any_visit_are_told_by_the_next_report(office: Office) -> None:
    october, january = "2026-10-12T07:00:00Z", "2027-01-11T08:00:00Z"
    for at in (october, january):
        office.visit("monthly", at, *(office.seen(name, at) for name in office.devices))
    office.publish()

    text = tell(office, date(2027, 1, 1))

    for month in ("November", "December"):
        assert f"| desk | visit of {month} 2026 | us | the visit was not made" in text
    assert "visit of October" not in text


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_reason_of_a_service_has_words(language: str) -> None:
    words = ("cause_unknown", "not_installed", "step_open", "gate", "waived", *VERDICTS)

    for name in ("antivirus", "backup"):
        assert {f"missed.why.{name}.{word}" for word in words} <= _catalogue(language).keys()
    assert {f"removal.verdict.{word}" for word in VERDICTS} <= _catalogue(language).keys()
