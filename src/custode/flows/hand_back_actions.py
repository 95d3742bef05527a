"""The actions of a hand-back: what is ours, what was done, and the last call to the PC."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from custode.core.hand_back import RELEASED, released_items
from custode.core.symptoms import Reason
from custode.flows.actions import CustodeAction, Result, refusal
from custode.flows.hand_back import plan_for
from custode.flows.task_context import TaskContext

_KNOCK_SECONDS = 2.0


class PlanAction(CustodeAction):
    """Say what of the PC is ours to take away, from the client's store; the PC is not asked."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "catalog": {"type": "path", "required": True}
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Read the ledger and the contract."""
        del variables
        found = plan_for(
            context.loaded.project, context.loaded.client, context.host, arguments["catalog"]
        )
        return {"changed": False, **found.to_json()}


class RecordAction(CustodeAction):
    """Report to the recorder what was removed and what was left."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "account": {"type": "str", "required": True},
        "folders": {"type": "list", "elements": "str", "required": True},
        "plan": {"type": "dict", "required": True},
        "registry": {"type": "dict", "required": True},
        "stays": {"type": "list", "elements": "str", "required": True},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Return the event; nothing is asked of the PC."""
        del context, variables
        removed, left = released_items(
            arguments["plan"],
            registry=arguments["registry"],
            folders=arguments["folders"],
            account=arguments["account"],
            stays=arguments["stays"],
        )
        event = {"kind": "handed_back", "removed": removed, "left": left}
        return {"changed": False, "removed": removed, "left": left, "custode": event}


class ReleaseAction(CustodeAction):
    """Remove the way in, and look whether it is gone: the answer may be lost with it."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "account": {"type": "str", "required": True},
        "firewall_rule": {"type": "str", "required": True},
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "token_filter_policy": {"type": "bool", "default": False},
        "transports": {"type": "list", "elements": "str", "required": True},
        "wait_seconds": {"type": "int", "default": 60},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Call the module once; then knock at the port until nothing answers."""
        del context
        answer = self._called(arguments, variables)
        if answer is not None and (answer.get("failed") or self._task.check_mode):
            return answer
        with contextlib.suppress(Exception):  # what it spoke to may be gone already
            self._connection.close()
        if not arguments["transports"] or not _closes(arguments):
            return refusal(_still_open(arguments, answered=answer is not None))
        removed = answer["removed"] if answer else None
        return {
            "changed": True,
            "msg": f"Nothing answers at {arguments['host']} port {arguments['port']} any more.",
            "custode": {"kind": "released", "outcome": RELEASED, "removed": removed},
        }

    def _called(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result | None:
        """Return the module's answer, or None when it was lost on the way."""
        module = {
            "account": arguments["account"] or None,
            "firewall_rule": arguments["firewall_rule"] or None,
            "token_filter_policy": arguments["token_filter_policy"],
            "transports": arguments["transports"],
        }
        try:
            answer: Result = self._execute_module(
                module_name="fleet_release", module_args=module, task_vars=variables
            )
        except Exception:  # noqa: BLE001 - whatever broke on the way, only the port can tell
            return None
        lost = "removed" not in answer and not answer.get("skipped")
        return None if lost else answer


def _closes(arguments: Mapping[str, Any]) -> bool:
    """Tell whether the port stops answering in time."""
    deadline = time.monotonic() + arguments["wait_seconds"]
    address = (arguments["host"], arguments["port"])
    while True:
        try:
            socket.create_connection(address, timeout=_KNOCK_SECONDS).close()
        except OSError:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.5)


def _still_open(arguments: Mapping[str, Any], *, answered: bool) -> Reason:
    where = f"{arguments['host']} port {arguments['port']}"
    if answered:
        return Reason(
            "not_released",
            f"The account is gone, but something still answers at {where}.",
            "Look on the PC which listener is left, and remove it by hand.",
        )
    return Reason(
        "not_released",
        f"The connection broke while the way in was taken away, and {where} still answers: "
        "it may not have been done.",
        "Run again; if the account is refused, remove the listener by hand.",
    )
