"""The language of rules: sandboxed Jinja2 in which not knowing is never a value.

A column that is null, a row or key that is missing and a probe that failed all raise
`Uncertain` as soon as an expression leans on them, and so does every error in the expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from jinja2 import StrictUndefined, pass_context
from jinja2.environment import TemplateExpression
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from custode.core.observation import Facts, utc_moment

NAMES = ("contract", "device", "errors", "facts", "now", "row")
"""What an expression may speak of, beside the functions and filters below."""

WSC_COLUMNS = ("on", "owner", "signatures")
"""What `wsc_state` gives."""

FILTERS = (
    "abs",
    "age_days",
    "default",
    "first",
    "gib",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "round",
    "select",
    "selectattr",
    "sort",
    "sum",
    "trim",
    "unique",
    "upper",
    "wsc_state",
)
"""The filters of the language; a closed list, each of which fails on a missing value."""

TESTS = (
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "containing",
    "defined",
    "eq",
    "equalto",
    "ge",
    "gt",
    "in",
    "le",
    "lt",
    "ne",
    "starting_with",
)
"""The tests of the language. `is none` is not among them: it would be false of a missing value,
and so pass where nothing is known."""

_SECONDS_PER_DAY = 86_400
_BYTES_PER_GIB = 1024**3
_CIM_MOMENT = re.compile(r"[0-9]{14}\.[0-9]{6}[+-][0-9]{3}")


_T = TypeVar("_T")


class Uncertain(Exception):  # noqa: N818 - not a fault: the third answer beside true and false
    """An expression has no answer.

    Attributes:
        kind: `probe_error`, `probe_missing`, `missing_value`, `stale` or `expression`.
        detail: Where, without any value of the PC.
    """

    kind = "expression"

    def __init__(self, detail: str, *, kind: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.kind = kind or type(self).kind


class ExpressionError(Uncertain):
    """The expression does not fit the facts: a wrong type, a text where a number must stand."""


class _Missing(StrictUndefined):
    """Stands for a null or absent value; only `is defined` and `default` may touch it."""


@dataclass(frozen=True)
class _View(Mapping[str, Any]):
    """Read-only names and values whose nulls are `_Missing`; `place` tells where one is."""

    place: str
    values_by_name: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
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
        result = self.facts.results.get(probe_id)
        if result is None:
            raise Uncertain(probe_id, kind="probe_missing")
        if result.error is not None:
            error = result.error
            kind = "stale" if error.kind == "stale" else "probe_error"
            detail = f"{probe_id}: {error.kind} ({error.message})"
            raise Uncertain(detail, kind=kind)
        return tuple(_View(probe_id, row) for row in result.rows)


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
        now: The moment of judging, aware.
        row: The row being judged, for rules that judge each row.
    """

    facts: Facts
    device: Mapping[str, Any]
    contract: Mapping[str, Any]
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
        {
            "age_days": age_days,
            "gib": gib,
            "major": major,
            "unknown": unknown,
            "version_at_least": version_at_least,
            "wsc_state": wsc_state,
        }
    )
    env.filters.update(
        {"age_days": age_days, "gib": gib, "int": strict_int, "wsc_state": wsc_state}
    )
    env.tests.update({"containing": containing, "starting_with": starting_with})
    env.filters = {name: env.filters[name] for name in FILTERS}
    env.tests = {name: env.tests[name] for name in TESTS}
    return env


@pass_context
def age_days(context: Context, moment: Any) -> float:
    """Return how many days before `now` a moment lies; negative when it lies after it.

    Args:
        context: Holds `now`.
        moment: ISO 8601 with a zone, or the text form of WMI, `20261005070000.000000-000`.
    """
    text = _text(moment)
    then = _cim_moment(text) if _CIM_MOMENT.fullmatch(text) else utc_moment(text)
    now: datetime = context["now"]
    return (now - then).total_seconds() / _SECONDS_PER_DAY


def gib(size: Any) -> float:
    """Return bytes as gibibytes; large sizes arrive as decimal text."""
    return strict_int(size) / _BYTES_PER_GIB


def strict_int(value: Any) -> int:
    """Return a whole number; a text that is none is an error, never 0."""
    _demand(value)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ExpressionError(f"int of {type(value).__name__}")
    return int(value)


def major(version: Any) -> int:
    """Return the first number of a dotted version."""
    return _numbers(version)[0]


def unknown(detail: str) -> bool:
    """End the judgement: what the rule would need to know cannot be known.

    Args:
        detail: Where the knowledge ends, such as `security_products: no row`.
    """
    raise Uncertain(detail, kind="missing_value")


def version_at_least(version: Any, least: Any) -> bool:
    """Return whether a dotted version is `least` or newer, number by number."""
    return _numbers(version) >= _numbers(least)


def wsc_state(product_state: Any) -> Mapping[str, str]:
    """Return what a Security Center `productState` says.

    The layout is not documented by Microsoft; the masks are what remote management tools agree
    on. Bits 12-15: 0 off, 1 on, 2 snoozed, 3 expired, anything else unknown. Bits 8-11: 0 a third
    party's, 1 Windows' own. Bits 4-7: signatures 0 current, 1 outdated, anything else unknown.
    """
    state = strict_int(product_state)
    power = {0: "off", 1: "on", 2: "snoozed", 3: "expired"}
    owners = {0: "third_party", 1: "windows"}
    signatures = {0: "current", 1: "outdated"}
    return {
        "on": power.get(state >> 12 & 0xF, "unknown"),
        "owner": owners.get(state >> 8 & 0xF, "unknown"),
        "signatures": signatures.get(state >> 4 & 0xF, "unknown"),
    }


def starting_with(text: Any, prefix: str) -> bool:
    """Return whether a text begins with a prefix, whatever the case."""
    return _text(text).lower().startswith(prefix.lower())


def containing(text: Any, part: str) -> bool:
    """Return whether a text contains a part, whatever the case."""
    return part.lower() in _text(text).lower()


def _cim_moment(text: str) -> datetime:
    # The offset is in minutes east of UTC: yyyymmddHHMMSS.ffffff+120.
    local = datetime.strptime(text[:14] + "+0000", "%Y%m%d%H%M%S%z")
    return local - timedelta(minutes=int(text[21:]))


def _numbers(version: Any) -> tuple[int, ...]:
    text = _text(version)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", text):
        raise ExpressionError("not a version")
    numbers = [int(part) for part in text.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _text(value: Any) -> str:
    _demand(value)
    if not isinstance(value, str):
        raise ExpressionError(f"{type(value).__name__} where a text must stand")
    return value


def _demand(value: Any) -> None:
    """Raise, naming the place, when a value is missing."""
    if isinstance(value, StrictUndefined):
        str(value)


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
    _demand(value)
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
