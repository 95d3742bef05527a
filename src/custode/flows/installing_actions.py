"""The actions around an installer: before it runs, when it has ended, and where a person must."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from custode.core import removal
from custode.core.observation import Facts
from custode.core.products import Meaning
from custode.core.symptoms import Reason
from custode.flows import installing
from custode.flows.software_action import (
    PRODUCT,
    STEP,
    Result,
    SoftwareAction,
    Specification,
    product_of,
    refused,
)

RESTART_WANTED = "custode_restart_wanted"
"""Fact of a PC: titles of the products that are whole only after a restart."""


class SignerAction(SoftwareAction):
    """Prove on the PC that a copied installer is signed by its maker."""

    argument_spec: ClassVar[Specification] = {**PRODUCT, "path": {"type": "str", "required": True}}

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask the PC once; only a valid signature has a name."""
        product = product_of(arguments)
        answer = self.probe([installing.signer_probe(arguments["path"])], variables)
        if "facts" not in answer:
            return answer
        facts = Facts.from_json(answer["facts"])
        signer, reason = installing.signer_problem(product, arguments["path"], facts)
        return {"changed": False, "signer": signer, **(refused(reason) if reason else {})}


class RemovalAction(SoftwareAction):
    """Plan how a product is taken away from the PC; nothing is changed."""

    argument_spec: ClassVar[Specification] = {
        **PRODUCT,
        "again": {"type": "bool", "default": False},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask the PC once, and once more where a maker's own uninstaller is listed."""
        product = product_of(arguments)
        answer = self.probe([removal.entries_probe()], variables)
        if "facts" not in answer:
            return answer
        entries = Facts.from_json(answer["facts"])
        uninstallers = Facts()
        if (wanted := removal.uninstaller_probe(product, entries)) is not None:
            answer = self.probe([wanted], variables)
            if "facts" not in answer:
                return answer
            uninstallers = Facts.from_json(answer["facts"])
        found = removal.plan(product, entries, uninstallers, again=arguments["again"])
        return {
            "changed": False,
            "removals": [item.to_json() for item in found.removals],
            "traces": list(found.traces),
            "attended": list(found.attended),
        }


class ChangeAction(SoftwareAction):
    """Say in check mode what a real run would do to a product."""

    argument_spec: ClassVar[Specification] = {
        **PRODUCT,
        **STEP,
        "reason": {"type": "str", "required": True},
        "version": {"type": "str"},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Return the change; nothing is asked of the PC."""
        del variables
        product = product_of(arguments)
        sentence, sides = installing.change(
            product,
            arguments["step"],
            version=arguments["version"],
            reason=arguments["reason"],
        )
        return {"changed": True, "msg": sentence, "diff": sides}


class OutcomeAction(SoftwareAction):
    """Say what the ending of an installer means, and fail if it means failure."""

    argument_spec: ClassVar[Specification] = {
        **PRODUCT,
        **STEP,
        "changed": {"type": "bool", "default": True},
        "exit_code": {"type": "int"},
        "found": {"type": "str"},
        "hung": {"type": "bool", "default": False},
        "still_running": {"type": "int", "default": 0},
        "version": {"type": "str"},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Judge the ending; the controller alone is asked."""
        ending = installing.Ending(
            step=arguments["step"],
            exit_code=arguments["exit_code"],
            hung=arguments["hung"],
            still_running=arguments["still_running"],
            version=arguments["version"],
            found=arguments["found"],
        )
        product = product_of(arguments)
        outcome = installing.judged(product, ending)
        if isinstance(outcome, Reason):
            return {"changed": False, "reboot_required": False, **refused(outcome)}
        wanted = outcome.meaning is Meaning.REBOOT
        changed = arguments["changed"]
        return {
            "changed": False,
            "meaning": str(outcome.meaning),
            "reboot_required": wanted,
            "msg": f"{product.title}: {outcome.words}",
            **({"custode": installing.event(product, outcome, ending)} if changed else {}),
            **({"ansible_facts": _wanted_by(product.title, variables)} if wanted else {}),
        }


class StepAction(SoftwareAction):
    """Open a step that only a person can finish; the recorder keeps it."""

    argument_spec: ClassVar[Specification] = {
        **PRODUCT,
        **STEP,
        "note": {"type": "str", "default": ""},
        "staged_at": {"type": "str", "default": ""},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Return the event; nothing is asked of the PC."""
        del variables
        product = product_of(arguments)
        sentence, event = installing.attended_step(
            product,
            arguments["step"],
            staged_at=arguments["staged_at"],
            note=arguments["note"],
        )
        return {"changed": False, "msg": sentence, "custode": event}


def _wanted_by(title: str, variables: Mapping[str, Any]) -> dict[str, list[str]]:
    before = (variables.get("ansible_facts") or {}).get(RESTART_WANTED) or []
    return {RESTART_WANTED: sorted({*map(str, before), title})}
