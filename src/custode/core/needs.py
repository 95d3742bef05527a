"""Which products of the catalog a contract needs."""

from __future__ import annotations

from collections.abc import Mapping

from custode.core.contract import Contract

# Where the contract speaks of a product by another name than the catalog.
_CATALOG_IDS: Mapping[str, str] = {"teamviewer": "teamviewer_host"}


def needed_products(contract: Contract) -> tuple[str, ...]:
    """Return the catalog ids of what a contract has installed, the clean-up tool's too."""
    services = contract.services
    wanted = [
        services.remote_support.product,
        services.antivirus.product,
        services.backup.product,
        *([contract.cleanup.tool] if contract.cleanup.tool != "windows" else []),
    ]
    return tuple(catalog_id(name) for name in wanted)


def catalog_id(name: str) -> str:
    """Return the catalog id of a product that the contract names."""
    return _CATALOG_IDS.get(name, name)
