"""Whether an installer is made for the Windows that a PC runs, told without any localised text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custode.core.observation import Facts
from custode.core.products import Product
from custode.core.symptoms import Reason

ARCHITECTURE_PROBE = "windows_architecture"

# Of Windows itself, not of the processor: a 32-bit Windows on a 64-bit processor says x86.
_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
_VALUE = "PROCESSOR_ARCHITECTURE"
_NAMES: Mapping[str, str] = {"amd64": "x64", "arm64": "arm64", "x86": "x86"}
# What ARM emulates is left out: which services and drivers work there, no maker promises.
_RUNS_ON: Mapping[str, tuple[str, ...]] = {"x64": ("x64",), "x86": ("x64", "x86")}


def architecture_probe() -> dict[str, Any]:
    """Return the probe that reads the architecture of Windows."""
    return {"id": ARCHITECTURE_PROBE, "kind": "registry", "keys": [_KEY], "values": [_VALUE]}


def architecture(facts: Facts) -> str | None:
    """Return `x86`, `x64` or `arm64`, or None where the PC did not say."""
    result = facts.get(ARCHITECTURE_PROBE)
    if result is None or result.error is not None or len(result.rows) != 1:
        return None
    return _NAMES.get(str(result.rows[0].get(_VALUE)).casefold())


def unsuitable(product: Product, found: str | None) -> Reason | None:
    """Return why a product's installer is not for a PC, or None when it is.

    Args:
        product: The catalog's entry.
        found: What `architecture` said of the PC.
    """
    allowed = _RUNS_ON[product.architecture]
    if found in allowed:
        return None
    wanted = f"{product.installer.file} is made for {' or '.join(allowed)}"
    if found is None:
        return Reason(
            "architecture_unknown",
            f"The architecture of this Windows is unknown: the PC did not say it, and {wanted}. "
            "Nothing was copied.",
            f"Look whether {_VALUE} stands under {_KEY}, then run again.",
        )
    return Reason(
        "architecture",
        f"{wanted}, and this Windows is {found}. Nothing was copied.",
        f"Take {product.title} out of this PC's contract, or give it a catalog of its own "
        "(custode_catalog) with an installer that is made for it.",
    )
