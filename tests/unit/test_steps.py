"""Attended steps: opened once, closed by what was seen, whatever is late, repeated or killed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.conftest import antivirus_seen

from custode.core.fleet import fleet_at
from custode.core.steps import firewall_step, missing_lines, open_steps, step_lines, steps_at
from custode.core.store_layout import load_ledger
from custode.edges.journal import journal_path

PC = "desk"
SERVICES = {"owncloud": "backup"}
END = "2030-01-01T00:00:00Z"
STAGED = r"C:\Program Files\Custode\staging\NortonSetup.exe"

Office = Any


def moment(day: int) -> str:
    at = datetime(2026, 10, 5, 7, tzinfo=UTC) + timedelta(days=day)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def run(
    day: int,
    *opened: Mapping[str, Any],
    verb: str = "monthly",
    antivirus: Mapping[str, Any] | None = None,
    check_mode: bool = False,
    outcome: str = "observed",
    backup: str = "unknown",
    verified: Mapping[str, Any] | None = None,
    name: str = "",
) -> dict[str, Any]:
    """Return as much of a run's record as steps are told from."""
    host = {
        "antivirus": antivirus,
        "attended": list(opened),
        "observed_at": moment(day),
        "outcome": outcome,
        "services": {"backup": {"standing": backup}, "antivirus": {"standing": "unknown"}},
        "verified": dict(verified or {}),
    }
    return {
        "at": moment(day),
        "check_mode": check_mode,
        "hosts": {PC: host},
        "run_id": f"{day:03}-{verb}{name}",
        "verb": verb,
    }


def asked(product: str = "norton", step: str = "install", **more: Any) -> dict[str, Any]:
    return {"product": product, "step": step, "staged_at": None, "note": "", **more}


def seen(state: str, *accept: str, defender: bool = False) -> dict[str, Any]:
    """Return how the antivirus products stand: Norton in a state, Defender working or not."""
    installed = state not in {"absent", "ghost"}
    norton = {"state": state, "installed": installed, "working": state == "healthy", "why": ""}
    windows = {"state": "x", "installed": True, "working": defender, "why": ""}
    return {
        "accept": list(accept or ("norton",)),
        "products": {"norton": norton, "defender": windows},
    }


def told(*runs: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = step_lines(runs, PC, services=SERVICES)
    return [(line["entry"], line["run_id"]) for line in lines]


def test_a_step_that_is_asked_for_again_is_opened_once() -> None:
    assert told(
        run(0, asked(), verb="onboard", antivirus=seen("absent")),
        run(9, asked(), verb="onboard", antivirus=seen("absent")),
    ) == [("attended_step", "000-onboard")]


def test_the_monthly_look_that_sees_norton_healthy_closes_it_and_is_the_evidence() -> None:
    runs = [
        run(0, asked(staged_at=STAGED, note="ghost"), verb="onboard", antivirus=seen("ghost")),
        run(35, antivirus=seen("healthy")),
    ]

    opened, closed = step_lines(runs, PC, services=SERVICES)

    assert (opened["staged_at"], opened["note"]) == (STAGED, "ghost")
    assert (closed["entry"], closed["run_id"]) == ("step_closed", "035-monthly")
    assert closed["evidence"] == {"kind": "observation", "state": "healthy", "at": moment(35)}


@pytest.mark.parametrize(
    "state",
    ["outdated", "off", "snoozed", "expired", "unregistered", "half", "ghost", "absent", "unknown"],
)
def test_nothing_but_health_closes_an_installation(state: str) -> None:
    runs = [run(0, asked(), verb="onboard"), run(35, antivirus=seen(state))]

    assert [line["entry"] for line in step_lines(runs, PC, services=SERVICES)] == ["attended_step"]


@pytest.mark.parametrize("state", ["healthy", "half", "ghost", "unknown"])
def test_nothing_but_absence_closes_a_removal(state: str) -> None:
    opened = run(0, asked(step="remove"), verb="onboard")

    assert told(opened, run(35, antivirus=seen(state))) == [("attended_step", "000-onboard")]
    assert told(opened, run(35, antivirus=seen("absent")))[-1] == ("step_closed", "035-monthly")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (seen("absent", "defender"), "not_accepted"),
        (seen("absent", "norton", "defender", defender=True), "defender_accepted"),
    ],
)
def test_a_product_that_nobody_wants_any_more_withdraws_its_step(
    found: Mapping[str, Any], why: str
) -> None:
    runs = [run(0, asked(), verb="onboard"), run(35, antivirus=found)]

    _, ended = step_lines(runs, PC, services=SERVICES)

    assert (ended["entry"], ended["why"]) == ("step_withdrawn", why)
    assert steps_at([*step_lines(runs, PC, services=SERVICES)], now=END)[0].withdrawn


