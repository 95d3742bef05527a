"""Tell whether TeamViewer is installed and assigned, from what the PC shows."""

from __future__ import annotations

from custode.flows.teamviewer_actions import StateAction


class ActionModule(StateAction):
    """The door; the work is in `custode.flows.teamviewer_actions`."""
