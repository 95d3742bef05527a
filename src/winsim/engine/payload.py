"""Puts stand-ins at the head of the script that a payload brings, and nothing else into it."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode

_MARK = b"\n\x00\x00\x00\x00\n"
# What has to be the first statement of a script; such a script is left as it is.
_FIRST = re.compile(r"(using\s|param\b|\[CmdletBinding)", re.IGNORECASE)


def with_standins(stdin: bytes, standins: str) -> bytes:
    """Return a module's input whose script first brings the stand-ins into its scope.

    A stand-in must be in the module's own script: modules run in a runspace of their own, where
    functions of the session that called are not seen (ansible-core 2.19 and newer).

    Args:
        stdin: What Ansible sends to the process.
        standins: The file of the stand-ins.

    Returns:
        The input as it came when it brings no module.
    """
    parts = stdin.split(_MARK, 2)
    if len(parts) < 2:  # noqa: PLR2004 - the wrapper and its manifest
        return stdin
    try:
        manifest = json.loads(parts[1])
        name = manifest["actions"][-1]["params"]["Script"]
        script = b64decode(manifest["scripts"][name]["script"]).decode("utf-8-sig")
    except (ValueError, KeyError, TypeError, IndexError):
        return stdin
    changed = _with_head(script, f". '{standins}'")
    manifest["scripts"][name]["script"] = b64encode(changed.encode()).decode()
    return _MARK.join([parts[0], json.dumps(manifest).encode(), *parts[2:]])


def _with_head(script: str, head: str) -> str:
    """Return a script with a line before its first statement."""
    lines = script.splitlines(keepends=True)
    inside = False
    for index, line in enumerate(lines):
        text = line.strip()
        if inside or text.startswith("<#"):
            inside = "#>" not in text
            continue
        if not text or text.startswith("#"):
            continue
        if _FIRST.match(text):
            return script
        return "".join([*lines[:index], head, "\n", *lines[index:]])
    return script