def test_a_norton_that_is_half_there_is_still_wanted_where_another_product_works() -> None:
    found = seen("half", "norton", "defender", defender=True)

    assert told(run(0, asked(), verb="onboard"), run(35, antivirus=found)) == [
        ("attended_step", "000-onboard")
    ]


def test_asking_for_the_opposite_replaces_a_step() -> None:
    runs = [run(0, asked(), verb="onboard"), run(9, asked(step="remove"), verb="onboard")]

    lines = step_lines(runs, PC, services=SERVICES)

    assert [(line["entry"], line["step"]) for line in lines] == [
        ("attended_step", "install"),
        ("step_withdrawn", "install"),
        ("attended_step", "remove"),
    ]
    assert [step.step for step in open_steps(lines, now=END)] == ["remove"]


def test_what_went_missing_again_opens_a_new_step() -> None:
    runs = [
        run(0, asked(), verb="onboard"),
        run(35, antivirus=seen("healthy")),
        run(60, asked(), verb="onboard", antivirus=seen("absent")),
    ]

    found = steps_at(step_lines(runs, PC, services=SERVICES), now=END)

    assert [(step.opened_at, step.ended_at) for step in found] == [
        (moment(0), moment(35)),
        (moment(60), None),
    ]


ASPECTS = {
    "version": {"state": "known", "value": "15.76", "why": ""},
    "configured": {"state": "known", "value": True, "why": ""},
}


@pytest.mark.parametrize(
    ("step", "change", "aspect"),
    [
        ("install", {}, "version"),
        ("assign", {}, "configured"),
        ("assign", {"configured": {"state": "known", "value": False, "why": ""}}, None),
        ("assign", {"configured": {"state": "unknown", "value": None, "why": "timeout"}}, None),
        ("remove", {}, None),
        (
            "remove",
            {"version": {"state": "not_applicable", "value": None, "why": "not_installed"}},
            "version",
        ),
    ],
)
def test_a_verification_closes_the_step_whose_aspect_it_proves(
    step: str, change: Mapping[str, Any], aspect: str | None
) -> None:
    verified = {"tool": {"title": "Tool", "at": moment(9), "aspects": {**ASPECTS, **change}}}
    runs = [run(0, asked("tool", step), verb="onboard"), run(9, verified=verified)]

    lines = step_lines(runs, PC, services=SERVICES)

    proofs = [line["evidence"]["aspect"] for line in lines if line["entry"] == "step_closed"]
    assert proofs == ([] if aspect is None else [aspect])


def test_a_service_that_works_closes_the_step_of_its_product() -> None:
    opened = run(0, asked("owncloud", "sign_in"), verb="onboard")

    assert told(opened, run(9, backup="working"))[-1][0] == "step_closed"
    assert told(opened, run(9, backup="not_working"))[-1][0] == "attended_step"


def test_an_onboarding_that_came_to_its_end_and_did_not_ask_again_closes_it() -> None:
    opened = run(0, asked("tool", "assign"), verb="onboard")

    assert told(opened, run(9, verb="onboard"))[-1] == ("step_closed", "009-onboard")
    assert len(told(opened, run(9, verb="onboard", outcome="failed"))) == 1
    assert len(told(opened, run(9, verb="onboard", check_mode=True))) == 1
    assert len(told(opened, run(9, verb="monthly"))) == 1


