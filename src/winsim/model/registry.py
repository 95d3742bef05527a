"""The machine's registry: HKLM as plain paths, both views; names are told apart without case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class _Key:
    path: str
    values: dict[str, tuple[str, Any]] = field(default_factory=dict)


class Registry:
    r"""Keys by path, such as `HKLM\SOFTWARE\TeamViewer`."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}

    def make(self, path: str) -> None:
        """Make a key and those above it."""
        parts = _clean(path).split("\\")
        for end in range(1, len(parts) + 1):
            above = "\\".join(parts[:end])
            self._keys.setdefault(above.lower(), _Key(above))

    def set(self, path: str, name: str, value: Any) -> None:
        """Set a value, making the key."""
        self.make(path)
        self._keys[_clean(path).lower()].values[name.lower()] = (name, value)

    def exists(self, path: str) -> bool:
        """Tell whether there is such a key."""
        return _clean(path).lower() in self._keys

    def get(self, path: str, name: str) -> Any:
        """Return a value, or None when key or value is not there."""
        key = self._keys.get(_clean(path).lower())
        return None if key is None else key.values.get(name.lower(), ("", None))[1]

    def has(self, path: str, name: str) -> bool:
        """Tell whether a key has a value of this name."""
        key = self._keys.get(_clean(path).lower())
        return key is not None and name.lower() in key.values

    def subkeys(self, path: str) -> list[str]:
        """Return the names of the keys directly below, in Windows' order: by name."""
        inside = _clean(path).lower() + "\\"
        below = [key.path for low, key in sorted(self._keys.items()) if low.startswith(inside)]
        return [p.rsplit("\\", 1)[1] for p in below if p.count("\\") == inside.count("\\")]

    def delete(self, path: str) -> bool:
        """Delete a key with all below it; tell whether it was there."""
        low = _clean(path).lower()
        doomed = [key for key in self._keys if key == low or key.startswith(low + "\\")]
        for key in doomed:
            del self._keys[key]
        return bool(doomed)

    def delete_value(self, path: str, name: str) -> bool:
        """Delete a value; tell whether it was there."""
        key = self._keys.get(_clean(path).lower())
        return key is not None and key.values.pop(name.lower(), None) is not None

    def snapshot(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {key.path: dict(key.values.values()) for _, key in sorted(self._keys.items())}


def _clean(path: str) -> str:
    r"""Return a path in one spelling: `HKLM:\X` and `HKEY_LOCAL_MACHINE\X` are `HKLM\X`."""
    clean = path.replace("/", "\\").strip("\\")
    root, _, rest = clean.partition("\\")
    known = {"hkey_local_machine": "HKLM", "hklm:": "HKLM", "hklm": "HKLM"}
    return "\\".join(part for part in (known.get(root.lower(), root), rest) if part)
