"""The action behind `plugins/action/restart_decision.py`; nothing is asked of the PC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from custode.core.restart import decide
from custode.flows.actions import CustodeAction, Result
from custode.flows.task_context import TaskContext


class DecisionAction(CustodeAction):
    """Decide whether the PC may be restarted now."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "policy": {"type": "str", "choices": ["in_window", "never"], "default": "never"},
        "wanted_by": {"type": "list", "elements": "str", "default": []},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Ask the contract."""
        del variables
        found = decide(
            context.loaded.client.contract,
            policy=arguments["policy"],
            wanted_by=arguments["wanted_by"],
            now=context.now,
        )
        return {"changed": False, "restart": found.restart, "msg": f"{found.why}."}
