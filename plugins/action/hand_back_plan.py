"""Say what of a PC is ours to take away."""

from __future__ import annotations

from custode.flows.hand_back_actions import PlanAction


class ActionModule(PlanAction):
    """The door; the work is in `custode.flows.hand_back_actions`."""
