"""The recorder keeps what was seen and changed, and nothing a module happened to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from custode.flows.record import Recorder


class Events(list[Mapping[str, Any]]):
    """A journal in memory."""

    def append(self, event: Mapping[str, Any]) -> None:
        super().append(event)


def test_an_observation_is_kept_whole() -> None:
    events = Events()
    payload = {"kind": "observation", "device": "pc", "facts": {"a": {"rows": []}}}

    Recorder(events).ok("pc", role="audit", task="Look", result={"custode": payload})

    assert [{"event": "observation", "host": "pc", "payload": payload}] == events


def test_a_change_is_kept_without_the_words_of_the_module() -> None:
    events = Events()
    result = {"changed": True, "stdout": "C:\\Users\\canary\\secret.docx", "path": "canary"}

    Recorder(events).ok("pc", role="cleanup", task="Remove old files", result=result)

    expected = {"event": "changed", "host": "pc", "role": "cleanup", "task": "Remove old files"}
    assert [expected] == events


def test_a_step_that_changed_nothing_leaves_no_line() -> None:
    events = Events()

    Recorder(events).ok("pc", role="owncloud", task="Install", result={"changed": False})

    assert [] == events


def test_a_closed_gate_keeps_its_observation_and_is_not_called_a_failure() -> None:
    events = Events()
    result = {
        "failed": True,
        "custode": {"kind": "observation", "device": "pc"},
        "custode_reason": {"kind": "gate", "message": "m", "hint": "h"},
    }

    Recorder(events).failed("pc", role="inspection", task="Inspect", result=result)

    assert ["observation", "stopped"] == [event["event"] for event in events]


def test_an_unreachable_pc_is_a_record_of_its_own() -> None:
    events = Events()

    Recorder(events).unreachable("pc", task="Reach", result={"msg": "connect timeout=30"})

    assert ("unreachable", "offline") == (events[0]["event"], events[0]["reason"]["kind"])


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("connect timeout=30", "firewall_suspected"),
        ("Connection aborted", "firewall_suspected"),
        ("the specified credentials were rejected", "auth"),
    ],
)
@pytest.mark.parametrize("how", ["unreachable", "failed"])
def test_a_pc_that_falls_silent_after_an_antivirus_came_has_a_reason_of_its_own(
    how: str, words: str, kind: str
) -> None:
    events = Events()
    recorder = Recorder(events)
    coming = {"product": "Norton", "since": "seen there just now", "port": 5986}
    recorder.ok("pc", role="norton", task="Look", result={"custode_firewall": coming})

    for host in ("pc", "other"):
        if how == "failed":
            recorder.failed(host, role="norton", task="Verify", result={"msg": words})
        else:
            recorder.unreachable(host, task="Verify", result={"msg": words})

    first, other = (event["reason"] for event in events)
    assert first["kind"] == kind
    assert other["kind"] != "firewall_suspected"
    if kind == "firewall_suspected":
        assert "Norton (seen there just now) brings a firewall" in first["message"]
        assert "allow TCP 5986 in" in first["hint"]


def test_an_attended_step_is_opened() -> None:
    events = Events()
    own = {"kind": "step_opened", "product": "norton", "step": "install"}

    Recorder(events).ok("pc", role="norton", task="Stage", result={"custode": own})

    assert [
        {"event": "step_opened", "host": "pc", "product": "norton", "step": "install"}
    ] == events


def test_a_verification_is_kept_with_its_aspects() -> None:
    events = Events()
    own = {"kind": "verification", "product": "norton", "title": "Norton", "aspects": {}}

    Recorder(events).ok("pc", role="norton", task="Verify", result={"custode": own})

    assert [
        {
            "event": "verification",
            "host": "pc",
            "product": "norton",
            "title": "Norton",
            "aspects": {},
        }
    ] == events


def test_what_a_look_read_is_kept_even_when_it_ends_in_a_failure() -> None:
    events = Events()
    result = {"failed": True, "msg": "m", "custode_read": [{"probe": "uninstall_entries"}]}

    Recorder(events).failed("pc", role="norton", task="Look", result=result)

    assert {"event": "read", "host": "pc", "entries": [{"probe": "uninstall_entries"}]} == events[0]
