"""Scripts whose answers a machine declares: winsim runs no script, and makes up no answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Command:
    """One declared script, command line or command.

    Attributes:
        script: Its text; with `match: regex`, a pattern for the whole of it.
        match: `text` or `regex`.
        stdout: What it writes.
        stderr: What it complains of.
        rc: Its exit code.
        changed: What a script says of itself in `$Ansible.Changed`.
        output: The objects that it gives; the lines of `stdout` where nothing is said.
        result: What a script leaves in `$Ansible.Result`.
        do: What it changes: actions as in a timeline.
        later: What it changes after so many module calls more: `{calls, do}`. A PC's clock stands
            still, so a delay is counted in looks at the PC.
        times: How often it answers so; then the next command that fits does. None: always.
        seconds: How long it takes.
        never: Whether it never ends.
    """

    script: str
    match: str = "text"
    stdout: str = ""
    stderr: str = ""
    rc: int = 0
    changed: bool = True
    output: Sequence[Any] | None = None
    result: Any = field(default_factory=dict)
    do: Sequence[Mapping[str, Any]] = ()
    later: Mapping[str, Any] = field(default_factory=dict)
    times: int | None = None
    seconds: int = 0
    never: bool = False

    @property
    def text(self) -> str:
        """Return what it writes: the objects as text where only these are declared."""
        if self.stdout or not self.output:
            return self.stdout
        return "".join(f"{item}\r\n" for item in self.output)

    @property
    def objects(self) -> list[Any]:
        """Return what it gives: the lines that it writes where only these are declared."""
        return list(self.output) if self.output is not None else self.stdout.splitlines()


def declared(commands: Iterable[Command], text: str) -> Command | None:
    """Return the first command that a text is, or None.

    Line ends and blank space around the text make no difference; anything within it does.
    """
    plain = _plain(text)
    for command in commands:
        if command.match == "regex":
            if re.fullmatch(command.script.strip(), plain, re.DOTALL):
                return command
        elif _plain(command.script) == plain:
            return command
    return None


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
