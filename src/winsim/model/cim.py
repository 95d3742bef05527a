"""CIM: rows by namespace and class, derived rows, associations, and the errors Windows gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from winsim.model.wql import compile_filter

Row = dict[str, Any]

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


class Cim:
    """The classes of a PC.

    A class is a list of rows, `{error: kind}`, or `{seconds: n, rows: [...]}` when its provider
    takes that long.
    """

    def __init__(self, classes: Mapping[str, Mapping[str, Any]]) -> None:
        self._classes: dict[str, dict[str, Any]] = {
            namespace.lower(): {name.lower(): deepcopy(rows) for name, rows in inside.items()}
            for namespace, inside in classes.items()
        }
        self._derived: dict[tuple[str, str], Callable[[], list[Row]]] = {}
        self._adjusted: dict[tuple[str, str], Callable[[Row], Row]] = {}
        self._links: dict[tuple[str, str], str] = {}

    def derive(self, namespace: str, name: str, rows: Callable[[], list[Row]]) -> None:
        """Let a class be worked out from the rest of the model each time it is asked for.

        A class that the machine declares itself, as an error or with rows, stays as declared.
        """
        self._classes.setdefault(namespace.lower(), {})
        self._derived[namespace.lower(), name.lower()] = rows

    def adjust(self, namespace: str, name: str, change: Callable[[Row], Row]) -> None:
        """Let the rest of the model have its say in each declared row of a class."""
        self._adjusted[namespace.lower(), name.lower()] = change

    def link(self, source: str, target: str, column: str) -> None:
        """Associate two classes of one namespace by a column that both have."""
        self._links[source.lower(), target.lower()] = column

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
        if inside is None:
            raise CimError(INVALID_NAMESPACE)
        found, derived = inside.get(name), self._derived.get((namespace, name))
        if found is None:
            if derived is None:
                raise CimError(INVALID_CLASS)
            return derived()
        if isinstance(found, Mapping):
            if "error" in found:
                raise CimError(ERRORS[found["error"]])
            found = found["rows"]
        adjust = self._adjusted.get((namespace, name), dict)
        return [adjust(row) for row in found]

    def associated(self, namespace: str, name: str, row: Row, target: str) -> Row | None:
        """Return the instance that belongs to a row, or None.

        Raises:
            CimError: Access is denied, or the provider does not answer in time.
        """
        column = self._links.get((name.lower(), target.lower()))
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
        for row in rows:
            if all(row.get(key) == value for key, value in match.items()):
                row.update(new)

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
