"""The catalog of products and the technician's own copies of the installers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from custode.core.errors import InputError, Problem, UsageError
from custode.core.products import Product
from custode.edges.yaml_source import did_you_mean, load_yaml, validation_problems

_BLOCK_BYTES = 1 << 20


def load_product(folder: Path, product_id: str) -> Product:
    """Return one entry of the catalog.

    Args:
        folder: The catalog: one `<id>.yml` a product.
        product_id: The entry's id.

    Raises:
        UsageError: The catalog has no such entry.
        InputError: The entry is wrong; every problem is listed, with its place.
    """
    path = folder / f"{product_id}.yml"
    known = sorted(item.stem for item in folder.glob("*.yml"))
    if product_id not in known:
        hint = f"{did_you_mean(product_id, known)} it has: {', '.join(known) or 'nothing'}"
        raise UsageError(f"the catalog {folder} has no product {product_id!r}", hint=hint.strip())
    source = load_yaml(path)
    try:
        product = Product.model_validate(source.data)
    except ValidationError as error:
        raise InputError(validation_problems(source, error, Product)) from error
    if product.id != product_id:
        raise InputError([source.problem(("id",), found=product.id, allowed=product_id)])
    return product


def examine_installers(
    folder: Path, cache: Path, product_ids: Sequence[str]
) -> tuple[dict[str, tuple[Product, Path]], list[Problem]]:
    """Return the installers that are the pinned ones, and all that is wrong with the others.

    Args:
        folder: The catalog.
        cache: The technician's folder of installers; a mounted file share is a folder, too.
        product_ids: The wanted entries.
    """
    found: dict[str, tuple[Product, Path]] = {}
    problems: list[Problem] = []
    for product_id in product_ids:
        try:
            product = load_product(folder, product_id)
        except InputError as error:
            problems.extend(error.problems)
            continue
        except UsageError as error:
            missing = Problem(str(folder), 0, 0, product_id, "no such entry", "one", error.hint)
            problems.append(missing)
            continue
        path = cache / product.installer.file
        if problem := _file_problem(folder, product, path):
            problems.append(problem)
        else:
            found[product_id] = (product, path)
    return found, problems


def load_installers(
    folder: Path, cache: Path, product_ids: Sequence[str], *, need_files: bool
) -> dict[str, tuple[Product, Path]]:
    """Return entries of the catalog with their installers, each proven by its sum.

    Args:
        folder: The catalog.
        cache: The technician's folder of installers.
        product_ids: The wanted entries.
        need_files: Whether the installers must be there; False only reads the entries.

    Raises:
        UsageError: The catalog has no such entry, and no file is needed.
        InputError: Entries are wrong, or installers are missing or not the ones that were pinned;
            all of them are listed at once, so that one errand fetches everything.
    """
    if not need_files:
        products = {product_id: load_product(folder, product_id) for product_id in product_ids}
        return {name: (item, cache / item.installer.file) for name, item in products.items()}
    found, problems = examine_installers(folder, cache, product_ids)
    if problems:
        raise InputError(problems)
    return found


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 in lower-case hex, without holding the file in memory."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _file_problem(folder: Path, product: Product, path: Path) -> Problem | None:
    installer = product.installer
    entry = folder / f"{product.id}.yml"
    expected = f"sha256 {installer.sha256}"
    if installer.sha256 is None:
        return load_yaml(entry).problem(
            ("installer", "sha256"),
            found="no sum",
            allowed=f"the sha256 of the {product.title} {product.version} you trust",
            hint=f"get {installer.file} from {installer.source}, put it into {path.parent} "
            "and run `custode catalog add` on it",
        )
    if not path.is_file():
        hint = f"get it from {installer.source}"
        return Problem(str(path), 0, 0, "", "no such file", expected, hint)
    found = file_sha256(path)
    if found == installer.sha256:
        return None
    hint = f"get {product.title} {product.version} from {installer.source}"
    return Problem(str(path), 0, 0, "", f"sha256 {found}", expected, hint)
