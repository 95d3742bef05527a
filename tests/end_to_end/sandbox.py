"""A project of its own for each test module: the operational tree, copied; nothing shared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
OPERATIONAL = ("playbooks", "roles", "library", "plugins", "policies", "inventories")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Sandbox:
    """A copy of what a technician works with."""

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "reports" / "store" / "demo"

    def run(
        self, *command: str, check: bool = True, columns: int = 80, key: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's commands in the sandbox, with a key to sign with or none."""
        signing = {"CUSTODE_SIGNING_KEY": str(key)} if key else {}
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.root,
            env=self.environment(COLUMNS=str(columns), **signing),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        if check:
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def environment(self, **more: str) -> dict[str, str]:
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "CUSTODE_OPERATOR": "test", **more}

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.store), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def copy_project(target: Path) -> Sandbox:
    for name in OPERATIONAL:
        shutil.copytree(REPOSITORY / name, target / name, symlinks=True)
    shutil.copy(REPOSITORY / "ansible.cfg", target)
    return Sandbox(target)


@dataclass(frozen=True)
class ServedOffice:
    """The office, served for a sandbox whose inventory points at it."""

    sandbox: Sandbox
    network: str

    def winsim(self, *arguments: str) -> str:
        state = str(self.sandbox.root / ".demo" / "winsim")
        return self.sandbox.run("winsim", arguments[0], "--state", state, *arguments[1:]).stdout

    def clock(self, moment: str) -> None:
        self.winsim("clock", moment)

    def faults(self, text: str) -> None:
        path = self.sandbox.root / "faults.yml"
        path.write_text(text, encoding="utf-8")
        self.winsim("faults", str(path))


def move_to(sandbox: Sandbox, network: str) -> None:
    """Let the demo inventory of a sandbox point into another loopback network."""
    hosts = sandbox.root / "inventories" / "demo" / "hosts.yml"
    text = hosts.read_text(encoding="utf-8")
    hosts.write_text(text.replace("127.87.0.", network.removesuffix("0/24")), encoding="utf-8")


def serve(sandbox: Sandbox, *, network: str, clock: str) -> Iterator[ServedOffice]:
    """Serve the office in a network of its own until the generator is closed."""
    state = sandbox.root / ".demo" / "winsim"
    state.mkdir(parents=True)
    ready = state / "ready"
    sandbox.run("winsim", "installer", "office", "--out", str(sandbox.root / ".demo" / "cache"))
    command: Sequence[str] = [
        *(str(BIN / "winsim"), "serve", "office", "--state", str(state), "--bind", network),
        *("--clock", clock, "--ready-file", str(ready)),
    ]
    with (state / "serve.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(200):
            if ready.exists():
                break
            assert process.poll() is None, (state / "serve.log").read_text(encoding="utf-8")
            subprocess.run(["sleep", "0.05"], check=True)
        yield ServedOffice(sandbox, network)
    finally:
        process.terminate()
        assert process.wait(10) == 0
