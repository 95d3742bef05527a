"""Planted secrets: how they are searched for in whatever a run leaves, and while it goes on."""

from __future__ import annotations

import os
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Self

_SAMPLE_SECONDS = 0.02


@cache
def forms(secret: str) -> frozenset[bytes]:
    """Return the bytes in which a text may hide: as it is, as Windows writes it, in base64."""
    plain = {secret.encode(), secret.encode("utf-16-le")}
    encoded = set()
    for text in plain:
        for shift in range(3):
            # What stands before decides on which of three places the letters begin; the ends differ.
            letters = b64encode(b"\0" * shift + text)
            encoded.add(letters[4 if shift else 0 : -4])
    return frozenset(plain | encoded)


def found_in(data: bytes, canaries: Mapping[str, str]) -> list[str]:
    """Return the names of the canaries that some bytes hold."""
    return [name for name, secret in canaries.items() if any(f in data for f in forms(secret))]


def leaks(root: Path, canaries: Mapping[str, str], *, skip: Iterable[Path] = ()) -> list[str]:
    """Return each file below a folder that holds a canary, with its name; git's objects too."""
    skipped, out = set(skip), []
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or skipped & {path, *path.parents}:
            continue
        out += [f"{path.relative_to(root)}: {name}" for name in found_in(_read(path), canaries)]
    for folder in sorted(root.rglob("objects")):
        if (folder.parent / "HEAD").is_file():
            command = ["git", "--git-dir", str(folder.parent), "cat-file", "--batch"]
            objects = [*command, "--batch-all-objects"]
            data = subprocess.run(objects, check=True, capture_output=True).stdout
            out += [f"{folder.parent.relative_to(root)}: {n}" for n in found_in(data, canaries)]
    return out


class Watch:
    """Looks at every process's command line, and at a folder of temporary files, all the while."""

    def __init__(self, canaries: Mapping[str, str], temporary: Path) -> None:
        self._canaries = canaries
        self._temporary = temporary
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: set[str] = set()
        self.modes: set[int] = set()
        self.samples = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            self.samples += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                self.seen |= {f"process: {n}" for n in found_in(_read(path), self._canaries)}
            for path in _below(self._temporary):
                self.seen |= {f"{path.name}: {n}" for n in found_in(_read(path), self._canaries)}
            for path in self._temporary.glob("custode-*"):
                self._note(path)

    def _note(self, path: Path) -> None:
        try:
            self.modes.add(path.stat().st_mode & 0o777)
        except OSError:
            return  # it is gone already


def _below(folder: Path) -> list[Path]:
    # Unlike `rglob`, it takes no offence at a folder that is gone meanwhile.
    return [Path(place) / name for place, _, names in os.walk(folder) for name in names]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # a process that ended, a folder, a socket
