"""Products on PCs: from the catalog to what a task needs, and from exit codes to reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from custode.core.antivirus_products import ANTIVIRUS
from custode.core.architectures import architecture_probe, unsuitable
from custode.core.observation import Facts, utc_text
from custode.core.products import Product, gone_codes, good_codes
from custode.core.readers import OF_WINDOWS, reader_for
from custode.core.software import Installation, State, decide, probes
from custode.core.symptoms import Reason
from custode.core.verification import Verification
from custode.edges.catalog import load_installers, load_product


def sources(
    catalog: Path, cache: Path, product_ids: Sequence[str], *, need_files: bool
) -> dict[str, dict[str, Any]]:
    """Return what tasks need to know of products, by id, with their installers proven.

    Raises:
        UsageError: The catalog has no such product.
        InputError: Entries are wrong, or installers are missing or not the pinned ones.
    """
    found = load_installers(catalog, cache, product_ids, need_files=need_files)
    return {name: _for_tasks(product, path) for name, (product, path) in found.items()}


def state_probes(
    catalog: Path, product_id: str, *, with_architecture: bool = False
) -> list[dict[str, Any]]:
    """Return the probes that tell what a PC has of a product, and what Windows it runs."""
    wanted = probes(load_product(catalog, product_id))
    return [*wanted, architecture_probe()] if with_architecture else wanted


def installation(catalog: Path, product_id: str, facts: Mapping[str, Any]) -> Installation:
    """Tell what a PC has of a product, from the `facts` that `fleet_probe` returned.

    Raises:
        StateUnknownError: A probe gave no answer.
    """
    return decide(load_product(catalog, product_id), Facts.from_json(facts))


def verification_probes(catalog: Path, product_id: str) -> list[dict[str, Any]]:
    """Return the probes that tell how a product stands on a PC."""
    if product_id in OF_WINDOWS:
        return OF_WINDOWS[product_id].probes()
    product = load_product(catalog, product_id)
    return reader_for(product.id).probes(product)


def verification(
    catalog: Path, product_id: str, facts: Mapping[str, Any], *, now: datetime
) -> tuple[Verification, str, dict[str, Any]]:
    """Return how a product stands on a PC, the same as a sentence, and the event that records it.

    Args:
        catalog: The catalog's folder.
        product_id: The product.
        facts: The answers to `verification_probes`, as `fleet_probe` returned them.
        now: The moment of the look, aware.
    """
    answers = Facts.from_json(facts)
    if product_id in OF_WINDOWS:
        title = ANTIVIRUS[product_id].title
        found = OF_WINDOWS[product_id].read(answers, now=now)
    else:
        product = load_product(catalog, product_id)
        title = product.title
        found = reader_for(product.id).read(product, answers, now=now)
    event = {"kind": "verification", "at": utc_text(now), "title": title, **found.to_json()}
    return found, found.sentence(title), event


def misfit(
    catalog: Path, product_id: str, found: Installation, architecture: str | None
) -> Reason | None:
    """Return why what is missing may not be installed on a PC, or None when it may or is there."""
    if found.state in {State.EXACT, State.NEWER}:
        return None
    return unsuitable(load_product(catalog, product_id), architecture)


def kept(catalog: Path, product_id: str, found: Installation) -> dict[str, Any] | None:
    """Return the event that records a version newer than any that is allowed, or None."""
    if found.state is not State.NEWER:
        return None
    product = load_product(catalog, product_id)
    return {
        "kind": "kept",
        "product": product.id,
        "title": product.title,
        "version": found.version,
        "wanted": product.version,
    }


def unexpected(found: Installation, expected: Sequence[str]) -> Reason | None:
    """Return why a PC is not in one of the expected states, or None when it is or none is."""
    if not expected or found.state in {State(name) for name in expected}:
        return None
    return Reason(
        "software_state",
        f"After the step, {found.reason}; expected: {' or '.join(expected)}.",
        "Look at the PC's list of installed programs, then run again.",
    )


def _for_tasks(product: Product, path: Path) -> dict[str, Any]:
    installer = product.installer
    return {
        "title": product.title,
        "version": product.version,
        "attended": installer.attended,
        "kind": installer.kind,
        "path": str(path),
        "file": installer.file,
        "sha256": installer.sha256,
        "arguments": list(installer.arguments),
        "good_return_codes": list(good_codes(product)),
        "busy_return_codes": list(installer.busy_codes),
        "remove_return_codes": list(gone_codes(product)),
        "timeout_seconds": installer.timeout_seconds,
        "settings": list(installer.settings),
        "signers": list(product.signers),
        "leftovers": product.leftovers.model_dump(mode="json"),
    }
