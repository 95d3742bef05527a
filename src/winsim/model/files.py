"""Files and folders by Windows path: case is kept, and does not tell names apart."""

from __future__ import annotations

import hashlib
import ntpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from winsim.model.paths import JUNCTIONS, clean, long_path, short_path, through_junctions
from winsim.moments import SimClock, resolve, utc_text

_BLOCK = 1 << 20
_MOMENT = re.compile(r"\{(now(?:\s*[+-]\s*\d+\s*[smhd])?)\}", re.ASCII)
_ANY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class File:
    """One file. Its content matters only where something was really copied, or is read as text.

    Attributes:
        path: Where it lies.
        size: In bytes; that of its lines where they are told.
        modified: When it was written last.
        version: What its resources say, if it is a program.
        signer: Whose signature it carries.
        locked: Whether a program has it open for itself.
        data: Its content, byte for byte.
        lines: Its content as text; `{now - 2h}` in it is that moment, in UTC.
    """

    path: str
    size: int = 0
    modified: Any = "now"
    version: str | None = None
    signer: str | None = None
    locked: bool = False
    hidden: bool = False
    data: bytes | None = None
    lines: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Let a text be as long as it is: moments in it always take the same room."""
        if self.lines and not self.size:
            object.__setattr__(self, "size", len(self.text(_ANY) or b""))

    def text(self, now: datetime) -> bytes | None:
        """Return the lines as Windows keeps them, or None where no content is told."""
        if not self.lines:
            return self.data
        told = (_MOMENT.sub(lambda f: utc_text(resolve(f[1], now)), line) for line in self.lines)
        return "".join(f"{line}\r\n" for line in told).encode()


class LockedError(PermissionError):
    """A program has the file open."""


class FileSystem:
    """What lies on the disks."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._files: dict[str, File] = {}
        self._folders: dict[str, str] = {}
        self._junctions: dict[str, tuple[str, str]] = {}

    def real(self, path: str) -> str:
        """Return where a path really leads: through junctions, and from short names to long."""
        found = clean(path)
        if "~" in found:
            found = long_path(found, exists=self._has, children=self._names)
        return through_junctions(found, self._junctions)

    def short(self, path: str) -> str:
        """Return a path in names of eight letters and three, as old programs write it."""
        return short_path(self.real(path), children=self._names)

    def add_junction(self, path: str, target: str) -> None:
        """Let a path lead to another folder."""
        self._junctions[clean(path).lower()] = (clean(path), clean(target))

    def junction(self, path: str) -> str | None:
        """Return where a junction leads, or None when the path is none."""
        folder, name = ntpath.split(clean(path))
        low = ntpath.join(self._key(folder), name.lower())
        found = self._junctions.get(low) or JUNCTIONS.get(low)
        return None if found is None else found[1]

    def is_own_junction(self, path: str) -> bool:
        """Tell whether a junction is one that every Windows has."""
        return clean(path).lower() in JUNCTIONS

    def spelt(self, path: str) -> str:
        """Return a path as Windows shows it: as it was made; junctions in it stay."""
        found = clean(path)
        if "~" in found:
            found = long_path(found, exists=self._has, children=self._names)
        low = found.lower()
        if through_junctions(found, self._junctions) != found:
            known = self._junctions.get(low) or JUNCTIONS.get(low)
            return found if known is None else known[0]
        kept = self._files.get(low)
        return kept.path if kept is not None else self._folders.get(low, found)

    def _has(self, path: str) -> bool:
        low = path.lower()
        return low in self._files or low in self._folders or low in self._junctions

    def _names(self, folder: str) -> list[str]:
        """Return the names in a folder, in the order in which they were made."""
        inside = through_junctions(clean(folder), self._junctions).lower().rstrip("\\") + "\\"
        paths = [*self._folders.values(), *(file.path for file in self._files.values())]
        return [
            path[len(inside) :]
            for path in paths
            if path.lower().startswith(inside) and "\\" not in path[len(inside) :]
        ]

    def _key(self, path: str) -> str:
        return self.real(path).lower()

    def _inside(self, folder: str) -> str:
        return self._key(folder).rstrip("\\") + "\\"

    def add(self, file: File) -> None:
        """Put a file in its place, with the folders above it.

        Raises:
            IsADirectoryError: There is a folder of this name.
            NotADirectoryError: What should be a folder above it is a file.
        """
        if self.is_folder(file.path):
            raise IsADirectoryError(file.path)
        self.make_folder(ntpath.dirname(self.real(file.path)))
        self._files[self._key(file.path)] = replace(file, path=self.real(file.path))

    def write(self, path: str, data: bytes) -> None:
        """Write a file's content; it is modified now, and stays so as the clock moves on."""
        self.add(File(path, size=len(data), modified=self._clock.now(), data=data))

    def copy(self, source: str, target: str) -> None:
        """Copy a file: content, version, signature and time of writing stay as they are.

        Raises:
            FileNotFoundError: There is no such file.
        """
        file = self._files.get(self._key(source))
        if file is None:
            raise FileNotFoundError(source)
        modified = resolve(file.modified, self._clock.now())
        self.add(replace(file, path=target, modified=modified, locked=False))

    def read(self, path: str) -> bytes:
        """Return a file's content; zeros where only its size is known.

        Raises:
            FileNotFoundError: There is no such file.
        """
        file = self._files.get(self._key(path))
        if file is None:
            raise FileNotFoundError(path)
        data = file.text(self._clock.now())
        return b"\0" * file.size if data is None else data

    def digest(self, path: str, algorithm: str = "sha1") -> str:
        """Return a file's checksum in hexadecimal, as `read` would give its content.

        Raises:
            FileNotFoundError: There is no such file.
        """
        file = self._files.get(self._key(path))
        if file is None:
            raise FileNotFoundError(path)
        data = file.text(self._clock.now())
        made = hashlib.new(algorithm, data or b"", usedforsecurity=False)
        if data is None:
            # A mail store may have gigabytes: never all at once.
            for start in range(0, file.size, _BLOCK):
                made.update(b"\0" * min(_BLOCK, file.size - start))
        return made.hexdigest()

    def release(self, path: str) -> None:
        """Let go of a file that a program had open."""
        file = self._files.get(self._key(path))
        if file is not None and file.locked:
            self._files[self._key(path)] = replace(file, locked=False)

    def get(self, path: str) -> File | None:
        """Return a file, or None."""
        return self._files.get(self._key(path))

    def has_drive(self, path: str) -> bool:
        """Tell whether there is a drive of the letter that a path begins with."""
        drive = ntpath.splitdrive(self._key(path))[0]
        return any(key.startswith(f"{drive}\\") for key in (*self._folders, *self._files))

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or a folder."""
        return self._key(path) in self._files or self.is_folder(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether there is a folder."""
        return self._key(path) in self._folders

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it.

        Raises:
            NotADirectoryError: What should be a folder is a file.
        """
        clean, made = self.real(path), dict[str, str]()
        while not self.is_folder(clean) and self._key(clean) not in made:
            if self._key(clean) in self._files:
                raise NotADirectoryError(clean)
            made[self._key(clean)] = clean
            clean = ntpath.dirname(clean) or clean
        self._folders.update(made)

    def remove(self, path: str) -> bool:
        """Remove a file, or a folder with all in it; tell whether anything was there.

        Raises:
            LockedError: A file is in use; nothing was removed.
        """
        if self._drop_junction(path):
            return True
        doomed = self.below(path, itself=True)
        if any(file.locked for file in doomed):
            raise LockedError(path)
        for file in doomed:
            del self._files[self._key(file.path)]
        inside = self._inside(path)
        folders = [k for k in self._folders if k == self._key(path) or k.startswith(inside)]
        for key in folders:
            del self._folders[key]
        return bool(doomed or folders)

    def _drop_junction(self, path: str) -> bool:
        """Take a junction of this PC away, not what it leads to."""
        return self._junctions.pop(clean(path).lower(), None) is not None

    def below(self, folder: str, *, itself: bool = False) -> list[File]:
        """Return the files under a folder, however deep, by path."""
        inside = self._inside(folder)
        return [
            file
            for key, file in sorted(self._files.items())
            if key.startswith(inside) or (itself and key == self._key(folder))
        ]

    def folders(self, folder: str) -> list[str]:
        """Return the folders under a folder, however deep, by path."""
        inside = self._inside(folder)
        return [path for key, path in sorted(self._folders.items()) if key.startswith(inside)]

    @property
    def total_bytes(self) -> int:
        """Return how much room all files take."""
        return sum(file.size for file in self._files.values())

    def all_folders(self) -> list[str]:
        """Return every folder, by path; junctions are none."""
        return [path for _, path in sorted(self._folders.items())]

    def junctions(self) -> list[tuple[str, str]]:
        """Return every junction with where it leads, by path."""
        return [pair for _, pair in sorted(self._junctions.items())]

    def __iter__(self) -> Iterator[File]:
        """Iterate over all files, by path."""
        return iter([file for _, file in sorted(self._files.items())])

    def snapshot(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "files": [_plain(asdict(file)) for file in self],
            "folders": [path for _, path in sorted(self._folders.items())],
            "junctions": [list(pair) for _, pair in sorted(self._junctions.items())],
        }


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    data = entry["data"]
    shown = {**entry, "modified": str(entry["modified"]), "lines": list(entry["lines"])}
    return {**shown, "data": None if data is None else data.hex()}
