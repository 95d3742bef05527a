"""What the actions about products share: a catalog, arguments, and errors that are sentences.

They need a catalog but no client, so that `software_package` serves any inventory.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from custode.core.errors import CustodeError
from custode.core.products import Product
from custode.core.register import Entry, product_entry, read_of
from custode.core.symptoms import Reason
from custode.edges.catalog import load_product

Result = dict[str, Any]
Specification = dict[str, dict[str, Any]]

CATALOG: Specification = {"catalog": {"type": "path", "required": True}}
PRODUCT: Specification = {**CATALOG, "product": {"type": "str", "required": True}}
STEP: Specification = {
    "step": {"type": "str", "choices": ["install", "remove"], "default": "install"}
}


class SoftwareAction(ActionBase):  # type: ignore[misc]
    """An action about a product of the catalog."""

    TRANSFERS_FILES = False
    argument_spec: ClassVar[Specification] = {}

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> Result:
        """Validate the arguments and act; a `CustodeError` becomes a failed result."""
        variables = dict(task_vars or {})
        self._read: list[Entry] = []
        result: Result = super().run(tmp, variables)
        _, arguments = self.validate_argument_spec(argument_spec=self.argument_spec)
        try:
            result |= self.act(arguments, variables)
        except CustodeError as error:
            result |= refused(Reason("software", str(error), error.hint))
        return {**result, **({"custode_read": self._read} if self._read else {})}

    @abstractmethod
    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Do the work and return the result's keys."""

    def probe(self, probes: Sequence[Mapping[str, Any]], variables: dict[str, Any]) -> Result:
        """Run probes on the PC in one call; without the key `facts`, the result is a failure."""
        answer: Result = self._execute_module(
            module_name="fleet_probe",
            module_args={"probes": list(probes)},
            task_vars=variables,
        )
        self._read += read_of(map(product_entry, probes), answer.get("facts", {}))
        return answer


def catalog_of(arguments: Mapping[str, Any]) -> Path:
    """Return the folder of the catalog."""
    return Path(arguments["catalog"]).resolve()


def product_of(arguments: Mapping[str, Any]) -> Product:
    """Return the catalog's entry for the product that the arguments name."""
    return load_product(catalog_of(arguments), arguments["product"])


def refused(reason: Reason) -> Result:
    """Return a failed result that carries its reason to the recorder and the terminal."""
    return {
        "failed": True,
        "msg": f"{reason.message} {reason.hint}".strip(),
        "custode_reason": reason.to_json(),
    }
