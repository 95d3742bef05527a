"""Faults as data: what goes wrong, on which PCs, at which step, how often, between which dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from winsim.errors import WinsimError

KINDS = {
    "offline": "nothing listens: the connection is refused, as on a PC that is switched off",
    "refused": "WinRM is stopped: the connection is refused",
    "unauthorized": "every credential is refused with 401",
    "timeout": "the operation never ends: Receive answers only with operation timeouts",
    "reset": "the connection is reset in the middle of the operation",
    "garbage": "the command ends with output that is no JSON",
    "unavailable": "HTTP 503",
    "empty": "HTTP 500 with an empty body",
    "idle_close": "the connection is closed after a normal reply, as an idle limit does",
    "lost_reply": "the operation is done, and the connection breaks before its reply",
    "quota": "Create is refused: too many shells",
    "access_denied": "Create is refused: known, but no administrator",
    "shell_gone": "the shell is unknown, as after a restart of WinRM",
    "blocked": "an antivirus blocks the script: no output, and its words as an error",
    "constrained": "the language mode forbids the script",
    "no_memory": "the process cannot start: exit code 0xC0000142 and no output",
}
AUTHENTICATE = "Authenticate"
OPERATIONS = ("Create", "Command", "Send", "Receive", "Signal", "Delete")
_DEFAULT_OPERATION = {
    **dict.fromkeys(("timeout", "garbage", "reset", "lost_reply", "shell_gone"), "Receive"),
    **dict.fromkeys(("blocked", "constrained", "no_memory"), "Receive"),
    **dict.fromkeys(("quota", "access_denied"), "Create"),
    "idle_close": "Command",
}
_KEYS = ("host", "fault", "operation", "nth", "module", "from", "until")


@dataclass(frozen=True)
class Fault:
    """One rule. `nth` counts matching requests of a PC from 1; None means each of them."""

    host: str
    kind: str
    operation: str | None = None
    nth: int | None = None
    module: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def applies(self, host: str, now: datetime) -> bool:
        """Tell whether the rule speaks of this PC at this time."""
        return (
            fnmatchcase(host, self.host)
            and (self.since is None or now >= self.since)
            and (self.until is None or now < self.until)
        )


class FaultList:
    """The rules in force, and how often each has matched."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self._seen: dict[tuple[int, str], int] = {}

    def replace(self, faults: Sequence[Fault]) -> None:
        """Put other rules in force; counting begins anew."""
        self._faults = tuple(faults)
        self._seen.clear()

    def closed(self, host: str, now: datetime) -> bool:
        """Tell whether a PC must not even listen."""
        return any(
            fault.kind in {"offline", "refused"} and fault.applies(host, now)
            for fault in self._faults
        )

    def at(self, host: str, operation: str, now: datetime, *, module: str = "") -> str | None:
        """Return the kind of fault that strikes this request, or None."""
        for index, fault in enumerate(self._faults):
            wanted = fault.operation or _DEFAULT_OPERATION.get(fault.kind)
            if fault.kind in {"offline", "refused"} or not fault.applies(host, now):
                continue
            # Credentials are judged before the operation is known.
            before = fault.kind == "unauthorized" and wanted is None
            if before != (operation == AUTHENTICATE):
                continue
            if wanted is not None and wanted != operation:
                continue
            if fault.module is not None and not fnmatchcase(module, fault.module):
                continue
            count = self._seen[index, host] = self._seen.get((index, host), 0) + 1
            if fault.nth is None or fault.nth == count:
                return fault.kind
        return None


def parse_faults(data: Any, *, where: str) -> list[Fault]:
    """Read a fault list.

    Args:
        data: A list of mappings, as YAML gives it.
        where: The file's name, for errors.

    Raises:
        WinsimError: An entry has an unknown key or value; the text says which and what may be.
    """
    if not isinstance(data, list):
        raise WinsimError(f"{where}: a list of faults is needed")
    return [_parse(entry, f"{where}: fault {index + 1}") for index, entry in enumerate(data)]


def _parse(entry: Any, where: str) -> Fault:
    if not isinstance(entry, Mapping):
        raise WinsimError(f"{where}: keys and values are needed")
    unknown = sorted(set(entry) - set(_KEYS))
    if unknown:
        raise WinsimError(f"{where}: unknown key {unknown[0]}; allowed: {', '.join(_KEYS)}")
    kind = entry.get("fault")
    if kind not in KINDS:
        raise WinsimError(f"{where}: fault is {kind!r}; allowed: {', '.join(KINDS)}")
    operation = entry.get("operation")
    if operation is not None and operation not in OPERATIONS:
        raise WinsimError(f"{where}: operation {operation!r}; allowed: {', '.join(OPERATIONS)}")
    nth = entry.get("nth")
    if nth is not None and (not isinstance(nth, int) or isinstance(nth, bool) or nth < 1):
        raise WinsimError(f"{where}: nth is {nth!r}; allowed: a whole number from 1")
    return Fault(
        host=str(entry.get("host", "*")),
        kind=str(kind),
        operation=operation,
        nth=nth,
        module=entry.get("module"),
        since=_moment(entry.get("from"), where),
        until=_moment(entry.get("until"), where),
    )


def _moment(value: Any, where: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise WinsimError(f"{where}: {value!r} is no moment; write 2026-11-09T09:00:00Z") from error
    if moment.tzinfo is None:
        raise WinsimError(f"{where}: {value!r} needs a time zone, such as Z at its end")
    return moment
