"""How far a figure reaches: what passed, failed, is unknown and was not seen, always together.

A percentage alone would hide what nobody knows: it has a worst case, in which all of that is bad,
and a best case. Of very few PCs it says less than their number, so there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

FEWEST = 5
"""Of fewer PCs no percentage is told."""


@dataclass(frozen=True)
class Coverage:
    """Counts of PCs; each PC is in one of them."""

    passed: int
    failed: int
    unknown: int
    not_seen: int

    @property
    def total(self) -> int:
        """Return how many PCs there are."""
        return self.passed + self.failed + self.unknown + self.not_seen

    def percent(self) -> tuple[int, int] | None:
        """Return how many of a hundred pass, at worst and at best; None of too few PCs.

        The worst case is rounded down and the best up, so that neither promises too much.
        """
        if self.total < FEWEST:
            return None
        best = self.total - self.failed
        return 100 * self.passed // self.total, -(-100 * best // self.total)
