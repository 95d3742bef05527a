"""Copies the list of what may be read to where it is asked again: the module, and the simulator.

The module stands alone on the PC, and the simulator knows nothing of Custode, so both hold a copy.
`make docs` writes them, and a test compares them with the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from custode.core import readable

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "library" / "fleet_probe.ps1"
SIMULATED = ROOT / "src" / "winsim" / "modules" / "readable.py"
_BEGIN = "# Made by `make docs` from src/custode/core/readable.py; do not edit.\n"
_END = "# End of what is made.\n"
_WIDTH = 100


def copies() -> dict[Path, str]:
    """Return each file that holds a copy of the list, as it must be."""
    return {MODULE: module_text(), SIMULATED: simulated_text()}


def module_text() -> str:
    """Return the module with the list in the place where it stands."""
    head, _, rest = MODULE.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    names = [name for name in vars(readable) if name.isupper()]
    lists = "\n".join(_power_shell(name, getattr(readable, name)) for name in names)
    return f"{head}{_BEGIN}{lists}\n{_END}{tail}"


def simulated_text() -> str:
    """Return the simulator's copy: the same lines under another title."""
    source = Path(str(readable.__file__)).read_text(encoding="utf-8")
    _, _, code = source.partition("from __future__")
    title = '"""What `fleet_probe` may read: its own list, made by `make docs`; do not edit."""\n\n'
    return f"{title}from __future__{code}"


def _power_shell(name: str, value: object) -> str:
    head, *rest = name.lower().split("_")
    variable = f"${head}{''.join(part.capitalize() for part in rest)}"
    if isinstance(value, dict):
        return "\n".join([f"{variable} = @{{", *_entries(value), "}"])
    assert isinstance(value, tuple)
    return "\n".join([f"{variable} = @(", *_wrapped(value), ")"])


def _entries(table: dict[str, str]) -> Iterator[str]:
    for place, allowed in table.items():
        yield f"    {_quoted(place)} = {_quoted(allowed)}"


def _wrapped(values: tuple[str, ...]) -> Iterator[str]:
    line = "   "
    for index, value in enumerate(values):
        word = f" {_quoted(value)}{',' if index < len(values) - 1 else ''}"
        if len(line) + len(word) > _WIDTH:
            yield line
            line = "   "
        line += word
    yield line


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
