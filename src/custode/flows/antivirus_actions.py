"""The action behind `plugins/action/antivirus_state.py`; one call to the PC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from custode.core.antivirus_products import ANTIVIRUS
from custode.core.failures import FIREWALL
from custode.core.probes import normalise
from custode.flows import antivirus
from custode.flows.actions import CustodeAction, Result
from custode.flows.task_context import TaskContext


class AntivirusStateAction(CustodeAction):
    """Tell how the PC's antivirus stands, and whether the contract wants the product there."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "port": {"type": "int", "default": 5986},
        "product": {"type": "str", "choices": sorted(ANTIVIRUS), "required": True},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Ask the PC once and judge on the controller."""
        probes = antivirus.probes(context.loaded.policies, kind=str(context.device["kind"]))
        answer = self.probe(probes, now=context.now, variables=variables)
        if "facts" not in answer:
            return answer
        found = antivirus.standing(
            normalise(probes, answer["facts"]),
            product=arguments["product"],
            accept=context.loaded.client.contract.services.antivirus.accept,
            now=context.now,
        )
        coming = antivirus.firewall(found, product=arguments["product"])
        return {
            **({FIREWALL: {**coming, "port": arguments["port"]}} if coming else {}),
            "accept": list(found.seen["accept"]),
            "changed": False,
            "installed": found.installed,
            "msg": found.words,
            "products": found.seen["products"],
            "state": found.state,
            "wanted": found.wanted,
        }
