"""Tell how a product stands on a PC, aspect by aspect."""

from __future__ import annotations

from custode.flows.software_actions import VerifyAction


class ActionModule(VerifyAction):
    """The door; the work is in `custode.flows.software_actions`."""
