"""Tell what a PC has of a product, measured against the catalog."""

from __future__ import annotations

from custode.flows.software_actions import StateAction


class ActionModule(StateAction):
    """The door; the work is in `custode.flows.software_actions`."""
