"""The sentences that reports and the terminal share: why a state, why unknown, why not seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from custode.core.attribution import Missed
from custode.core.coverage import Coverage
from custode.core.fleet import Attempt, Pc
from custode.core.hazards import HAZARD
from custode.core.notices import DUE, STATUSES, Notice
from custode.core.store_layout import Json
from custode.flows.report.view import PcView
from custode.flows.report.words import Words

_PROBE_ERROR = re.compile(r"[^:]*: (\w+) \(")


def terms(vocabulary: Words, contract: Mapping[str, Any]) -> str:
    """Return the contract in one sentence: package and dates."""
    dates = {name: vocabulary.day(contract[name]) for name in ("signed_on", "starts_on")}
    package = contract["package"]["name"]
    if contract.get("ends_on"):
        ends_on = vocabulary.day(contract["ends_on"])
        return vocabulary.text("head.terms_end", package=package, ends_on=ends_on, **dates)
    return vocabulary.text("head.terms", package=package, **dates)


def services(vocabulary: Words, contract: Mapping[str, Any]) -> str:
    """Return the products of the contract in one sentence."""
    names = {"norton": "Norton", "owncloud": "ownCloud", "teamviewer": "TeamViewer"}
    shown = {}
    for service in ("antivirus", "backup", "remote_support"):
        data = contract["services"].get(service) or {}
        product = str(data.get("product", "—"))
        version = data.get("version")
        shown[service] = names.get(product, product) + (f" {version}" if version else "")
    return vocabulary.text("head.services", **shown)


def state_reasons(vocabulary: Words, pc: Pc, now: str) -> list[str]:
    """Return why a PC is in its state, a sentence or two for each reason."""
    sentences = []
    for reason in pc.standing.reasons:
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


def backup(vocabulary: Words, told: Json) -> str:
    """Return the statement about the backup: how it stands, why, and what its server says."""
    last = told["client"]["last_good_at"]
    at = vocabulary.moment(last) if last else ""
    key = f"backup.{told['state']}"
    said = [
        vocabulary.text(key, at=at)
        if told["state"] == "working"
        else vocabulary.text_or(f"{key}.{told['why']}", f"{key}.other", at=at)
    ]
    if last and told["state"] != "working":
        said.append(vocabulary.text("backup.last", at=at))
    server = told["server"]["says"]
    if server != "not_asked":
        said.append(vocabulary.text(f"backup.server.{server}"))
    return " ".join(said)


def headline(vocabulary: Words, pc: PcView) -> str:
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


def cleaned(vocabulary: Words, item: Json) -> str:
    """Return what a clean-up came to: what became free, and that the registry was left alone."""
    free, freed = item["free_bytes_after"], item["freed_bytes"]
    if freed is None:
        told = vocabulary.text("pc.cleaned_unknown")
    elif freed < 1 << 20:  # what changes by itself on a PC at work
        told = vocabulary.text("pc.cleaned_nothing", free=vocabulary.size(free))
    else:
        sizes = {"freed": vocabulary.size(freed), "free": vocabulary.size(free)}
        told = vocabulary.text("pc.cleaned", **sizes)
    return f"{told} {vocabulary.text('pc.registry_not_cleaned')}"


def coverage(vocabulary: Words, counts: Coverage) -> str:
    """Return how many PCs have nothing open and of how many nobody knows, and the bounds of that."""
    told = vocabulary.text("overview.coverage", n=counts.total, **vars(counts))
    percent = counts.percent()
    if percent is None:
        return told
    worst, best = percent
    return f"{told} {vocabulary.text('overview.percent', worst=worst, best=best)}"


def expiring(vocabulary: Words, waiver: Json) -> str:
    """Return which exception ends, and when."""
    title = vocabulary.local(waiver["title"]) if waiver["title"] else waiver["rule"]
    quoted = vocabulary.text("pc.quoted", title=title)
    return vocabulary.text(
        "overview.expires", title=quoted, until=vocabulary.day(waiver["expires_on"])
    )


def remedied(vocabulary: Words, item: Json) -> str:
    """Return whether a remedy that was tried cured what had been found."""
    return vocabulary.text_or(
        f"pc.remedied.{item['outcome']}",
        "pc.remedied.uncertain",
        role=vocabulary.text_or(f"role.{item['role']}", "role.other", role=item["role"]),
        title=vocabulary.text("pc.quoted", title=vocabulary.local(item["title"])),
    )


def hand_back_lines(vocabulary: Words, record: Json) -> list[str]:
    """Return what was removed from a PC that was handed back, and what stays on it."""
    key = "hand_back.ended" if record["way_in"] else "hand_back.begun"
    return [
        vocabulary.text(key, on=vocabulary.day(record["at"])),
        *(
            vocabulary.text("hand_back.removed", what=_handed(vocabulary, item))
            for item in record["removed"]
        ),
        *(
            vocabulary.text("hand_back.left", what=left_behind(vocabulary, item))
            for item in record["left"]
        ),
    ]


def left_behind(vocabulary: Words, item: Json) -> str:
    """Return one thing that stays on a PC, with the reason."""
    why = vocabulary.text(f"hand_back.why.{item['why']}")
    return f"{_handed(vocabulary, item)} ({why})"


def _handed(vocabulary: Words, item: Json) -> str:
    key = f"hand_back.what.{item['what']}"
    return vocabulary.text_or(key, "hand_back.what.other", name=item["name"])


def missed_why(vocabulary: Words, item: Missed) -> str:
    """Return why something was missed, and of a visit how often it was really tried."""
    if item.visit is None:
        return vocabulary.text_or(
            f"missed.why.{item.obligation}.{item.why}", "missed.why.other", kind=item.why
        )
    key = f"missed.why.visit.{item.why}"
    why = (
        vocabulary.text(key)
        if key in vocabulary.texts
        else vocabulary.text_or(f"attempt.{item.why}", "attempt.other", kind=item.why)
    )
    tried = vocabulary.text("missed.tried", tried=item.visit.tried, hours=item.visit.hours)
    return f"{why}; {tried}"


def removal_lines(vocabulary: Words, pc: Pc) -> list[str]:
    """Return how the programs that are gone from a PC disappeared, and how far that is proved."""
    gone = {name for name, item in pc.standing.services.items() if item == "removed"}
    newest = {item["service"]: item for item in pc.disappearances if item["service"] in gone}
    return [_removal(vocabulary, newest[name]) for name in sorted(newest)]


def _removal(vocabulary: Words, item: Json) -> str:
    name = vocabulary.text(f"missed.obligation.{item['service']}")
    seen, missing = (vocabulary.moment(item[key]) for key in ("seen_at", "missing_at"))
    said = [
        vocabulary.text("removal.span", service=name, seen=seen, missing=missing),
        vocabulary.text(f"removal.verdict.{item['verdict']}"),
    ]
    event = item["event"]
    if event is not None and event["provider"] != "custode":
        at = vocabulary.moment(event["at"])
        record = {key: event[key] for key in ("id", "provider", "log", "record_id")}
        said.append(vocabulary.text("removal.event", at=at, **record))
        if event.get("digest"):
            said.append(
                vocabulary.text("removal.digest", digest=event["digest"][:12], salt=event["salt"])
            )
    said.append(vocabulary.text(f"removal.strength.{item['strength']}"))
    return " ".join(said)


def notice_cause(
    vocabulary: Words, cause: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return one thing that a notice warns of; of a hazard also why it matters and what to do."""
    subject, kind = cause["subject"], cause["kind"]
    if kind != HAZARD:
        return vocabulary.text(f"reason.{subject}.{kind}", since=vocabulary.day(cause["since"]))
    title, why, remedy = (
        vocabulary.local(rules[subject][name]) for name in ("title", "why", "remedy")
    )
    return f"{vocabulary.text('notice.hazard', title=title)} {why} {remedy}"


