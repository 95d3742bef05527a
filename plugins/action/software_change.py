"""Say in check mode what a real run would do to a product."""

from __future__ import annotations

from custode.flows.installing_actions import ChangeAction


class ActionModule(ChangeAction):
    """The door; the work is in `custode.flows.installing_actions`."""
