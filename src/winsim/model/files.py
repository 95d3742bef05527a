"""Files and folders by Windows path: case is kept, and does not tell names apart."""

from __future__ import annotations

import hashlib
import ntpath
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from winsim.moments import SimClock, resolve

_BLOCK = 1 << 20


@dataclass(frozen=True)
class File:
    """One file. Its content matters only where something was really copied."""

    path: str
    size: int = 0
    modified: Any = "now"
    version: str | None = None
    signer: str | None = None
    locked: bool = False
    data: bytes | None = None


class LockedError(PermissionError):
    """A program has the file open."""


class FileSystem:
    """What lies on the disks."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._files: dict[str, File] = {}
        self._folders: dict[str, str] = {}

    def add(self, file: File) -> None:
        """Put a file in its place, with the folders above it.

        Raises:
            IsADirectoryError: There is a folder of this name.
            NotADirectoryError: What should be a folder above it is a file.
        """
        if self.is_folder(file.path):
            raise IsADirectoryError(file.path)
        self.make_folder(ntpath.dirname(_clean(file.path)))
        self._files[_key(file.path)] = replace(file, path=_clean(file.path))

    def write(self, path: str, data: bytes) -> None:
        """Write a file's content; it is modified now, and stays so as the clock moves on."""
        self.add(File(path, size=len(data), modified=self._clock.now(), data=data))

    def copy(self, source: str, target: str) -> None:
        """Copy a file: content, version, signature and time of writing stay as they are.

        Raises:
            FileNotFoundError: There is no such file.
        """
        file = self._files.get(_key(source))
        if file is None:
            raise FileNotFoundError(source)
        modified = resolve(file.modified, self._clock.now())
        self.add(replace(file, path=target, modified=modified, locked=False))

    def read(self, path: str) -> bytes:
        """Return a file's content; zeros where only its size is known.

        Raises:
            FileNotFoundError: There is no such file.
        """
        file = self._files.get(_key(path))
        if file is None:
            raise FileNotFoundError(path)
        return file.data if file.data is not None else b"\0" * file.size

    def digest(self, path: str, algorithm: str = "sha1") -> str:
        """Return a file's checksum in hexadecimal, as `read` would give its content.

        Raises:
            FileNotFoundError: There is no such file.
        """
        file = self._files.get(_key(path))
        if file is None:
            raise FileNotFoundError(path)
        made = hashlib.new(algorithm, file.data or b"", usedforsecurity=False)
        if file.data is None:
            # A mail store may have gigabytes: never all at once.
            for start in range(0, file.size, _BLOCK):
                made.update(b"\0" * min(_BLOCK, file.size - start))
        return made.hexdigest()

    def get(self, path: str) -> File | None:
        """Return a file, or None."""
        return self._files.get(_key(path))

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or a folder."""
        return _key(path) in self._files or self.is_folder(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether there is a folder."""
        return _key(path) in self._folders

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it.

        Raises:
            NotADirectoryError: What should be a folder is a file.
        """
        clean, made = _clean(path), dict[str, str]()
        while not self.is_folder(clean) and _key(clean) not in made:
            if _key(clean) in self._files:
                raise NotADirectoryError(clean)
            made[_key(clean)] = clean
            clean = ntpath.dirname(clean) or clean
        self._folders.update(made)

    def remove(self, path: str) -> bool:
        """Remove a file, or a folder with all in it; tell whether anything was there.

        Raises:
            LockedError: A file is in use; nothing was removed.
        """
        doomed = self.below(path, itself=True)
        if any(file.locked for file in doomed):
            raise LockedError(path)
        for file in doomed:
            del self._files[_key(file.path)]
        inside = _inside(path)
        folders = [k for k in self._folders if k == _key(path) or k.startswith(inside)]
        for key in folders:
            del self._folders[key]
        return bool(doomed or folders)

    def below(self, folder: str, *, itself: bool = False) -> list[File]:
        """Return the files under a folder, however deep, by path."""
        inside = _inside(folder)
        return [
            file
            for key, file in sorted(self._files.items())
            if key.startswith(inside) or (itself and key == _key(folder))
        ]

    def folders(self, folder: str) -> list[str]:
        """Return the folders under a folder, however deep, by path."""
        inside = _inside(folder)
        return [path for key, path in sorted(self._folders.items()) if key.startswith(inside)]

    @property
    def total_bytes(self) -> int:
        """Return how much room all files take."""
        return sum(file.size for file in self._files.values())

    def __iter__(self) -> Iterator[File]:
        """Iterate over all files, by path."""
        return iter([file for _, file in sorted(self._files.items())])

    def snapshot(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "files": [_plain(asdict(file)) for file in self],
            "folders": [path for _, path in sorted(self._folders.items())],
        }


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    data = entry["data"]
    shown = {**entry, "modified": str(entry["modified"])}
    return {**shown, "data": None if data is None else data.hex()}


def _clean(path: str) -> str:
    return ntpath.normpath(path.replace("/", "\\"))


def _key(path: str) -> str:
    return _clean(path).lower()


def _inside(folder: str) -> str:
    return _key(folder).rstrip("\\") + "\\"