def notice_line(vocabulary: Words, notice: Notice) -> str:
    """Return a notice in one line: what it is about, since when it is due, how far it has come."""
    subjects = dict.fromkeys(notice_subject(vocabulary, cause) for cause in notice.causes)
    about = ", ".join(subjects)
    said = [vocabulary.text("notice.due", about=about, since=vocabulary.day(notice.due_at))]
    for status in STATUSES:
        if told := notice.records.get(status):
            on, by = vocabulary.day(told["on"]), told["by"]
            said.append(vocabulary.text(f"notice.status.{status}", on=on, by=by))
    if notice.status == DUE:
        key = "notice.needless" if notice.needless else "notice.not_sent"
        said.append(vocabulary.text(key))
    return " ".join(said)


def notice_subject(vocabulary: Words, cause: Mapping[str, Any]) -> str:
    """Return in a few words what a cause is about."""
    about = HAZARD if cause["kind"] == HAZARD else cause["subject"]
    return vocabulary.text(f"notice.about.{about}")


def last_seen(vocabulary: Words, pc: PcView) -> str:
    """Return when a PC was last looked at."""
    if pc.last_seen_day is None:
        return vocabulary.text("overview.never_seen")
    return vocabulary.text("overview.last_seen", since=vocabulary.day(pc.last_seen_day))


