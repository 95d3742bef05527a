"""Fills the templates: one report in a language and a format, or all of a month's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from custode.core.errors import UsageError
from custode.core.store_layout import Tree
from custode.flows.report import register_words, sentences
from custode.flows.report.view import ReportView, view_month
from custode.flows.report.words import Words, words

LANGUAGES = ("it", "en")
FORMATS = ("md", "html")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~])")
# A second sign beside the colour, for readers and printers that have none.
_STATE_SIGNS = {
    "pending": "…",
    "valid": "✓",
    "at_risk": "!",
    "suspended": "✕",
    "unseen": "?",
    "closed": "■",
}


class _Ready(str):
    """Text that is Markdown already."""

    __slots__ = ()


def render_report(tree: Tree, *, month: date, language: str, format: str) -> str:  # noqa: A002 - the reader's word
    """Return a month's report; the same tree gives the same bytes.

    Args:
        tree: Every file of the store's commit; its reports are not read.
        month: Any day of the month.
        language: `it` or `en`.
        format: `md` or `html`.

    Raises:
        UsageError: There is no such language or format, or no run in that month.
        StoreError: The store is empty or damaged.
    """
    if language not in LANGUAGES or format not in FORMATS:
        raise UsageError(
            f"there is no report in {language!r} as {format!r}",
            hint=f"languages: {', '.join(LANGUAGES)}; formats: {', '.join(FORMATS)}",
        )
    return _render(view_month(tree, month=month), language, format)


def render_month(tree: Tree, *, month: date) -> dict[str, bytes]:
    """Return a month's reports in every language and format, by path in the store."""
    view = view_month(tree, month=month)
    return {
        f"reports/{month:%Y-%m}/report.{language}.{format_}": _render(
            view, language, format_
        ).encode()
        for language in LANGUAGES
        for format_ in FORMATS
    }


def render_notice(
    contract: Mapping[str, Any],
    notice: Mapping[str, Any],
    *,
    device: str,
    rules: Mapping[str, Mapping[str, Any]],
) -> dict[str, bytes]:
    """Return the draft of a notice in every language, by path in the store.

    Args:
        contract: The contract as plain data.
        notice: The ledger's line that made it due.
        device: The PC.
        rules: The words of the rules that judged.
    """
    zone = str(contract["client"]["timezone"])
    return {
        notice_path(str(notice["notice"]), language): _environment(
            "txt", words(language, timezone=zone)
        )
        .get_template("notice.txt.j2")
        .render(contract=contract, notice=notice, device=device, rules=rules)
        .encode()
        for language in LANGUAGES
    }


def notice_path(notice_id: str, language: str) -> str:
    """Return where the store keeps the draft of a notice."""
    return f"notices/{notice_id}.{language}.txt"


def _render(view: ReportView, language: str, format_: str) -> str:
    vocabulary = words(language, timezone=str(view.contract["client"]["timezone"]))
    template = _environment(format_, vocabulary).get_template(f"report.{format_}.j2")
    return template.render(view=view, contract=view.contract)


def _environment(format_: str, vocabulary: Words) -> Environment:
    environment = Environment(
        loader=PackageLoader("custode.flows.report"),
        autoescape=select_autoescape(["html.j2"]),
        finalize=_escaped if format_ == "md" else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "t": vocabulary.text,
        "t_or": vocabulary.text_or,
        "language": vocabulary.language,
        "signs": _STATE_SIGNS,
        "state_reasons": _bound(sentences.state_reasons, vocabulary),
        "attempt_reason": _bound(sentences.attempt_reason, vocabulary),
        "why_unknown": _bound(sentences.why_unknown, vocabulary),
        "what_to_do": _bound(sentences.what_to_do, vocabulary),
        "backup": _bound(sentences.backup, vocabulary),
        "headline": _bound(sentences.headline, vocabulary),
        "cleaned": _bound(sentences.cleaned, vocabulary),
        "coverage": _bound(sentences.coverage, vocabulary),
        "expiring": _bound(sentences.expiring, vocabulary),
        "remedied": _bound(sentences.remedied, vocabulary),
        "hand_back_lines": _bound(sentences.hand_back_lines, vocabulary),
        "last_seen": _bound(sentences.last_seen, vocabulary),
        "missed_why": _bound(sentences.missed_why, vocabulary),
        "notice_cause": _bound(sentences.notice_cause, vocabulary),
        "notice_line": _bound(sentences.notice_line, vocabulary),
        "terms": _bound(sentences.terms, vocabulary),
        "register_groups": register_words.groups,
        "register_places": register_words.places,
        "register_purposes": _bound(register_words.purposes, vocabulary),
        "register_seen_on": _bound(register_words.seen_on, vocabulary),
        "register_told": _bound(register_words.told, vocabulary),
        "removal_lines": _bound(sentences.removal_lines, vocabulary),
        "services": _bound(sentences.services, vocabulary),
        "step_age": _bound(sentences.step_age, vocabulary),
        "step_end": _bound(sentences.step_end, vocabulary),
        "step_hint": _bound(sentences.step_hint, vocabulary),
        "step_words": _bound(sentences.step_words, vocabulary),
    }
    environment.filters |= {
        "code": _code,
        "day": vocabulary.day,
        "moment": vocabulary.moment,
        "month": vocabulary.month,
        "local": vocabulary.local,
        "evidence": vocabulary.evidence,
        "label": vocabulary.label,
        "short_day": vocabulary.short_day,
    }
    return environment


def _bound(function: Callable[..., Any], vocabulary: Words) -> Callable[..., Any]:
    return lambda *arguments: function(vocabulary, *arguments)


def _escaped(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, _Ready):
        return _MARKDOWN.sub(r"\\\1", " ".join(value.split()))
    return value


def _code(value: Any) -> _Ready:
    """Return text as a Markdown code span, whatever it holds."""
    text = " ".join(str(value).split()).replace("|", "\\|")
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return _Ready(f"{fence}{pad}{text}{pad}{fence}")
