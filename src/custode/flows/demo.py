"""The demonstration: seven simulated PCs, onboarded in October, visited in November.

Everything but the PCs is real: Ansible, WinRM over TLS and NTLM, git. The clock is an input, so
the story is the same each time, byte for byte.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from custode.core.errors import UsageError
from custode.edges.inventory import load_client
from custode.edges.project import Project
from custode.edges.runner import HostEvent
from custode.edges.simulator import build_installers, serving
from custode.flows.visits import Visit, VisitResult, visit

CLIENT = "demo"
PROFILE = "office"
ONBOARDED_AT = "2026-10-05T09:00:00+02:00"
VISITED_AT = "2026-11-09T09:00:00+01:00"


@dataclass(frozen=True)
class Chapter:
    """One visit of the story."""

    verb: str
    at: str
    title: str


STORY = (
    Chapter("onboard", ONBOARDED_AT, "5 October 2026: the contract begins, the PCs are onboarded"),
    Chapter("monthly", VISITED_AT, "9 November 2026: the monthly visit"),
)


def run_demo(
    project: Project,
    *,
    now: datetime,
    on_chapter: Callable[[Chapter], None],
    on_start: Callable[[str, Path, tuple[str, ...]], None],
    on_event: Callable[[HostEvent], None],
) -> list[VisitResult]:
    """Tell the whole story, starting from nothing, and return its visits.

    Args:
        project: The project; the demo client's store, journals and logs are begun anew.
        now: The real time; the story has its own.
        on_chapter: Called before each visit.
        on_start: As in `visit`.
        on_event: As in `visit`.

    Raises:
        UsageError: The demo's contract no longer says that it is simulated.
        RunError: The simulated PCs or Ansible did not run.
    """
    client = load_client(project, CLIENT)
    if not client.contract.simulated:
        raise UsageError(
            f"{client.folder / 'contract.yml'} must say `simulated: true`",
            hint="the demo deletes its own store, so it runs for a simulated client only",
        )
    for folder in (project.store(CLIENT), project.journals(CLIENT), project.logs / CLIENT):
        shutil.rmtree(folder, ignore_errors=True)
    workplace = project.root / ".demo"
    build_installers(PROFILE, workplace / "cache")
    results: list[VisitResult] = []
    with serving(PROFILE, state=workplace / "winsim", clock=STORY[0].at) as simulator:
        for chapter in STORY:
            simulator.set_clock(chapter.at)
            on_chapter(chapter)
            request = Visit(client=CLIENT, verb=chapter.verb, at=chapter.at)
            results.append(visit(project, request, now=now, on_start=on_start, on_event=on_event))
    return results
