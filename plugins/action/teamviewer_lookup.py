"""Ask TeamViewer's web API whether a PC is online, and when it was last seen."""

from __future__ import annotations

from custode.flows.teamviewer_actions import LookupAction


class ActionModule(LookupAction):
    """The door; the work is in `custode.flows.teamviewer_actions`."""
