"""The words of a report: one catalogue for each language, dates and numbers as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from custode.core.observation import utc_moment

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# Day before month in both languages: the reader is the same small office.
_LOCALES = {"it": "it_IT", "en": "en_GB"}


@dataclass(frozen=True)
class Words:
    """One language, in one time zone.

    Attributes:
        language: `it` or `en`.
        zone: Where the client is; every moment is told in its local time.
        texts: The catalogue, dotted key to text or to plural forms.
    """

    language: str
    zone: ZoneInfo
    texts: Mapping[str, Any]

    def text(self, key: str, /, **values: Any) -> str:
        """Return a text with its values filled in; `n` chooses between `one` and `other`.

        Raises:
            KeyError: The catalogue has no such text: a fault of ours, found by the tests.
        """
        found = self.texts[key]
        if isinstance(found, Mapping):
            found = found[self._locale.plural_form(values["n"])]
        return str(found).format(**values)

    def text_or(self, key: str, fallback: str, /, **values: Any) -> str:
        """Return a text, or the fallback's when the key is unknown: kinds may be newer than us."""
        return self.text(key if key in self.texts else fallback, **values)

    def local(self, texts: Mapping[str, str]) -> str:
        """Return the text of this language out of a policy's own texts."""
        return str(texts[self.language])

    def day(self, moment: str | datetime, form: str = "d MMMM y") -> str:
        """Return a day, such as `9 November 2026`, in the client's time zone."""
        if isinstance(moment, str) and "T" not in moment:
            return str(format_date(date.fromisoformat(moment), form, locale=self._locale))
        known = utc_moment(moment) if isinstance(moment, str) else moment
        return str(format_date(known.astimezone(self.zone), form, locale=self._locale))

    def short_day(self, moment: str) -> str:
        """Return a day as a table has room for it, such as `9 Nov 2026`."""
        return self.day(moment, "d MMM y")

    def label(self, name: str) -> str:
        """Return the words for a named piece of evidence; without any, its name."""
        return str(self.texts.get(f"observed.{name}", name.replace("_", " ")))

    def moment(self, moment: str) -> str:
        """Return a day and time, such as `9 November 2026, 09:00`."""
        local = utc_moment(moment)
        return str(format_datetime(local, "d MMMM y, HH:mm", tzinfo=self.zone, locale=self._locale))

    def month(self, first: date) -> str:
        """Return a month and year, such as `November 2026`."""
        return str(format_date(first, "LLLL y", locale=self._locale))

    def size(self, count: int) -> str:
        """Return a number of bytes, such as `1.4 GiB` or `310 MiB`."""
        unit, name = (1 << 30, "GiB") if count >= 1 << 30 else (1 << 20, "MiB")
        form = "0.#" if name == "GiB" else "0"
        return f"{format_decimal(count / unit, format=form, locale=self._locale)} {name}"

    def evidence(self, value: Any) -> str:
        """Return an observed value as a reader expects it."""
        if isinstance(value, Mapping):
            parts = (f"{name}: {self.evidence(item)}" for name, item in sorted(value.items()))
            return "; ".join(parts) or self.text("evidence.nothing")
        if isinstance(value, list):
            # Rows that say the same are told once.
            shown = ", ".join(dict.fromkeys(self.evidence(item) for item in value))
            return shown or self.text("evidence.nothing")
        return self._scalar(value)

    def _scalar(self, value: Any) -> str:
        if value is None:
            return self.text("evidence.unknown")
        if isinstance(value, bool):
            return self.text("evidence.yes" if value else "evidence.no")
        if isinstance(value, float):
            return str(format_decimal(value, format="0.##", locale=self._locale))
        text = str(value)
        if _ISO_DAY.fullmatch(text):
            return self.day(text)
        if _ISO_MOMENT.fullmatch(text):
            return self.moment(text)
        return str(self.texts.get(f"answer.{text}", text)) or self.text("evidence.nothing")

    @property
    def _locale(self) -> Locale:
        return _locale(self.language)


def words(language: str, *, timezone: str) -> Words:
    """Return the words of a language, for a client in a time zone."""
    return Words(language, ZoneInfo(timezone), _catalogue(language))


@cache
def _catalogue(language: str) -> Mapping[str, Any]:
    source = files("custode.flows.report").joinpath("texts", f"{language}.yml")
    text = source.read_text(encoding="utf-8")
    return flat_texts(yaml.load(text, Loader=_Loader))  # noqa: S506 - a safe loader, in C


def flat_texts(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a nested catalogue with dotted keys; plural forms stay together."""
    out: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping) and set(value) != {"one", "other"}:
            out |= flat_texts(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES[language])
