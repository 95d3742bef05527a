"""Where things are: the folders of a checkout, found from wherever the user stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from custode.core.errors import UsageError


@dataclass(frozen=True)
class Project:
    """A checkout; `root` holds ansible.cfg and playbooks/."""

    root: Path

    @property
    def policies(self) -> Path:
        """Return the folder of probes, rules and catalog."""
        return self.root / "policies"

    @property
    def inventories(self) -> Path:
        """Return the folder of all clients."""
        return self.root / "inventories"

    @property
    def logs(self) -> Path:
        """Return the folder of the runs' logs."""
        return self.root / "reports" / "logs"

    def inventory(self, client: str) -> Path:
        """Return a client's inventory folder."""
        return self.inventories / client

    def store(self, client: str) -> Path:
        """Return a client's evidence repository."""
        return self.root / "reports" / "store" / client

    def acceptances(self, client: str) -> Path:
        """Return the folder of a client's acceptances, one JUnit file each."""
        return self.root / "reports" / "acceptance" / client

    def journals(self, client: str) -> Path:
        """Return the folder of a client's runs, one folder each."""
        return self.root / "reports" / "journals" / client


def find_project(start: Path) -> Project:
    """Return the project that a path lies in.

    Args:
        start: A folder or file inside the checkout.

    Raises:
        UsageError: Neither the path nor any folder above it is a checkout.
    """
    resolved = start.resolve()
    for folder in (resolved, *resolved.parents):
        if (folder / "ansible.cfg").is_file() and (folder / "playbooks").is_dir():
            return Project(folder)
    raise UsageError(
        f"{start} is not inside a Custode project",
        hint="change to the folder that holds ansible.cfg and playbooks/",
    )
