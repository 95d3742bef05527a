"""One statement about the backup of one PC: what the PC shows and what its server says, combined.

A side that is not known never makes the backup work, and a server that serves nobody for a while is
never the PC's fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from custode.core.backup_client import (
    ACCOUNTS_PROBE,
    ENTRIES_PROBE,
    LOST,
    RUNS_PROBE,
    BackupWord,
    ClientView,
    client_view,
)
from custode.core.backup_server import (
    CLIENT_MAJORS,
    SERVER_PROBE,
    ServerColumn,
    ServerView,
    ServerWord,
    server_view,
)
from custode.core.observation import Facts, utc_text

PROBES: Mapping[str, tuple[str, ...]] = {
    ENTRIES_PROBE: ("DisplayName", "DisplayVersion"),
    ACCOUNTS_PROBE: ("profile", "folder", "marker", "count", "word"),
    RUNS_PROBE: ("profile", "folder", "marker", "count", "last_at"),
    SERVER_PROBE: get_args(ServerColumn),
}
"""The probes that a statement is made of, and the columns it leans on."""

_SILENT = "server_unknown"
_MATTERS_OF_TIME = frozenset({"stopped", "runs_fail", "hangs"})
"""What a server that is out of service makes of any client."""


@dataclass(frozen=True)
class BackupStatement:
    """How the backup of one PC stands.

    Attributes:
        state: What both sides amount to.
        why: A stable word for it; empty where it works.
        client: What the PC alone shows, and why.
        server: What the server alone says, and why.
    """

    state: BackupWord
    why: str
    client: ClientView
    server: ServerView

    @property
    def works(self) -> bool | None:
        """Return whether the backup works, None when nobody knows.

        A server that was asked and not heard takes nothing from what the PC proves: whoever cannot
        reach it from outside has not shown that the PC cannot.
        """
        told = self.client.word if self.why == _SILENT else self.state
        return None if told is BackupWord.UNKNOWN else told is BackupWord.WORKING

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the journal, the store and the report."""
        last = self.client.last_good_at
        return {
            "state": str(self.state),
            "why": self.why,
            "client": {
                "state": str(self.client.word),
                "why": self.client.why,
                "folders": self.client.folders,
                "last_good_at": utc_text(last) if last else None,
            },
            "server": {"says": str(self.server.word), "why": self.server.why},
        }


def backup_statement(facts: Facts, *, now: datetime) -> BackupStatement:
    """Return the statement; the order of rows counts for nothing.

    Args:
        facts: What was read on the PC, with what the server answered.
        now: The moment of the look, aware.
    """
    client, server = client_view(facts, now=now), server_view(facts, now=now)
    state, why = _combined(client, server, now=now)
    return BackupStatement(state, why, client, server)


def _combined(client: ClientView, server: ServerView, *, now: datetime) -> tuple[BackupWord, str]:
    works = client.word is BackupWord.WORKING
    if server.word is ServerWord.DENIES:
        if works and server.why == "never_logged_in":
            # It copies as somebody else, or somewhere else: one of the two was told wrong.
            return BackupWord.UNKNOWN, "server_disagrees"
        return BackupWord.BROKEN, server.why
    majors = CLIENT_MAJORS.get(server.product or "")
    if majors and client.major is not None and client.major not in majors:
        return BackupWord.BROKEN, "wrong_client"
    if works and server.word is ServerWord.UNKNOWN:
        return BackupWord.UNKNOWN, _SILENT
    if works and server.heard and (majors is None or client.major is None):
        return BackupWord.UNKNOWN, "version_unread"
    if _excused(client, server, now=now):
        return BackupWord.UNKNOWN, "server_out_of_service"
    return client.word, client.why


def _excused(client: ClientView, server: ServerView, *, now: datetime) -> bool:
    """Tell whether a server that is out of service may be to blame; for so long no server is."""
    last = client.last_good_at
    matter_of_time = client.word is not BackupWord.WORKING and client.why in _MATTERS_OF_TIME
    out = server.word is ServerWord.OUT_OF_SERVICE
    return out and matter_of_time and last is not None and now - last <= LOST
