"""One tree of errors: what went wrong, where, what to do next, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to the shell; part of the public contract."""

    STANDS = 0
    """All PCs were seen and everything required of them stands."""
    FINDINGS = 1
    """All PCs were seen; something required failed or is unknown."""
    USAGE = 2
    """The command line, a contract, an inventory or a policy is wrong; nothing was touched."""
    NOT_SEEN = 3
    """Some PCs were not seen."""
    RUN_FAILED = 4
    """The run itself failed: Ansible, git or the controller."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one file, with its place.

    Attributes:
        file: Path as the user would open it.
        line: First line is 1; 0 when the problem is the whole file's.
        column: First column is 1; 0 when unknown.
        key: Dotted path of the key, such as `devices.pc-1.kind`; empty for the whole file.
        found: What stands there, in the file's own words.
        allowed: What may stand there.
        hint: What to do next; may be empty.
    """

    file: str
    line: int
    column: int
    key: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        """Return the problem on one line: place, key, found, allowed, hint."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}:{key} found {self.found}; allowed: {self.allowed}{hint}"


class CustodeError(Exception):
    """An error that a user can understand and act on.

    Attributes:
        exit_code: What the process returns.
        hint: The next step, as a sentence; may be empty.
    """

    exit_code: ExitCode = ExitCode.RUN_FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CustodeError):
    """The command cannot mean anything: a name, date or option is wrong."""

    exit_code = ExitCode.USAGE


class InputError(CustodeError):
    """One or more files are wrong; every problem found is listed, with its place."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems), hint=hint)


class RunError(CustodeError):
    """Ansible could not be run to its end."""


class StoreError(CustodeError):
    """The evidence store cannot be read or written."""
