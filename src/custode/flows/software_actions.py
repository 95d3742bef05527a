"""The actions behind `plugins/action/software_*.py`; only state and verify ask the PC.

They need a catalog but no client, so that `software_package` serves any inventory.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from custode.core.errors import CustodeError
from custode.core.products import Meaning
from custode.core.symptoms import Reason
from custode.flows import software, task_context

Result = dict[str, Any]
Specification = dict[str, dict[str, Any]]

_CATALOG: Specification = {"catalog": {"type": "path", "required": True}}
_PRODUCT: Specification = {**_CATALOG, "product": {"type": "str", "required": True}}


class SoftwareAction(ActionBase):  # type: ignore[misc]
    """An action about a product of the catalog, whose errors are sentences."""

    TRANSFERS_FILES = False
    argument_spec: ClassVar[Specification] = {}

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> Result:
        """Validate the arguments and act; a `CustodeError` becomes a failed result."""
        variables = dict(task_vars or {})
        result: Result = super().run(tmp, variables)
        _, arguments = self.validate_argument_spec(argument_spec=self.argument_spec)
        try:
            return {**result, **self.act(arguments, variables)}
        except CustodeError as error:
            return {**result, **refused(Reason("software", str(error), error.hint))}

    @abstractmethod
    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Do the work and return the result's keys."""


class SourceAction(SoftwareAction):
    """Prove on the controller that the installers are there and are the pinned ones."""

    argument_spec: ClassVar[Specification] = {
        **_CATALOG,
        "cache": {"type": "path", "default": "."},
        "need_files": {"type": "bool", "default": True},
        "products": {"type": "list", "elements": "str", "required": True},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Read the entries, and the files unless they are not needed."""
        del variables
        found = software.sources(
            Path(arguments["catalog"]).resolve(),
            Path(arguments["cache"]).resolve(),
            arguments["products"],
            need_files=arguments["need_files"],
        )
        return {"changed": False, "products": found}


class StateAction(SoftwareAction):
    """Tell what the PC has of a product: absent, exact, older, newer or broken."""

    argument_spec: ClassVar[Specification] = {
        **_PRODUCT,
        "expect": {
            "type": "list",
            "elements": "str",
            "choices": ["absent", "exact", "older", "newer", "broken"],
            "default": [],
        },
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask the PC once and decide on the controller."""
        catalog = Path(arguments["catalog"]).resolve()
        answer: Result = self._execute_module(
            module_name="fleet_probe",
            module_args={"probes": software.state_probes(catalog, arguments["product"])},
            task_vars=variables,
        )
        if "facts" not in answer:
            return answer
        found = software.installation(catalog, arguments["product"], answer["facts"])
        reason = software.unexpected(found, arguments["expect"])
        return {
            "changed": False,
            "state": str(found.state),
            "version": found.version,
            "product_keys": list(found.product_keys),
            "reason": found.reason,
            **(refused(reason) if reason else {}),
        }


class VerifyAction(SoftwareAction):
    """Tell how a product stands on the PC, aspect by aspect; the recorder keeps it."""

    argument_spec: ClassVar[Specification] = {
        **_PRODUCT,
        "more_facts": {"type": "dict", "default": {}},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask the PC once and read the answer on the controller."""
        catalog = Path(arguments["catalog"]).resolve()
        now = self._now(variables)
        answer: Result = self._execute_module(
            module_name="fleet_probe",
            module_args={"probes": software.verification_probes(catalog, arguments["product"])},
            task_vars=variables,
        )
        if "facts" not in answer:
            return answer
        found, sentence, event = software.verification(
            catalog,
            arguments["product"],
            {**arguments["more_facts"], **answer["facts"]},
            now=now,
        )
        return {
            "changed": False,
            "verification": found.to_json(),
            "msg": sentence,
            "custode": event,
        }

    def _now(self, variables: dict[str, Any]) -> datetime:
        real = datetime.now(UTC)
        if task_context.client_id(variables) is None:
            return real
        start = Path(self._loader.get_basedir())
        return task_context.for_task(start, variables, real_now=real).now


class OutcomeAction(SoftwareAction):
    """Say what an installer's exit code means, and fail if it means failure."""

    argument_spec: ClassVar[Specification] = {
        **_PRODUCT,
        "exit_code": {"type": "int", "required": True},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Judge the exit code; the controller alone is asked."""
        del variables
        product, outcome = software.judged(
            Path(arguments["catalog"]).resolve(), arguments["product"], arguments["exit_code"]
        )
        reason = software.failure(product, outcome)
        event = software.installed(product, outcome)
        return {
            "changed": False,
            "meaning": str(outcome.meaning),
            "reboot_required": outcome.meaning is Meaning.REBOOT,
            "msg": f"{product.title}: {outcome.words}",
            **({"custode": event} if event else {}),
            **(refused(reason) if reason else {}),
        }


class StepAction(SoftwareAction):
    """Open a step that only a person can finish; the recorder keeps it."""

    argument_spec: ClassVar[Specification] = {
        **_PRODUCT,
        "staged_at": {"type": "str", "required": True},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Return the event; nothing is asked of the PC."""
        del variables
        sentence, event = software.attended_step(
            Path(arguments["catalog"]).resolve(), arguments["product"], arguments["staged_at"]
        )
        return {"changed": False, "msg": sentence, "custode": event}


def refused(reason: Reason) -> Result:
    """Return a failed result that carries its reason to the recorder and the terminal."""
    return {
        "failed": True,
        "msg": f"{reason.message} {reason.hint}".strip(),
        "custode_reason": reason.to_json(),
    }
