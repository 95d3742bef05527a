"""CIM: rows by namespace and class, derived rows, associations, and the errors Windows gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from winsim.model.wql import compile_filter

Row = dict[str, Any]
World = TypeVar("World")

CIMV2 = "root/cimv2"
DEFENDER = "root/microsoft/windows/defender"
SECURITY_CENTER = "root/securitycenter2"

INVALID_NAMESPACE = "HRESULT 0x8004100e"
INVALID_CLASS = "HRESULT 0x80041010"
ACCESS_DENIED = "HRESULT 0x80041003"
NOT_SUPPORTED = "HRESULT 0x8004100c"
TIMED_OUT = "HRESULT 0x00040004"

ERRORS = {
    "not_found": INVALID_CLASS,
    "access_denied": ACCESS_DENIED,
    "unsupported": NOT_SUPPORTED,
    "timeout": TIMED_OUT,
    "failed": "HRESULT 0x80041001",
    # What Defender's provider answers when its service does not run.
    "not_running": "HRESULT 0x800106ba",
}
_FAILURES = (ACCESS_DENIED, TIMED_OUT)


class CimError(Exception):
    """What Windows answers instead of rows; `args[0]` is the language-free identifier."""


@dataclass(frozen=True)
class Rules(Generic[World]):
    """How the rest of a PC shows in its classes; one set of rules serves all PCs.

    Attributes:
        derived: Classes worked out each time they are asked for, by namespace and name.
        adjusted: Who has a say in each declared row of a class.
        links: By two classes of one namespace, the column by which they are associated.
    """

    derived: Mapping[tuple[str, str], Callable[[World], list[Row]]] = field(default_factory=dict)
    adjusted: Mapping[tuple[str, str], Callable[[World, Row], Row]] = field(default_factory=dict)
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Return the namespaces that every PC has because something in them is worked out."""
        return frozenset(namespace for namespace, _ in self.derived)


class Cim:
    """The classes of a PC.

    A class is a list of rows, `{error: kind}`, or `{seconds: n, rows: [...]}` when its provider
    takes that long.
    """

    def __init__(self, classes: Mapping[str, Mapping[str, Any]]) -> None:
        # Rows are shared with the description, and so with other PCs: they are replaced, never
        # changed in place.
        self._classes: dict[str, dict[str, Any]] = {}
        for namespace, inside in classes.items():
            known = self._classes.setdefault(namespace.lower(), {})
            known.update((name.lower(), rows) for name, rows in inside.items())
        self._world: Any = None
        self._rules: Rules[Any] = Rules()

    def tie(self, world: World, rules: Rules[World]) -> None:
        """Let the rest of a PC have its say: in classes worked out, and in rows that are declared.

        A class that the machine declares itself, as an error or with rows, stays as declared.
        """
        self._world, self._rules = world, rules

    def names(self) -> set[tuple[str, str]]:
        """Return namespace and name of every class there is, in small letters."""
        declared = {(space, name) for space, inside in self._classes.items() for name in inside}
        return declared | set(self._rules.derived)

    def namespaces(self) -> set[str]:
        """Return the namespaces there are, in small letters."""
        return set(self._classes) | set(self._rules.namespaces)

    def links(self) -> Mapping[tuple[str, str], str]:
        """Return the columns by which classes are associated, by source and target."""
        return self._rules.links

    def seconds(self, namespace: str, name: str) -> int:
        """Return how long a class's provider takes to answer."""
        found = self._classes.get(namespace.lower(), {}).get(name.lower())
        return int(found.get("seconds", 0)) if isinstance(found, Mapping) else 0

    def rows(self, namespace: str, name: str, *, where: str | None = None) -> list[Row]:
        """Return the instances of a class.

        Raises:
            CimError: There is no such namespace or class, or the class answers with an error.
            WqlError: The filter cannot be read.
        """
        selects = compile_filter(where) if where else lambda _: True
        return [row for row in self._all(namespace.lower(), name.lower()) if selects(row)]

    def _all(self, namespace: str, name: str) -> list[Row]:
        inside = self._classes.get(namespace)
        if inside is None and namespace not in self._rules.namespaces:
            raise CimError(INVALID_NAMESPACE)
        found = (inside or {}).get(name)
        if found is None:
            derived = self._rules.derived.get((namespace, name))
            if derived is None:
                raise CimError(INVALID_CLASS)
            return derived(self._world)
        if isinstance(found, Mapping):
            if "error" in found:
                raise CimError(ERRORS[found["error"]])
            found = found["rows"]
        adjust = self._rules.adjusted.get((namespace, name))
        return [dict(row) if adjust is None else adjust(self._world, row) for row in found]

    def associated(self, namespace: str, name: str, row: Row, target: str) -> Row | None:
        """Return the instance that belongs to a row, or None.

        Raises:
            CimError: Access is denied, or the provider does not answer in time.
        """
        column = self._rules.links.get((name.lower(), target.lower()))
        if column is None:
            return None
        try:
            candidates = self.rows(namespace, target)
        except CimError as error:
            if str(error) in _FAILURES:
                raise
            return None
        return next((c for c in candidates if c.get(column) == row.get(column)), None)

    def change(self, namespace: str, name: str, match: Mapping[str, Any], new: Row) -> None:
        """Set columns of the rows that match; `{}` matches all.

        Raises:
            CimError: The machine declares no rows of such a class.
        """
        found = self._classes.get(namespace.lower(), {}).get(name.lower())
        rows = found.get("rows") if isinstance(found, Mapping) else found
        if rows is None:
            raise CimError(INVALID_CLASS)
        changed = [
            {**row, **new} if all(row.get(key) == value for key, value in match.items()) else row
            for row in rows
        ]
        inside = self._classes[namespace.lower()]
        inside[name.lower()] = {**found, "rows": changed} if isinstance(found, Mapping) else changed

    def declared(self, namespace: str, name: str) -> list[Row] | None:
        """Return copies of the rows as they were written down; None when there are none to write."""
        found = self._classes.get(namespace.lower(), {}).get(name.lower())
        rows = found.get("rows") if isinstance(found, Mapping) else found
        return None if rows is None else [dict(row) for row in rows]

    def replace(self, namespace: str, name: str, rows: Sequence[Row]) -> None:
        """Put other rows in a class's place, making namespace and class."""
        inside = self._classes.setdefault(namespace.lower(), {})
        inside[name.lower()] = [dict(row) for row in rows]

    def snapshot(self) -> dict[str, Any]:
        """Return everything that is not derived as plain data."""
        return {
            namespace: {name: _text(rows) for name, rows in sorted(inside.items())}
            for namespace, inside in sorted(self._classes.items())
        }


def _text(rows: Any) -> Any:
    if isinstance(rows, Mapping):
        return {key: _text(value) if key == "rows" else value for key, value in rows.items()}
    return [{key: str(value) for key, value in row.items()} for row in rows]
