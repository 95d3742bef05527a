"""Fills the templates: one report in a language and a format, or all of a month's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from custode.core.errors import UsageError
from custode.core.fleet import Attempt
from custode.core.store_layout import Json, Tree
from custode.flows.report.view import PcView, ReportView, view_month
from custode.flows.report.words import Words, words

LANGUAGES = ("it", "en")
FORMATS = ("md", "html")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~])")
_PROBE_ERROR = re.compile(r"[^:]*: (\w+) \(")
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
        "state_reasons": _bound(_state_reasons, vocabulary),
        "attempt_reason": _bound(_attempt_reason, vocabulary),
        "why_unknown": _bound(_why_unknown, vocabulary),
        "what_to_do": _bound(_what_to_do, vocabulary),
        "headline": _bound(_headline, vocabulary),
        "last_seen": _bound(_last_seen, vocabulary),
        "terms": _bound(_terms, vocabulary),
        "services": _bound(_services, vocabulary),
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


def _terms(vocabulary: Words, contract: Mapping[str, Any]) -> str:
    dates = {name: vocabulary.day(contract[name]) for name in ("signed_on", "starts_on")}
    package = contract["package"]["name"]
    if contract.get("ends_on"):
        ends_on = vocabulary.day(contract["ends_on"])
        return vocabulary.text("head.terms_end", package=package, ends_on=ends_on, **dates)
    return vocabulary.text("head.terms", package=package, **dates)


def _services(vocabulary: Words, contract: Mapping[str, Any]) -> str:
    names = {"norton": "Norton", "owncloud": "ownCloud", "teamviewer": "TeamViewer"}
    shown = {}
    for service in ("antivirus", "backup", "remote_support"):
        data = contract["services"].get(service) or {}
        product = str(data.get("product", "—"))
        version = data.get("version")
        shown[service] = names.get(product, product) + (f" {version}" if version else "")
    return vocabulary.text("head.services", **shown)


def _state_reasons(vocabulary: Words, pc: PcView, now: str) -> list[str]:
    """Return why a PC is in its state, a sentence or two for each reason."""
    sentences = []
    for reason in pc.pc.standing.reasons:
        since = vocabulary.day(reason.since) if reason.since else ""
        until = vocabulary.day(reason.until) if reason.until else ""
        key = (
            f"reason.{reason.service}.{reason.kind}" if reason.service else f"reason.{reason.kind}"
        )
        sentences.append(
            vocabulary.text_or(key, "reason.other", since=since, until=until, kind=reason.kind)
        )
        if reason.until and reason.kind in {"not_working", "removed", "absent"}:
            over = str(reason.to_json()["until"]) <= now
            sentences.append(
                vocabulary.text("reason.until_over" if over else "reason.until_open", until=until)
            )
    return sentences


def _headline(vocabulary: Words, pc: PcView) -> str:
    """Return the shortest true answer to "what is wrong with it?"."""
    parts = [
        f"{vocabulary.text(f'summary.{name}')}: {vocabulary.text(f'standing.{name}.{item}')}"
        for name, item in pc.pc.standing.services.items()
        if item in {"not_working", "removed", "absent"}
    ]
    if pc.failed:
        parts.append(vocabulary.text("overview.attention_failed", n=len(pc.failed)))
    if pc.unknown:
        parts.append(vocabulary.text("overview.attention_unknown", n=len(pc.unknown)))
    return "; ".join(parts)


def _last_seen(vocabulary: Words, pc: PcView) -> str:
    if pc.last_seen_day is None:
        return vocabulary.text("overview.never_seen")
    return vocabulary.text("overview.last_seen", since=vocabulary.day(pc.last_seen_day))


def _attempt_reason(vocabulary: Words, attempt: Attempt) -> str:
    kind = str((attempt.reason or {}).get("kind", attempt.outcome))
    return vocabulary.text_or(f"attempt.{kind}", "attempt.other", kind=kind)


def _why_unknown(vocabulary: Words, finding: Json) -> str:
    """Return why a finding is unknown: the rule's own words, or those of the kind of reason."""
    own = (finding["reason"] or {}).get("words")
    if own:
        return vocabulary.local(own)
    return vocabulary.text_or(f"why_unknown.{_unknown_key(finding)}", "why_unknown.other")


def _what_to_do(vocabulary: Words, finding: Json) -> str:
    return vocabulary.text_or(f"what_to_do.{_unknown_key(finding)}", "what_to_do.other")


def _unknown_key(finding: Json) -> str:
    """Return the end of the catalogue's key for why a finding is unknown."""
    reason = finding["reason"] or {}
    kind = str(reason.get("kind", "other"))
    if kind != "probe_error":
        return kind
    found = _PROBE_ERROR.match(str(reason.get("detail", "")))
    return f"probe_error.{found[1] if found else 'failed'}"


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
