"""The word `antivirus` of the language of rules: the accepted product that counts.

No rule names a product: the contract says which are accepted, and the adapters know them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from custode.core.antivirus import PROBES, AntivirusVerdict
from custode.core.antivirus_products import ANTIVIRUS, accepted, judge_antivirus
from custode.core.observation import Facts
from custode.core.rule_words import (
    ExpressionError,
    Uncertain,
    demand,
    text_of,
    uncertain_of,
)

READS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"antivirus": PROBES}
"""Functions that read facts by themselves: probe ids, each with its columns."""

ANTIVIRUS_COLUMNS = (
    "current",
    "has_subscription",
    "installed",
    "product",
    "state",
    "subscribed",
    "why",
    "working",
)
"""What `antivirus` gives."""


class SeenAntivirus:
    """The accepted antivirus that counts; what is not known of it has no answer."""

    def __init__(self, verdict: AntivirusVerdict, facts: Facts) -> None:
        self._verdict = verdict
        self._facts = facts
        self.product = verdict.product
        self.state = str(verdict.state)
        self.why = verdict.why
        self.has_subscription = ANTIVIRUS[verdict.product].has_subscription

    @property
    def installed(self) -> bool:
        """Return whether its program is there."""
        return self._known(self._verdict.installed)

    @property
    def working(self) -> bool:
        """Return whether it protects the PC."""
        return self._known(self._verdict.working)

    @property
    def current(self) -> bool:
        """Return whether it knows the newest threats."""
        return self._known(self._verdict.current)

    @property
    def subscribed(self) -> bool:
        """Return whether its subscription runs."""
        return self._known(self._verdict.subscribed)

    def _known(self, answer: bool | None) -> bool:  # noqa: FBT001 - one of three answers
        if answer is not None:
            return answer
        probe_id = self._verdict.trouble
        if not probe_id:
            detail = f"{self.product}: {self.state} ({self.why or 'not said'})"
            raise Uncertain(detail, kind="missing_value")
        unread = f"{probe_id}: {self._verdict.why}"
        raise uncertain_of(self._facts, probe_id) or Uncertain(unread, kind="missing_value")


@pass_context
def antivirus(context: Context, accept: Any) -> SeenAntivirus:
    """Return the accepted antivirus that protects the PC best.

    Args:
        context: Holds `facts` and `now`.
        accept: The products that the contract accepts, the most wanted first.
    """
    demand(accept)
    if isinstance(accept, str) or not accept or not set(accept) <= set(ANTIVIRUS):
        raise ExpressionError(f"antivirus of something else than {', '.join(ANTIVIRUS)}")
    facts: Facts = context["facts"].facts
    verdicts = judge_antivirus(facts, now=context["now"])
    return SeenAntivirus(accepted(verdicts, list(accept)), facts)


def antivirus_of(name: Any, product: Any) -> bool:
    """Return whether the Security Center's name is that of a product."""
    known = ANTIVIRUS.get(text_of(product))
    if known is None:
        raise ExpressionError(f"antivirus_of something else than {', '.join(ANTIVIRUS)}")
    return known.is_named(text_of(name))


ANTIVIRUS_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"antivirus": antivirus}
"""What an expression may call besides the general functions."""

ANTIVIRUS_TESTS: Mapping[str, Callable[..., bool]] = {"antivirus_of": antivirus_of}
"""Tests besides the general ones."""
