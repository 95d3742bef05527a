"""A machine laid over its bases: what is written once is inherited, and said in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from winsim.profiles.reading import ProfileError, read, wrong
from winsim.profiles.schema import check_machine

Description = Mapping[str, Any]

_BASES = Path(str(files("winsim.profiles"))) / "bases"


def describe(path: Path) -> Description:
    """Return what a machine's file and its bases say; every file is checked where it stands.

    The result shares what the bases have with that of other machines: it may not be changed.

    Raises:
        ProfileError: A file is wrong, or names a base that is not there.
    """
    machine = read(path, check_machine)
    return completed(machine, path)


def completed(machine: Description, path: Path) -> Description:
    """Return a description laid over the bases that it extends.

    Args:
        machine: What the machine says itself, checked.
        path: Where it says so; for errors.

    Raises:
        ProfileError: A base is not there, or there is nothing to set columns in.
    """
    merged = dict(_laid_out(machine, path, ()))
    for key, items in (merged.pop("add", None) or {}).items():
        merged[key] = [*merged.get(key, []), *items]
    for namespace, classes in merged.get("cim", {}).items():
        for name, rows in classes.items():
            if isinstance(rows, Mapping) and "set" in rows:
                place = ("cim", namespace, name, "set")
                raise wrong(path, place, "no rows in the bases", "columns of rows that are there")
    return merged


def _laid_out(machine: Description, path: Path, above: tuple[Path, ...]) -> Description:
    merged: Description = {}
    for base in machine.get("extends") or []:
        source = _BASES / f"{base}.yml"
        if not source.is_file():
            known = ", ".join(sorted(item.stem for item in _BASES.glob("*.yml")))
            raise wrong(path, ("extends",), base, known)
        if source in above:
            raise wrong(path, ("extends",), base, "a base that does not extend this one")
        merged = over(merged, _base(source, (*above, source), source.stat().st_mtime_ns))
    return over(merged, machine)


@lru_cache(maxsize=512)
def _base(source: Path, above: tuple[Path, ...], _written: int) -> Description:
    """Return a base laid over its own; read again only when its file is another."""
    return _laid_out(read(source, check_machine), source, above)


def over(below: Description, above: Description) -> dict[str, Any]:
    """Lay one description over another: mappings merge, all else replaces, null removes.

    Two exceptions save a machine from saying everything again: `{set: ...}` in place of a class's
    rows sets columns in the rows below, and what stands under `add` is appended to lists at last.
    """
    out = _over(below, {key: above[key] for key in above if key not in {"add", "cim"}})
    if above.get("add"):
        out["add"] = _appended(below.get("add", {}), above["add"])
    if above.get("cim"):
        out["cim"] = _namespaces(below.get("cim", {}), above["cim"])
    return out


def _over(below: Description, above: Description) -> dict[str, Any]:
    out = dict(below)
    for key, value in above.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, Mapping):
            there = out.get(key)
            out[key] = _over(there if isinstance(there, Mapping) else {}, value)
        else:
            out[key] = value
    return out


def _appended(below: Mapping[str, Sequence[Any]], above: Mapping[str, Any]) -> dict[str, Any]:
    keys = [*below, *(key for key in above if key not in below)]
    return {key: [*below.get(key, []), *(above.get(key) or [])] for key in keys}


def _namespaces(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(below)
    for namespace, classes in above.items():
        if classes is None:
            out.pop(namespace, None)
            continue
        out[namespace] = inside = dict(out.get(namespace, {}))
        for name, rows in classes.items():
            if rows is None:
                inside.pop(name, None)
            else:
                inside[name] = _rows(inside.get(name), rows)
    return out


def _rows(below: Any, above: Any) -> Any:
    if not isinstance(above, Mapping) or "set" not in above:
        return above
    columns = above["set"]
    if isinstance(below, list):
        return [{**row, **columns} for row in below]
    if isinstance(below, Mapping) and "rows" in below:
        return {**below, "rows": _rows(below["rows"], above)}
    if isinstance(below, Mapping) and "set" in below:
        return {"set": {**below["set"], **columns}}
    return above


__all__ = ["Description", "ProfileError", "completed", "describe", "over"]
