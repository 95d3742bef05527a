"""Prove that it is the right machine and that work may begin on it."""

from __future__ import annotations

from custode.flows.actions import IdentityCheckAction


class ActionModule(IdentityCheckAction):
    """The door; the work is in `custode.flows.actions`."""
