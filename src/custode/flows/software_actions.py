"""The actions that look at products: on the controller, and on the PC with one call each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from custode.core.architectures import architecture
from custode.core.observation import Facts
from custode.flows import software, task_context
from custode.flows.software_action import (
    CATALOG,
    PRODUCT,
    Result,
    SoftwareAction,
    Specification,
    catalog_of,
    refused,
)


class SourceAction(SoftwareAction):
    """Prove on the controller that the installers are there and are the pinned ones."""

    argument_spec: ClassVar[Specification] = {
        **CATALOG,
        "cache": {"type": "path", "default": "."},
        "need_files": {"type": "bool", "default": True},
        "products": {"type": "list", "elements": "str", "required": True},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Read the entries, and the files unless they are not needed."""
        del variables
        found = software.sources(
            catalog_of(arguments),
            Path(arguments["cache"]).resolve(),
            arguments["products"],
            need_files=arguments["need_files"],
        )
        return {"changed": False, "products": found}


class StateAction(SoftwareAction):
    """Tell what the PC has of a product: absent, exact, older, newer or broken."""

    argument_spec: ClassVar[Specification] = {
        **PRODUCT,
        "expect": {
            "type": "list",
            "elements": "str",
            "choices": ["absent", "exact", "older", "newer", "broken"],
            "default": [],
        },
        "wanted": {"type": "bool", "default": False},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask the PC once and decide on the controller."""
        catalog, product, wanted = (
            catalog_of(arguments),
            arguments["product"],
            arguments["wanted"],
        )
        probes = software.state_probes(catalog, product, with_architecture=wanted)
        answer = self.probe(probes, variables)
        if "facts" not in answer:
            return answer
        found = software.installation(catalog, product, answer["facts"])
        reason = software.unexpected(found, arguments["expect"])
        windows = event = None
        if wanted:
            windows = architecture(Facts.from_json(answer["facts"]))
            reason = reason or software.misfit(catalog, product, found, windows)
            event = software.kept(catalog, product, found)
        return {
            "architecture": windows,
            "changed": False,
            "state": str(found.state),
            "version": found.version,
            "product_keys": list(found.product_keys),
            "reason": found.reason,
            **({"custode": event} if event else {}),
            **(refused(reason) if reason else {}),
        }


class VerifyAction(SoftwareAction):
    """Tell how a product stands on the PC, aspect by aspect; the recorder keeps it."""

    argument_spec: ClassVar[Specification] = {
        **PRODUCT,
        "more_facts": {"type": "dict", "default": {}},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask the PC once and read the answer on the controller."""
        catalog = catalog_of(arguments)
        now = self._now(variables)
        answer = self.probe(software.verification_probes(catalog, arguments["product"]), variables)
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
