"""Prove on the PC that a copied installer is signed by its maker."""

from __future__ import annotations

from custode.flows.installing_actions import SignerAction


class ActionModule(SignerAction):
    """The door; the work is in `custode.flows.installing_actions`."""
