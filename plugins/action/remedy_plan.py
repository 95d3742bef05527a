"""Say which roles cure what a PC's last look found."""

from __future__ import annotations

from custode.flows.remedy_actions import PlanAction


class ActionModule(PlanAction):
    """The door; the work is in `custode.flows.remedy_actions`."""
