"""The id that git gives to a folder, computed from its files.

A report names the tree it was made from and is committed together with it, so the id must be known
before git writes anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def blob_id(content: bytes) -> str:
    """Return the id that git gives to a file with this content."""
    return _object_id("blob", content).hex()


def tree_id(files: Mapping[str, bytes], folder: str = "") -> str:
    """Return the id that git gives to a folder.

    Args:
        files: Every file by path, with `/` between names and none of them executable.
        folder: Path of the folder, such as `devices`; empty for the root.

    Returns:
        The id as 40 hexadecimal digits, as `git rev-parse <commit>:<folder>` prints it.
    """
    prefix = f"{folder}/" if folder else ""
    inside = {path[len(prefix) :]: files[path] for path in files if path.startswith(prefix)}
    return _tree(inside).hex()


def _tree(files: Mapping[str, bytes]) -> bytes:
    folders: dict[str, dict[str, bytes]] = {}
    entries: list[tuple[bytes, bytes, bytes]] = []
    for path, content in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = content
        else:
            entries.append((name.encode(), b"100644", _object_id("blob", content)))
    entries.extend((name.encode(), b"40000", _tree(inside)) for name, inside in folders.items())
    # Git sorts a folder as if its name ended with a slash.
    entries.sort(key=lambda item: item[0] + (b"/" if item[1] == b"40000" else b""))
    return _object_id("tree", b"".join(b"%s %s\0%s" % (mode, n, oid) for n, mode, oid in entries))


def _object_id(kind: str, content: bytes) -> bytes:
    header = f"{kind} {len(content)}\0".encode()
    # Git's own name for the object; nothing is kept secret or signed by it.
    return hashlib.sha1(header + content, usedforsecurity=False).digest()
