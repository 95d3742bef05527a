"""The machine's registry: typed values under plain paths; names are told apart without case.

Both views are there as Windows keeps them: what 32-bit programs wrote lies below `WOW6432Node`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# As `win_regedit` names them, and as Windows does.
TYPES = {
    "none": "REG_NONE",
    "binary": "REG_BINARY",
    "dword": "REG_DWORD",
    "expandstring": "REG_EXPAND_SZ",
    "multistring": "REG_MULTI_SZ",
    "string": "REG_SZ",
    "qword": "REG_QWORD",
}
_DWORD_MAX, _QWORD_MAX = 2**32 - 1, 2**64 - 1
_ROOTS = {
    "hkey_classes_root": "HKCR",
    "hkey_current_config": "HKCC",
    "hkey_current_user": "HKCU",
    "hkey_local_machine": "HKLM",
    "hkey_users": "HKU",
    **{name.lower(): name for name in ("HKCR", "HKCC", "HKCU", "HKLM", "HKU")},
}


@dataclass(frozen=True)
class Value:
    """One value: its name (empty for the key's default), its type and its data."""

    name: str
    type: str
    data: Any


@dataclass
class _Key:
    path: str
    values: dict[str, Value] = field(default_factory=dict)


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

    def set(self, path: str, name: str, data: Any, *, type_: str | None = None) -> None:
        """Set a value, making the key.

        Args:
            path: The key.
            name: The value's name.
            data: Text, a whole number, bytes or a list of texts.
            type_: One of `TYPES`; worked out from the data when it is not given.
        """
        self.make(path)
        kept = self._keys[_clean(path).lower()].values
        kept[name.lower()] = Value(name, type_ or type_of(data), data)

    def declare(self, path: str, name: str, declared: Any) -> None:
        """Set a value as a machine's description gives it: its data, or `{type, data}`.

        Raises:
            ValueError: The data of a binary value is no hexadecimal text.
        """
        if not isinstance(declared, dict):
            self.set(path, name, declared)
            return
        type_, data = str(declared["type"]), declared["data"]
        if type_ in {"binary", "none"}:
            data = bytes.fromhex(str(data))
        self.set(path, name, data, type_=type_)

    def exists(self, path: str) -> bool:
        """Tell whether there is such a key."""
        return _clean(path).lower() in self._keys

    def value(self, path: str, name: str) -> Value | None:
        """Return a value with its type, or None when key or value is not there."""
        key = self._keys.get(_clean(path).lower())
        return None if key is None else key.values.get(name.lower())

    def values(self, path: str) -> list[Value]:
        """Return all values of a key, in the order in which they were set."""
        key = self._keys.get(_clean(path).lower())
        return [] if key is None else list(key.values.values())

    def get(self, path: str, name: str) -> Any:
        """Return a value's data, or None when key or value is not there."""
        found = self.value(path, name)
        return None if found is None else found.data

    def has(self, path: str, name: str) -> bool:
        """Tell whether a key has a value of this name."""
        return self.value(path, name) is not None

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
        """Return everything as plain data: by key and name, type and data."""
        return {
            key.path: {
                value.name: [TYPES[value.type], _plain(value.data)]
                for _, value in sorted(key.values.items())
            }
            for _, key in sorted(self._keys.items())
        }


def type_of(data: Any) -> str:
    """Return the type that data has when nobody says otherwise.

    Raises:
        ValueError: No type holds such data.
    """
    match data:
        case bool():
            pass
        case str():
            return "string"
        case int() if 0 <= data <= _DWORD_MAX:
            return "dword"
        case int() if 0 <= data <= _QWORD_MAX:
            return "qword"
        case bytes():
            return "binary"
        case list() if all(isinstance(item, str) for item in data):
            return "multistring"
    raise ValueError(f"{data!r} is no text, whole number of 64 bits, bytes or list of texts")


def _plain(data: Any) -> Any:
    return data.hex() if isinstance(data, bytes) else data


def _clean(path: str) -> str:
    r"""Return a path in one spelling: `HKLM:\X` and `HKEY_LOCAL_MACHINE\X` are `HKLM\X`."""
    root, _, rest = path.replace("/", "\\").strip("\\").partition("\\")
    known = _ROOTS.get(root.lower().removesuffix(":"), root)
    return "\\".join(part for part in (known, rest) if part)
