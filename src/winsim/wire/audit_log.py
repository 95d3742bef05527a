"""What was done on each PC, one JSON line a request, with everything secret masked."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SECRET = re.compile(r"pass|secret|token|credential|api_?key|private|assignment", re.IGNORECASE)
_MASK = "********"
_KEPT_CHARACTERS = 200
_KEPT_ENTRIES = 10_000


class AuditLog:
    """Appends to one file a PC; the newest are kept in memory too, for tests and `winsim list`."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.entries: deque[dict[str, Any]] = deque(maxlen=_KEPT_ENTRIES)
        self.count = 0
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")

    def add(self, entry: Mapping[str, Any]) -> None:
        """Keep one entry."""
        self.entries.append(dict(entry))
        self.count += 1
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n")


def masked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments fit to be written down.

    A task marked `no_log` shows no value at all; elsewhere values under a name that sounds like a
    secret are masked, Ansible's own keys left out, and long texts cut.
    """
    hidden = bool(arguments.get("_ansible_no_log"))
    shown = {k: v for k, v in arguments.items() if not str(k).startswith("_ansible_")}
    return {str(k): _MASK if hidden else _value(str(k), v) for k, v in shown.items()}


def _value(name: str, value: Any) -> Any:
    if _SECRET.search(name):
        return _MASK
    if isinstance(value, Mapping):
        return {str(k): _value(str(k), v) for k, v in value.items()}
    if isinstance(value, list):
        return [_value(name, item) for item in value]
    if isinstance(value, str) and len(value) > _KEPT_CHARACTERS:
        return value[:_KEPT_CHARACTERS] + "…"
    return value
