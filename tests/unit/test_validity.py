"""The contract's standing as a fold over looks: examples of the story, then its laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.services import (
    BAD,
    SERVICES,
    ServiceEvidence,
    ServiceStanding,
    service_evidence,
    service_standing,
)
from custode.core.standing import Look, State, Terms
from custode.core.validity import standing

START = datetime(2026, 10, 1, tzinfo=UTC)
TERMS = Terms(
    starts_at=START,
    ends_at=START + timedelta(days=365),
    grace={"antivirus": timedelta(days=7), "backup": timedelta(days=14)},
    unseen_after=timedelta(days=45),
)
DAYS = 24  # hours
SEVERITY = [State.VALID, State.AT_RISK, State.UNSEEN, State.SUSPENDED]

GOOD = ServiceEvidence(ServiceStanding.WORKING, installed=True)
ABSENT = ServiceEvidence(ServiceStanding.ABSENT, installed=False)
BROKEN = ServiceEvidence(ServiceStanding.NOT_WORKING, installed=True)
UNKNOWN = ServiceEvidence(ServiceStanding.UNKNOWN)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def look(number: float, antivirus: ServiceEvidence = GOOD, backup: ServiceEvidence = GOOD) -> Look:
    return Look(day(number), f"run-{number}", {"antivirus": antivirus, "backup": backup})


def state(looks: list[Look], number: float) -> State:
    return standing(looks, terms=TERMS, now=day(number)).state


def test_a_pc_nobody_has_seen_is_pending() -> None:
    found = standing([], terms=TERMS, now=day(100))

    assert found.state is State.PENDING
    assert [reason.kind for reason in found.reasons] == ["never_seen"]


def test_both_services_seen_working_make_the_contract_valid() -> None:
    assert state([look(4)], 4) is State.VALID


def test_one_unknown_service_leaves_the_contract_pending() -> None:
    assert state([look(4, antivirus=UNKNOWN)], 4) is State.PENDING


def test_proofs_of_the_two_services_may_come_from_two_looks() -> None:
    assert state([look(4, backup=UNKNOWN), look(5, antivirus=UNKNOWN)], 5) is State.VALID


def test_looks_before_the_start_count_from_the_start() -> None:
    found = standing([look(-3)], terms=TERMS, now=day(1))

    assert found.state is State.VALID
    assert found.since == START


def test_removed_antivirus_is_a_risk_with_its_grace_counted_from_the_first_bad_look() -> None:
    found = standing([look(4), look(39, antivirus=ABSENT)], terms=TERMS, now=day(39))

    (reason,) = found.reasons
    assert found.state is State.AT_RISK
    assert found.services["antivirus"] is ServiceStanding.REMOVED
    assert (reason.kind, reason.since, reason.until) == ("removed", day(39), day(46))
    assert reason.run_id == "run-39"


def test_what_was_never_installed_is_absent_not_removed() -> None:
    found = standing([look(4, antivirus=ABSENT)], terms=TERMS, now=day(4))

    assert found.services["antivirus"] is ServiceStanding.ABSENT


def test_the_end_of_grace_alone_does_not_suspend() -> None:
    assert state([look(4), look(10, antivirus=ABSENT)], 30) is State.AT_RISK


def test_a_bad_look_after_grace_suspends_until_a_good_one() -> None:
    bad = [look(4), look(10, antivirus=ABSENT), look(17, antivirus=ABSENT)]

    assert state(bad, 17) is State.SUSPENDED
    assert state([*bad, look(18, antivirus=UNKNOWN)], 18) is State.SUSPENDED
    assert state([*bad, look(18)], 18) is State.VALID


def test_a_suspended_pc_that_stays_away_stays_suspended() -> None:
    bad = [look(4), look(10, antivirus=ABSENT), look(17, antivirus=ABSENT)]

    assert state(bad, 17 + 300) is State.SUSPENDED


def test_an_old_last_look_makes_the_pc_unseen_from_that_moment() -> None:
    found = standing([look(4)], terms=TERMS, now=day(200))

    assert found.state is State.UNSEEN
    assert found.since == day(49)
    assert [reason.kind for reason in found.reasons] == ["not_seen"]


def test_looks_that_prove_nothing_do_not_keep_a_contract_valid_for_ever() -> None:
    looks = [look(4), *(look(number, antivirus=UNKNOWN) for number in (30, 60, 90))]

    assert state(looks, 48) is State.VALID
    assert state(looks, 90) is State.UNSEEN


def test_nothing_changes_after_the_end() -> None:
    looks = [look(4), look(364)]

    assert state(looks, 366) is State.CLOSED
    assert state([*looks, look(366, antivirus=ABSENT)], 400) is State.CLOSED


def test_every_transition_is_told_with_its_reasons() -> None:
    looks = [look(4), look(10, backup=BROKEN), look(12)]

    found = standing(looks, terms=TERMS, now=day(60))

    told = [(step.at, step.before, step.after) for step in found.transitions]
    assert told == [
        (day(4), State.PENDING, State.VALID),
        (day(10), State.VALID, State.AT_RISK),
        (day(12), State.AT_RISK, State.VALID),
        (day(57), State.VALID, State.UNSEEN),
    ]
    assert [reason.kind for reason in found.transitions[1].reasons] == ["not_working"]


def test_terms_count_days_where_the_client_is() -> None:
    contract = {
        "client": {"timezone": "Europe/Rome"},
        "starts_on": "2026-10-01",
        "ends_on": "2026-12-31",
        "grace": {"antivirus_days": 7, "backup_days": 14, "unseen_days": 45},
    }

    terms = Terms.from_contract(contract)

    assert terms.starts_at == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert terms.ends_at == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert terms.grace["backup"] == timedelta(days=14)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], "unknown"),
        ([("installed", "pass"), ("working", "pass")], "working"),
        ([("installed", "fail"), ("working", "unknown")], "absent"),
        ([("installed", "fail"), ("working", "pass")], "absent"),
        ([("installed", "pass"), ("working", "fail")], "not_working"),
        ([("working", "pass"), ("working", "fail")], "not_working"),
        ([("installed", "pass"), ("working", "unknown")], "unknown"),
        ([("installed", "unknown"), ("working", "pass")], "unknown"),
        ([("installed", "pass")], "unknown"),
        ([("installed", "pass"), ("working", "not_applicable")], "unknown"),
        ([("installed", "pass"), ("working", "waived")], "unknown"),
        ([("working", "pass"), ("working", "not_applicable")], "working"),
    ],
)
def test_findings_amount_to_a_standing(verdicts: list[tuple[str, str]], expected: str) -> None:
    findings = [
        {"rule": f"r{number}", "service": "backup", "proves": proves, "verdict": verdict}
        for number, (proves, verdict) in enumerate(verdicts)
    ]

    assert service_standing(findings, "backup") == expected


def test_findings_of_another_service_or_without_proof_do_not_count() -> None:
    findings = [
        {"rule": "a", "service": "antivirus", "proves": "working", "verdict": "fail"},
        {"rule": "b", "service": "backup", "proves": None, "verdict": "fail"},
        {"rule": "c", "service": "backup", "proves": "working", "verdict": "pass"},
    ]

    found = service_evidence(findings, "backup")

    assert found.standing is ServiceStanding.WORKING
    assert found.rules == (("c", "pass"),)
    assert ServiceEvidence.from_json(found.to_json()) == found


# The laws. Looks fall on a coarse grid, so that ties and exact ends of grace are common.

evidence = st.sampled_from([GOOD, ABSENT, BROKEN, UNKNOWN])
looks_strategy = st.lists(
    st.builds(
        lambda number, run, antivirus, backup: Look(
            day(number), run, {"antivirus": antivirus, "backup": backup}
        ),
        st.integers(-10, 400),
        st.sampled_from(["a", "b"]),
        evidence,
        evidence,
    ),
    max_size=14,
)
moments = st.integers(-20, 420)


@given(looks_strategy, moments, st.randoms())
def test_order_and_repetition_do_not_matter(looks: list[Look], now: int, random: object) -> None:
    shuffled = looks * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    first = standing(looks, terms=TERMS, now=day(now))

    assert standing(shuffled, terms=TERMS, now=day(now)) == first


@given(looks_strategy, moments)
def test_never_suspended_by_what_is_unknown(looks: list[Look], now: int) -> None:
    """Whoever was never seen bad is never at risk or suspended."""
    harmless = [
        item for item in looks if not any(item.evidence(s).standing in BAD for s in SERVICES)
    ]

    found = standing(harmless, terms=TERMS, now=day(now))

    after = {step.after for step in found.transitions}
    assert not after & {State.AT_RISK, State.SUSPENDED}


@given(looks_strategy, moments)
def test_suspended_only_by_a_bad_look_when_grace_is_over(looks: list[Look], now: int) -> None:
    found = standing(looks, terms=TERMS, now=day(now))

    for step in found.transitions:
        if step.after is State.SUSPENDED:
            there = [item for item in looks if item.at == step.at]
            assert any(item.evidence(s).standing in BAD for item in there for s in SERVICES)
            overdue = [r for r in step.reasons if r.until is not None and r.until <= step.at]
            assert overdue


@given(looks_strategy, moments)
def test_never_cured_without_a_good_look(looks: list[Look], now: int) -> None:
    found = standing(looks, terms=TERMS, now=day(now))

    for step in found.transitions:
        if step.before is State.SUSPENDED and step.after is not State.CLOSED:
            there = [item for item in looks if item.at == step.at]
            assert any(
                item.evidence(s).standing is ServiceStanding.WORKING
                for item in there
                for s in SERVICES
            )


@given(looks_strategy, moments)
def test_valid_means_both_services_were_seen_working(looks: list[Look], now: int) -> None:
    if standing(looks, terms=TERMS, now=day(now)).state is not State.VALID:
        return
    for service in SERVICES:
        working = [
            item
            for item in looks
            if item.at <= day(now) and item.evidence(service).standing is ServiceStanding.WORKING
        ]
        assert working
        # And no proof of the contrary came after the last of them.
        last = max(item.at for item in working)
        assert not [
            item
            for item in looks
            if last < item.at <= day(now) and item.evidence(service).standing in BAD
        ]


@given(looks_strategy, moments, st.integers(0, 60))
def test_a_longer_grace_is_never_worse(looks: list[Look], now: int, more: int) -> None:
    longer = replace(
        TERMS, grace={name: days + timedelta(days=more) for name, days in TERMS.grace.items()}
    )

    strict = standing(looks, terms=TERMS, now=day(now)).state
    mild = standing(looks, terms=longer, now=day(now)).state

    if strict in SEVERITY:
        assert SEVERITY.index(mild) <= SEVERITY.index(strict)
    else:
        assert mild is strict


@given(looks_strategy, st.integers(365, 2000))
def test_closed_after_the_end(looks: list[Look], now: int) -> None:
    found = standing(looks, terms=TERMS, now=day(now))

    assert found.state is State.CLOSED
    assert found.since == TERMS.ends_at


@given(looks_strategy, moments)
def test_a_pc_is_unseen_exactly_when_no_recent_look_proves_enough(
    looks: list[Look], now: int
) -> None:
    found = standing(looks, terms=TERMS, now=day(now))
    counted = [item.at for item in looks if item.at <= day(now)]
    recent = counted and max(counted) + TERMS.unseen_after > day(now)

    if found.state in {State.VALID, State.AT_RISK}:
        assert recent
    if found.state is State.UNSEEN:
        assert counted
    if found.state is State.PENDING and day(now) >= START:
        assert recent or not counted


@given(looks_strategy, moments)
def test_transitions_tell_one_unbroken_story(looks: list[Look], now: int) -> None:
    found = standing(looks, terms=TERMS, now=day(now))
    steps = found.transitions

    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert all(step.before is not step.after for step in steps)
    states = [State.PENDING, *(step.after for step in steps)]
    assert [step.before for step in steps] == states[:-1]
    assert states[-1] is found.state
    assert all(step.at <= day(now) for step in steps)


@given(looks_strategy, moments, st.integers(0, 100))
def test_the_past_is_not_rewritten_by_time(looks: list[Look], now: int, later: int) -> None:
    """What was true at a moment stays the beginning of what is true later."""
    early = [item for item in looks if item.at <= day(now)]

    before = standing(early, terms=TERMS, now=day(now)).transitions
    after = standing(looks, terms=TERMS, now=day(now + later)).transitions

    assert after[: len(before)] == before


@given(looks_strategy, moments)
def test_a_risk_ends_well_only_by_a_look_that_saw_the_service_working(
    looks: list[Look], now: int
) -> None:
    for step in standing(looks, terms=TERMS, now=day(now)).transitions:
        if step.before is State.AT_RISK and step.after is State.VALID:
            there = [item for item in looks if item.at == step.at]
            assert any(
                item.evidence(s).standing is ServiceStanding.WORKING
                for item in there
                for s in SERVICES
            )


@given(looks_strategy, moments, st.integers(0, 400))
def test_without_evidence_time_makes_nothing_better(
    looks: list[Look], now: int, later: int
) -> None:
    """Time alone goes one way: valid or at risk, unseen, closed; a suspension stays one."""
    early = [item for item in looks if item.at <= day(now)]
    before = standing(early, terms=TERMS, now=max(day(now), START)).state
    after = standing(early, terms=TERMS, now=max(day(now), START) + timedelta(days=later)).state

    allowed = {
        State.PENDING: {State.PENDING, State.UNSEEN, State.CLOSED},
        State.VALID: {State.VALID, State.UNSEEN, State.CLOSED},
        State.AT_RISK: {State.AT_RISK, State.UNSEEN, State.CLOSED},
        State.SUSPENDED: {State.SUSPENDED, State.CLOSED},
        State.UNSEEN: {State.UNSEEN, State.CLOSED},
        State.CLOSED: {State.CLOSED},
    }
    assert after in allowed[before]


@given(looks_strategy, looks_strategy, st.integers(365, 800), st.integers(0, 400))
def test_closed_is_final_whatever_is_seen_afterwards(
    looks: list[Look], more: list[Look], now: int, later: int
) -> None:
    before = standing(looks, terms=TERMS, now=day(now))
    seen_later = [replace(item, at=item.at + timedelta(days=now + 11)) for item in more]

    after = standing([*looks, *seen_later], terms=TERMS, now=day(now + later))

    assert before.state is State.CLOSED
    assert after.transitions == before.transitions


@given(looks_strategy, moments, st.randoms())
def test_looks_that_know_nothing_never_suspend_nor_cure(
    looks: list[Look], now: int, random: object
) -> None:
    """Strewn among any others, they neither bring a risk nor end one."""
    strewn = [Look(day(number), "nothing", {}) for number in range(-10, 420, 7)]
    with_them = [*looks, *strewn]
    random.shuffle(with_them)  # type: ignore[attr-defined]

    found = standing(with_them, terms=TERMS, now=day(now)).state
    alone = standing(looks, terms=TERMS, now=day(now)).state

    if found in {State.AT_RISK, State.SUSPENDED, State.VALID}:
        assert alone in {found, State.UNSEEN}
    if alone is State.SUSPENDED:
        assert found is State.SUSPENDED


def test_a_proof_of_work_grows_old_and_is_then_called_so() -> None:
    looks = [look(4, backup=BROKEN), look(5)]

    fresh = standing(looks, terms=TERMS, now=day(49.9)).services
    old = standing(looks, terms=TERMS, now=day(50)).services

    assert fresh["antivirus"] is fresh["backup"] is ServiceStanding.WORKING
    assert old["antivirus"] is old["backup"] is ServiceStanding.STALE


@given(looks_strategy, moments)
def test_a_service_works_only_while_a_recent_look_proves_it(looks: list[Look], now: int) -> None:
    found = standing(looks, terms=TERMS, now=day(now))
    horizon = min(day(now), TERMS.ends_at or day(now))

    for service in SERVICES:
        proofs = [
            item.at
            for item in looks
            if item.at <= horizon and item.evidence(service).standing is ServiceStanding.WORKING
        ]
        if found.services[service] is ServiceStanding.WORKING:
            assert max(proofs) + TERMS.unseen_after > day(now)
        if found.services[service] is ServiceStanding.STALE:
            assert max(proofs) + TERMS.unseen_after <= day(now)
