"""What a PC's event logs say of the contract's two programs: traces, never proof.

Any program on the PC can write an event in Windows Installer's name, logs forget, and logs are
emptied. So a trace only refines what our own looks have seen: who, and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from custode.core.antivirus_products import ANTIVIRUS
from custode.core.observation import Facts, Row
from custode.core.probes import ACCOUNT_DIGEST

REMOVALS_PROBE = "removal_events"
INSTALLS_PROBE = "installer_events"
SECURITY_PROBE = "security_center_events"
CLEARINGS_PROBE = "log_clearings"
START_PROBE = "application_log_start"
PROBES = (REMOVALS_PROBE, INSTALLS_PROBE, SECURITY_PROBE, CLEARINGS_PROBE, START_PROBE)
"""The probes that traces are made of."""

LOG = "Application"
"""The log that Windows Installer and the Security Center write into."""

REMOVED, REMOVAL_FAILED = "removed", "removal_failed"
INSTALLED, INSTALL_FAILED = "installed", "install_failed"
SWITCHED_OFF = "switched_off"

_DONE = frozenset({"0", "1641", "3010"})
"""How Windows Installer says that it went well: at once, or after a restart."""

_OFF = "SECURITY_PRODUCT_STATE_OFF"


def product_traces(facts: Facts, *, accept: Sequence[str], salt: str | None) -> dict[str, Any]:
    """Return what the event logs say of antivirus and backup, as plain data for the journal.

    Args:
        facts: The answers to `PROBES`.
        accept: The antivirus products that the contract accepts.
        salt: The name of the salt that accounts were digested with, or None.

    Returns:
        `events`, in the order of their times: `service`, `what`, `version`, and of the record
        `at`, `log`, `provider`, `id`, `record_id`, `account`, `digest`, `salt`; `cleared`, when
        the log was emptied; `starts_at`, the log's oldest record; `unread`, the probes without an
        answer and why.
    """
    events = [
        *_installer(facts, REMOVALS_PROBE, (REMOVED, REMOVAL_FAILED), accept),
        *_installer(facts, INSTALLS_PROBE, (INSTALLED, INSTALL_FAILED), accept),
        *_switched_off(facts, accept),
    ]
    # A digest goes with the name of its salt: without the salt nobody can compare it.
    events = [{**event, "salt": salt if event["digest"] else None} for event in events]
    starts = [row.get("oldest_at") for row in _rows(facts, START_PROBE)]
    return {
        "cleared": [
            _record(row) for row in _rows(facts, CLEARINGS_PROBE) if _data(row, "Channel") == LOG
        ],
        "events": sorted(events, key=lambda event: (str(event["at"]), str(event["record_id"]))),
        "starts_at": starts[0] if starts else None,
        "unread": {
            probe: result.error.kind
            if (result := facts.get(probe)) and result.error
            else "not_read"
            for probe in PROBES
            if probe not in facts or facts[probe].error is not None
        },
    }


def _installer(
    facts: Facts, probe: str, words: tuple[str, str], accept: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what Windows Installer noted; it notes failures under the same number."""
    out = []
    for row in _rows(facts, probe):
        service = _service(_data(row, "0"), accept)
        status = _data(row, "3")
        if service and status:
            what = words[0] if status in _DONE else words[1]
            version = _data(row, "1") or None
            out.append({**_record(row), "service": service, "version": version, "what": what})
    return out


def _switched_off(facts: Facts, accept: Sequence[str]) -> list[dict[str, Any]]:
    """Return when the Security Center saw the antivirus go off; it is told so of one that goes, too."""
    return [
        {**_record(row), "service": "antivirus", "version": None, "what": SWITCHED_OFF}
        for row in _rows(facts, SECURITY_PROBE)
        if _data(row, "1") == _OFF and _service(_data(row, "0"), accept) == "antivirus"
    ]


def _service(name: str, accept: Sequence[str]) -> str | None:
    """Return which service of the contract a program gives, by the name its maker wrote."""
    if any(ANTIVIRUS[product].is_named(name) for product in accept):
        return "antivirus"
    return "backup" if name.lower().startswith("owncloud") else None


def _record(row: Row) -> dict[str, Any]:
    return {
        "account": row.get("account"),
        "at": row.get("time"),
        "digest": row.get(ACCOUNT_DIGEST),
        "id": row.get("event_id"),
        "log": "System" if row.get("event_id") == 104 else LOG,  # noqa: PLR2004 - where 104 is written
        "provider": row.get("provider"),
        "record_id": row.get("record_id"),
    }


def _rows(facts: Facts, probe: str) -> Sequence[Row]:
    result = facts.get(probe)
    return () if result is None or result.error is not None else result.rows


def _data(row: Row, name: str) -> str:
    data = row.get("data")
    return str((data or {}).get(name) or "") if isinstance(data, Mapping) else ""
