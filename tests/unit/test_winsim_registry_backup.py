"""What stood in the registry comes back as it was, and what others changed since stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.machines import make_machine

from winsim.host import Host
from winsim.modules import run_module

KEY = "HKLM:\\SOFTWARE\\Policies\\Maker\\Product"
EXPORTS = "C:\\Program Files\\Custode\\exports"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_machine(tmp_path)


def backup(host: Host, *names: str, state: str = "kept", **more: Any) -> dict[str, Any]:
    values = [{"path": KEY, "name": name, "ours": "1"} for name in names]
    return run_module(host, "fleet_registry_backup", {"state": state, "values": values, **more})


def lock(host: Host, *names: str) -> None:
    for name in names:
        host.registry.set(KEY, name, 1)


@pytest.mark.parametrize(
    "data",
    [None, 0, "text", "%SystemRoot%\\x", ["one"], ["one", "two"], b"\x00\xff", 2**40],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_with_its_type(host: Host, data: Any) -> None:
    if data is not None:
        host.registry.set(KEY, "lock", data)
    before = host.registry.snapshot()

    backup(host, "lock", "other")
    lock(host, "lock", "other")
    backup(host, state="restored")

    assert before == host.registry.snapshot()
    assert [] == host.files.below(EXPORTS)


def test_a_second_export_does_not_take_ours_for_theirs(host: Host) -> None:
    before = host.registry.snapshot()

    first = backup(host, "lock")
    lock(host, "lock")
    second = backup(host, "lock")
    backup(host, state="restored")

    assert (True, False) == (first["changed"], second["changed"])
    assert before == host.registry.snapshot()


def test_what_somebody_else_changed_since_is_left_and_said_to_be(host: Host) -> None:
    backup(host, "lock", "other")
    lock(host, "other")
    host.registry.set(KEY, "lock", 7)

    result = backup(host, state="restored")

    assert [f"{KEY}\\lock"] == result["left"]
    assert [f"{KEY}\\other"] == result["restored"]
    assert 7 == host.registry.get(KEY, "lock")
    assert not backup(host, state="restored")["changed"]


def test_a_key_that_others_use_by_now_stays(host: Host) -> None:
    backup(host, "lock")
    lock(host, "lock")
    host.registry.set("HKLM\\SOFTWARE\\Policies\\Maker", "theirs", 1)

    backup(host, state="restored")

    assert not host.registry.exists(KEY)
    assert host.registry.get("HKLM\\SOFTWARE\\Policies\\Maker", "theirs") == 1


@pytest.mark.parametrize("state", ["kept", "restored"])
def test_check_mode_tells_and_changes_nothing(host: Host, state: str) -> None:
    if state == "restored":
        backup(host, "lock")
        lock(host, "lock")
    before = host.snapshot()

    result = backup(host, "lock", state=state, _ansible_check_mode=True)

    assert [f"{KEY}\\lock"] == result[state]
    assert before == host.snapshot()


def test_other_parts_of_the_registry_are_refused(host: Host) -> None:
    values = [{"path": "HKLM:\\SYSTEM\\Setup", "name": "a", "ours": "1"}]

    result = run_module(host, "fleet_registry_backup", {"values": values})

    assert "only keys below HKLM:\\SOFTWARE" in result["msg"]
