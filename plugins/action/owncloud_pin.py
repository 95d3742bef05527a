"""Refuse a pinned ownCloud client that would cut the backup off."""

from __future__ import annotations

from custode.flows.backup_actions import PinAction


class ActionModule(PinAction):
    """The door; the work is in `custode.flows.backup_actions`."""
