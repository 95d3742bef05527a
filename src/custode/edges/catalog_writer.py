"""Writes entries of the catalog; comments and order of a known entry stay as they are."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from custode.core.errors import InputError, UsageError
from custode.edges.catalog import load_product

Place = tuple[str, ...]

_LINE_CHARACTERS = 4096
_ORDER: tuple[Place, ...] = (
    ("id",),
    ("title",),
    ("vendor",),
    ("version",),
    ("architecture",),
    ("signers",),
    ("installer", "kind"),
    ("installer", "file"),
    ("installer", "sha256"),
    ("installer", "source"),
    ("installer", "attended"),
    ("installer", "product_code"),
    ("installer", "upgrade_code"),
    ("installer", "arguments"),
    ("detect", "display_name"),
    ("detect", "evidence"),
)


def change_entry(path: Path, facts: Mapping[Place, Any]) -> list[str]:
    """Change values of an entry and return a line for each that was another before.

    Args:
        path: The entry's file.
        facts: New values by place.

    Raises:
        InputError: The entry would be wrong; the file stays as it was.
    """
    yaml = _yaml()
    before = path.read_text(encoding="utf-8")
    yaml.explicit_start = before.startswith("---")
    data = yaml.load(before)
    lines = []
    for place, value in facts.items():
        parent = data[place[0]] if len(place) > 1 else data
        old = parent.get(place[-1])
        if old != value:
            lines.append(f"{'.'.join(place)}: {_shown(old)} -> {_shown(value)}")
            _put(parent, place[-1], value)
    _write(path, _dumped(yaml, data), before=before)
    return lines


def write_entry(
    catalog: Path, product_id: str, facts: Mapping[Place, Any]
) -> tuple[Path, list[str]]:
    """Write a new entry and return its file and a line for each value.

    Raises:
        UsageError: There is such an entry, or none can have this name.
        InputError: The entry would be wrong; no file is left.
    """
    path = catalog / f"{product_id}.yml"
    if path.exists():
        raise UsageError(f"{path} is there already", hint="nothing was written")
    data: dict[str, Any] = {}
    told = {("id",): product_id, **facts}
    for place in _ORDER:
        if place in told:
            parent = data.setdefault(place[0], {}) if len(place) > 1 else data
            parent[place[-1]] = told[place]
    _write(path, f"---\n{_dumped(_yaml(), data)}", before=None)
    lines = [f"{'.'.join(place)}: {_shown(told[place])}" for place in _ORDER if place in told]
    return path, lines


def _put(parent: Any, key: str, value: Any) -> None:
    """Change one value; a list is lengthened, so that it stays written as it is."""
    known = parent.get(key)
    if isinstance(known, list) and isinstance(value, list) and value[: len(known)] == known:
        known.extend(value[len(known) :])
    else:
        parent[key] = value


def _write(path: Path, text: str, *, before: str | None) -> None:
    """Write an entry, and take it back if it cannot be read as one."""
    path.write_text(text, encoding="utf-8")
    try:
        load_product(path.parent, path.stem)
    except (InputError, UsageError):
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
        raise


def _yaml() -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only this command writes

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _LINE_CHARACTERS
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(yaml: Any, data: Any) -> str:
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