def attempt_reason(vocabulary: Words, attempt: Attempt) -> str:
    """Return why a try did not see a PC, or did not end well."""
    kind = str((attempt.reason or {}).get("kind", attempt.outcome))
    return vocabulary.text_or(f"attempt.{kind}", "attempt.other", kind=kind)


def step_words(vocabulary: Words, step: Json) -> str:
    """Return what a person has to do, for a step of the ledger."""
    product = str(step["product"])
    plain = f"product.{product}" if f"product.{product}" in vocabulary.texts else "product.other"
    return vocabulary.text_or(f"step.{product}.{step['step']}", plain, product=product)


def step_hint(vocabulary: Words, step: Json) -> str:
    """Return what to know before doing it, from what was found; often nothing."""
    key = f"step_hint.{step['product']}.{step['note']}"
    return vocabulary.text(key) if key in vocabulary.texts else ""


def step_age(vocabulary: Words, step: Json) -> str:
    """Return since when a step is open, and for how many days."""
    since, days = vocabulary.day(step["at"]), int(step["age_days"])
    return vocabulary.text("step_age", since=since, n=days)


def step_end(vocabulary: Words, step: Json) -> str:
    """Return how a step came to its end."""
    key = "pc.step_withdrawn" if step["withdrawn"] else "pc.step_done"
    return vocabulary.text(
        key, what=step_words(vocabulary, step), on=vocabulary.day(step["ended_at"])
    )


def why_unknown(vocabulary: Words, finding: Json) -> str:
    """Return why a finding is unknown: the rule's own words, or those of the kind of reason."""
    own = (finding["reason"] or {}).get("words")
    if own:
        return vocabulary.local(own)
    return vocabulary.text_or(f"why_unknown.{_unknown_key(finding)}", "why_unknown.other")


def what_to_do(vocabulary: Words, finding: Json) -> str:
    """Return how what is unknown will be found out."""
    return vocabulary.text_or(f"what_to_do.{_unknown_key(finding)}", "what_to_do.other")


def _unknown_key(finding: Json) -> str:
    """Return the end of the catalogue's key for why a finding is unknown."""
    reason = finding["reason"] or {}
    kind = str(reason.get("kind", "other"))
    if kind != "probe_error":
        return kind
    found = _PROBE_ERROR.match(str(reason.get("detail", "")))
    return f"probe_error.{found[1] if found else 'failed'}"
