"""Say what an exit code of TeamViewer means."""

from __future__ import annotations

from custode.flows.teamviewer_actions import OutcomeAction


class ActionModule(OutcomeAction):
    """The door; the work is in `custode.flows.teamviewer_actions`."""
