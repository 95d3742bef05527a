"""A PC is restarted only when it was asked for, agreed to, and within the contract's hours."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from custode.core.restart import Policy, decide
from custode.edges.inventory import load_contract_file

ROOT = Path(__file__).parents[2]
CONTRACT, _ = load_contract_file(ROOT / "inventories" / "demo" / "contract.yml")
WINDOW = CONTRACT.monitoring.window
MONDAY = "2026-10-05"


def at(clock: str, day: str = MONDAY, offset: str = "+02:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00{offset}")


@pytest.mark.parametrize(
    ("policy", "wanted_by", "now", "restart", "words"),
    [
        ("in_window", ["ownCloud"], at(f"{WINDOW.start:%H:%M}"), True, "within the agreed hours"),
        ("in_window", ["ownCloud"], at(f"{WINDOW.end:%H:%M}"), False, "the agreed hours are"),
        ("in_window", ["ownCloud"], at("03:00"), False, "it is 03:00"),
        ("in_window", [], at(f"{WINDOW.start:%H:%M}"), False, "nothing asked"),
        ("never", ["ownCloud"], at(f"{WINDOW.start:%H:%M}"), False, "left to the people"),
    ],
)
def test_a_restart_needs_a_wish_a_permission_and_the_hours(
    policy: Policy, wanted_by: list[str], now: datetime, words: str, *, restart: bool
) -> None:
    found = decide(CONTRACT, policy=policy, wanted_by=wanted_by, now=now)
    assert (found.restart, words in found.why) == (restart, True), found.why


def test_the_hours_are_those_of_the_clients_clock() -> None:
    utc = at(f"{WINDOW.start:%H:%M}", offset="+00:00")
    same = at(f"{WINDOW.start:%H:%M}").astimezone(utc.tzinfo)
    assert decide(CONTRACT, policy="in_window", wanted_by=["x"], now=same).restart


def test_no_pc_is_restarted_on_a_day_without_visits() -> None:
    blackout = CONTRACT.model_copy(
        update={
            "monitoring": CONTRACT.monitoring.model_copy(update={"blackout": (at("10:00").date(),)})
        }
    )
    found = decide(blackout, policy="in_window", wanted_by=["x"], now=at(f"{WINDOW.start:%H:%M}"))
    assert (found.restart, "day without visits" in found.why) == (False, True)
