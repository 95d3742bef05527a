"""Zip files whose programs are stand-ins: made for tests, and unpacked on a PC.

A stand-in program begins with one line that no real program has, then YAML that says what it is.
"""

from __future__ import annotations

import io
import ntpath
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from winsim.host import Host
from winsim.model.files import File

HEADER = b"WINSIM-PROGRAM 1\n"
_WHEN = (2026, 1, 1, 0, 0, 0)


def build_archive(members: Mapping[str, Mapping[str, Any] | bytes]) -> bytes:
    """Return a zip file; the same members give the same bytes.

    Args:
        members: By name: bytes, or what a stand-in program is: `program`, `version`, `signer`, and
            `hangs` for one that never ends.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, about in sorted(members.items()):
            data = (
                about if isinstance(about, bytes) else HEADER + yaml.safe_dump(dict(about)).encode()
            )
            archive.writestr(zipfile.ZipInfo(name, _WHEN), data)
    return made.getvalue()


def parse_program(data: bytes | None) -> dict[str, Any] | None:
    """Return what a stand-in program is, or None when the bytes are something else."""
    if data is None or not data.startswith(HEADER):
        return None
    found = yaml.safe_load(data[len(HEADER) :])
    return found if isinstance(found, dict) else None


def members_of(data: bytes) -> list[File] | None:
    """Return the files of a zip file with relative paths, or None when it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return None
    return [_file(name.replace("/", "\\"), content) for name, content in contents.items()]


def expand(host: Host, path: str, folder: str) -> bool:
    """Unpack a zip file of a PC into a folder; tell whether it was one."""
    members = members_of(host.files.read(path)) if host.files.get(path) else None
    if members is None:
        return False
    for file in members:
        target = ntpath.join(folder, file.path)
        host.files.add(replace(file, path=target, modified=host.clock.now()))
    return True


def _file(path: str, data: bytes) -> File:
    about = parse_program(data) or {}
    version, signer = about.get("version"), about.get("signer")
    return File(path, size=len(data), version=version, signer=signer, data=data)
