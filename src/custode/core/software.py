"""What a PC has of a product, measured against what the catalog wants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from custode.core.errors import CustodeError, ExitCode
from custode.core.observation import Facts, Row
from custode.core.products import Evidence, Product

UNINSTALL_PROBE = "uninstall_entries"
FILES_PROBE = "product_files"
SERVICES_PROBE = "product_services"

_UNINSTALL_KEYS = (
    "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall",
    "HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall",
)


class State(StrEnum):
    """What a PC has, measured against the catalog."""

    ABSENT = "absent"
    EXACT = "exact"
    OLDER = "older"
    NEWER = "newer"
    BROKEN = "broken"


@dataclass(frozen=True)
class Installation:
    """What was found of a product.

    Attributes:
        state: The finding.
        version: The installed version, or None when there is none or it cannot be read.
        product_keys: Names of its keys in the list of installed programs; for an MSI, its codes.
        reason: The finding as a sentence in English.
    """

    state: State
    version: str | None
    product_keys: tuple[str, ...]
    reason: str


class StateUnknownError(CustodeError):
    """What is installed could not be read, so nothing may be decided."""

    exit_code = ExitCode.RUN_FAILED


def compare_versions(found: str, wanted: str) -> int | None:
    """Return -1, 0 or 1 as `found` is older than, equal to or newer than `wanted`.

    Only the parts that both name are compared: Windows' list of programs often leaves the build
    number out. Returns None when either holds no number at all.
    """
    left, right = _numbers(found), _numbers(wanted)
    if not left or not right:
        return None
    for one, other in zip_longest(left, right):
        if one is None or other is None:
            break
        if one != other:
            return 1 if one > other else -1
    return 0


def uninstall_probe(*more: str) -> dict[str, Any]:
    """Return the probe of the list of installed programs.

    Args:
        more: Values to read besides name and version.
    """
    return {
        "id": UNINSTALL_PROBE,
        "kind": "registry",
        "keys": list(_UNINSTALL_KEYS),
        "values": ["DisplayName", "DisplayVersion", *more],
        "subkeys": True,
    }


def probes(product: Product) -> list[dict[str, Any]]:
    """Return the probes, as `fleet_probe` takes them, that `decide` needs the answers of."""
    files = sorted({path for item in product.detect.evidence for path in item.files})
    services = sorted({name for item in product.detect.evidence for name in item.services})
    wanted = [uninstall_probe()]
    if files:
        wanted.append(
            {"id": FILES_PROBE, "kind": "file", "paths": files, "properties": ["version"]}
        )
    if services:
        names = " OR ".join(f"Name='{name}'" for name in services)
        wanted.append(
            {
                "id": SERVICES_PROBE,
                "kind": "cim",
                "namespace": "root/cimv2",
                "class": "Win32_Service",
                "properties": ["Name", "StartMode", "State"],
                "filter": names,
            }
        )
    return wanted


def decide(product: Product, facts: Facts) -> Installation:
    """Tell what a PC has of a product.

    Args:
        product: What the catalog wants.
        facts: The answers to `probes(product)`.

    Raises:
        StateUnknownError: One of the probes gave no answer: absence must never be guessed.
    """
    wanted_ids = [str(probe["id"]) for probe in probes(product)]
    rows = {probe_id: read_rows(facts, probe_id) for probe_id in wanted_ids}
    entries = listed(product, rows[UNINSTALL_PROBE])
    keys = tuple(sorted({key_name(row) for row in entries}))
    files = {str(row["path"]): row for row in rows.get(FILES_PROBE, ()) if row.get("exists")}
    services = {str(row["Name"]).casefold() for row in rows.get(SERVICES_PROBE, ())}
    whole = [item for item in product.detect.evidence if _complete(item, files, services)]
    if not entries and not whole:
        return Installation(State.ABSENT, None, (), f"{product.title} is not installed")
    version = newest_version(str(row.get("DisplayVersion") or "") for row in entries)
    if version is None and whole:
        return _by_files(product, whole[0], files, keys)
    if version is None:
        reason = f"{product.title} is listed as installed without a version"
        return Installation(State.BROKEN, None, keys, reason)
    if not whole:
        reason = f"{product.title} {version} is listed as installed, but parts of it are missing"
        return Installation(State.BROKEN, version, keys, reason)
    return _measured(product, version, keys)


def listed(product: Product, rows: Iterable[Row]) -> list[Row]:
    """Return those rows of the list of installed programs that are this product's."""
    return [row for row in rows if _is_product(product, row)]


def newest_version(texts: Iterable[str]) -> str | None:
    """Return the highest version, or None when no text holds one."""
    readable = [text for text in texts if _numbers(text)]
    return max(readable, key=_numbers, default=None)


def _by_files(
    product: Product, evidence: Evidence, files: Mapping[str, Row], keys: tuple[str, ...]
) -> Installation:
    """Return what is there of a product that is whole, and listed without a version or not at all."""
    # A product whose entry nobody has confirmed (accepts: minimum) is judged by its files alone.
    versions = (str(files[path].get("version") or "") for path in evidence.files)
    version = newest_version(versions)
    if product.accepts == "minimum" and version is not None:
        return _measured(product, version, keys)
    reason = f"{product.title} has left its files, but is not listed as installed"
    if keys:
        reason = f"{product.title} is listed as installed without a version"
    return Installation(State.BROKEN, None if keys else version, keys, reason)


def _measured(product: Product, version: str, keys: tuple[str, ...]) -> Installation:
    if any(compare_versions(version, allowed) == 0 for allowed in product.also_allowed):
        reason = f"{product.title} {version} is installed and allowed beside {product.version}"
        return Installation(State.EXACT, version, keys, reason)
    order = compare_versions(version, product.version)
    if order == -1:
        reason = f"{product.title} {version} is older than {product.version}"
        return Installation(State.OLDER, version, keys, reason)
    if order == 1 and product.accepts == "exact":
        reason = f"{product.title} {version} is newer than {product.version} and is kept"
        return Installation(State.NEWER, version, keys, reason)
    return Installation(State.EXACT, version, keys, f"{product.title} {version} is installed")


def read_rows(facts: Facts, probe_id: str) -> tuple[Row, ...]:
    """Return a probe's rows.

    Raises:
        StateUnknownError: It gave none: absence must never be guessed.
    """
    result = facts.get(probe_id)
    if result is None:
        raise StateUnknownError(f"the PC returned no answer to {probe_id}")
    if result.error is not None:
        raise StateUnknownError(
            f"{probe_id} could not be read on the PC: {result.error.kind} ({result.error.message})",
            hint="Use a full administrator, then run again.",
        )
    return result.rows


def _is_product(product: Product, row: Row) -> bool:
    name = str(row.get("DisplayName") or "")
    if re.search(product.detect.display_name, name, re.IGNORECASE):
        return True
    code = product.installer.product_code
    return code is not None and key_name(row).casefold() == code.casefold()


def key_name(row: Row) -> str:
    """Return the name of a row's key in the list of installed programs."""
    return str(row["key"]).rpartition("\\")[2]


def _complete(item: Evidence, files: Mapping[str, Row], services: set[str]) -> bool:
    return all(path in files for path in item.files) and all(
        name.casefold() in services for name in item.services
    )


def _numbers(text: str) -> tuple[int, ...]:
    match = re.match(r"\s*v?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in match[1].split(".")) if match else ()
