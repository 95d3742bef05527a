"""How a product is taken away from a PC: who removes what, what is only a trace, what is left.

Windows Installer removes an MSI by its code, quietly, and knows products that the list of installed
programs has lost. Everything else is removed by the maker's own uninstaller, as that list names it;
one that cannot be quiet would wait for ever for a click that nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from custode.core.guard import file_refusal
from custode.core.observation import Facts, Row
from custode.core.products import Product
from custode.core.software import UNINSTALL_PROBE, key_name, listed, read_rows, uninstall_probe

UNINSTALLERS_PROBE = "uninstallers"

_GUID = re.compile(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", re.IGNORECASE)
_EXECUTABLE = re.compile(r'"(?P<quoted>[^"]+)"|(?P<plain>.+?\.exe)(?=\s|$)', re.IGNORECASE)


@dataclass(frozen=True)
class Removal:
    """One thing that `win_package` removes.

    Attributes:
        product_id: The product code, or the key's name in the list of installed programs.
        provider: `msi` or `registry`, as `win_package` calls them.
        arguments: What makes the uninstaller quiet.
        mark: What its processes carry in their command lines.
    """

    product_id: str
    provider: str
    arguments: tuple[str, ...]
    mark: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "arguments": list(self.arguments)}


@dataclass(frozen=True)
class Plan:
    """What is to be done, in this order.

    Attributes:
        removals: What `win_package` removes.
        traces: Registry keys that list what is gone; removing them removes nothing else.
        attended: Uninstallers that only a person can click through.
    """

    removals: tuple[Removal, ...]
    traces: tuple[str, ...]
    attended: tuple[str, ...]


def entries_probe() -> dict[str, Any]:
    """Return the probe of the list of installed programs, with what it says of removal."""
    return uninstall_probe("QuietUninstallString", "UninstallString")


def uninstaller_probe(product: Product, entries: Facts) -> dict[str, Any] | None:
    """Return the probe that tells whether the listed uninstallers are there; None without any.

    Args:
        product: The catalog's entry.
        entries: The answer to `entries_probe`.

    Raises:
        StateUnknownError: The list of installed programs could not be read.
    """
    rows = listed(product, read_rows(entries, UNINSTALL_PROBE))
    paths = sorted({path for row in rows if not _code(row) and (path := _executable(row))})
    allowed = [p for p in paths if file_refusal(p) is None]
    if not allowed:
        return None
    return {"id": UNINSTALLERS_PROBE, "kind": "file", "paths": allowed, "properties": ["version"]}


def plan(product: Product, entries: Facts, uninstallers: Facts, *, again: bool) -> Plan:
    """Return how a product is removed from a PC.

    Args:
        product: The catalog's entry.
        entries: The answer to `entries_probe`.
        uninstallers: The answer to `uninstaller_probe`; empty where there was none.
        again: Windows Installer has removed what it knows: what it lists by code now is a trace.

    Raises:
        StateUnknownError: The list of installed programs could not be read.
    """
    rows = listed(product, read_rows(entries, UNINSTALL_PROBE))
    there = _there(uninstallers)
    coded = [row for row in rows if _code(row)]
    others = [row for row in rows if not _code(row)]
    gone = [row for row in others if there.get(_executable(row)) is False]
    left = [row for row in others if row not in gone]
    quiet = [row for row in left if row.get("QuietUninstallString") or _arguments(product)]
    return Plan(
        removals=() if again else (*_codes(product, coded), *(_own(product, row) for row in quiet)),
        traces=tuple(sorted(str(row["key"]) for row in [*gone, *(coded if again else ())])),
        attended=tuple(sorted(key_name(row) for row in left if row not in quiet)),
    )


def _codes(product: Product, rows: Iterable[Row]) -> list[Removal]:
    """Return the product codes that Windows Installer is asked to remove, the catalog's too."""
    codes = {str(_code(row)) for row in rows} | {product.installer.product_code or ""}
    return [Removal(code, "msi", (), code) for code in sorted(codes - {""})]


def _own(product: Product, row: Row) -> Removal:
    quiet = bool(row.get("QuietUninstallString"))
    arguments = () if quiet else _arguments(product)
    return Removal(key_name(row), "registry", arguments, _executable(row) or key_name(row))


def _arguments(product: Product) -> tuple[str, ...]:
    return product.installer.remove_arguments


def _code(row: Row) -> str | None:
    """Return the product code of what Windows Installer removes, or None.

    A bundle of the maker's has a key in the same form, and an uninstaller of its own.
    """
    command = _command(row)
    if command and not command.lower().startswith("msiexec"):
        return None
    found = _GUID.search(command) or _GUID.fullmatch(key_name(row))
    return found[0] if found else None


def _command(row: Row) -> str:
    return str(row.get("QuietUninstallString") or row.get("UninstallString") or "").strip()


def _executable(row: Row) -> str:
    """Return the program that a row names for its removal, or nothing."""
    found = _EXECUTABLE.match(_command(row))
    return "" if found is None else (found["quoted"] or found["plain"])


def _there(uninstallers: Facts) -> Mapping[str, bool]:
    result = uninstallers.get(UNINSTALLERS_PROBE)
    rows: Sequence[Row] = () if result is None or result.error is not None else result.rows
    return {str(row["path"]): bool(row.get("exists")) for row in rows}
