"""Judgements that every product of the catalog shares."""

from __future__ import annotations

import pytest
from tests.acceptance.judging import fits, numbers, reject, same, unknown
from tests.acceptance.looking import Pc

from custode.core.products import Product

ONBOARD = "run `custode onboard` on this PC, then look again"


def versions(pc: Pc, product: Product) -> dict[str, str]:
    """Return the versions of the product's files that are there, by path."""
    paths = sorted({path for item in product.detect.evidence for path in item.files})
    found = {path: pc.file_version(path) for path in paths}
    return {path: version for path, version in found.items() if version is not None}


def judge_version(pc: Pc, product: Product, *, needed: str) -> None:
    """Accept the product's files when one is of a version that will do, or that the catalog allows.

    Args:
        pc: The PC.
        product: The catalog's entry.
        needed: The version that the files must at least have, and whose generation they must be.
    """
    expected = f"{product.title} {needed}, or newer of the same generation"
    found = versions(pc, product)
    if not found:
        reject(found=f"none of {product.title}'s files", expected=expected, next_step=ONBOARD)
    if not any(numbers(version) for version in found.values()):
        unknown(found=f"{product.title}'s files tell no version")
    also = product.also_allowed
    if not any(
        fits(version, needed) or any(same(version, allowed) for allowed in also)
        for version in found.values()
    ):
        reject(
            found=f"{product.title} {', '.join(sorted(found.values()))}",
            expected=expected,
            next_step=ONBOARD,
        )


def judge_listed(pc: Pc, product: Product) -> None:
    """Accept the product when Windows lists it as installed in the version of its files."""
    if product.installer.product_code is None:
        pytest.skip(f"the catalog names no product code of {product.title}")
    found = versions(pc, product)
    if not found:
        pytest.skip(f"{product.title} is not there")
    listed = pc.listed_version(product.id)
    if listed is not None and fits(listed, product.version):
        return
    if not any(same(version, product.version) for version in found.values()):
        pytest.skip("another version is there: Windows lists it under a code that nobody told us")
    reject(
        found=f"{product.title}'s files, and no entry of it in Windows' list of programs"
        if listed is None
        else f"Windows lists {product.title} as {listed}",
        expected=f"an entry with version {product.version}",
        next_step=ONBOARD,
    )


def judge_service(pc: Pc, names: list[str], *, title: str) -> None:
    """Accept the services when the first of them that is there runs and starts with Windows."""
    found = [service for name in names if (service := pc.service(name)) is not None]
    expected = "state started, start mode auto"
    if not found:
        reject(found=f"no service {' or '.join(names)}", expected=expected, next_step=ONBOARD)
    service = found[0]
    if service["state"] == "started" and service["start_mode"] in {"auto", "delayed"}:
        return
    reject(
        found=f"{service['name']}: state {service['state']}, start mode {service['start_mode']}",
        expected=expected,
        next_step=f"set {title}'s service to start with Windows and start it; "
        "ask on the PC who stopped it",
    )
