"""Shells and their commands on one PC; a command runs when its input is complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from winsim.wire.recogniser import Payload, recognise
from winsim.wire.soap import Output

_IDS = UUID("2c0a6f0e-51c4-4f37-8a51-3a3b7d0f64f1")


@dataclass(frozen=True)
class Finished:
    """What a command left."""

    stdout: bytes
    stderr: bytes
    exit_code: int


@dataclass
class Command:
    """One command: its line, the input so far, and what it left once it ran."""

    id: str
    line: str
    stdin: bytearray = field(default_factory=bytearray)
    finished: Finished | None = None
    payload: Payload | None = None


@dataclass
class Shell:
    """One shell; it lives until it is deleted."""

    id: str
    owner: str
    commands: dict[str, Command] = field(default_factory=dict)


class UnknownSelectorError(Exception):
    """The shell or command is not, or no longer, there."""


class Shells:
    """The shells of one PC."""

    def __init__(self, seed: str, run: Callable[[Payload, str], Finished]) -> None:
        self._seed = seed
        self._run = run
        self._count = 0
        self.open: dict[str, Shell] = {}

    def create(self, owner: str) -> Shell:
        """Open a shell."""
        shell = Shell(self._new_id(), owner)
        self.open[shell.id] = shell
        return shell

    def count(self, owner: str) -> int:
        """Return how many shells an account has open; one that was leaked still counts."""
        return sum(shell.owner == owner for shell in self.open.values())

    def delete(self, shell_id: str) -> None:
        """Close a shell with all its commands."""
        self._shell(shell_id)
        del self.open[shell_id]

    def start(self, shell_id: str, line: str) -> Command:
        """Begin a command; it waits for its input."""
        shell = self._shell(shell_id)
        command = Command(self._new_id(), line)
        shell.commands[command.id] = command
        return command

    def feed(self, shell_id: str, command_id: str, data: bytes, *, ends: bool) -> None:
        """Give a command more input; at the end of it, it runs."""
        command = self.command(shell_id, command_id)
        command.stdin += data
        if ends:
            self.finish(shell_id, command_id)

    def finish(self, shell_id: str, command_id: str) -> Output:
        """Run a command that has not run yet, and return what there is to receive."""
        shell, command = self._shell(shell_id), self.command(shell_id, command_id)
        if command.finished is None:
            command.payload = recognise(command.line, bytes(command.stdin))
            command.stdin.clear()  # it holds secrets in clear
            command.finished = self._run(command.payload, shell.owner)
        done = command.finished
        return Output(command.id, done.stdout, done.stderr, done.exit_code)

    def end(self, shell_id: str, command_id: str) -> None:
        """Forget a command after its signal."""
        self.command(shell_id, command_id)
        del self.open[shell_id].commands[command_id]

    def command(self, shell_id: str, command_id: str) -> Command:
        """Return a command.

        Raises:
            UnknownSelectorError: There is no such shell or command.
        """
        command = self._shell(shell_id).commands.get(command_id)
        if command is None:
            raise UnknownSelectorError
        return command

    def _shell(self, shell_id: str) -> Shell:
        shell = self.open.get(shell_id)
        if shell is None:
            raise UnknownSelectorError
        return shell

    def _new_id(self) -> str:
        self._count += 1
        return str(uuid5(_IDS, f"{self._seed}/{self._count}")).upper()
