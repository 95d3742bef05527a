"""Runs git's own commands on a store, and says in a sentence what went wrong."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from custode.core.errors import StoreError

# Nothing of the technician's own git may change what is written: hooks, signing, line ends.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.autocrlf=false",
    "core.fsmonitor=false",
    "core.fsync=all",
    "commit.gpgsign=false",
    "gc.auto=0",
    "fastimport.unpackLimit=100",
)
CHECK_RIGHTS = "check the owner and permissions of the folder"
NOT_A_REPOSITORY = (
    "it is not a git repository",
    "restore the folder from a copy, or move it away to begin a new one",
)
# What git says in the C locale, and what it means.
_SYMPTOMS = (
    ("no space left", "the disk is full", "free some space, then run `custode publish`"),
    ("permission denied", "it may not be written or read", CHECK_RIGHTS),
    ("read-only file system", "it is on a read-only disk", "check the disk, then mount it again"),
    ("dubious ownership", "another user owns it", "run as the user who owns the folder"),
    (
        ".lock': file exists",
        "another git command is at work in it, or was broken off",
        "wait for it; if none runs, remove the .lock file that git names",
    ),
    ("not a git repository", *NOT_A_REPOSITORY),
)
UNSIGNED = (
    "the commit could not be signed",
    "check CUSTODE_SIGNING_KEY: a readable SSH key without a passphrase, or one in your agent",
)
CORRUPT = ("it is damaged", "restore the folder from a copy; `git fsck` says what is missing")


def run_git(
    folder: Path,
    arguments: Sequence[str],
    *,
    stdin: bytes = b"",
    ok: Sequence[int] = (0,),
    lock: int | None = None,
    more: Mapping[str, str] | None = None,
    otherwise: tuple[str, str] = CORRUPT,
) -> bytes:
    """Run one git command on the repository in a folder and return what it printed.

    The folder's own `.git` is named outright, so that a repository around it is never meant.

    Args:
        folder: The work tree.
        arguments: The command and its arguments.
        stdin: What the command reads.
        ok: Exit codes that are answers, not errors.
        lock: A file descriptor that the command keeps open for as long as it lives.
        more: More variables of its environment.
        otherwise: What a failure means that git's words do not explain, and what to do.

    Raises:
        StoreError: git is missing, or ended otherwise; the message says what that means.
    """
    where = [f"--git-dir={folder / '.git'}", f"--work-tree={folder}"]
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    try:
        done = subprocess.run(
            ["git", *settings, *where, *arguments],  # noqa: S607 - the system's git
            input=stdin,
            capture_output=True,
            check=False,
            cwd=folder,
            env={**_environment(), **(more or {})},
            pass_fds=() if lock is None else (lock,),
        )
    except FileNotFoundError as error:
        raise StoreError(
            "git is not installed", hint="install git, version 2.35 or newer"
        ) from error
    if done.returncode in ok:
        return done.stdout
    words = done.stderr.decode(errors="replace").strip()
    for pattern, meaning, hint in _SYMPTOMS:
        if pattern in words.lower():
            raise store_error(folder, meaning, hint, words)
    raise store_error(folder, *otherwise, words)


def store_error(folder: Path, meaning: str, hint: str, words: str = "") -> StoreError:
    """Return the error that says what is wrong with a store, what to do, and git's own words."""
    said = f" (git says: {words})" if words else ""
    return StoreError(f"{folder}: {meaning}{said}", hint=hint)


def _environment() -> dict[str, str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "TMPDIR", "SSH_AUTH_SOCK") if name in os.environ
    }
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        # A key with a passphrase is the agent's: nobody may be there to type it.
        "SSH_ASKPASS": "false",
        "SSH_ASKPASS_REQUIRE": "force",
    }
