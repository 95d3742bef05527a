"""The catalog before a visit: what a client still lacks, and entries made of files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custode.core.errors import InputError, Problem, UsageError
from custode.core.needs import needed_products
from custode.core.products import Product
from custode.edges.catalog import examine_installers, file_sha256, load_product
from custode.edges.catalog_writer import change_entry, write_entry
from custode.edges.installer_folders import installer_folders
from custode.edges.inventory import Client, load_client
from custode.edges.packages import Package, read_package
from custode.edges.project import Project
from custode.flows.backup_pin import pin_problems

NEEDS_INSTALLERS = frozenset({"onboard"})
"""The visits that ask for every installer of the contract."""


@dataclass(frozen=True)
class Readiness:
    """The installers of one client.

    Attributes:
        cache: Where they are looked for.
        ready: Products whose installer is the pinned one, with its path.
        problems: What is missing or wrong.
    """

    cache: Path
    ready: Mapping[str, tuple[Product, Path]]
    problems: Sequence[Problem]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "cache": str(self.cache),
            "ready": [
                {"product": name, "version": item.version, "file": str(path)}
                for name, (item, path) in sorted(self.ready.items())
            ],
            "problems": [vars(problem) for problem in self.problems],
        }


@dataclass(frozen=True)
class NewEntry:
    """What a technician says of a file that it does not say of itself; all may be left out.

    Attributes:
        product: Catalog id; needed where no entry is known by the file's codes or name.
        title: The product's name for people.
        vendor: Who makes it.
        version: The version, where the file is a program.
        signer: Name on the signature, where it is to be allowed besides the known ones.
        source: Where to get the file.
        display_name: Regular expression for the list of installed programs.
        files: Files that prove that the product is whole.
        services: Services that prove it.
        arguments: Arguments for the installer.
        attended: Whether only a person can install it.
    """

    product: str | None = None
    title: str | None = None
    vendor: str | None = None
    version: str | None = None
    signer: str | None = None
    source: str | None = None
    display_name: str | None = None
    files: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    attended: bool = False


def readiness(project: Project, client_id: str) -> Readiness:
    """Return which of a client's installers are at hand; nothing is contacted.

    Raises:
        UsageError: There is no such client.
        InputError: Its contract or inventory is wrong.
    """
    return client_readiness(project, load_client(project, client_id))


def client_readiness(project: Project, client: Client) -> Readiness:
    """Return which of a client's installers are at hand."""
    folders = installer_folders(project, client.folder)
    wanted = needed_products(client.contract)
    ready, problems = examine_installers(folders.catalog, folders.cache, wanted)
    problems = [*problems, *pin_problems(project, client)]
    return Readiness(folders.cache, ready, sorted(problems))


def require_installers(project: Project, client: Client) -> None:
    """Prove that every installer of a client is at hand.

    Raises:
        InputError: Some are not; all of them are listed.
    """
    if problems := client_readiness(project, client).problems:
        raise InputError(problems, hint="nothing was touched")


def add(catalog: Path, file: Path, told: NewEntry) -> tuple[Path, list[str]]:
    """Write the entry of a file: a new one, or the known one with new version, sum and codes.

    Args:
        catalog: The catalog's folder.
        file: The installer.
        told: What the technician says of it.

    Returns:
        The entry's file, and a line for each value that changed or was written.

    Raises:
        UsageError: The file is no installer, or something that it does not say was not told.
        InputError: The known entry is wrong.
    """
    package = read_package(file)
    facts = _facts(file, package, told)
    known = _known(catalog, file, package, told.product)
    if known is None:
        return _new(catalog, file, package, told, facts)
    if known.installer.kind != package.kind:
        raise UsageError(
            f"{file.name} is of another kind than {known.id}, which comes as {known.installer.kind}",
            hint="if the maker changed it, write the entry anew: it is used in another way",
        )
    code = known.installer.upgrade_code
    if code is not None and package.upgrade_code not in {None, code}:
        raise UsageError(
            f"{file.name} is another product than {known.id}: its upgrade code is "
            f"{package.upgrade_code}, not {code}"
        )
    signer = _signer(file, package)
    if signer not in known.signers:
        if told.signer != signer:
            raise UsageError(
                f"{file.name} is signed by {signer}; {known.id} allows {', '.join(known.signers)}",
                hint=f"if the maker signs so now, add --signer '{signer}'",
            )
        facts[("signers",)] = [*known.signers, signer]
    path = catalog / f"{known.id}.yml"
    return path, change_entry(path, facts)


def _signer(file: Path, package: Package) -> str:
    if package.signer is None:
        raise UsageError(f"{file.name} bears no signature", hint="no PC would run it")
    return package.signer


def _pattern(title: str) -> str:
    """Return what a product's listed name begins with."""
    return "^" + re.escape(title).replace("\\ ", " ")


def _facts(file: Path, package: Package, told: NewEntry) -> dict[tuple[str, ...], Any]:
    """Return what an entry takes over from the file and from the technician, by place."""
    given: dict[tuple[str, ...], Any] = {
        ("title",): told.title,
        ("vendor",): told.vendor,
        ("version",): told.version or package.version,
        ("architecture",): package.architecture,
        ("installer", "file"): file.name,
        ("installer", "sha256"): file_sha256(file),
        ("installer", "source"): told.source,
        ("installer", "product_code"): package.product_code,
        ("installer", "upgrade_code"): package.upgrade_code,
        ("installer", "arguments"): list(told.arguments) or None,
        ("installer", "attended"): True if told.attended else None,
    }
    return {place: value for place, value in given.items() if value is not None}


def _known(catalog: Path, file: Path, package: Package, wanted: str | None) -> Product | None:
    """Return the entry that a file belongs to: the named one, or known by code or file name."""
    ids = sorted(path.stem for path in catalog.glob("*.yml"))
    if wanted is not None:
        return load_product(catalog, wanted) if wanted in ids else None
    for product in (load_product(catalog, product_id) for product_id in ids):
        code = product.installer.upgrade_code
        if package.upgrade_code is not None and code == package.upgrade_code:
            return product
        if product.installer.file == file.name:
            return product
    return None


def _new(
    catalog: Path,
    file: Path,
    package: Package,
    told: NewEntry,
    facts: dict[tuple[str, ...], Any],
) -> tuple[Path, list[str]]:
    title = told.title or package.name
    needed = {
        "--product": told.product,
        "--title": title,
        "--vendor": told.vendor or package.manufacturer,
        "--entry-version": told.version or package.version,
        "--source": told.source,
        "--detect-file or --detect-service": told.files or told.services,
    }
    if missing := [option for option, value in needed.items() if not value]:
        raise UsageError(
            f"no entry of {catalog} is known by {file.name}; a new one needs {', '.join(missing)}",
            hint="or name the entry that it belongs to with --product",
        )
    facts[("title",)] = title
    facts[("vendor",)] = needed["--vendor"]
    facts[("signers",)] = [_signer(file, package)]
    facts[("installer", "kind")] = package.kind
    facts[("detect", "display_name")] = told.display_name or _pattern(str(title))
    facts[("detect", "evidence")] = [
        {
            **({"files": list(told.files)} if told.files else {}),
            **({"services": list(told.services)} if told.services else {}),
        }
    ]
    return write_entry(catalog, str(told.product), facts)
