"""The words of the register of what was read: by kind of source, as a client reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from custode.core.probes import EVENT_COLUMNS
from custode.flows.report.words import Words

KINDS = (
    *("cim", "registry", "event_log", "log_start", "file", "marker", "accounts"),
    *("server", "earlier"),
)
"""In the order in which the register tells them: most read first."""


def groups(register: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the entries by kind; a kind that nothing was read of is left out."""
    kinds = [*KINDS, *sorted({str(entry["kind"]) for entry in register} - set(KINDS))]
    by_kind = [(kind, [entry for entry in register if entry["kind"] == kind]) for kind in kinds]
    return [(kind, entries) for kind, entries in by_kind if entries]


def places(entry: Mapping[str, Any]) -> list[str]:
    """Return where an entry's data lie, one place each."""
    return str(entry["target"]).split("; ")


def purposes(vocabulary: Words, entry: Mapping[str, Any]) -> str:
    """Return why it was read."""
    return " ".join(
        vocabulary.text_or(f"register.product.{purpose}", "register.product.other")
        if isinstance(purpose, str)
        else vocabulary.local(purpose)
        for purpose in entry["purposes"]
    )


def told(vocabulary: Words, entry: Mapping[str, Any]) -> str:
    """Return which of its data left the PC; those that left it as a digest are marked."""
    # Of every event the same columns are told; the words about the kind name them once.
    known = EVENT_COLUMNS if entry["kind"] == "event_log" else ()
    names = [
        vocabulary.text_or(
            f"register.column.{entry['kind']}.{name}", "register.as_named", name=name
        )
        for name in entry["columns"]
        if name not in known
    ]
    marked = [
        vocabulary.text("register.digested", name=name) if name in entry["digested"] else name
        for name in names
    ]
    return ", ".join(marked) or vocabulary.text(
        f"register.nothing.{'event' if known else 'presence'}"
    )


def seen_on(vocabulary: Words, entry: Mapping[str, Any]) -> str:
    """Return on how many PCs it was read; empty where an older record does not say."""
    count = len(entry["pcs"])
    return vocabulary.text("register.pcs", n=count) if count else ""
