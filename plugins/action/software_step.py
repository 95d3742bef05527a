"""Open a step that only a person can finish."""

from __future__ import annotations

from custode.flows.installing_actions import StepAction


class ActionModule(StepAction):
    """The door; the work is in `custode.flows.installing_actions`."""
