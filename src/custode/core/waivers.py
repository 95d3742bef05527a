"""Waivers: faults that somebody accepted in writing, for a stated reason and until a stated day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Waiver(BaseModel):
    """One accepted fault of one PC."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    device: Text
    """Name of the PC in the contract."""
    rule: Text
    """Id of the rule that may fail."""
    reason: Text
    """Why it is accepted."""
    approved_by: Text
    """Who accepted it in writing: a role of the client's, such as `owner`."""
    approved_on: date
    """Day of the acceptance."""
    expires_on: date
    """Last day on which it counts."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.expires_on <= self.approved_on:
            raise ValueError("`expires_on` after `approved_on`")
        return self

    def counts_on(self, day: date) -> bool:
        """Tell whether the waiver is in force on a day of the client's."""
        return self.approved_on <= day <= self.expires_on


class WaiverFile(BaseModel):
    """`inventories/<client>/waivers.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    waivers: tuple[Waiver, ...] = ()


def with_waivers(
    findings: Iterable[Mapping[str, Any]], waivers: Iterable[Waiver], *, device: str, day: date
) -> list[dict[str, Any]]:
    """Return findings in which what was accepted in writing is waived, not failed.

    Args:
        findings: Plain findings of one PC.
        waivers: All waivers of the client.
        device: The PC.
        day: The day of the look, in the client's time zone; an expired waiver counts for nothing.

    Returns:
        The findings in their order, each with `waiver`: its words, or None. Only a failure can be
        waived: what is unknown has still to be found out.
    """
    in_force = {w.rule: w for w in waivers if w.device == device and w.counts_on(day)}
    out = []
    for finding in findings:
        waiver = in_force.get(str(finding["rule"])) if finding["verdict"] == "fail" else None
        verdict = finding["verdict"] if waiver is None else "waived"
        words = (
            None if waiver is None else waiver.model_dump(mode="json", exclude={"device", "rule"})
        )
        out.append({**finding, "verdict": verdict, "waiver": words})
    return out
