"""What a look at one product on one PC says, aspect by aspect; what was not read is not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from custode.core.observation import Facts
from custode.core.products import Product

ASPECTS = ("version", "registered", "service", "running", "configured", "last_sign_of_life")
"""What is said of every product, in this order:

- `version`: the installed version, as text;
- `registered`: whether Windows lists it among the installed programs (or, for an antivirus, where
  Windows registers those);
- `service`: how its service starts: `auto`, `manual`, `disabled`, or `missing`;
- `running`: whether its services, or its program, run now;
- `configured`: whether it is set up for this customer: assigned, activated, with an account;
- `last_sign_of_life`: when it last did its work, ISO 8601 UTC.
"""

Value = str | int | bool | None


class Knowledge(StrEnum):
    """How far an aspect is known."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Aspect:
    """One aspect of a product.

    Attributes:
        state: How far it is known.
        value: What was seen; None unless it is known.
        why: A stable word for why nothing is known or why it does not apply, such as
            `access_denied` or `not_installed`; may be empty when it is known.
    """

    state: Knowledge
    value: Value = None
    why: str = ""


@dataclass(frozen=True)
class Verification:
    """What one look says of one product.

    Attributes:
        product: Catalog id.
        aspects: Exactly `ASPECTS`, in their order.
    """

    product: str
    aspects: Mapping[str, Aspect]

    def __post_init__(self) -> None:
        """Refuse anything but the aspects, and put them in order."""
        if set(self.aspects) != set(ASPECTS):
            message = f"{self.product}: the aspects are {', '.join(ASPECTS)}"
            raise ValueError(message)
        object.__setattr__(self, "aspects", {name: self.aspects[name] for name in ASPECTS})

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "product": self.product,
            "aspects": {
                name: {"state": str(aspect.state), "value": aspect.value, "why": aspect.why}
                for name, aspect in self.aspects.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verification:
        """Read what `to_json` wrote."""
        aspects = {
            str(name): Aspect(Knowledge(entry["state"]), entry["value"], str(entry["why"]))
            for name, entry in data["aspects"].items()
        }
        return cls(str(data["product"]), aspects)

    def sentence(self, title: str) -> str:
        """Return the verification on one line for the terminal."""
        told = (f"{name} {_words(aspect)}" for name, aspect in self.aspects.items())
        return f"{title}: {', '.join(told)}"


class Reader(Protocol):
    """Knows where one product shows on a PC what it is and does."""

    def probes(self, product: Product) -> list[dict[str, Any]]:
        """Return the probes, as `fleet_probe` takes them, that `read` needs the answers of."""

    def read(self, product: Product, facts: Facts, *, now: datetime) -> Verification:
        """Return what the answers say.

        Args:
            product: The catalog's entry.
            facts: The answers; a probe may have failed or be missing.
            now: The moment of the look, aware.
        """


def known(value: Value, why: str = "") -> Aspect:
    """Return an aspect that was seen."""
    return Aspect(Knowledge.KNOWN, value, why)


def unknown(why: str) -> Aspect:
    """Return an aspect that could not be seen, and why."""
    return Aspect(Knowledge.UNKNOWN, None, why)


def not_applicable(why: str) -> Aspect:
    """Return an aspect that this product, or its absence, does not have."""
    return Aspect(Knowledge.NOT_APPLICABLE, None, why)


def trouble(facts: Facts, probe_id: str) -> str | None:
    """Return why a probe gave no rows, or None when it gave them."""
    result = facts.get(probe_id)
    if result is None:
        return "not_returned"
    return result.error.kind if result.error is not None else None


def _words(aspect: Aspect) -> str:
    if aspect.state is not Knowledge.KNOWN:
        return f"{aspect.state.replace('_', ' ')} ({aspect.why})"
    if isinstance(aspect.value, bool):
        return "yes" if aspect.value else "no"
    return str(aspect.value)
