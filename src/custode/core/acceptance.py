"""What acceptance found on each PC: one verdict a check, one a PC, and the exit code of all.

The suite in tests/acceptance speaks in these words, and `custode accept` reads them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from custode.core.errors import ExitCode


class Verdict(StrEnum):
    """What one check says, and in the end one PC."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not accepted"
    UNKNOWN = "unknown"
    NOT_SEEN = "not seen"
    NOT_APPLICABLE = "not applicable"


# What a PC is, is the first of these that any of its checks is; nothing of it makes it unknown.
_ORDER: Final = (
    Verdict.NOT_ACCEPTED,
    Verdict.NOT_SEEN,
    Verdict.UNKNOWN,
    Verdict.ACCEPTED,
)
_SAID = ("found", "expected", "next")
# Words of a check's name that are written in their owner's way.
_NAMES = {
    "norton": "Norton",
    "owncloud": "ownCloud",
    "teamviewer": "TeamViewer",
    "windows": "Windows",
}


@dataclass(frozen=True)
class Check:
    """One check of one PC.

    Attributes:
        name: What must be true, as a sentence.
        verdict: What it says.
        found: What the PC showed; empty where nothing is wrong.
        expected: What it should show; may be empty.
        next_step: What to do about it; may be empty.
        seconds: How long it took.
    """

    name: str
    verdict: Verdict
    found: str = ""
    expected: str = ""
    next_step: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, str]:
        """Return plain data."""
        return {
            "expected": self.expected,
            "found": self.found,
            "name": self.name,
            "next_step": self.next_step,
            "verdict": str(self.verdict),
        }


@dataclass(frozen=True)
class PcAcceptance:
    """All checks of one PC, in the order in which they were made."""

    pc: str
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """Return what the PC is; accepted only when a check says so and none says otherwise."""
        said = {check.verdict for check in self.checks}
        return next((verdict for verdict in _ORDER if verdict in said), Verdict.UNKNOWN)

    @property
    def wrong(self) -> tuple[Check, ...]:
        """Return the checks that keep the PC from being accepted."""
        good = (Verdict.ACCEPTED, Verdict.NOT_APPLICABLE)
        return tuple(check for check in self.checks if check.verdict not in good)


@dataclass(frozen=True)
class Acceptance:
    """One acceptance of a client's PCs."""

    client: str
    pcs: tuple[PcAcceptance, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many PCs have each verdict."""
        found = Counter(pc.verdict for pc in self.pcs)
        return {str(v): found[v] for v in Verdict if v is not Verdict.NOT_APPLICABLE}

    @property
    def exit_code(self) -> ExitCode:
        """Return what the process says to the shell."""
        verdicts = {pc.verdict for pc in self.pcs}
        if Verdict.NOT_SEEN in verdicts:
            return ExitCode.NOT_SEEN
        return ExitCode.STANDS if verdicts == {Verdict.ACCEPTED} else ExitCode.FINDINGS

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a machine to read."""
        return {
            "client": self.client,
            "counts": self.counts,
            "exit_code": int(self.exit_code),
            "pcs": {
                pc.pc: {
                    "checks": [check.to_json() for check in pc.checks],
                    "verdict": str(pc.verdict),
                }
                for pc in self.pcs
            },
        }


def words(verdict: Verdict, *, found: str, expected: str = "", next_step: str = "") -> str:
    """Return the text with which a check ends that accepts nothing."""
    parts = zip(_SAID, (found, expected, next_step), strict=True)
    return "\n".join([str(verdict), *(f"{key}: {_line(text)}" for key, text in parts if text)])


def check_from(name: str, text: str, *, seconds: float) -> Check:
    """Return a check from its function's name and the text that `words` made.

    Any other text is that of a check that broke: nothing is known, and its text is not repeated.
    """
    head, *lines = text.splitlines() or [""]
    said = dict(line.partition(": ")[::2] for line in lines)
    if head not in set(Verdict) or not said.get("found") or set(said) - set(_SAID):
        return Check(
            sentence(name),
            Verdict.UNKNOWN,
            found="the check itself broke",
            next_step="read the log of this PC",
            seconds=seconds,
        )
    return Check(
        sentence(name),
        Verdict(head),
        said["found"],
        said.get("expected", ""),
        said.get("next", ""),
        seconds,
    )


def sentence(name: str) -> str:
    """Return the sentence that a test function's name is."""
    plain = re.sub(r"\[.*", "", name).removeprefix("test_").split("_")
    spelt = " ".join(_NAMES.get(word, word) for word in plain)
    return spelt if plain[0] in _NAMES else spelt[:1].upper() + spelt[1:]


def unknown_pc(pc: str, *, found: str, next_step: str) -> PcAcceptance:
    """Return a PC of which no check told anything."""
    check = Check("The PC could be judged", Verdict.UNKNOWN, found, "", next_step)
    return PcAcceptance(pc, (check,))


def in_order(pcs: Iterable[PcAcceptance]) -> tuple[PcAcceptance, ...]:
    """Return PCs by name."""
    return tuple(sorted(pcs, key=lambda pc: pc.pc))


def _line(text: str) -> str:
    return " ".join(text.split())
