"""Shells and commands of one PC: what is open, who opened it, and what is still to be received."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from winsim.wire.psrp import RunspacePool
from winsim.wire.soap import POWERSHELL

_IDS = UUID("2c0a6f0e-51c4-4f37-8a51-3a3b7d0f64f1")
_FIRST_PROCESS_ID = 4100


@dataclass(frozen=True)
class Invocation:
    """What a command is to do: its line, or a pipeline's script with its arguments, and its input."""

    line: str
    stdin: bytes = b""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """What a command left: its streams, and its exit code."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0


@dataclass
class Command:
    """One command.

    Attributes:
        id: Chosen by Windows, or by the client of a runspace pool.
        line: What to run; the script itself in a runspace pool.
        takes_input: Whether it reads what is sent before it does anything.
        stdin: Its input so far.
        work: What it does, from the moment it runs.
        unread: What nobody has received yet, once it is done.
    """

    id: str
    line: str
    takes_input: bool
    stdin: bytearray = field(default_factory=bytearray)
    work: asyncio.Task[Finished] | None = None
    unread: deque[tuple[str, bytes]] | None = None

    @property
    def runs(self) -> bool:
        """Return whether its process is there."""
        return self.work is None or not self.work.done()

    def stop(self) -> None:
        """End it, whatever it was doing."""
        if self.work is not None:
            self.work.cancel()


@dataclass
class Shell:
    """One shell; it lives until it is deleted, or idle for too long.

    Attributes:
        owner: Account, in small letters.
        shown_owner: Account as Windows writes it.
        operations: How many operations it counts for its owner's limit.
        variables: What scripts left for later ones.
        pool: The runspace pool of a PowerShell shell.
    """

    id: str
    owner: str
    shown_owner: str
    resource: str
    client: str
    created: datetime
    used: datetime
    idle_limit: timedelta
    process_id: int
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    operations: int = 0
    commands: dict[str, Command] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    pool: RunspacePool | None = None

    @property
    def powershell(self) -> bool:
        """Return whether it is a runspace pool, and no shell of cmd."""
        return self.resource.startswith(POWERSHELL)

    def close(self) -> None:
        """End everything in it."""
        for command in self.commands.values():
            command.stop()
        self.commands.clear()


class Shells:
    """The shells of one PC."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0
        self.open: dict[str, Shell] = {}

    def add(
        self,
        owner: str,
        *,
        resource: str,
        client: str,
        now: datetime,
        idle_limit: timedelta,
        environment: Mapping[str, str],
        directory: str,
    ) -> Shell:
        """Open a shell for an account as Windows writes it."""
        shell = Shell(
            self.new_id(),
            account_of(owner),
            owner,
            resource,
            client,
            created=now,
            used=now,
            idle_limit=idle_limit,
            process_id=_FIRST_PROCESS_ID + 4 * self._count,
            environment=environment,
            directory=directory,
        )
        self.open[shell.id] = shell
        return shell

    def find(self, shell_id: str) -> Shell | None:
        """Return a shell, or None."""
        return self.open.get(shell_id)

    def remove(self, shell_id: str) -> None:
        """Close a shell with all its commands."""
        self.open.pop(shell_id).close()

    def clear(self) -> None:
        """Close every shell, as a restart does."""
        for shell_id in list(self.open):
            self.remove(shell_id)

    def reap(self, now: datetime) -> list[str]:
        """Close the shells that nobody has used for too long, and return their ids."""
        idle = [s.id for s in self.open.values() if now - s.used >= s.idle_limit]
        for shell_id in idle:
            self.remove(shell_id)
        return idle

    def count(self, owner: str, *, powershell: bool) -> int:
        """Return how many shells of a kind an account has; one that was leaked still counts."""
        return sum(s.owner == owner and s.powershell == powershell for s in self.open.values())

    def owners(self, *, powershell: bool) -> set[str]:
        """Return the accounts that have a shell of a kind."""
        return {s.owner for s in self.open.values() if s.powershell == powershell}

    def operations(self, owner: str) -> int:
        """Return how many operations count for an account."""
        return sum(shell.operations for shell in self.open.values() if shell.owner == owner)

    def new_id(self) -> str:
        """Return an identifier that no other shell or command of this PC ever had."""
        self._count += 1
        return str(uuid5(_IDS, f"{self._seed}/{self._count}")).upper()


def account_of(owner: str) -> str:
    """Return the account's name in small letters, without a computer or domain before it."""
    return owner.rpartition("\\")[2].lower()
