"""A workshop: simulated PCs in every state, and a project of its own whose client they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.installers import build_installers

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
AT = "2026-10-05T09:00:00+02:00"
DEADLINE_SECONDS = 240


@dataclass(frozen=True)
class Run:
    """What ansible-playbook said: its exit code, counts by host, and results by task and host.

    Every word of it, to the terminal and beside it, is `output`.
    """

    code: int
    counts: Mapping[str, Mapping[str, int]]
    results: tuple[tuple[str, str, Mapping[str, Any]], ...]
    output: str

    def changed(self, host: str) -> list[str]:
        """Return the names of the tasks that changed a host."""
        return [task for task, name, result in self.results if name == host and result["changed"]]

    def result(self, host: str, task: str) -> Mapping[str, Any]:
        """Return the last result of a task on a host."""
        return [found for name, at, found in self.results if (name, at) == (task, host)][-1]

    def failure(self, host: str) -> str:
        """Return the words of a host's last failure."""
        said = [
            found.get("msg") for _, at, found in self.results if at == host and found.get("failed")
        ]
        return str(said[-1])


class Workshop:
    """A project with one client, `workshop`, whose PCs are simulated."""

    def __init__(self, root: Path, fleet: Fleet) -> None:
        self.root = root
        self.fleet = fleet
        self.cache = root / "cache"
        self.inventory = root / "inventories" / "workshop"

    def snapshots(self) -> dict[str, Any]:
        """Return all PCs as plain data."""
        return {name: host.snapshot() for name, host in sorted(self.fleet.hosts.items())}

    def play(self, name: str, *roles: str) -> Path:
        """Write a playbook that is a list of roles."""
        path = self.root / "playbooks" / f"{name}.yml"
        play = {"name": "Play", "hosts": "all", "gather_facts": False, "roles": list(roles)}
        path.write_text(yaml.safe_dump([play]), encoding="utf-8")
        return path

    def run(
        self,
        playbook: Path,
        *arguments: str,
        variables: Mapping[str, Any] | None = None,
    ) -> Run:
        """Run a playbook with real Ansible and return what it said."""
        extra = {"custode_at": AT, "custode_task_timeout_seconds": 60, **(variables or {})}
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "playbook"),
                *("-i", str(self.inventory), str(playbook), "-e", json.dumps(extra)),
                *arguments,
            ],
            cwd=self.root,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")},
                "ANSIBLE_CONFIG": str(self.root / "ansible.cfg"),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
                "CUSTODE_RECORDER_PUBLISH": "false",
                "NO_PROXY": "*",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )
        start = done.stdout.find("{\n")
        assert start >= 0, done.stdout + done.stderr
        said = json.JSONDecoder().raw_decode(done.stdout[start:])[0]
        results = tuple(
            (task["task"]["name"].rpartition(" : ")[2], host, {"changed": False, **result})
            for play in said["plays"]
            for task in play["tasks"]
            for host, result in task["hosts"].items()
        )
        return Run(done.returncode, said["stats"], results, done.stdout + done.stderr)


@dataclass(frozen=True)
class Story:
    """A playbook run three times: in check mode, for real, and once more; the PCs before and after."""

    workshop: Workshop
    pretended: Run
    done: Run
    again: Run
    before: Mapping[str, Any]
    after_pretending: Mapping[str, Any]
    after: Mapping[str, Any]
    after_again: Mapping[str, Any]


def tell(workshop: Workshop, playbook: Path, *arguments: str, shown: Sequence[str] = ()) -> Story:
    """Run a playbook three times.

    Args:
        workshop: The project and its PCs.
        playbook: What is run.
        arguments: For each run.
        shown: More arguments for the first real run.
    """
    before = workshop.snapshots()
    pretended = workshop.run(playbook, "--check", *arguments)
    after_pretending = workshop.snapshots()
    done = workshop.run(playbook, *shown, *arguments)
    after = workshop.snapshots()
    again = workshop.run(playbook, *arguments)
    return Story(
        workshop,
        pretended,
        done,
        again,
        before,
        after_pretending,
        after,
        workshop.snapshots(),
    )


@pytest.fixture(scope="session")
def make_workshop(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Workshop]]:
    """Return a maker of workshops with fresh PCs; all of them close at the end."""
    fleets: list[Fleet] = []

    def make(name: str, machines: str = "profiles") -> Workshop:
        root = tmp_path_factory.mktemp(name)
        _copy_project(root)
        build_installers("office", root / "cache")
        profiles = _profiles(HERE / machines, root / "profiles")
        fleet = Fleet(
            [profiles],
            network=free_network(),
            state=root / "winsim",
            clock=datetime.fromisoformat(AT),
        )
        fleet.__enter__()
        fleets.append(fleet)
        _write_client(root / "inventories" / "workshop", fleet)
        return Workshop(root, fleet)

    yield make
    for fleet in fleets:
        fleet.__exit__(None, None, None)


def _copy_project(root: Path) -> None:
    # The playbooks are copied, because the project is found from the folder they lie in.
    shutil.copytree(ROOT / "playbooks", root / "playbooks", symlinks=True)
    shutil.copy(ROOT / "ansible.cfg", root)
    for name in ("roles", "library", "plugins", "policies"):
        (root / name).symlink_to(ROOT / name)


def _profiles(machines: Path, folder: Path) -> Path:
    shutil.copytree(machines, folder)
    office = ROOT / "src" / "winsim" / "profiles" / "office" / "installers"
    shutil.copytree(office, folder / "installers", dirs_exist_ok=True)
    return folder


def _write_client(folder: Path, fleet: Fleet) -> None:
    shutil.copytree(ROOT / "inventories" / "demo" / "catalog", folder / "catalog")
    demo = yaml.safe_load((ROOT / "inventories/demo/contract.yml").read_text(encoding="utf-8"))
    contract = {
        **demo,
        "client": {**demo["client"], "id": "workshop"},
        "devices": {name: {"kind": "desktop"} for name in fleet.hosts},
    }
    hosts = {name: {"ansible_host": fleet.address(name)} for name in fleet.hosts}
    variables = {
        "ansible_connection": "winrm",
        "ansible_port": 5986,
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": str(fleet.ca),
        "ansible_user": "custode",
        "ansible_password": "Simulated-Only-1",
        "custode_cache": str(folder.parents[1] / "cache"),
        "custode_catalog": str(folder / "catalog"),
        "owncloud_server_product": "classic",
    }
    (folder / "contract.yml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    inventory = {"all": {"hosts": hosts, "vars": variables}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
