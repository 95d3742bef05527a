"""Plan how a product is taken away from a PC."""

from __future__ import annotations

from custode.flows.installing_actions import RemovalAction


class ActionModule(RemovalAction):
    """The door; the work is in `custode.flows.installing_actions`."""
