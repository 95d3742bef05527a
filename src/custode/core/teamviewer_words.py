"""The word `teamviewer` of the language of rules: whether it is there, and whose it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from custode.core import teamviewer as shown
from custode.core.rule_words import Uncertain

READS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "teamviewer": {
        shown.REGISTRATION_PROBE: ("key", "InstallationDirectory"),
        shown.PROGRAMS_PROBE: ("path", "exists"),
        shown.MANAGEMENT_PROBE: ("key", "ManagementId", "Unmanaged"),
    }
}
"""Functions that read facts by themselves: probe ids, each with its columns."""

TEAMVIEWER_COLUMNS = ("assigned", "installed")
"""What `teamviewer` gives."""


@pass_context
def teamviewer(context: Context) -> Mapping[str, bool]:
    """Return whether TeamViewer is installed, and whether the PC shows that it is assigned.

    Args:
        context: Holds `facts`.
    """
    facts = context["facts"]
    for probe_id in READS["teamviewer"]:
        facts[probe_id]  # a probe that failed says so itself
    try:
        found, assigned = shown.seen(facts.facts)
    except shown.UnclearError as error:
        detail = f"{shown.REGISTRATION_PROBE}: {error.why}"
        raise Uncertain(detail, kind="missing_value") from error
    return {"installed": found is not None, "assigned": assigned}


TEAMVIEWER_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"teamviewer": teamviewer}
"""What an expression may call besides the general functions."""
