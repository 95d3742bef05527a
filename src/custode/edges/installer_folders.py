"""Where a client's installers and the catalog that names them lie, as its inventory says.

Both are Ansible's variables, so that Ansible resolves them; they are group variables of `all`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from custode.core.errors import InputError, Problem
from custode.edges.inventory import plain_settings
from custode.edges.project import Project
from custode.edges.yaml_source import load_yaml

DEFAULT_CACHE = "~/.cache/custode/installers"


@dataclass(frozen=True)
class InstallerFolders:
    """A catalog, and the technician's folder of installers; it may be a mounted file share."""

    catalog: Path
    cache: Path


def installer_folders(project: Project, folder: Path) -> InstallerFolders:
    """Return the folders that a client's inventory names, or those that roles take without it.

    Args:
        project: The project.
        folder: The client's inventory folder.

    Raises:
        InputError: A variable cannot be resolved without the vault or a PC.
    """
    shared = (load_yaml(folder / "hosts.yml").data.get("all") or {}).get("vars") or {}
    variables = {**plain_settings(folder), **shared, "inventory_dir": str(folder.resolve())}
    return InstallerFolders(
        catalog=_folder(
            project, folder, variables, "custode_catalog", str(project.policies / "catalog")
        ),
        cache=_folder(project, folder, variables, "custode_cache", DEFAULT_CACHE),
    )


def _folder(
    project: Project, folder: Path, variables: dict[str, object], name: str, default: str
) -> Path:
    text = str(variables.get(name, default))
    if "{{" in text:
        text = _resolved(folder, variables, name, text)
    return (project.root / Path(os.path.expandvars(text)).expanduser()).resolve()


def _resolved(folder: Path, variables: dict[str, object], name: str, text: str) -> str:
    # Half a second that a client with plain paths should not pay.
    from ansible.errors import AnsibleError  # noqa: PLC0415
    from ansible.parsing.dataloader import DataLoader  # noqa: PLC0415
    from ansible.plugins.loader import init_plugin_loader  # noqa: PLC0415
    from ansible.template import Templar, trust_as_template  # noqa: PLC0415
    from ansible.utils.collection_loader import AnsibleCollectionConfig  # noqa: PLC0415

    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()  # lookups are found through it
    trusted = {
        key: trust_as_template(value) if isinstance(value, str) else value
        for key, value in variables.items()
    }
    try:
        return str(Templar(DataLoader(), variables=trusted).template(trust_as_template(text)))
    except AnsibleError as error:
        allowed = "a path that plain variables of the inventory and the environment give"
        problem = Problem(str(folder), 0, 0, name, text, allowed)
        raise InputError([problem]) from error
