"""The run journal: one event a line, on disk before the next step begins.

A run that is killed at any moment leaves every event it had seen; at worst the line being written
is torn, and a torn last line is an event that never was.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from custode.core.errors import StoreError, UsageError

Event = dict[str, Any]

JOURNAL = "journal.jsonl"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass
class Journal:
    """The journal of one run, open for appending; one process writes it.

    Attributes:
        path: The file.
        run_id: The run's name, such as `20261109T080000Z-monthly`.
    """

    path: Path
    run_id: str
    _next: int = 1

    @classmethod
    def create(cls, folder: Path, *, verb: str, at: datetime) -> Journal:
        """Make a new run's folder, which nobody else can have made, and its empty journal.

        Args:
            folder: The client's journals; made if it is not there.
            verb: What is being done, such as `monthly`.
            at: The run's moment; it names the run.

        Returns:
            The journal. A second run of the same second is called `...-2`.

        Raises:
            StoreError: The folder cannot be written.
        """
        base = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{verb}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run_id, count = base, 1
            while not _made(folder / run_id):
                count += 1
                run_id = f"{base}-{count}"
            path = folder / run_id / JOURNAL
            path.touch()
            for parent in (path.parent, folder):
                _sync_folder(parent)
        except OSError as error:
            raise _unwritable(folder, error) from error
        return cls(path, run_id)

    @classmethod
    def open(cls, folder: Path, run_id: str) -> Journal:
        """Open a run that `create` made, to go on after its last whole event.

        Raises:
            UsageError: There is no such run.
            StoreError: The journal is damaged or cannot be written.
        """
        path = journal_path(folder, run_id)
        if not path.is_file():
            raise UsageError(f"there is no journal of the run {run_id!r} in {folder}")
        events = read_journal(path)
        try:
            _mend(path)
        except OSError as error:
            raise _unwritable(path, error) from error
        return cls(path, run_id, len(events) + 1)

    def append(self, event: Mapping[str, Any]) -> None:
        """Keep one event for good: on return it is on the disk, whatever happens next.

        Raises:
            StoreError: It could not be written; the run must not go on as if it were.
        """
        line = json.dumps({**event, "seq": self._next}, sort_keys=True, ensure_ascii=False)
        # Ansible passes bytes it cannot decode as lone surrogates; UTF-8 has none.
        data = memoryview(line.encode(errors="replace") + b"\n")
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            try:
                while data:
                    data = data[os.write(handle, data) :]
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._next += 1

    def discard(self) -> None:
        """Remove the folder of a run that never began; a journal with an event is kept.

        Raises:
            StoreError: The folder cannot be removed.
        """
        if read_journal(self.path):
            return
        try:
            self.path.unlink()
            self.path.parent.rmdir()
        except OSError as error:
            raise _unwritable(self.path, error) from error


def journal_path(folder: Path, run_id: str) -> Path:
    """Return where a run's journal is.

    Raises:
        UsageError: The name could not be a run's.
    """
    if not _NAME.fullmatch(run_id):
        raise UsageError(f"{run_id!r} is not a run's name; one is like 20261109T080000Z-monthly")
    return folder / run_id / JOURNAL


def list_runs(folder: Path) -> list[str]:
    """Return the names of the runs that have a journal, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(item.name for item in folder.iterdir() if (item / JOURNAL).is_file())


def read_journal(path: Path) -> list[Event]:
    """Return the events of a journal; a torn last line is left out.

    Raises:
        StoreError: The file cannot be read, or a line before the last one is damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path}: the journal cannot be read: {error.strerror}",
            hint="check the folder's owner and permissions",
        ) from error
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        event = _event(line)
        if event is None and number == len(lines):
            break
        if event is None or event.get("seq") != number:
            raise StoreError(
                f"{path}:{number}: the line is damaged: no event with seq {number} stands there",
                hint="restore the journal from a copy; what was published of it stays",
            )
        events.append(event)
    return events


def journal_digest(events: list[Event]) -> str:
    """Return the SHA-256 of the whole events, PC by PC, each PC's in the order they happened.

    Neither a torn last line nor the chance by which PCs took turns makes a difference: the same
    story has the same digest.
    """
    digest = hashlib.sha256()
    for event in sorted(events, key=lambda item: str(item.get("host", ""))):
        told = {key: value for key, value in event.items() if key != "seq"}
        digest.update(json.dumps(told, sort_keys=True, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _mend(path: Path) -> None:
    """End the file with a whole line: finish one that lacks only its end, cut a torn one."""
    data = path.read_bytes()
    last = data.rpartition(b"\n")[2]
    if not last and (not data or _event(data[:-1].rpartition(b"\n")[2]) is not None):
        return
    with path.open("r+b") as file:
        if last and _event(last) is not None:
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
        else:
            whole = data[: len(data) - len(last)] if last else data[:-1]
            file.truncate(whole.rfind(b"\n") + 1)
        file.flush()
        os.fsync(file.fileno())


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: the journal cannot be written: {error.strerror}",
        hint="free some space, or check the folder's owner and permissions",
    )
