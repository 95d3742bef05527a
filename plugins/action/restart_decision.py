"""Decide whether a PC may be restarted now."""

from __future__ import annotations

from custode.flows.restart_actions import DecisionAction


class ActionModule(DecisionAction):
    """The door; the work is in `custode.flows.restart_actions`."""
