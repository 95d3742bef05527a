"""Find out whether a PC answers, before Ansible waits for it."""

from __future__ import annotations

from custode.flows.actions import ReachAction


class ActionModule(ReachAction):
    """The door; the work is in `custode.flows.actions`."""
