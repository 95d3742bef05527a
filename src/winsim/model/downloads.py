"""What a PC can download: by address, what it is given there. Any other address is unknown to it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Download:
    """What is at an address.

    Attributes:
        data: Its content as text, or None when only its size matters.
        size: Its size in bytes where no content is given.
        spec: An installer of the set that it is, by name, or empty.
        status: What the server answers.
        modified: When it was changed there, fixed or relative to the clock.
        seconds: How long it takes.
    """

    data: str | None = None
    size: int = 0
    spec: str = ""
    status: int = 200
    modified: Any = "now - 30d"
    seconds: int = 0

    @property
    def reason(self) -> str:
        """Return the words that go with the status."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""
