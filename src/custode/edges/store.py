"""The evidence store: one git repository for each client, written in whole commits.

Git's own commands do the work. A commit is made in one stroke (`git fast-import` moves the branch
only after everything is on the disk), so a writer that is killed leaves either the old commit or
the new one; the files beside `.git` are a copy for readers, put right by the next writer.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from custode.core.errors import StoreError
from custode.core.identity import Identity
from custode.core.store_layout import load_ledger
from custode.edges.git import (
    CHECK_RIGHTS,
    CORRUPT,
    NOT_A_REPOSITORY,
    UNSIGNED,
    run_git,
    store_error,
)

Tree = Mapping[str, bytes]
"""Every file of one commit: path with `/` to content."""

BOT_NAME = "Custode"
BOT_EMAIL = "custode@localhost"
_BRANCH = "refs/heads/main"
_UNSIGNED = "refs/custode/unsigned"
_LOCK_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Commit:
    """One commit: its id, and the ids of the files that it wrote, by path."""

    id: str
    written: dict[str, bytes]


class Store:
    """One client's repository.

    Args:
        folder: Where it is; made by the first `write`.
        signing_key: The SSH key that signs its commits, or None for commits without a signature.
    """

    def __init__(self, folder: Path, *, signing_key: Path | None = None) -> None:
        self.folder = folder
        self._signing_key = signing_key
        self._git_dir = folder / ".git"
        self._lock: int | None = None

    @contextmanager
    def locked(self, *, timeout_seconds: float = 30.0) -> Iterator[None]:
        """Keep every other writer out, and put right what a killed one left.

        The lock is inherited by git's processes, so that it outlives us for as long as one of
        them is still writing.

        Args:
            timeout_seconds: How long to wait for another writer.

        Raises:
            StoreError: Another writer did not end in time, or the folder cannot be used.
        """
        handle = self._open_lock()
        try:
            self._acquire(handle, timeout_seconds)
            self._lock = handle
            try:
                self._begin()
                self._restore_files()
            except OSError as error:
                raise _unusable(self.folder, error) from error
            yield
        finally:
            self._lock = None
            os.close(handle)

    def head(self) -> str | None:
        """Return the id of the last commit, or None before the first."""
        if not self._is_repository():
            return None
        found = self._run(["rev-parse", "--verify", "--quiet", f"{_BRANCH}^{{commit}}"], ok=(0, 1))
        return found.decode().strip() or None

    def read(self, revision: str | None = None, *, below: str = "") -> dict[str, bytes]:
        """Return every file of a commit; nothing before the first.

        Args:
            revision: A commit, or None for the last one.
            below: The folder whose files are wanted; empty for all.

        Raises:
            StoreError: The repository is damaged or the revision is not in it.
        """
        revision = revision or self.head()
        if revision is None:
            return {}
        listing = self._run(
            ["ls-tree", "-r", "-z", "--full-tree", revision, *filter(None, [below])]
        )
        entries = [entry.partition(b"\t") for entry in listing.split(b"\0") if entry]
        ids = [meta.split()[2] for meta, _, _ in entries]
        contents = self.contents(ids)
        return {
            path.decode(): contents[oid] for (_, _, path), oid in zip(entries, ids, strict=True)
        }

    def read_file(self, path: str) -> bytes | None:
        """Return one file of the last commit, or None if it is not there."""
        if self.head() is None:
            return None
        listing = self._run(["ls-tree", "-z", "--full-tree", _BRANCH, path])
        if not listing:
            return None
        return self._run(["cat-file", "blob", listing.partition(b"\t")[0].split()[2].decode()])

    def history(self) -> list[Commit]:
        """Return every commit, oldest first, with the files it wrote."""
        if self.head() is None:
            return []
        ids = self._run(["rev-list", "--reverse", "--first-parent", _BRANCH])
        command = ["diff-tree", "--stdin", "-r", "--root", "--raw", "-z", "--no-renames"]
        told = self._run([*command, "--diff-filter=AM"], stdin=ids).split(b"\0")
        commits: list[Commit] = []
        for word in (words := iter(told)):
            if word.startswith(b":"):
                commits[-1].written[next(words).decode()] = word.split()[3]
            elif word:
                commits.append(Commit(word.decode(), {}))
        return commits

    def is_signed(self, revision: str) -> bool:
        """Tell whether a commit bears a signature; whether it is good is for its reader to check."""
        head, _, _ = self._run(["cat-file", "commit", revision]).partition(b"\n\n")
        return b"\ngpgsig " in head

    def write(self, tree: Tree, *, message: str, at: datetime) -> str | None:
        """Commit a tree in one stroke, and bring the files beside `.git` up to date.

        The author and the dates are given, so the same content makes the same commit.

        Args:
            tree: All files of the new commit.
            message: The commit's message, one line.
            at: The commit's date: when the run was, not when it was published.

        Returns:
            The commit's id, or None when nothing had changed.

        Raises:
            StoreError: It could not be written; the last commit is still the last.
        """
        if self._lock is None:
            raise StoreError(f"{self.folder}: written without its lock")
        parent = self.head()
        before = self.read(parent) if parent else {}
        if parent is not None and before == dict(tree):
            return None
        branch = _BRANCH if self._signing_key is None else _UNSIGNED
        if branch == _UNSIGNED:
            self._run(["update-ref", "-d", _UNSIGNED])  # of a writer that was killed
        stream = _stream(before, tree, branch=branch, parent=parent, message=message, at=at)
        self._run(["fast-import", "--quiet", "--done", "--date-format=raw"], stdin=stream)
        if self._signing_key is not None:
            self._sign(self._signing_key, parent=parent, message=message, at=at)
        self._restore_files()
        return self.head()

    def _sign(self, key: Path, *, parent: str | None, message: str, at: datetime) -> None:
        """Make the commit anew with a signature, and let the branch point at it in one stroke."""
        tree = self._run(["rev-parse", f"{_UNSIGNED}^{{tree}}"]).decode().strip()
        settings = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"]
        above = [] if parent is None else ["-p", parent]
        commit = run_git(
            self.folder,
            [*settings, "commit-tree", "-S", tree, *above],
            stdin=message.encode() + b"\n",
            lock=self._lock,
            more=_identity(at),
            otherwise=UNSIGNED,
        )
        self._run(["update-ref", _BRANCH, commit.decode().strip(), parent or ""])
        self._run(["update-ref", "-d", _UNSIGNED])

    def _open_lock(self) -> int:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._git_dir.is_dir() and any(self.folder.iterdir()):
                raise store_error(self.folder, *NOT_A_REPOSITORY)
            self._git_dir.mkdir(exist_ok=True)
            return os.open(self._git_dir / "custode.lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unusable(self.folder, error) from error

    def _begin(self) -> None:
        """Make the repository, or finish making one whose maker was killed."""
        ready = self._git_dir / "custode.ready"
        if ready.exists():
            return
        for name in ("HEAD.lock", "config.lock"):
            (self._git_dir / name).unlink(missing_ok=True)
        self._run(["init", "--quiet", "--initial-branch=main"])
        ready.touch()

    def _is_repository(self) -> bool:
        """Tell whether git would know it as one; half a `git init` is none."""
        parts = (self._git_dir / name for name in ("HEAD", "objects", "refs"))
        return all(part.exists() for part in parts)

    def _acquire(self, handle: int, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise store_error(
                        self.folder,
                        f"another publish has been writing it for {timeout_seconds:.0f} s",
                        "wait for it, then run `custode publish`",
                    ) from error
                time.sleep(_LOCK_POLL_SECONDS)
            else:
                return

    def _restore_files(self) -> None:
        """Make the files beside `.git` those of the last commit; files not ours are left alone."""
        if self.head() is None:
            return
        marker = self._git_dir / "custode.restoring"
        if marker.exists():
            # A writer was killed in here: its lock is nobody's now.
            (self._git_dir / "index.lock").unlink(missing_ok=True)
        marker.touch()
        self._run(["reset", "--quiet", "--hard", _BRANCH])
        marker.unlink()

    def contents(self, ids: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return what files hold, by the ids that `history` gives them."""
        wanted = sorted(set(ids))
        data = self._run(["cat-file", "--batch"], stdin=b"".join(oid + b"\n" for oid in wanted))
        out: dict[bytes, bytes] = {}
        position = 0
        for oid in wanted:
            end = data.find(b"\n", position)
            header = data[position:end].split()
            if end < 0 or len(header) != 3 or header[1] != b"blob":  # noqa: PLR2004 - id, type, size
                raise store_error(self.folder, *CORRUPT)
            start, size = end + 1, int(header[2])
            out[oid] = data[start : start + size]
            position = start + size + 1
        return out

    def _run(
        self, arguments: Sequence[str], *, stdin: bytes = b"", ok: Sequence[int] = (0,)
    ) -> bytes:
        return run_git(self.folder, arguments, stdin=stdin, ok=ok, lock=self._lock)