def test_age_is_told_in_whole_days() -> None:
    (step,) = open_steps(step_lines([run(0, asked())], PC, services=SERVICES), now=END)

    assert [step.age_days(moment(day)) for day in (0, 1, 35)] == [0, 1, 35]


def test_what_came_later_counts_for_nothing() -> None:
    runs = [run(0, asked(), verb="onboard"), run(35, antivirus=seen("healthy"))]
    lines = step_lines(runs, PC, services=SERVICES)

    assert [len(open_steps(lines, now=moment(day))) for day in (-1, 0, 34, 35)] == [0, 1, 1, 0]


def test_a_step_explains_a_silent_pc_while_it_is_open_and_for_a_while_after() -> None:
    runs = [run(0, asked(), verb="onboard"), run(35, antivirus=seen("healthy"))]
    lines = step_lines(runs, PC, services=SERVICES)

    assert [firewall_step(lines, now=moment(day)) is not None for day in (-1, 0, 35, 80, 81)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_only_an_installation_of_what_brings_a_firewall_explains_it() -> None:
    runs = [run(0, asked(step="remove"), asked("owncloud", "sign_in"))]

    assert firewall_step(step_lines(runs, PC, services=SERVICES), now=END) is None


# --- any history, published in any order -----------------------------------------------------

_KEYS = [("norton", "install"), ("norton", "remove"), ("tool", "assign"), ("owncloud", "sign_in")]
_STATES = st.sampled_from(["healthy", "outdated", "half", "ghost", "absent", "unknown"])


@st.composite
def _histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    runs = []
    for index in range(draw(st.integers(1, 7))):
        opened = draw(st.lists(st.sampled_from(_KEYS), max_size=2, unique=True))
        accept = draw(st.sampled_from([("norton",), ("norton", "defender"), ("defender",)]))
        antivirus = seen(draw(_STATES), *accept, defender=draw(st.booleans()))
        runs.append(
            run(
                draw(st.integers(0, 4)),  # several runs may begin at the same moment
                *(asked(product, step) for product, step in opened),
                verb=draw(st.sampled_from(["onboard", "monthly"])),
                antivirus=antivirus if draw(st.booleans()) else None,
                backup=draw(st.sampled_from(["working", "unknown"])),
                outcome=draw(st.sampled_from(["observed", "failed"])),
                check_mode=draw(st.booleans()),
                name=f"-{index}",
            )
        )
    return runs


def published(order: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the ledger after runs were published one by one in an order."""
    ledger: list[dict[str, Any]] = []
    for count in range(1, len(order) + 1):
        ledger += missing_lines(ledger, step_lines(order[:count], PC, services=SERVICES))
    return ledger


@settings(max_examples=200, deadline=None)
@given(_histories(), st.randoms(use_true_random=False))
def test_the_order_of_publishing_changes_nothing_that_is_told(
    runs: list[dict[str, Any]], random: Any
) -> None:
    shuffled = list(runs)
    random.shuffle(shuffled)
    late = published(shuffled)
    in_order = step_lines(runs, PC, services=SERVICES)

    for now in [*(moment(day) for day in range(5)), END]:
        assert steps_at(late, now=now) == steps_at(in_order, now=now)


@settings(max_examples=100, deadline=None)
@given(_histories(), st.randoms(use_true_random=False))
def test_repeated_and_shuffled_lines_tell_the_same(runs: list[dict[str, Any]], random: Any) -> None:
    lines = step_lines(runs, PC, services=SERVICES)
    twice = [*lines, *lines]
    random.shuffle(twice)

    assert steps_at(twice, now=END) == steps_at(lines, now=END)


@settings(max_examples=100, deadline=None)
@given(_histories())
def test_publishing_again_adds_no_line_and_no_step_is_opened_twice(
    runs: list[dict[str, Any]],
) -> None:
    ledger = published(runs)

    assert missing_lines(ledger, step_lines(runs, PC, services=SERVICES)) == []
    waiting = [(step.product, step.step) for step in open_steps(ledger, now=END)]
    assert len(set(waiting)) == len(waiting)


# --- through journals, git and the report -----------------------------------------------------

OCTOBER, NOVEMBER = "2026-10-05T07:00:00Z", "2026-11-09T08:00:00Z"
ONBOARD, MONTHLY = "20261005T070000Z-onboard", "20261109T080000Z-monthly"


def onboarded(office: Office) -> None:
    office.visit(
        "onboard",
        OCTOBER,
        {
            "event": "step_opened",
            "host": PC,
            "product": "norton",
            "step": "install",
            "staged_at": STAGED,
            "note": "absent",
        },
        office.seen(PC, OCTOBER, antivirus="absent"),
    )


def visited(office: Office, antivirus: str) -> None:
    office.visit("monthly", NOVEMBER, office.seen(PC, NOVEMBER, antivirus=antivirus))


def ledger(office: Office) -> list[str]:
    lines = load_ledger(office.store.read(), PC)
    return [line["entry"] for line in lines if "step" in line["entry"]]


def waiting(office: Office, now: str | None = None) -> list[dict[str, Any]]:
    (desk,) = [pc for pc in fleet_at(office.store.read(), now=now).pcs if pc.name == PC]
    return list(desk.open_steps)


def test_the_monthly_run_closes_the_step_and_past_months_still_tell_it(office: Office) -> None:
    onboarded(office)
    office.publish()
    visited(office, "working")
    office.publish()

    assert ledger(office) == ["attended_step", "step_closed"]
    assert waiting(office) == []
    (then,) = waiting(office, now="2026-11-08T08:00:00Z")
    assert (then["age_days"], then["staged_at"], then["run_id"]) == (34, STAGED, ONBOARD)


def test_an_onboarding_that_is_published_late_is_closed_by_the_month_that_came_first(
    office: Office,
) -> None:
    onboarded(office)
    visited(office, "working")
    office.publish(MONTHLY)
    assert ledger(office) == []

    office.publish(ONBOARD)
    office.publish()

    assert ledger(office) == ["attended_step", "step_closed"]
    lines = load_ledger(office.store.read(), PC)
    assert [line["run_id"] for line in lines if "step" in line["entry"]] == [ONBOARD, MONTHLY]
    assert waiting(office) == []


def test_a_step_of_a_run_that_broke_off_is_there_once_when_the_run_is_whole(
    office: Office,
) -> None:
    onboarded(office)
    path = journal_path(office.project.journals("sample"), ONBOARD)
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    office.publish()
    path.write_bytes(whole)

    office.publish()

    assert ledger(office) == ["attended_step"]


@pytest.mark.parametrize(
    ("language", "open_words", "done_words"),
    [
        (
            "it",
            "Antivirus Norton: installazione e attivazione (in sospeso dal 5 ottobre 2026, "
            "da 35 giorni). Da completare sul posto o in assistenza remota.",
            "Completato di persona: Antivirus Norton: installazione e attivazione "
            "(visto il 9 novembre 2026)",
        ),
        (
            "en",
            "Norton antivirus: installation and activation (open since 5 October 2026, "
            "for 35 days). To be completed on site or by remote support.",
            "Completed in person: Norton antivirus: installation and activation "
            "(seen on 9 November 2026)",
        ),
    ],
)
def test_the_report_tells_how_long_a_step_waits_and_when_it_was_done(
    office: Office, tmp_path: Any, language: str, open_words: str, done_words: str
) -> None:
    other = type(office)(tmp_path / "other")
    for place, antivirus in ((office, "absent"), (other, "working")):
        onboarded(place)
        visited(place, antivirus)
        place.publish()

    for form in ("md", "html"):
        path = f"reports/2026-11/report.{language}.{form}"
        still, done = (place.store.read()[path].decode() for place in (office, other))
        assert open_words in still.replace("\\", "")
        assert done_words in done.replace("\\", "")
        assert done_words not in still


def test_what_is_seen_of_every_product_is_in_the_record_of_the_run(office: Office) -> None:
    onboarded(office)
    office.publish()

    (record,) = fleet_at(office.store.read()).runs
    assert record["hosts"][PC]["antivirus"] == antivirus_seen("absent")
