"""What one look's findings say about one service of the contract: antivirus or backup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SERVICES = ("antivirus", "backup")
"""The services on which the contract's validity depends."""


class ServiceStanding(StrEnum):
    """How one service of the contract stands."""

    WORKING = "working"
    """Installed, and seen doing its work."""
    STALE = "stale"
    """Last seen working, too long ago to say that it still does; no single look shows this."""
    NOT_WORKING = "not_working"
    """Installed, and seen not doing its work."""
    REMOVED = "removed"
    """Not installed, and was before."""
    ABSENT = "absent"
    """Not installed, and nobody ever saw it installed."""
    UNKNOWN = "unknown"
    """What was read does not say."""


BAD = frozenset({ServiceStanding.NOT_WORKING, ServiceStanding.REMOVED, ServiceStanding.ABSENT})
"""What breaks the condition of the contract; unknown does not."""


@dataclass(frozen=True, order=True)
class ServiceEvidence:
    """What one look says about one service.

    Attributes:
        standing: What the findings amount to; `removed` only when an event says so, since one
            look alone cannot know what was there before.
        installed: Whether the product was seen installed; None when that is not known.
        rules: The findings that say so, as (rule id, verdict), in order of rule id.
    """

    standing: ServiceStanding = ServiceStanding.UNKNOWN
    installed: bool | None = None
    rules: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the store."""
        evidence = [{"rule": rule, "verdict": verdict} for rule, verdict in self.rules]
        return {
            "standing": str(self.standing),
            "installed": self.installed,
            "evidence": evidence,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ServiceEvidence:
        """Read what `to_json` wrote."""
        rules = tuple((str(item["rule"]), str(item["verdict"])) for item in data["evidence"])
        return cls(ServiceStanding(data["standing"]), data["installed"], rules)


def service_evidence(findings: Iterable[Mapping[str, Any]], service: str) -> ServiceEvidence:
    """Sum up what one look's findings say about one service.

    Args:
        findings: Plain findings; only those of this service count, and of those only what they
            prove: `installed` or `working`.
        service: `antivirus` or `backup`.

    Returns:
        Working needs at least one passed proof of working and nothing failed or unknown. A rule
        that does not apply or is waived proves nothing either way.
    """
    own = sorted(
        (str(item["rule"]), str(item["verdict"]), str(item.get("proves") or ""))
        for item in findings
        if item.get("service") == service and item.get("proves") in {"installed", "working"}
    )
    installed = [verdict for _, verdict, proves in own if proves == "installed"]
    working = [verdict for _, verdict, proves in own if proves == "working"]
    rules = tuple((rule, verdict) for rule, verdict, _ in own)
    if "fail" in installed:
        return ServiceEvidence(ServiceStanding.ABSENT, installed=False, rules=rules)
    seen = True if "pass" in installed and "unknown" not in installed else None
    if "fail" in working:
        return ServiceEvidence(ServiceStanding.NOT_WORKING, installed=seen, rules=rules)
    if "unknown" in installed + working or "pass" not in working:
        return ServiceEvidence(ServiceStanding.UNKNOWN, installed=seen, rules=rules)
    return ServiceEvidence(ServiceStanding.WORKING, installed=True, rules=rules)


def service_standing(findings: Iterable[Mapping[str, Any]], service: str) -> ServiceStanding:
    """Return only the standing of `service_evidence`."""
    return service_evidence(findings, service).standing
