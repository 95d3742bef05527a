"""The monthly report: a function of the store's tree, byte for byte repeatable."""

from __future__ import annotations

from datetime import date

from custode.core.errors import StoreError, UsageError
from custode.core.store_layout import Tree, load_contract, load_runs, month_of
from custode.edges.project import Project
from custode.edges.store import Store
from custode.flows.report.render import (
    FORMATS,
    LANGUAGES,
    notice_path,
    render_month,
    render_notice,
    render_report,
)

__all__ = [
    "FORMATS",
    "LANGUAGES",
    "notice_path",
    "published_month",
    "render_month",
    "render_notice",
    "render_report",
    "report_from_store",
]


def report_from_store(
    project: Project, client: str, *, month: str | None, language: str | None, form: str
) -> str:
    """Return a month's report, made anew from a client's store.

    Args:
        project: The project.
        client: The client's id.
        month: `YYYY-MM`, or None for the month of the last run.
        language: `it` or `en`, or None for the client's own.
        form: `md` or `html`.

    Raises:
        UsageError: There is no such month, language or format.
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    tree, wanted = published_month(project, client, month)
    return render_report(
        tree,
        month=wanted,
        language=language or str(load_contract(tree)["client"]["language"]),
        format=form,
    )


def published_month(project: Project, client: str, month: str | None) -> tuple[Tree, date]:
    """Return a client's store and the first day of a month.

    Args:
        project: The project.
        client: The client's id.
        month: `YYYY-MM`, or None for the month of the last run.

    Raises:
        UsageError: That is no month.
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    tree = Store(project.store(client)).read()
    if not tree:
        raise StoreError(
            f"nothing was published for {client} yet", hint=f"run `custode onboard {client}`"
        )
    if month is None:
        visits = [run for run in load_runs(tree) if run["hosts"]]
        return tree, month_of(str(visits[-1]["at"]), load_contract(tree))
    try:
        return tree, date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise UsageError(f"{month!r} is no month", hint="write it like 2026-11") from error
