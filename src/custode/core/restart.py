"""Whether a PC may be restarted now: asked for, agreed to, and within the contract's hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from custode.core.contract import Contract

Policy = Literal["never", "in_window"]


@dataclass(frozen=True)
class Decision:
    """Whether to restart, and why, as a sentence."""

    restart: bool
    why: str


def decide(
    contract: Contract, *, policy: Policy, wanted_by: Sequence[str], now: datetime
) -> Decision:
    """Return whether a PC may be restarted.

    Args:
        contract: Whose hours and blackout days count.
        policy: `never`, or `in_window`.
        wanted_by: Titles of the products that are whole only after a restart.
        now: The moment, aware.
    """
    if not wanted_by:
        return Decision(restart=False, why="nothing asked for a restart")
    asked = f"{', '.join(wanted_by)} asked for a restart"
    if policy == "never":
        return Decision(restart=False, why=f"{asked}; it is left to the people at the PC")
    local = now.astimezone(ZoneInfo(contract.client.timezone))
    window = contract.monitoring.window
    hours = f"{window.start:%H:%M} to {window.end:%H:%M}"
    if local.date() in contract.monitoring.blackout:
        return Decision(restart=False, why=f"{asked}; {local.date()} is a day without visits")
    if not window.start <= local.time() < window.end:
        return Decision(
            restart=False, why=f"{asked}; it is {local:%H:%M}, and the agreed hours are {hours}"
        )
    return Decision(restart=True, why=f"{asked}, within the agreed hours ({hours})")
