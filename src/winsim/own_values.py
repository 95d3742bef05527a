"""What a product has on one PC alone: the properties it was given, the numbers it draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from winsim.host import Host

Spec = Mapping[str, Any]


def put(host: Host, spec: Spec, properties: Mapping[str, str]) -> None:
    """Write a product's own values into the registry; a number that was drawn once stays.

    Args:
        host: The PC.
        spec: What the product consists of.
        properties: What its package was given on the command line, by name.
    """
    for given, written in (spec.get("properties") or {}).items():
        for path, name in written.items():
            if given in properties:
                host.registry.set(path, name, properties[given])
    for path, ranges in (spec.get("draws") or {}).items():
        for name, (lowest, highest) in ranges.items():
            if host.registry.value(path, name) is None:
                drawn = crc32(f"{host.name}\n{host.computer_name}\n{path}\n{name}".encode())
                host.registry.set(path, name, lowest + drawn % (highest - lowest + 1))


def places(spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield the key and the name of each value that `put` may write."""
    for written in (spec.get("properties") or {}).values():
        yield from written.items()
    for path, ranges in (spec.get("draws") or {}).items():
        yield from ((path, name) for name in ranges)
