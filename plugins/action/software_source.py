"""Prove on the controller that installers are there and are the pinned ones."""

from __future__ import annotations

from custode.flows.software_actions import SourceAction


class ActionModule(SourceAction):
    """The door; the work is in `custode.flows.software_actions`."""
