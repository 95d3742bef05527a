"""Ask a PC for facts, and judge and record nothing."""

from __future__ import annotations

from custode.flows.actions import ProbeFactsAction


class ActionModule(ProbeFactsAction):
    """The door; the work is in `custode.flows.actions`."""
