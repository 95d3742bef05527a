"""Waivers: faults that somebody accepted in writing, for a stated reason and until a stated day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

ANNOUNCED_DAYS = 30
"""How many days before its end a waiver is announced."""

RULE = "waivers_in_date"
"""Id of the finding about the waivers themselves."""

_WORDS: Mapping[str, Any] = {
    "area": "identity",
    "clause": "monitoring",
    "gate": False,
    "hazard": False,
    "proves": None,
    "reason": None,
    "remedy": {
        "it": "Rinnovarle per iscritto con il cliente, oppure toglierle da waivers.yml.",
        "en": "Renew them in writing with the client, or take them out of waivers.yml.",
    },
    "rule": RULE,
    "scope": "compliance",
    "service": None,
    "severity": "medium",
    "title": {
        "it": "Nessuna eccezione accettata per iscritto è scaduta",
        "en": "No exception accepted in writing has expired",
    },
    "waiver": None,
    "why": {
        "it": "Un'eccezione scaduta non vale più, e nessuno ha deciso se il guasto sia ancora accettato.",
        "en": "An expired exception counts no more, and nobody has decided whether the fault is still accepted.",
    },
}

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


def waivers_in_date(waivers: Iterable[Waiver], *, device: str, day: date) -> list[dict[str, Any]]:
    """Return the finding about a PC's own waivers; none for a PC that has none.

    It fails when one has expired, whether or not the fault that it covered is still there, and
    tells which end within `ANNOUNCED_DAYS`.

    Args:
        waivers: All waivers of the client.
        device: The PC.
        day: The day of the look, in the client's time zone.
    """
    own = [waiver for waiver in waivers if waiver.device == device]
    if not own:
        return []
    # A later waiver of the same rule renews the one before.
    last = {waiver.rule: waiver for waiver in sorted(own, key=lambda waiver: waiver.expires_on)}
    expired = [waiver for waiver in last.values() if waiver.expires_on < day]
    soon = [
        waiver
        for waiver in last.values()
        if day <= waiver.expires_on <= day + timedelta(days=ANNOUNCED_DAYS)
    ]
    observed = {
        name: [{"rule": w.rule, "expires_on": w.expires_on.isoformat()} for w in found]
        for name, found in (("expired_waivers", expired), ("expiring_waivers", soon))
        if found
    }
    return [{**_WORDS, "observed": observed, "verdict": "fail" if expired else "pass"}]
