"""What Ansible would know of one PC: variables from every file of the inventory, vaults opened.

Only the named ones are resolved, and they are handed over in memory: a secret of the vault never
stands on a command line or in the environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from custode.core.errors import UsageError
from custode.edges.project import Project

_PASSWORD_HINT = "set ANSIBLE_VAULT_PASSWORD_FILE to the file that holds the vault's password"  # noqa: S105 - words


def resolve_variables(
    project: Project, client_id: str, host: str, names: Sequence[str]
) -> dict[str, Any]:
    """Return the values of variables as a task for the PC would see them; unset ones are left out.

    Once in a process: Ansible keeps the secrets of a vault for as long as the process lives.

    Args:
        project: The checkout, whose ansible.cfg may name the file of the vault's password.
        client_id: The client.
        host: The PC.
        names: The variables.

    Raises:
        UsageError: The PC is not in the inventory, its vault cannot be opened, or a value leans on
            something that is not there.
    """
    # Ansible's own reading of its files and templates: slow to load, rarely needed.
    from ansible.cli import CLI  # noqa: PLC0415
    from ansible.config.manager import ConfigManager  # noqa: PLC0415
    from ansible.errors import AnsibleError, AnsibleUndefinedVariable  # noqa: PLC0415
    from ansible.inventory.manager import InventoryManager  # noqa: PLC0415
    from ansible.parsing.dataloader import DataLoader  # noqa: PLC0415
    from ansible.plugins.loader import init_plugin_loader  # noqa: PLC0415
    from ansible.template import Templar  # noqa: PLC0415
    from ansible.vars.manager import VariableManager  # noqa: PLC0415

    config = ConfigManager(str(project.root / "ansible.cfg"))
    hosts = project.inventory(client_id) / "hosts.yml"
    init_plugin_loader()
    loader = DataLoader()
    try:
        password_file = config.get_config_value("DEFAULT_VAULT_PASSWORD_FILE")
        loader.set_vault_secrets(
            CLI.setup_vault_secrets(
                loader,
                vault_ids=list(config.get_config_value("DEFAULT_VAULT_IDENTITY_LIST")),
                vault_password_files=[password_file] if password_file else [],
                auto_prompt=False,
            )
        )
        inventory = InventoryManager(loader=loader, sources=[str(hosts)])
        found = inventory.get_host(host)
        if found is None:
            raise UsageError(f"there is no host {host} in {hosts}")
        manager = VariableManager(loader=loader, inventory=inventory)
        known = manager.get_vars(host=found, include_hostvars=False)
        templar = Templar(loader=loader, variables=known)
        return {name: templar.template(known[name]) for name in names if name in known}
    except AnsibleError as error:
        first = str(error).partition("\n")[0]
        hint = "" if isinstance(error, AnsibleUndefinedVariable) else _PASSWORD_HINT
        message = f"the variables of {host} in {hosts.parent} cannot be read: {first}"
        raise UsageError(message, hint=hint) from error
