"""Tell how the PC's antivirus stands, and whether the contract wants the product there."""

from __future__ import annotations

from custode.flows.antivirus_actions import AntivirusStateAction


class ActionModule(AntivirusStateAction):
    """The door; the work is in `custode.flows.antivirus_actions`."""
