"""The contract's version of the backup client against the catalog's: said twice, it must be one."""

from __future__ import annotations

from custode.core.backup_pin import agrees
from custode.core.errors import InputError, Problem, UsageError
from custode.edges.catalog import load_product
from custode.edges.installer_folders import installer_folders
from custode.edges.inventory import Client, load_contract_file
from custode.edges.project import Project


def pin_problems(project: Project, client: Client) -> list[Problem]:
    """Return why the contract and the catalog disagree about the backup client; empty if not.

    An entry that is missing or wrong is told elsewhere.

    Args:
        project: The project.
        client: The client.
    """
    backup = client.contract.services.backup
    try:
        folder = installer_folders(project, client.folder).catalog
        pinned = load_product(folder, backup.product).version
    except (InputError, UsageError):
        return []
    if agrees(backup.version, pinned):
        return []
    _, source = load_contract_file(client.folder / "contract.yml")
    written = "version" in source.data["services"]["backup"]
    place = ("services", "backup", "version") if written else ("services", "backup")
    return [
        source.problem(
            place,
            found=f"version {backup.version}",
            allowed=f"{pinned}, or the beginning of it, as {folder / 'owncloud.yml'} pins",
            hint="change the one that does not fit the server: a wrong client ends the backup",
        )
    ]
