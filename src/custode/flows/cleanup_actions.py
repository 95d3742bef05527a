"""The actions around a clean-up: what the contract allows before it, what it came to after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from custode.core.cleaning import cleaning
from custode.flows import task_context
from custode.flows.software_action import Result, SoftwareAction, Specification

CONTRACT = "contract"


class PlanAction(SoftwareAction):
    """Say which tool cleans and whether it stays: what the contract says, unless told otherwise."""

    argument_spec: ClassVar[Specification] = {
        "tool": {"type": "str", "choices": [CONTRACT, "windows", "ccleaner"], "default": CONTRACT}
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Read the contract; without one, Windows' own means clean and nothing stays."""
        tool, keep = str(arguments["tool"]), False
        if task_context.client_id(variables) is not None:
            start = Path(self._loader.get_basedir())
            context = task_context.for_task(start, variables, real_now=datetime.now(UTC))
            agreed = context.loaded.client.contract.cleanup
            keep = agreed.keep
            tool = agreed.tool if tool == CONTRACT else tool
        return {"changed": False, "tool": "windows" if tool == CONTRACT else tool, "keep": keep}


class OutcomeAction(SoftwareAction):
    """Say and record what a clean-up came to; nothing is asked of the PC."""

    argument_spec: ClassVar[Specification] = {
        "steps": {"type": "list", "elements": "dict", "required": True},
        "tool": {"type": "str", "choices": ["windows", "ccleaner"], "required": True},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Sum the steps up; where none could measure, nothing is recorded."""
        del variables
        done = cleaning(arguments["steps"], tool=arguments["tool"])
        event = done.event()
        measured = any("free_bytes_before" in step for step in arguments["steps"])
        return {
            "changed": False,
            "freed_bytes": done.freed_bytes,
            "msg": done.sentence(),
            **({"custode": event} if measured else {}),
        }
