"""What was read on a client's PCs in a month, ready for the client's own processing register.

It says what the records prove and nothing of law: who is responsible, on what ground, and when
something must be deleted is for the parties to state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from custode.core.errors import UsageError
from custode.edges.project import Project
from custode.flows.report import LANGUAGES, published_month, register_words
from custode.flows.report.view import ReportView, view_month
from custode.flows.report.words import Words, words

_SECTIONS: Mapping[str, Sequence[str]] = {
    "never": ("never_read",),
    "kept": ("kept_store", "kept_journals", "kept_digests"),
    "seen_by": ("seen_by_provider", "seen_by_client", "seen_by_others"),
    "outside": ("outside_looks", "to_complete"),
}


@dataclass(frozen=True)
class Line:
    """One thing that was read: why, where, which of its data, on how many PCs."""

    purpose: str
    places: tuple[str, ...]
    told: str
    seen_on: str


@dataclass(frozen=True)
class Privacy:
    """What a month's visits read, and what becomes of it, in one language.

    Attributes:
        month: Its first day.
        title: One line.
        said: What it is, and how many PCs were observed.
        kinds: By kind of source: its title, what is told of it, and what was read.
        sections: Title and sentences: what is not read, how long the rest is kept, who sees it.
        register: The same as `kinds`, as data.
    """

    month: date
    language: str
    title: str
    said: tuple[str, ...]
    kinds: tuple[tuple[str, str, tuple[Line, ...]], ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    register: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a machine to read."""
        return {
            "language": self.language,
            "month": f"{self.month:%Y-%m}",
            "read": [dict(entry) for entry in self.register],
            "sections": [{"title": title, "said": list(said)} for title, said in self.sections],
            "said": list(self.said),
            "title": self.title,
        }


def read_privacy(
    project: Project, client: str, *, month: str | None, language: str | None
) -> Privacy:
    """Return what was read on a client's PCs in a month, from the store.

    Args:
        project: The project.
        client: The client's id.
        month: `YYYY-MM`, or None for the month of the last run.
        language: `it` or `en`, or None for the client's own.

    Raises:
        UsageError: There is no such month or language.
        StoreError: Nothing was published yet, or the store cannot be read.
    """
    if language not in {None, *LANGUAGES}:
        raise UsageError(f"{language!r} is no language of reports", hint="it or en")
    tree, wanted = published_month(project, client, month)
    view = view_month(tree, month=wanted)
    about = view.contract["client"]
    return _told(view, words(language or str(about["language"]), timezone=str(about["timezone"])))


def _told(view: ReportView, vocabulary: Words) -> Privacy:
    contract = view.contract
    contacts = (_contact(contact) for contact in contract["client"]["contacts"])
    values = {
        "client": contract["client"]["name"],
        "contacts": ", ".join(contacts),
        "month": vocabulary.month(view.month),
        "n": len(view.pcs),
        "operators": ", ".join(sorted({visit.operator for visit in view.visits})),
        "provider": contract["provider"]["name"],
        "seen": sum(pc.seen_this_month for pc in view.pcs),
        "visits": ", ".join(visit.run_id for visit in view.visits),
    }

    def text(key: str) -> str:
        return vocabulary.text(f"privacy.{key}", **values)

    return Privacy(
        month=view.month,
        language=vocabulary.language,
        title=text("title"),
        said=(text("intro"), text("observed")),
        kinds=tuple(_kinds(view, vocabulary)),
        sections=tuple(
            (text(name), tuple(text(key) for key in keys)) for name, keys in _SECTIONS.items()
        ),
        register=tuple(view.register),
    )


def _contact(contact: Mapping[str, Any]) -> str:
    role = contact.get("role")
    return f"{contact['name']} ({role})" if role else str(contact["name"])


def _kinds(view: ReportView, vocabulary: Words) -> Iterator[tuple[str, str, tuple[Line, ...]]]:
    for kind, entries in register_words.groups(view.register):
        lines = (
            Line(
                register_words.purposes(vocabulary, entry),
                tuple(register_words.places(entry)),
                register_words.told(vocabulary, entry),
                register_words.seen_on(vocabulary, entry),
            )
            for entry in entries
        )
        yield (
            vocabulary.text_or(f"register.kind.{kind}", "register.kind.other"),
            vocabulary.text_or(f"register.about.{kind}", "register.about.other"),
            tuple(lines),
        )
