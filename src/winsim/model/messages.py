"""The texts of events in the languages of Windows: what people read, and nothing may rely on."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

from winsim.model.events import Event

_PLACE = re.compile(r"\{([^{}]+)\}")


def render(event: Event, language: str) -> str | None:
    """Return an event's text as people read it.

    Args:
        event: The record.
        language: `en`, `it` or `fr`; any other is read in English, as without a language pack.

    Returns:
        None where winsim knows no text, as on a PC whose provider is not registered any more.
    """
    known = _by_provider().get(event.provider.lower(), {}).get(event.id)
    if known is None:
        return None
    text = known.get(language) or known["en"]
    return _PLACE.sub(lambda found: event.field(found[1]) or "", text)


@cache
def texts() -> dict[str, dict[int, dict[str, str]]]:
    """Return every text by provider, number and language."""
    source = files("winsim.model") / "messages.yml"
    found: dict[str, dict[int, dict[str, str]]] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return found


@cache
def _by_provider() -> dict[str, dict[int, dict[str, str]]]:
    return {provider.lower(): by_id for provider, by_id in texts().items()}
