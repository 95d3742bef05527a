"""`custode catalog`: what installers a client needs, and entries for new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from custode.cli.common import ClientName, Json, current_project, print_json
from custode.core.errors import ExitCode

catalog_app = typer.Typer(no_args_is_help=True, help="Check and write the catalog of installers.")


@catalog_app.command("check", epilog="Example: custode catalog check acme")
def catalog_check(client: ClientName, as_json: Json = False) -> None:
    """Say which of a client's installers are missing or not the pinned ones."""
    from custode.core.errors import InputError
    from custode.flows.catalogs import readiness

    found = readiness(current_project(), client)
    if as_json:
        print_json(found.to_json())
        raise SystemExit(int(ExitCode.USAGE if found.problems else ExitCode.STANDS))
    for name, (product, path) in sorted(found.ready.items()):
        typer.echo(f"{name}: {product.version} is at hand ({path.name})")
    if found.problems:
        raise InputError(found.problems)
    typer.echo(f"{client}: every installer is in {found.cache}")


@catalog_app.command("add", epilog="Example: custode catalog add ~/Downloads/TeamViewer_Host.msi")
def catalog_add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The installer, .msi or .exe.")],
    product: Annotated[
        str | None, typer.Option(help="The entry's id; by default the one known by the file.")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option(help="The catalog's folder; by default policies/catalog.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The product's name for people.")] = None,
    vendor: Annotated[str | None, typer.Option(help="Who makes it.")] = None,
    version: Annotated[
        str | None, typer.Option("--entry-version", help="Its version, where it is an .exe.")
    ] = None,
    signer: Annotated[
        str | None, typer.Option(help="Allow this name on the signature, too.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where to get the file.")] = None,
    display_name: Annotated[
        str | None,
        typer.Option("--detect-name", help="Regular expression for its listed name."),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--detect-file", help="A file that proves it whole; again for each."),
    ] = None,
    services: Annotated[
        list[str] | None,
        typer.Option("--detect-service", help="A service that proves it; again for each."),
    ] = None,
    arguments: Annotated[
        list[str] | None, typer.Option("--argument", help="For the installer; again for each.")
    ] = None,
    attended: Annotated[
        bool, typer.Option("--attended", help="Only a person can install it.")
    ] = False,
) -> None:
    """Write a file's sum, codes and version into its entry; the comments there stay."""
    from custode.flows.catalogs import NewEntry, add

    path, lines = add(
        catalog or current_project().policies / "catalog",
        file,
        NewEntry(
            product=product,
            title=title,
            vendor=vendor,
            version=version,
            signer=signer,
            source=source,
            display_name=display_name,
            files=tuple(files or ()),
            services=tuple(services or ()),
            arguments=tuple(arguments or ()),
            attended=attended,
        ),
    )
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    typer.echo(f"{shown}:" if lines else f"{shown}: nothing to change")
    for line in lines:
        typer.echo(f"  {line}")
    typer.echo(
        f"next: put {file.name} into your folder of installers (custode_cache), then "
        "`custode catalog check CLIENT`"
    )
