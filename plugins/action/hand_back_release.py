"""Remove the way by which we come in, and look whether it is gone."""

from __future__ import annotations

from custode.flows.hand_back_actions import ReleaseAction


class ActionModule(ReleaseAction):
    """The door; the work is in `custode.flows.hand_back_actions`."""
