"""How a program disappeared: the looks prove that it did, the logs say at most who and when."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.disappearance import deeds, disappearance_lines, disappearances
from custode.core.observation import Facts
from custode.core.people import pc_key, salt_id
from custode.core.store_layout import load_ledger
from custode.core.traces import product_traces

OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"
REMOVED_AT = "2026-10-21T15:12:00Z"
PRODUCTS = {"antivirus": {"norton"}, "backup": {"owncloud"}}
DIGEST = "a1" * 32

Office = Any


def event(what: str, at: str = REMOVED_AT, record: int = 4711, **given: Any) -> dict[str, Any]:
    return {
        "account": "user",
        "at": at,
        "digest": DIGEST,
        "id": 1034 if what.startswith("remov") else 1033,
        "log": "Application",
        "provider": "MsiInstaller",
        "record_id": record,
        "salt": "5a17",
        "service": "backup",
        "version": "6.0.3",
        "what": what,
        **given,
    }


def traces(*events: dict[str, Any], **given: Any) -> dict[str, Any]:
    told = {"cleared": [], "starts_at": "2026-07-01T00:00:00Z", "unread": {}}
    return {**told, "events": list(events), **given}


def run(at: str, standing: str, told: Any = None, **host: Any) -> dict[str, Any]:
    service = {"standing": standing, "installed": {"working": True, "absent": False}.get(standing)}
    desk = {
        "observed_at": at,
        "services": {"antivirus": service, "backup": service},
        "traces": told,
        **host,
    }
    return {"at": at, "run_id": f"run-{at}", "hosts": {"desk": desk}}


def backup(*runs: dict[str, Any]) -> dict[str, Any]:
    (found,) = [
        item for item in disappearances(runs, "desk", PRODUCTS) if item["service"] == "backup"
    ]
    return found


def gone(told: Any = None) -> dict[str, Any]:
    return backup(run(OCTOBER, "working"), run(NOVEMBER, "absent", told))


def test_a_removal_by_a_person_says_when_by_which_account_and_by_which_record() -> None:
    found = gone(traces(event("removed")))

    assert (found["seen_at"], found["missing_at"]) == (OCTOBER, NOVEMBER)
    assert (found["verdict"], found["strength"]) == ("uninstalled_by_person", "weak")
    assert found["event"] == {
        "account": "user",
        "at": REMOVED_AT,
        "digest": DIGEST,
        "id": 1034,
        "log": "Application",
        "provider": "MsiInstaller",
        "record_id": 4711,
        "salt": "5a17",
        "version": "6.0.3",
    }


@pytest.mark.parametrize(
    ("told", "verdict", "strength"),
    [
        (traces(event("removed", account="system")), "uninstalled_by_system", "weak"),
        (traces(event("removed", account=None)), "uninstalled_by_unknown", "weak"),
        (traces(), "no_event", "none"),
        (traces(event("removed", at="2026-09-01T08:00:00Z")), "no_event", "none"),
        (traces(event("removed", service="antivirus")), "no_event", "none"),
        (traces(event("removal_failed")), "no_event", "none"),
        (traces(starts_at="2026-11-01T00:00:00Z"), "log_too_short", "none"),
        (traces(starts_at=None), "log_too_short", "none"),
        (traces(unread={"removal_events": "access_denied"}), "log_not_read", "none"),
        (None, "log_not_read", "none"),
        (traces(cleared=[event("cleared", id=104)]), "log_cleared", "none"),
        (
            traces(event("removed"), event("install_failed", "2026-10-21T15:14:00Z", 4712)),
            "upgrade_failed",
            "weak",
        ),
        # It came back the same hour, and what took it away for good left no event.
        (
            traces(event("removed"), event("installed", "2026-10-21T15:14:00Z", 4712)),
            "no_event",
            "none",
        ),
        # Removed before the log was emptied: what is there still counts.
        (traces(event("removed"), cleared=[event("cleared")]), "uninstalled_by_person", "weak"),
    ],
)
def test_what_the_logs_cannot_say_is_told(told: Any, verdict: str, strength: str) -> None:
    found = gone(told)

    assert (found["verdict"], found["strength"]) == (verdict, strength)


def test_the_last_removal_counts() -> None:
    first = event("removed")
    back = event("installed", "2026-10-25T08:00:00Z", 4720)
    again = event("removed", "2026-10-30T08:00:00Z", 4730, account="system")

    assert gone(traces(first, back, again))["verdict"] == "uninstalled_by_system"


def test_what_we_removed_is_our_own_record() -> None:
    ours = run(
        "2026-10-20T08:00:00Z", "unknown", None, removed=[{"product": "owncloud"}], observed_at=None
    )

    found = backup(run(OCTOBER, "working"), ours, run(NOVEMBER, "absent", traces(event("removed"))))

    assert (found["verdict"], found["strength"]) == ("removed_by_us", "strong")
    assert found["event"] == {"provider": "custode", "run_id": "run-2026-10-20T08:00:00Z"}


def test_an_antivirus_that_went_off_is_a_weak_trace_without_a_name() -> None:
    off = event("switched_off", service="antivirus", account=None, digest=None, id=15)
    looks = [run(OCTOBER, "working"), run(NOVEMBER, "absent", traces(off))]

    (found,) = [
        item for item in disappearances(looks, "desk", PRODUCTS) if item["service"] == "antivirus"
    ]

    assert (found["verdict"], found["strength"]) == ("switched_off", "weak")
    assert found["event"]["digest"] is None


def test_a_program_that_was_never_there_did_not_disappear() -> None:
    looks = [run(OCTOBER, "absent", traces()), run(NOVEMBER, "absent", traces())]

    assert disappearances(looks, "desk", PRODUCTS) == []


def test_a_log_that_only_a_later_look_could_read_is_told_again() -> None:
    early = [run(OCTOBER, "working"), run(NOVEMBER, "absent", None)]
    late = [*early, run("2026-11-12T13:00:00Z", "absent", traces(event("removed")))]
    at = {item["run_id"]: item["at"] for item in late}

    first = disappearance_lines([], disappearances(early, "desk", PRODUCTS), at)
    more = disappearance_lines(first, disappearances(late, "desk", PRODUCTS), at)
    nothing = disappearance_lines([*first, *more], disappearances(late, "desk", PRODUCTS), at)

    assert [line["verdict"] for line in first] == ["log_not_read", "log_not_read"]
    assert [line["verdict"] for line in more if line["service"] == "backup"] == [
        "uninstalled_by_person"
    ]
    assert nothing == []


def whats(*events: dict[str, Any]) -> list[str]:
    return [deed.what for deed in deeds(events)]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([event("removed")], ["uninstalled"]),
        ([event("installed")], ["installed"]),
        ([event("install_failed")], ["install_failed"]),
        ([event("removal_failed")], ["removal_failed"]),
        (
            [event("removed", record=1, version="5.3"), event("installed", record=2)],
            ["upgraded"],
        ),
        ([event("removed", record=1), event("installed", record=2)], ["reinstalled"]),
        ([event("removed", record=1), event("install_failed", record=2)], ["upgrade_failed"]),
        # What was installed first and taken away at once is uninstalled.
        ([event("installed", record=1), event("removed", record=2)], ["installed", "uninstalled"]),
        (
            [event("removed", record=1), event("installed", "2026-10-21T17:12:00Z", 2)],
            ["uninstalled", "installed"],
        ),
    ],
)
def test_an_uninstallation_is_told_from_everything_else(
    events: list[dict[str, Any]], told: list[str]
) -> None:
    assert whats(*events) == told
    assert whats(*reversed(events)) == told


kinds = st.sampled_from(["removed", "installed", "install_failed", "removal_failed"])


@given(
    st.lists(
        st.tuples(kinds, st.integers(0, 59), st.integers(1, 9)),
        max_size=8,
        unique_by=lambda item: item[2],
    ),
    st.randoms(),
)
def test_neither_order_nor_repetition_of_what_was_read_matters(
    told: list[tuple[str, int, int]], order: random.Random
) -> None:
    events = [event(what, f"2026-10-21T15:{minute:02}:00Z", n) for what, minute, n in told]
    shuffled = events * 2
    order.shuffle(shuffled)
    half = len(shuffled) // 2
    later = "2026-11-12T13:00:00Z"

    one = gone(traces(*events))
    other = backup(
        run(OCTOBER, "working"),
        run(NOVEMBER, "absent", traces(*shuffled[:half])),
        run(later, "absent", traces(*shuffled[half:])),
    )

    assert other == one


# From rows to traces.


def row(event_id: int, data: dict[str, str], **given: Any) -> dict[str, Any]:
    return {
        "record_id": 4711,
        "event_id": event_id,
        "time": REMOVED_AT,
        "level": 4,
        "provider": "MsiInstaller",
        "account": "user",
        "data": data,
        **given,
    }


def facts(**rows: Any) -> Facts:
    empty = ("removal_events", "installer_events", "security_center_events", "log_clearings")
    told = {name: {"rows": []} for name in empty}
    told["application_log_start"] = {"rows": [{"log": "Application", "oldest_at": OCTOBER}]}
    return Facts.from_json({**told, **rows})


def test_the_status_tells_success_from_failure_and_localised_text_is_not_read() -> None:
    rows = [
        row(1034, {"0": "ownCloud", "1": "6.0.3.18040", "3": "0"}, account_digest=DIGEST),
        row(1034, {"0": "ownCloud", "1": "6.0.3.18040", "3": "1603"}, record_id=4712),
        row(1034, {"0": "Prodotto: ownCloud -- Rimozione completata.", "3": "0"}, record_id=4713),
        row(1034, {"0": "Another program", "3": "0"}, record_id=4714),
        row(1034, {"0": "ownCloud"}, record_id=4715),
    ]

    found = product_traces(facts(removal_events={"rows": rows}), accept=["norton"], salt="5a17")

    assert [(item["what"], item["record_id"]) for item in found["events"]] == [
        ("removed", 4711),
        ("removal_failed", 4712),
    ]
    assert found["events"][0]["digest"] == DIGEST
    assert [item["salt"] for item in found["events"]] == ["5a17", None]
    assert (found["starts_at"], found["unread"]) == (OCTOBER, {})


def test_only_an_accepted_antivirus_that_went_off_is_a_trace() -> None:
    rows = [
        row(15, {"0": "Norton 360", "1": "SECURITY_PRODUCT_STATE_OFF"}),
        row(15, {"0": "Norton 360", "1": "SECURITY_PRODUCT_STATE_ON"}, record_id=1),
        row(15, {"0": "Windows Defender", "1": "SECURITY_PRODUCT_STATE_OFF"}, record_id=2),
    ]

    found = product_traces(
        facts(security_center_events={"rows": rows}), accept=["norton"], salt=None
    )

    assert [(item["what"], item["record_id"]) for item in found["events"]] == [
        ("switched_off", 4711)
    ]


def test_only_the_log_that_matters_was_cleared_and_errors_are_told() -> None:
    rows = [row(104, {"Channel": "Application"}), row(104, {"Channel": "System"}, record_id=2)]
    denied = {"error": {"kind": "access_denied", "message": "LogInfoUnavailable"}}

    found = product_traces(
        facts(log_clearings={"rows": rows}, removal_events=denied), accept=["norton"], salt=None
    )

    assert [item["record_id"] for item in found["cleared"]] == [4711]
    assert found["cleared"][0]["log"] == "System"
    assert found["unread"] == {"removal_events": "access_denied"}


def test_each_pc_has_a_key_of_its_own_and_each_salt_a_name() -> None:
    salt, other = b"s" * 32, b"t" * 32

    assert pc_key(salt, "pc-1") != pc_key(salt, "pc-2")
    assert pc_key(salt, "pc-1") != pc_key(other, "pc-1")
    assert salt_id(salt) != salt_id(other)
    assert len(pc_key(salt, "pc-1")) == 64


# Down to the ledger and the report.


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_report_tells_it_and_labels_weak_evidence(office: Office, language: str) -> None:
    seen = office.seen("desk", NOVEMBER, backup="absent")
    seen["payload"]["traces"] = traces(event("removed"))
    office.visit("onboard", OCTOBER, office.seen("desk", OCTOBER))
    office.visit("monthly", NOVEMBER, seen)
    office.publish()

    tree = office.store.read()
    for form in ("md", "html"):
        page = tree[f"reports/2026-11/report.{language}.{form}"].decode().replace("\\", "")
        told = {
            "en": (
                "started by a person\u2019s account",
                "Event 1034 of MsiInstaller, log Application, record 4711, 21 October 2026, 17:12.",
                "the digest a1a1a1a1a1a1 (salt 5a17)",
                "Weak evidence",
                "it appears uninstalled by a person\u2019s account (weak evidence)",
            ),
            "it": (
                "avviata dall\u2019account di una persona",
                "Evento 1034 di MsiInstaller, registro Application, record 4711, 21 ottobre 2026",
                "la sigla a1a1a1a1a1a1 (sale 5a17)",
                "Indizio debole",
                "risulta disinstallato dall\u2019account di una persona (indizio debole)",
            ),
        }[language]
        assert [] == [part for part in told if part not in page]
    lines = [line for line in load_ledger(tree, "desk") if line["entry"] == "disappeared"]
    assert [line["verdict"] for line in lines] == ["uninstalled_by_person"]
