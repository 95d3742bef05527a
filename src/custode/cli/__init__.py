"""The face: arguments, progress and exit codes; no logic."""

from __future__ import annotations

import sys

from custode.core.errors import CustodeError


def main() -> None:
    """Run the command line; every foreseen error becomes a sentence and its exit code."""
    from custode.cli.app import app  # after the cheap imports

    try:
        app()
    except CustodeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the face may print
        if error.hint:
            print(f"next:  {error.hint}", file=sys.stderr)  # noqa: T201
        raise SystemExit(int(error.exit_code)) from None
