"""The monthly report: a function of the store's tree, byte for byte repeatable."""

from __future__ import annotations

from custode.flows.report.render import FORMATS, LANGUAGES, render_month, render_report

__all__ = ["FORMATS", "LANGUAGES", "render_month", "render_report"]
