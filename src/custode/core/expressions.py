"""The language of rules: sandboxed Jinja2 in which not knowing is never a value.

A column that is null, a row or key that is missing and a probe that failed all raise
`Uncertain` as soon as an expression leans on them, and so does every error in the expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from jinja2 import StrictUndefined
from jinja2.environment import TemplateExpression
from jinja2.exceptions import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from custode.core.antivirus_words import ANTIVIRUS_FUNCTIONS, ANTIVIRUS_TESTS
from custode.core.backup_words import BACKUP_FUNCTIONS
from custode.core.baselines import Number
from custode.core.observation import Facts
from custode.core.rule_words import (
    FILTERS,
    FUNCTIONS,
    OWN_FILTERS,
    OWN_TESTS,
    TESTS,
    ExpressionError,
    Uncertain,
    demand,
    uncertain_of,
)
from custode.core.teamviewer_words import TEAMVIEWER_FUNCTIONS

NAMES = ("contract", "device", "errors", "facts", "limits", "now", "row")
"""What an expression may speak of, beside the functions and filters below."""

_T = TypeVar("_T")


class _Missing(StrictUndefined):
    """Stands for a null or absent value; only `is defined` and `default` may touch it."""


@dataclass(frozen=True)
class _View(Mapping[str, Any]):
    """Read-only names and values whose nulls are `_Missing`; `place` tells where one is."""

    place: str
    values_by_name: Mapping[str, Any]

    def __getitem__(self, name: str | int) -> Any:
        # Fields without a name are known by their place, which an attribute's path gives as number.
        name = str(name) if isinstance(name, int) else name
        if not isinstance(name, str) or self.values_by_name.get(name) is None:
            return _Missing(hint=f"{self.place}.{name}")
        return _viewed(f"{self.place}.{name}", self.values_by_name[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


@dataclass(frozen=True)
class _FactsView:
    """Rows by probe id; a probe that failed raises when it is touched."""

    facts: Facts

    def __getitem__(self, probe_id: str) -> tuple[_View, ...]:
        if (uncertain := uncertain_of(self.facts, probe_id)) is not None:
            raise uncertain
        return tuple(_View(probe_id, row) for row in self.facts[probe_id].rows)


@dataclass(frozen=True)
class _ErrorsView:
    """Error kind by probe id; an empty text when the probe answered."""

    facts: Facts

    def __getitem__(self, probe_id: str) -> str:
        result = self.facts.results.get(probe_id)
        if result is None:
            raise Uncertain(probe_id, kind="probe_missing")
        return result.error.kind if result.error else ""


@dataclass(frozen=True)
class Scope:
    """What an expression may speak of.

    Attributes:
        facts: Rows and errors by probe id.
        device: `{"name", "kind", "covered"}`.
        contract: The contract as plain data.
        limits: The thresholds that hold for this device, by name.
        now: The moment of judging, aware.
        row: The row being judged, for rules that judge each row.
    """

    facts: Facts
    device: Mapping[str, Any]
    contract: Mapping[str, Any]
    limits: Mapping[str, Number]
    now: datetime
    row: Any = None

    def with_row(self, row: Any) -> Scope:
        """Return the same scope, about one row."""
        return replace(self, row=row)

    def names(self) -> dict[str, Any]:
        """Return the names as the expression sees them."""
        names = {
            "contract": _View("contract", self.contract),
            "device": _View("device", self.device),
            "errors": _ErrorsView(self.facts),
            "facts": _FactsView(self.facts),
            "limits": _View("limits", self.limits),
            "now": self.now,
        }
        return names if self.row is None else {**names, "row": self.row}


class _Environment(ImmutableSandboxedEnvironment):
    """Looks names up in the views only, so that a column may be called `items` or `Count`."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `obj.attribute`."""
        if isinstance(obj, (_View, _FactsView, _ErrorsView)):
            return obj[attribute]
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return `obj[argument]`."""
        if isinstance(obj, (_View, _FactsView, _ErrorsView)):
            return obj[argument]
        return super().getitem(obj, argument)


def evaluate(expression: str, scope: Scope) -> Any:
    """Return the value of an expression as plain data.

    Raises:
        Uncertain: It leans on something that is not known, or does not fit the facts.
    """
    return _answered(lambda: _plain(compiled(expression)(**scope.names())))


def evaluate_rows(expression: str, scope: Scope) -> list[Any]:
    """Return the rows an expression gives, each fit to stand as a scope's `row`.

    Raises:
        Uncertain: As for `evaluate`, and when the expression gives no list.
    """

    def rows() -> list[Any]:
        value = compiled(expression)(**scope.names())
        if not isinstance(value, (list, tuple, Iterator)):
            raise ExpressionError(f"gives {type(value).__name__}, not rows")
        return list(value)

    return _answered(rows)


def _answered(question: Callable[[], _T]) -> _T:
    try:
        return question()
    except Uncertain:
        raise
    except UndefinedError as error:
        raise Uncertain(str(error.message), kind="missing_value") from None
    except Exception as error:  # noqa: BLE001 - whatever the facts hold, the judge must answer
        raise ExpressionError(type(error).__name__) from None


@cache
def compiled(expression: str) -> TemplateExpression:
    """Return the compiled expression.

    Raises:
        TemplateError: It is not an expression, or names a filter or test that does not exist.
    """
    return environment().compile_expression(expression, undefined_to_none=False)


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Return the sandbox: no globals but ours, no test that treats a missing value as a value."""
    env = _Environment(undefined=StrictUndefined)
    env.globals.clear()
    env.globals.update(
        {**FUNCTIONS, **ANTIVIRUS_FUNCTIONS, **BACKUP_FUNCTIONS, **TEAMVIEWER_FUNCTIONS}
    )
    env.filters.update(OWN_FILTERS)
    env.tests.update({**OWN_TESTS, **ANTIVIRUS_TESTS})
    env.filters = {name: env.filters[name] for name in FILTERS}
    env.tests = {name: env.tests[name] for name in TESTS}
    return env


def _viewed(place: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _View(place, value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_viewed(place, item) for item in value)
    return value


def _plain(value: Any) -> Any:
    """Return the value with views made plain; a missing value raises."""
    if isinstance(value, _View):
        return dict(value.values_by_name)
    demand(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str, Mapping)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    # Filters such as `map` and `selectattr` give generators.
    if isinstance(value, Iterator):
        return [_plain(item) for item in value]
    raise ExpressionError(f"gives {type(value).__name__}")
