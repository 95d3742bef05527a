"""The key that signs the evidence: a setting of whoever publishes it, never of the project."""

from __future__ import annotations

import os
from pathlib import Path

from custode.core.errors import UsageError

SIGNING_KEY = "CUSTODE_SIGNING_KEY"


def signing_key() -> Path | None:
    """Return the SSH key that the environment names for signing, or None when it names none.

    Raises:
        UsageError: It names a file that is not there.
    """
    named = os.environ.get(SIGNING_KEY)
    if not named:
        return None
    path = Path(named).expanduser().resolve()
    if not path.is_file():
        raise UsageError(
            f"{SIGNING_KEY}: there is no file {path}",
            hint="name an SSH key, such as one that `ssh-keygen -t ed25519` made, or unset it",
        )
    return path
