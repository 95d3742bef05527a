"""Inspect the hardware, judge it, and stop the PC at the gate if asked."""

from __future__ import annotations

from custode.flows.actions import HardwareAuditAction


class ActionModule(HardwareAuditAction):
    """The door; the work is in `custode.flows.actions`."""
