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
# What a module works on, not what it puts there.
_SUBJECTS = {
    "dest", "directory", "jid", "key", "mode", "name", "path", "product_id", "src", "state", "type",
    "why",
}  # fmt: skip
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

    A vaulted value arrives in clear, under any name: texts are shown only under the few names that
    say what a module works on, and none at all of a task marked `no_log`.
    """
    hidden = bool(arguments.get("_ansible_no_log"))
    shown = {str(k): v for k, v in arguments.items() if not str(k).startswith("_ansible_")}
    return {name: _MASK if hidden else _value(name, value) for name, value in shown.items()}


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return _MASK if _SECRET.search(name) else value
    if isinstance(value, str) and name.lower() in _SUBJECTS:
        return value[:_KEPT_CHARACTERS]
    if isinstance(value, Mapping):
        return f"{len(value)} keys"
    return f"{len(value)} {'characters' if isinstance(value, str) else 'items'}"
