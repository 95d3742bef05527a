"""Look once at everything the contract asks of a PC, and judge it."""

from __future__ import annotations

from custode.flows.actions import ComplianceAuditAction


class ActionModule(ComplianceAuditAction):
    """The door; the work is in `custode.flows.actions`."""
