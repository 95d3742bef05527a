"""Names the failures of a run, PC by PC, mindful of what the run saw on each before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custode.core.symptoms import Reason, classify, firewall_suspected

FIREWALL = "custode_firewall"
"""Key of a result: the antivirus with a firewall that is on a PC or is coming to it (`product`,
`since`), and the port that it may shut (`port`)."""

_SILENT = ("connection_lost", "offline")


class Failures:
    """The failures of one run."""

    def __init__(self) -> None:
        self._firewalls: dict[str, Mapping[str, Any]] = {}

    def saw(self, host: str, result: Mapping[str, Any]) -> None:
        """Remember what a step that succeeded said of a PC."""
        if FIREWALL in result:
            self._firewalls[host] = dict(result[FIREWALL])

    def reason(self, host: str, result: Mapping[str, Any], *, unreachable: bool) -> Reason:
        """Return the class of a failure; silence after an antivirus came is one of its own."""
        reason = classify(result, unreachable=unreachable)
        about = self._firewalls.get(host)
        if about is None or reason.kind not in _SILENT:
            return reason
        return firewall_suspected(
            reason, port=about["port"], product=about["product"], since=about["since"]
        )
