"""Faults as data: what goes wrong, on which PCs, at which step, how often, between which dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from winsim.errors import WinsimError

AUTHENTICATE = "Authenticate"
CONNECT = "Connect"
RUN = "Run"
OPERATIONS = ("Create", "Command", "Send", "Receive", "Signal", "Delete")
_KEYS = (
    "host",
    "fault",
    "operation",
    "nth",
    "module",
    "from",
    "until",
    "seconds",
    "bytes",
    "as",
    "steps",
)


@dataclass(frozen=True)
class Kind:
    """What one kind of fault does.

    Attributes:
        words: What happens.
        at: The operation that it strikes unless a rule names another; None for any.
        where: `request`, `connection`, `command` (as it runs) or `pc` (as long as it is in force).
        needs: The keys without which it means nothing.
    """

    words: str
    at: str | None = None
    where: str = "request"
    needs: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "offline": Kind("nothing listens: refused, as on a PC that is switched off", where="pc"),
    "refused": Kind("WinRM is stopped: the connection is refused", where="pc"),
    "dns": Kind("the PC's name is not known: see `winsim inventory --faults`", where="pc"),
    "clock_skew": Kind("the PC's clock is wrong by `seconds`", where="pc", needs=("seconds",)),
    "certificate_expired": Kind("the PC shows a certificate of last year", where="connection"),
    "wrong_machine": Kind("another PC answers at the address", where="connection", needs=("as",)),
    "unauthorized": Kind("every credential is refused with 401"),
    "timeout": Kind("the operation ends in operation timeouts only, for ever", "Receive"),
    "reset": Kind("the connection is reset in the middle of the operation", "Receive"),
    "cut": Kind("the connection is reset after `bytes` of the reply", "Receive", needs=("bytes",)),
    "slow": Kind("the reply comes after `seconds`", needs=("seconds",)),
    "unavailable": Kind("HTTP 503"),
    "empty": Kind("HTTP 500 with an empty body"),
    "idle_close": Kind("the connection is closed after a normal reply", "Command"),
    "lost_request": Kind("the request is lost: nothing is done, nobody answers", "Receive"),
    "lost_reply": Kind(
        "the operation is done, and the connection breaks before its reply", "Receive"
    ),
    "quota": Kind("too many shells", "Create"),
    "access_denied": Kind("known, but no administrator", "Create"),
    "shell_gone": Kind("the shell is unknown, as after a restart of WinRM", "Receive"),
    "interrupted": Kind("the service ends the operation: code 995", "Receive"),
    "reboot": Kind("the PC restarts in the middle of the operation, and comes back", "Receive"),
    "never_ends": Kind("the command never ends", RUN, "command"),
    "killed": Kind(
        "the command is killed after `steps` of its changes, and says nothing",
        RUN,
        "command",
        needs=("steps",),
    ),
    "garbage": Kind("the command ends with output that is no JSON", "Receive"),
    "truncated": Kind("the command ends with the beginning of its JSON", "Receive"),
    "blocked": Kind("an antivirus blocks the script: no output, its words as an error", "Receive"),
    "constrained": Kind("the language mode forbids the script", "Receive"),
    "no_memory": Kind("the process cannot start: exit code 0xC0000142 and no output", "Receive"),
}


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
    seconds: float = 0
    bytes: int = 0
    other: str = ""
    steps: int = 0

    def applies(self, host: str, now: datetime) -> bool:
        """Tell whether the rule speaks of this PC at this time."""
        return (
            fnmatchcase(host, self.host)
            and (self.since is None or now >= self.since)
            and (self.until is None or now < self.until)
        )

    def strikes(self, operation: str) -> bool:
        """Tell whether the rule speaks of this step."""
        kind = KINDS[self.kind]
        if kind.where == "connection":
            return operation == CONNECT
        if kind.where == "command":
            return operation == RUN
        wanted = self.operation or kind.at
        # Credentials are judged before the operation is known.
        if self.kind == "unauthorized" and wanted is None:
            return operation == AUTHENTICATE
        return operation in OPERATIONS and wanted in {None, operation}


class FaultList:
    """The rules in force, and how often each has matched."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self._seen: dict[tuple[int, str], int] = {}

    @property
    def asks_for_modules(self) -> bool:
        """Return whether a rule speaks of a module at all."""
        return any(fault.module is not None for fault in self._faults)

    def replace(self, faults: Sequence[Fault]) -> None:
        """Put other rules in force; counting begins anew."""
        self._faults = tuple(faults)
        self._seen.clear()

    def closed(self, host: str, now: datetime) -> bool:
        """Tell whether a PC must not even listen."""
        return any(f.kind in {"offline", "refused"} for f in self._of_pc(host, now))

    def nameless(self, host: str, now: datetime) -> bool:
        """Tell whether nobody knows the PC's name."""
        return any(fault.kind == "dns" for fault in self._of_pc(host, now))

    def skew_seconds(self, host: str, now: datetime) -> float:
        """Return by how much the PC's clock is wrong."""
        return sum(f.seconds for f in self._of_pc(host, now) if f.kind == "clock_skew")

    def at(self, host: str, operation: str, now: datetime, *, module: str = "") -> Fault | None:
        """Return the fault that strikes this step, or None."""
        for index, fault in enumerate(self._faults):
            if KINDS[fault.kind].where == "pc" or not fault.strikes(operation):
                continue
            if not fault.applies(host, now):
                continue
            if fault.module is not None and not fnmatchcase(module, fault.module):
                continue
            count = self._seen[index, host] = self._seen.get((index, host), 0) + 1
            if fault.nth is None or fault.nth == count:
                return fault
        return None

    def _of_pc(self, host: str, now: datetime) -> list[Fault]:
        return [f for f in self._faults if KINDS[f.kind].where == "pc" and f.applies(host, now)]


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
    kind = str(entry.get("fault"))
    if kind not in KINDS:
        raise WinsimError(f"{where}: fault is {entry.get('fault')!r}; allowed: {', '.join(KINDS)}")
    for key in KINDS[kind].needs:
        if entry.get(key) is None:
            raise WinsimError(f"{where}: {kind} needs the key {key}")
    operation = entry.get("operation")
    if operation is not None and operation not in OPERATIONS:
        raise WinsimError(f"{where}: operation {operation!r}; allowed: {', '.join(OPERATIONS)}")
    return Fault(
        host=str(entry.get("host", "*")),
        kind=kind,
        operation=operation,
        nth=_whole(entry, "nth", where, lowest=1),
        module=entry.get("module"),
        since=_moment(entry.get("from"), where),
        until=_moment(entry.get("until"), where),
        seconds=_seconds(entry.get("seconds", 0), where),
        bytes=_whole(entry, "bytes", where, lowest=0) or 0,
        other=str(entry.get("as", "")),
        steps=_whole(entry, "steps", where, lowest=0) or 0,
    )


def _whole(entry: Mapping[str, Any], key: str, where: str, *, lowest: int) -> int | None:
    value = entry.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
        raise WinsimError(f"{where}: {key} is {value!r}; allowed: a whole number from {lowest}")
    return value


def _seconds(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WinsimError(f"{where}: seconds is {value!r}; allowed: a number")
    return float(value)


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