def recorded_identity(folder: Path, device: str) -> Identity | None:
    """Return the identity that the store holds of a PC, or None if it has none yet.

    Args:
        folder: The client's store.
        device: The PC's name.

    Raises:
        StoreError: The store cannot be read.
    """
    content = Store(folder).read_file(f"devices/{device}/identity.json")
    return None if content is None else Identity.from_json(json.loads(content))


def _identity(at: datetime) -> dict[str, str]:
    """Return who commits and when, as git's environment has it."""
    date = _raw_date(at)
    return {
        f"GIT_{role}_{name}": value
        for role in ("AUTHOR", "COMMITTER")
        for name, value in (("NAME", BOT_NAME), ("EMAIL", BOT_EMAIL), ("DATE", date))
    }


def _raw_date(at: datetime) -> str:
    return f"{int(at.astimezone(UTC).timestamp())} +0000"


def recorded_ledger(folder: Path, device: str) -> list[dict[str, Any]]:
    """Return the lines of a PC's ledger, or none where nothing was published yet.

    Args:
        folder: The client's store.
        device: The PC's name.

    Raises:
        StoreError: The store cannot be read.
    """
    path = f"devices/{device}/ledger.jsonl"
    content = Store(folder).read_file(path)
    return [] if content is None else load_ledger({path: content}, device)


def _stream(
    before: Tree, after: Tree, *, branch: str, parent: str | None, message: str, at: datetime
) -> bytes:
    person = f"{BOT_NAME} <{BOT_EMAIL}> {_raw_date(at)}"
    text = message.encode() + b"\n"
    parts = [
        # Without its last word, `done`, git refuses the whole stream: half a commit cannot be.
        b"feature done\n",
        f"commit {branch}\nauthor {person}\ncommitter {person}\n".encode(),
        b"data %d\n%s\n" % (len(text), text),
    ]
    if parent is not None:
        parts.append(f"from {parent}\n".encode())
    parts.extend(b"D %s\n" % _quoted(path) for path in sorted(before) if path not in after)
    for path in sorted(after):
        if before.get(path) != after[path]:
            content = after[path]
            parts.append(b"M 100644 inline %s\n" % _quoted(path))
            parts.append(b"data %d\n%s\n" % (len(content), content))
    parts.append(b"done\n")
    return b"".join(parts)


def _unusable(folder: Path, error: OSError) -> StoreError:
    return store_error(folder, str(error.strerror).lower(), CHECK_RIGHTS)


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()
