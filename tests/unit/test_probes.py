"""From declared probes to the wire, and back to facts that stay in order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from custode.core.observation import Facts, ProbeError, canonical
from custode.core.probes import Probe, normalise, plan, split_volatile

NOW = datetime(2026, 10, 5, 7, 0, tzinfo=UTC)
PURPOSE = {"it": "Prova.", "en": "Test."}


def _cim(**changes: Any) -> Probe:
    given: dict[str, Any] = {
        "id": "disks",
        "purpose": PURPOSE,
        "kind": "cim",
        "arguments": {
            "namespace": "root/cimv2",
            "class": "Win32_LogicalDisk",
            "properties": ["DeviceID", "FreeSpace"],
        },
        "key": ("DeviceID",),
    }
    return Probe(**{**given, **changes})


def _events(**changes: Any) -> Probe:
    arguments = {"log": "System", "providers": ["disk"], "ids": [7], "fields": ["0"]}
    return Probe(
        id="events",
        purpose=PURPOSE,
        kind="event_log",
        arguments=arguments,
        since_days=35,
        **changes,
    )


def _refused() -> Probe:
    return Probe(
        id="diary",
        purpose=PURPOSE,
        kind="file",
        arguments={"paths": ["C:\\Users\\anna\\Documents\\diary.docx"], "properties": []},
    )


def test_a_cim_probe_travels_as_it_is_declared() -> None:
    assert plan([_cim()], now=NOW) == [
        {
            "id": "disks",
            "kind": "cim",
            "timeout_seconds": 20,
            "namespace": "root/cimv2",
            "class": "Win32_LogicalDisk",
            "properties": ["DeviceID", "FreeSpace"],
        }
    ]


def test_an_event_probe_looks_back_from_now() -> None:
    (wire,) = plan([_events()], now=NOW)

    assert wire["since"] == "2026-08-31T07:00:00Z"
    assert wire["max"] == 50


def test_costly_probes_run_last() -> None:
    probes = [_cim(id="a", cost="high"), _cim(id="c", cost="low"), _cim(id="b", cost="medium")]

    assert [wire["id"] for wire in plan(probes, now=NOW)] == ["c", "b", "a"]


def test_a_refused_probe_is_not_sent_and_its_refusal_is_a_fact() -> None:
    assert plan([_refused()], now=NOW) == []

    answered = {"diary": {"rows": [{"path": "x", "exists": True}], "ms": 1}}
    assert normalise([_refused()], answered)["diary"].error == ProbeError("refused", "OutsideRoots")


def test_rows_hold_the_declared_columns_and_stand_in_the_order_of_their_key() -> None:
    raw = {
        "disks": {
            "rows": [
                {"DeviceID": "D:", "FreeSpace": 2, "VolumeName": "Anna's photos"},
                {"DeviceID": " C: "},
            ],
            "ms": 12,
        },
        "stranger": {"rows": [{"Name": "x"}]},
    }

    facts = normalise([_cim()], raw)

    assert facts.to_json() == {
        "disks": {
            "rows": [
                {"DeviceID": "C:", "FreeSpace": None},
                {"DeviceID": "D:", "FreeSpace": 2},
            ],
            "ms": 12,
        }
    }


def test_event_data_holds_the_declared_fields() -> None:
    row = {"record_id": 9, "event_id": 7, "data": {"0": "\\Device\\Harddisk0\\DR0", "1": "secret"}}

    facts = normalise([_events()], {"events": {"rows": [row], "ms": 1}})

    assert facts["events"].rows[0]["data"] == {"0": "\\Device\\Harddisk0\\DR0"}


def test_what_was_not_returned_is_an_error() -> None:
    assert normalise([_cim()], {})["disks"].error == ProbeError("failed", "NotReturned")
    for answer in ({"ms": 1}, {"rows": "x"}, {"rows": [1]}, {"rows": None}, "text", {"error": {}}):
        error = normalise([_cim()], {"disks": answer})["disks"].error
        assert error is not None
        assert error.kind == "failed"


def test_a_digested_column_never_shows_its_value() -> None:
    probe = _cim(digest=("DeviceID",))
    rows = [{"DeviceID": "4C4C4544-0042"}, {"DeviceID": None}]

    shown = [row["DeviceID"] for row in normalise([probe], {"disks": {"rows": rows}})["disks"].rows]

    assert None in shown
    (digest,) = [value for value in shown if value is not None]
    assert digest.startswith("sha256:")
    assert len(digest) == len("sha256:") + 16
    again = normalise([probe], {"disks": {"rows": [{"DeviceID": "4c4c4544-0042 "}]}})
    assert again["disks"].rows[0]["DeviceID"] == digest


def test_volatile_columns_part_from_what_stays() -> None:
    probe = _cim(volatile=("FreeSpace",))
    facts = normalise([probe], {"disks": {"rows": [{"DeviceID": "C:", "FreeSpace": 5}], "ms": 1}})

    stable, volatile = split_volatile([probe], facts)

    assert stable["disks"].rows == ({"DeviceID": "C:"},)
    assert volatile == {"disks": [{"DeviceID": "C:", "FreeSpace": 5}]}


def test_a_wholly_volatile_probe_leaves_the_stable_facts_unless_it_failed() -> None:
    probe = _cim(volatile=("*",))
    answered = normalise([probe], {"disks": {"rows": [{"DeviceID": "C:"}]}})
    failed = normalise([probe], {"disks": {"error": {"kind": "timeout", "message": "x"}}})

    assert "disks" not in split_volatile([probe], answered)[0]
    assert split_volatile([probe], failed) == (failed, {})


def test_a_target_says_on_one_line_what_is_looked_at() -> None:
    assert _cim().target == "root/cimv2:Win32_LogicalDisk"
    assert _events().target == "System: disk (7)"
    assert _refused().target == "C:\\Users\\anna\\Documents\\diary.docx"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["DeviceID", "FreeSpace", "X"]), _JSON), max_size=5)
)
def test_any_rows_become_facts_whatever_their_order(rows: list[dict[str, Any]]) -> None:
    facts = normalise([_cim()], {"disks": {"rows": rows, "ms": 0}})
    turned = normalise([_cim()], {"disks": {"rows": rows[::-1], "ms": 0}})

    assert facts == turned
    assert Facts.from_json(facts.to_json()) == facts
    assert all(set(row) == {"DeviceID", "FreeSpace"} for row in facts["disks"].rows)


@given(_JSON)
def test_any_answer_becomes_facts(answer: Any) -> None:
    result = normalise([_cim()], {"disks": answer})["disks"]

    assert canonical([dict(row) for row in result.rows])


def test_a_server_is_not_asked_by_the_pc_and_need_not_be_asked_at_all() -> None:
    probe = Probe(
        id="server", purpose=PURPOSE, kind="server", arguments={"properties": ["maintenance"]}
    )

    assert [] == plan([probe], now=NOW)
    assert () == normalise([probe], {})["server"].rows
    told = normalise([probe], {"server": {"rows": [{"maintenance": True, "secret": "x"}]}})
    assert ({"maintenance": True},) == told["server"].rows


SID = "S-1-5-21-1827364554-4433221100-1357913579-1001"
WHO = Probe(
    id="who",
    purpose=PURPOSE,
    kind="event_log",
    arguments={
        "log": "Application",
        "providers": ["MsiInstaller"],
        "ids": [1034],
        "fields": ["0"],
        "digest_account": True,
    },
    since_days=60,
)


@given(
    st.one_of(
        st.just(SID),
        st.text(max_size=70),
        st.integers(),
        st.lists(st.text(), max_size=2),
        st.sampled_from(["a1" * 31, "A1" * 32, "a1" * 32 + "\n", f"{SID}{'0' * 18}"]),
    )
)
def test_a_pc_that_tells_more_than_a_digest_of_an_account_is_not_believed(told: Any) -> None:
    row = {"event_id": 1034, "account": "user", "account_digest": told, "sid": SID}

    (kept,) = normalise([WHO], {"who": {"rows": [row]}})["who"].rows

    assert kept["account_digest"] in {None, "a1" * 32}
    assert SID not in canonical(kept)


def test_a_digest_of_an_account_is_kept_and_no_other_event_probe_has_one() -> None:
    row = {"event_id": 1034, "account": "user", "account_digest": "a1" * 32}

    (kept,) = normalise([WHO], {"who": {"rows": [row]}})["who"].rows

    assert kept["account_digest"] == "a1" * 32
    assert plan([WHO], now=NOW)[0]["digest_account"] is True
    assert "account_digest" not in _events().columns
