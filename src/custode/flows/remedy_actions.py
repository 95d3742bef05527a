"""The action behind `plugins/action/remedy_plan.py`; nothing is asked of the PC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custode.core.remedies import needed_installers
from custode.flows.actions import CustodeAction, Result
from custode.flows.remedies import plan_for
from custode.flows.task_context import TaskContext


class PlanAction(CustodeAction):
    """Say which roles cure what the PC's last look found."""

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Read the newest findings in the client's store."""
        del arguments, variables
        loaded = context.loaded
        found = plan_for(loaded.project, loaded.client.id, context.host)
        planned = [remedy.to_json() for remedy in found]
        return {
            "changed": False,
            "custode": {"kind": "remedies_planned", "remedies": planned},
            "lines": [f"{remedy.role}: {', '.join(remedy.rules)}" for remedy in found],
            "products": needed_installers(found),
            "roles": [remedy.role for remedy in found],
        }
