"""Which of our roles cure what a PC's last look found, and what came of it when they were tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VERB = "remediate"
"""The playbook that applies remedies."""

CURED = "cured"
NOT_CURED = "not_cured"
UNCERTAIN = "uncertain"
NOT_LOOKED_AT = "not_looked_at"

_ORDER = ("safeguard", "teamviewer", "norton", "owncloud", "cleanup")
"""As an onboarding goes: a way back first, what frees space last."""

_PRODUCTS = {"teamviewer": "teamviewer_host", "norton": "norton", "owncloud": "owncloud"}
_VERDICTS = {"pass": CURED, "fail": NOT_CURED, "waived": NOT_CURED}


@dataclass(frozen=True)
class Remedy:
    """One role and the failed rules it is to cure.

    Attributes:
        role: The role.
        rules: Title of each rule by its id, in both languages.
    """

    role: str
    rules: Mapping[str, Mapping[str, str]]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        rules = [{"rule": rule, "title": dict(title)} for rule, title in self.rules.items()]
        return {"role": self.role, "rules": rules}


def remedies(findings: Iterable[Mapping[str, Any]]) -> tuple[Remedy, ...]:
    """Return the roles that cure what failed, in the order in which they are applied.

    Only a failure is remedied: what is unknown has to be found out, and what is waived was
    accepted. While a gate is closed nothing is: nobody installs on a disk that dies.

    Args:
        findings: Plain findings of one PC, with the words of their rules.
    """
    found = list(findings)
    by_role: dict[str, dict[str, Mapping[str, str]]] = {}
    if closed_gates(found):
        return ()
    for item in sorted(found, key=lambda item: str(item["rule"])):
        role = item["remedy"].get("role")
        if item["verdict"] == "fail" and role:
            by_role.setdefault(str(role), {})[str(item["rule"])] = dict(item["title"])
    return tuple(Remedy(role, by_role[role]) for role in sorted(by_role, key=_place))


def closed_gates(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the rules whose failure forbids any work on the PC."""
    return sorted(
        str(item["rule"]) for item in findings if item["gate"] and item["verdict"] == "fail"
    )


def needed_installers(wanted: Iterable[Remedy]) -> list[str]:
    """Return the products whose installers these roles may need."""
    return [_PRODUCTS[remedy.role] for remedy in wanted if remedy.role in _PRODUCTS]


def outcomes(
    planned: Sequence[Mapping[str, Any]], verdicts: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    """Return what came of each rule whose remedy was tried.

    Args:
        planned: The remedies that were about to be tried, as plain data.
        verdicts: What each rule said when the PC was looked at again, or None when it was not.

    Returns:
        `{role, rule, title, outcome}` of each; without a second look nothing is said to be cured.
    """
    return [
        {
            "role": remedy["role"],
            "rule": item["rule"],
            "title": item["title"],
            "outcome": NOT_LOOKED_AT
            if verdicts is None
            else _VERDICTS.get(verdicts.get(item["rule"], ""), UNCERTAIN),
        }
        for remedy in planned
        for item in remedy["rules"]
    ]


def _place(role: str) -> tuple[int, str]:
    return (_ORDER.index(role) if role in _ORDER else len(_ORDER), role)
