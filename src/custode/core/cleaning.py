"""What a clean-up came to: what was removed, what became free, and what was not done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


@dataclass(frozen=True)
class Cleaning:
    """What the steps of one clean-up came to.

    Attributes:
        tool: What cleaned: `windows`, or `ccleaner` beside it.
        removed_count: Old temporary files removed.
        removed_bytes: Their size.
        free_bytes_before: Free space on the system drive before the first step; None when Windows
            did not say.
        free_bytes_after: The same after the last step.
    """

    tool: str
    removed_count: int
    removed_bytes: int
    free_bytes_before: int | None
    free_bytes_after: int | None

    @property
    def freed_bytes(self) -> int | None:
        """Return what became free; negative when other programs took more. None is unknown."""
        if self.free_bytes_before is None or self.free_bytes_after is None:
            return None
        return self.free_bytes_after - self.free_bytes_before

    def event(self) -> dict[str, Any]:
        """Return the event for the recorder."""
        return {
            "kind": "cleaned",
            **asdict(self),
            "freed_bytes": self.freed_bytes,
            # No tool cleans it unattended: said, and never done.
            "registry": "not_cleaned",
        }

    def sentence(self) -> str:
        """Return the same in one line for the technician."""
        parts = [f"{self.removed_count} old temporary files removed ({size(self.removed_bytes)})"]
        if self.freed_bytes is None or self.free_bytes_after is None:
            parts.append("Windows did not say how much is free")
        else:
            parts.append(f"freed: {size(self.freed_bytes)}")
            parts.append(f"free now: {size(self.free_bytes_after)}")
        return "; ".join(parts) + ". The registry was not cleaned: no tool does that unattended."


def cleaning(steps: Sequence[Mapping[str, Any]], *, tool: str) -> Cleaning:
    """Return what the results of `fleet_cleanup` and `fleet_cleaner` come to, in their order.

    Args:
        steps: The results; those of steps that were not run say nothing.
        tool: What cleaned.
    """
    measured = [step for step in steps if "free_bytes_before" in step]
    return Cleaning(
        tool=tool,
        removed_count=sum(int(step.get("removed_count", 0)) for step in measured),
        removed_bytes=sum(int(step.get("removed_bytes", 0)) for step in measured),
        free_bytes_before=measured[0]["free_bytes_before"] if measured else None,
        free_bytes_after=measured[-1]["free_bytes_after"] if measured else None,
    )


def size(count: int) -> str:
    """Return a number of bytes as people read it, such as `1.4 GiB`."""
    for name, unit in _UNITS:
        if abs(count) >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"
