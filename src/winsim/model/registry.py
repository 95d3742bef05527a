"""The machine's registry: typed values under plain paths; names are told apart without case.

Both views are there as Windows keeps them: what 32-bit programs wrote lies below `WOW6432Node`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
# .NET's names of the types.
NAMES = {
    "none": "None",
    "binary": "Binary",
    "dword": "DWord",
    "expandstring": "ExpandString",
    "multistring": "MultiString",
    "string": "String",
    "qword": "QWord",
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
_SOFTWARE = "hklm\\software\\"
# What programs of both kinds find in one place.
_SHARED = (
    "classes\\appid", "classes\\hcp", "clients", "microsoft\\com3", "microsoft\\cryptography\\calais",
    "microsoft\\ctf\\systemshared", "microsoft\\ctf\\tip", "microsoft\\dfs", "microsoft\\driver signing",
    "microsoft\\enterprisecertificates", "microsoft\\eventsystem", "microsoft\\msmq",
    "microsoft\\non-driver signing", "microsoft\\ole", "microsoft\\ras", "microsoft\\rpc",
    "microsoft\\software\\microsoft\\shared tools\\msinfo", "microsoft\\systemcertificates",
    "microsoft\\transactionserver", "microsoft\\wbem",
    "microsoft\\windows\\currentversion\\control panel\\cursors\\schemes",
    "microsoft\\windows\\currentversion\\group policy", "microsoft\\windows\\currentversion\\policies",
    "microsoft\\windows\\currentversion\\setup", "microsoft\\windows\\currentversion\\telephony\\locations",
    "microsoft\\windows nt\\currentversion\\console", "microsoft\\windows nt\\currentversion\\fontdpi",
    "microsoft\\windows nt\\currentversion\\fontlink", "microsoft\\windows nt\\currentversion\\fontmapper",
    "microsoft\\windows nt\\currentversion\\fonts", "microsoft\\windows nt\\currentversion\\fontsubstitutes",
    "microsoft\\windows nt\\currentversion\\gre_initialize",
    "microsoft\\windows nt\\currentversion\\image file execution options",
    "microsoft\\windows nt\\currentversion\\languagepack",
    "microsoft\\windows nt\\currentversion\\networkcards",
    "microsoft\\windows nt\\currentversion\\perflib", "microsoft\\windows nt\\currentversion\\ports",
    "microsoft\\windows nt\\currentversion\\print", "microsoft\\windows nt\\currentversion\\profilelist",
    "microsoft\\windows nt\\currentversion\\time zones", "policies", "registeredapplications",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its name (empty for the key's default), its type and its data."""

    name: str
    type: str
    data: Any


@dataclass(slots=True)
class _Key:
    path: str
    values: dict[str, Value] = field(default_factory=dict)

    def plain(self) -> dict[str, list[Any]]:
        return {
            value.name: [TYPES[value.type], _plain(value.data)]
            for _, value in sorted(self.values.items())
        }


class Registry:
    r"""Keys by path, such as `HKLM\SOFTWARE\TeamViewer`."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}
        self._unloaded: dict[str, _Key] = {}
        self._worked_out: dict[str, Callable[[], Mapping[str, Mapping[str, Any]]]] = {}

    def work_out(self, path: str, keys: Callable[[], Mapping[str, Mapping[str, Any]]]) -> None:
        """Let the rest of the PC show below a key, anew each time somebody looks.

        Args:
            path: The key; it is there while anything is below it.
            keys: Returns the keys below it by name, each with its values.
        """
        self._worked_out[_clean(path)] = keys

    def load_hive(self, sid: str) -> None:
        r"""Load a person's own part below `HKU`, as Windows does when the person logs on."""
        self.make(f"HKU\\{sid}")
        _move(self._unloaded, self._keys, sid)

    def unload_hive(self, sid: str) -> None:
        """Put a person's own part away: it is a file of the profile then, and no key."""
        _move(self._keys, self._unloaded, sid)

    def hives(self) -> list[str]:
        """Return the SIDs whose hives are loaded, by SID; not those of Windows' own accounts."""
        return [
            name
            for name in self.subkeys("HKU")
            if name.upper().startswith(("S-1-5-21", "S-1-12-1"))
        ]

    def paths(self) -> list[str]:
        """Return every key that is loaded, by path."""
        return [key.path for _, key in sorted(self._keys.items())]

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
        return self._found(path) is not None

    def value(self, path: str, name: str) -> Value | None:
        """Return a value with its type, or None when key or value is not there."""
        key = self._found(path)
        return None if key is None else key.values.get(name.lower())

    def values(self, path: str) -> list[Value]:
        """Return all values of a key, in the order in which they were set."""
        key = self._found(path)
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
        keys = {**self._shown(inside.rstrip("\\")), **self._keys}
        below = [key.path for low, key in sorted(keys.items()) if low.startswith(inside)]
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
        """Return everything as plain data: by key and name, type and data.

        What is not loaded stands under the path that it will have, with a bracket around it.
        """
        keys = {**self._shown(), **self._keys}
        return {
            **{key.path: key.plain() for _, key in sorted(keys.items())},
            **{f"({key.path})": key.plain() for _, key in sorted(self._unloaded.items())},
        }

    def _found(self, path: str) -> _Key | None:
        low = _clean(path).lower()
        return self._keys.get(low) or self._shown(low).get(low)

    def _shown(self, low: str = "") -> dict[str, _Key]:
        """Return what is worked out above, at and below a path, by path in small letters."""
        made, asked = Registry(), f"{low}\\" if low else ""
        for root, keys in self._worked_out.items():
            inside = f"{root.lower()}\\"
            if not (inside.startswith(asked) or asked.startswith(inside)):
                continue
            for key, values in keys().items():
                for name, data in values.items():
                    made.set(f"{root}\\{key}", name, data)
        return made._keys


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


def view_32(path: str) -> str:
    r"""Return where a 32-bit program finds a key that it names in the usual way.

    Below `HKLM\SOFTWARE` it has a part of its own, but for what both kinds share.
    """
    clean = _clean(path)
    low = clean.lower()
    if not low.startswith(_SOFTWARE) or low.startswith(f"{_SOFTWARE}wow6432node"):
        return clean
    rest = low[len(_SOFTWARE) :]
    if any(rest == shared or rest.startswith(f"{shared}\\") for shared in _SHARED):
        return clean
    return f"HKLM\\SOFTWARE\\WOW6432Node\\{clean[len(_SOFTWARE) :]}"


def _move(source: dict[str, _Key], target: dict[str, _Key], sid: str) -> None:
    root = f"hku\\{sid.lower()}"
    for low in [key for key in source if key == root or key.startswith(f"{root}\\")]:
        target[low] = source.pop(low)


def _clean(path: str) -> str:
    r"""Return a path in one spelling: `HKLM:\X` and `HKEY_LOCAL_MACHINE\X` are `HKLM\X`."""
    root, _, rest = path.replace("/", "\\").strip("\\").partition("\\")
    known = _ROOTS.get(root.lower().removesuffix(":"), root)
    if known == "HKCR":  # no place of its own: what the PC has, under a shorter name
        known = "HKLM\\SOFTWARE\\Classes"
    return "\\".join(part for part in (known, rest) if part)
