"""What the backup's server says of the people of one PC: from the rows of `backup_server`.

The server is asked from the controller, and only about people whom the inventory declares. Who they
are is in no row: a person is a number, in the order of the declaration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from custode.core.observation import Facts, Row, utc_moment

ServerColumn = Literal[
    "account",
    "enabled",
    "ever_logged_in",
    "last_login_at",
    "maintenance",
    "needs_upgrade",
    "person",
    "product",
    "quota_full",
]
"""What may be asked of the server."""

SERVER_PROBE = "backup_server"

CLASSIC, INFINITE_SCALE = "classic", "infinite_scale"
CLIENT_MAJORS = {CLASSIC: (5, 6), INFINITE_SCALE: (5, 6, 7)}
"""Client generations by what they synchronise with: 7 cannot speak to ownCloud 10."""

MAX_LOGIN_AGE = timedelta(days=35)
"""How old a person's last login may be to confirm the backup.

With tokens the server notes a login less often than a synchronisation, so that days tell nothing.
"""


class ServerWord(StrEnum):
    """What the server says of the backup of one PC."""

    CONFIRMS = "confirms"
    """Somebody of the PC was there lately, and may go on."""
    DOUBTS = "doubts"
    """Nobody of the PC was there lately, which proves little."""
    DENIES = "denies"
    """Nobody of the PC can synchronise: the account is closed, missing, unused or full."""
    OUT_OF_SERVICE = "out_of_service"
    """It serves nobody for a while, which is no fault of the PC."""
    UNKNOWN = "unknown"
    """It was asked and could not be heard."""
    NOT_ASKED = "not_asked"
    """The inventory says not to ask, or about nobody."""


_RANK = (ServerWord.CONFIRMS, ServerWord.DOUBTS, ServerWord.UNKNOWN, ServerWord.DENIES)


_NEEDED = (
    ("enabled", False, "user_disabled"),
    ("quota_full", True, "quota_full"),
    ("ever_logged_in", False, "never_logged_in"),
)
"""What must be known of a person's account: the column, the answer that denies, and its word."""


@dataclass(frozen=True)
class ServerView:
    """What the server says, and what it leans on.

    Attributes:
        word: What it says.
        why: A stable word, such as `user_disabled` or `unreachable`; may be empty.
        product: `classic` or `infinite_scale`; None when it is not known.
    """

    word: ServerWord
    why: str = ""
    product: str | None = None

    @property
    def heard(self) -> bool:
        """Return whether it answered anything."""
        if self.word is ServerWord.NOT_ASKED:
            return bool(self.why)
        return self.word is not ServerWord.UNKNOWN


def server_view(facts: Facts, *, now: datetime) -> ServerView:
    """Return what the server says; the order of its rows counts for nothing.

    Args:
        facts: What was read; without an answer of the server it was not asked.
        now: The moment of the look, aware.
    """
    result = facts.get(SERVER_PROBE)
    if result is None:
        return ServerView(ServerWord.UNKNOWN, "not_returned")
    if result.error is not None:
        return ServerView(ServerWord.UNKNOWN, result.error.message)
    if not result.rows:
        return ServerView(ServerWord.NOT_ASKED)
    rows = result.rows
    product = _same(rows, "product")
    for column in ("maintenance", "needs_upgrade"):
        if _same(rows, column) is not False:
            known = _same(rows, column) is True
            word = ServerWord.OUT_OF_SERVICE if known else ServerWord.UNKNOWN
            return ServerView(word, column, product)
    if all(row.get("person") is None for row in rows):
        return ServerView(ServerWord.NOT_ASKED, "nobody_declared", product)
    # The best that is said of one of the people: who left may still be declared.
    word, why = min(
        (_of_person(row, now=now) for row in rows), key=lambda said: (_RANK.index(said[0]), said[1])
    )
    return ServerView(word, why, product)


def _same(rows: Sequence[Row], column: str) -> Any:
    """Return what all rows say in a column, or None when they do not say the same."""
    said = {row.get(column) for row in rows}
    return said.pop() if len(said) == 1 else None


def _of_person(row: Row, *, now: datetime) -> tuple[ServerWord, str]:
    found = row.get("account")
    if found == "not_found":
        return ServerWord.DENIES, "user_not_found"
    if found != "known":
        return ServerWord.UNKNOWN, str(found or "account_unread")
    for column, denied, why in _NEEDED:
        if row.get(column) is denied:
            return ServerWord.DENIES, why
    if any(not isinstance(row.get(column), bool) for column, _, _ in _NEEDED):
        return ServerWord.UNKNOWN, "account_unread"
    try:
        last = utc_moment(str(row.get("last_login_at")))
    except ValueError:
        return ServerWord.UNKNOWN, "account_unread"
    if now - last > MAX_LOGIN_AGE:
        return ServerWord.DOUBTS, "no_recent_login"
    return ServerWord.CONFIRMS, ""
