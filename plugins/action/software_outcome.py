"""Say what the ending of an installer means."""

from __future__ import annotations

from custode.flows.installing_actions import OutcomeAction


class ActionModule(OutcomeAction):
    """The door; the work is in `custode.flows.installing_actions`."""
