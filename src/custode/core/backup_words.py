"""The word `backup` of the language of rules: the statement about the backup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from custode.core.backup_client import CLIENT_PROBES
from custode.core.backup_server import SERVER_PROBE, ServerWord
from custode.core.backup_statement import PROBES, BackupStatement, backup_statement
from custode.core.observation import Facts, utc_text
from custode.core.rule_words import Uncertain, uncertain_of

READS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"backup": PROBES}
"""Functions that read facts by themselves: probe ids, each with its columns."""

BACKUP_COLUMNS = ("asked", "confirmed", "last_good_at", "server", "state", "why", "works")
"""What `backup` gives."""

BACKUP_MOVING = frozenset({"last_good_at"})
"""Those of them that change by themselves."""

_CONFIRMED = {ServerWord.CONFIRMS: True, ServerWord.DENIES: False}


class SeenBackup:
    """The statement; what is not known of it has no answer."""

    def __init__(self, statement: BackupStatement, facts: Facts) -> None:
        self._statement = statement
        self._facts = facts
        self.state = str(statement.state)
        self.why = statement.why
        self.server = str(statement.server.word)
        self.asked = statement.server.word is not ServerWord.NOT_ASKED

    @property
    def works(self) -> bool:
        """Return whether the backup works."""
        if self._statement.works is None:
            unread = (uncertain_of(self._facts, name) for name in CLIENT_PROBES)
            said = Uncertain(f"backup: {self.state} ({self.why})", kind="missing_value")
            raise next((item for item in unread if item is not None), said)
        return self._statement.works

    @property
    def confirmed(self) -> bool:
        """Return whether the server confirms it."""
        found = _CONFIRMED.get(self._statement.server.word)
        if found is None:
            detail = f"{SERVER_PROBE}: {self.server} ({self._statement.server.why or 'not said'})"
            unread = uncertain_of(self._facts, SERVER_PROBE)
            raise unread or Uncertain(detail, kind="missing_value")
        return found

    @property
    def last_good_at(self) -> str:
        """Return when a run last copied and ended."""
        last = self._statement.client.last_good_at
        if last is None:
            raise Uncertain("owncloud_runs: no run that copied and ended", kind="missing_value")
        return utc_text(last)


@pass_context
def backup(context: Context) -> SeenBackup:
    """Return the statement about the backup, of the facts and the moment of judging."""
    facts: Facts = context["facts"].facts
    return SeenBackup(backup_statement(facts, now=context["now"]), facts)


BACKUP_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"backup": backup}
"""What an expression may call besides the general functions."""
