"""Report what was removed from a PC and what was left on it."""

from __future__ import annotations

from custode.flows.hand_back_actions import RecordAction


class ActionModule(RecordAction):
    """The door; the work is in `custode.flows.hand_back_actions`."""
