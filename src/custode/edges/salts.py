"""The salt of a client's people: a file of the controller's, outside everything that is published.

Deleting it erases the people: their digests stand in the store as they were signed, and nobody can
make them again.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from custode.core.errors import UsageError
from custode.core.people import SALT_BYTES
from custode.edges.project import Project

SALTS = "CUSTODE_SALTS"
"""The environment's name for the folder, where it is not `salts/` in the checkout."""


def salt_path(project: Project, client: str) -> Path:
    """Return where a client's salt is kept."""
    named = os.environ.get(SALTS)
    folder = Path(named).expanduser() if named else project.root / "salts"
    return folder / f"{client}.salt"


def people_salt(project: Project, client: str) -> bytes:
    """Return a client's salt, made when it is asked for the first time.

    Raises:
        UsageError: The file cannot be made or read, others may read it, or it holds no salt.
    """
    path = salt_path(project, client)
    try:
        if not path.exists():
            _make(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii").strip()
        salt = bytes.fromhex(text)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: the salt cannot be read: {error}",
            hint=f"check the folder's owner, or name another one in {SALTS}",
        ) from error
    if mode & 0o077:
        raise UsageError(f"{path}: others may read the salt", hint=f"chmod 600 {path}")
    if len(salt) != SALT_BYTES:
        raise UsageError(
            f"{path}: found {len(salt)} bytes, a salt has {SALT_BYTES}",
            hint="restore it from a copy; a new one makes digests that compare with no old one",
        )
    return salt


def _make(path: Path) -> None:
    """Write a new salt in one stroke; of two that do so at once, the first one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(SALT_BYTES)}\n")
            file.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
