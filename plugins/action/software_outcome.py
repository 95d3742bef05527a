"""Say what an installer's exit code means."""

from __future__ import annotations

from custode.flows.software_actions import OutcomeAction


class ActionModule(OutcomeAction):
    """The door; the work is in `custode.flows.software_actions`."""
