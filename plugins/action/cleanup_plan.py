"""Say which tool cleans a PC and whether it stays."""

from __future__ import annotations

from custode.flows.cleanup_actions import PlanAction


class ActionModule(PlanAction):
    """The door; the work is in `custode.flows.cleanup_actions`."""
