"""Say and record what a clean-up came to."""

from __future__ import annotations

from custode.flows.cleanup_actions import OutcomeAction


class ActionModule(OutcomeAction):
    """The door; the work is in `custode.flows.cleanup_actions`."""
