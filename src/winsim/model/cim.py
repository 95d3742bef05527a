"""CIM: rows by namespace and class, derived rows, associations, and the errors Windows gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from winsim.model.wql import compile_filter

Row = dict[str, Any]

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
}


class CimError(Exception):
    """What Windows answers instead of rows; `args[0]` is the language-free identifier."""


class Cim:
    """The classes of a PC. A class is a list of rows, or `{error: kind}`."""

    def __init__(self, classes: Mapping[str, Mapping[str, Any]]) -> None:
        self._classes: dict[str, dict[str, Any]] = {
            namespace.lower(): {name.lower(): deepcopy(rows) for name, rows in inside.items()}
            for namespace, inside in classes.items()
        }
        self._derived: dict[tuple[str, str], Callable[[], list[Row]]] = {}
        self._links: dict[tuple[str, str], str] = {}

    def derive(self, namespace: str, name: str, rows: Callable[[], list[Row]]) -> None:
        """Let a class be worked out from the rest of the model each time it is asked for."""
        self._classes.setdefault(namespace.lower(), {})
        self._derived[namespace.lower(), name.lower()] = rows

    def link(self, source: str, target: str, column: str) -> None:
        """Associate two classes of one namespace by a column that both have."""
        self._links[source.lower(), target.lower()] = column

    def rows(self, namespace: str, name: str, *, where: str | None = None) -> list[Row]:
        """Return the instances of a class.

        Raises:
            CimError: There is no such namespace or class, or the class answers with an error.
            WqlError: The filter cannot be read.
        """
        inside = self._classes.get(namespace.lower())
        if inside is None:
            raise CimError(INVALID_NAMESPACE)
        derived = self._derived.get((namespace.lower(), name.lower()))
        found = derived() if derived is not None else inside.get(name.lower())
        if found is None:
            raise CimError(INVALID_CLASS)
        if isinstance(found, Mapping):
            raise CimError(ERRORS[found["error"]])
        selects = compile_filter(where) if where else lambda _: True
        return [row for row in found if selects(row)]

    def associated(self, namespace: str, name: str, row: Row, target: str) -> Row | None:
        """Return the instance that belongs to a row, or None."""
        column = self._links.get((name.lower(), target.lower()))
        if column is None:
            return None
        try:
            candidates = self.rows(namespace, target)
        except CimError:
            return None
        return next((c for c in candidates if c.get(column) == row.get(column)), None)

    def change(self, namespace: str, name: str, match: Mapping[str, Any], new: Row) -> None:
        """Set columns of the rows that match; `{}` matches all."""
        rows = self._classes[namespace.lower()][name.lower()]
        for row in rows:
            if all(row.get(key) == value for key, value in match.items()):
                row.update(new)

    def replace(self, namespace: str, name: str, rows: Sequence[Row]) -> None:
        """Put other rows in a class's place, making namespace and class."""
        self._classes.setdefault(namespace.lower(), {})[name.lower()] = [dict(r) for r in rows]

    def snapshot(self) -> dict[str, Any]:
        """Return everything that is not derived as plain data."""
        return {
            namespace: {name: _text(rows) for name, rows in sorted(inside.items())}
            for namespace, inside in sorted(self._classes.items())
        }


def _text(rows: Any) -> Any:
    if isinstance(rows, Mapping):
        return dict(rows)
    return [{key: str(value) for key, value in row.items()} for row in rows]
