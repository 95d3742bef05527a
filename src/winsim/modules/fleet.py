"""`fleet_cleanup` and `fleet_restore_point`: the two modules of the project that change a PC."""

from __future__ import annotations

import ntpath
from datetime import timedelta
from typing import Any

from winsim.host import Host, RestorePoint
from winsim.model.files import File, LockedError
from winsim.moments import resolve

_AREAS = {
    "windows_temp": (r"C:\Windows\Temp",),
    "update_download_cache": (r"C:\Windows\SoftwareDistribution\Download",),
}
# What may be somebody's work, though it lies in a temporary folder.
_KEPT = {
    ".doc", ".docx", ".eml", ".jpeg", ".jpg", ".kdbx", ".key", ".mbox", ".msg", ".nst", ".ods",
    ".odt", ".ost", ".p12", ".pdf", ".pem", ".pfx", ".png", ".ppt", ".pptx", ".pst", ".rtf",
    ".txt", ".xls", ".xlsx",
}  # fmt: skip


def fleet_cleanup(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Remove old temporary files and tell counts and bytes, never a name."""
    limit = host.clock.now() - timedelta(days=int(arguments.get("older_than_days") or 7))
    check = bool(arguments.get("_ansible_check_mode"))
    before = host.free_bytes()
    result = dict.fromkeys(
        ("candidate_count", "candidate_bytes", "removed_count", "removed_bytes", "skipped_count"), 0
    )
    for file in _old_files(host, arguments.get("areas") or [], limit):
        if ntpath.splitext(file.path)[1].lower() in _KEPT:
            result["skipped_count"] += 1
            continue
        result["candidate_count"] += 1
        result["candidate_bytes"] += file.size
        if check:
            continue
        try:
            host.files.remove(file.path)
        except LockedError:
            result["skipped_count"] += 1
            continue
        host.used_bytes -= file.size
        result["removed_count"] += 1
        result["removed_bytes"] += file.size
    done = result["candidate_count"] if check else result["removed_count"]
    return {
        **result,
        "changed": done > 0,
        "free_bytes_before": before,
        "free_bytes_after": host.free_bytes(),
    }


def fleet_restore_point(host: Host, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make a restore point unless a recent one is there, or say why none can be made."""
    hours = int(arguments.get("min_age_hours") or 24)
    now = host.clock.now()
    newest = max(host.restore_points, key=lambda point: point.number, default=None)
    if newest is not None and now - resolve(newest.made, now) < timedelta(hours=hours):
        return _point("recent", newest.number)
    if arguments.get("_ansible_check_mode"):
        return {**_point("created", None), "changed": True}
    if not host.protected:
        return {**_point("unavailable", None), "reason": "ReturnValue 1058"}
    number = newest.number + 1 if newest else 1
    host.restore_points.append(RestorePoint(number, now, str(arguments.get("description"))))
    return {**_point("created", number), "changed": True}


def _point(state: str, number: int | None) -> dict[str, Any]:
    return {"changed": False, "state": state, "reason": None, "sequence_number": number}


def _old_files(host: Host, areas: list[str], limit: Any) -> list[File]:
    folders = [folder for area in areas for folder in _AREAS.get(area, ())]
    if "profile_temp" in areas:
        folders += [f"{user.folder}\\AppData\\Local\\Temp" for user in host.users]
    now = host.clock.now()
    return [
        file
        for folder in folders
        for file in host.files.below(folder)
        if resolve(file.modified, now) < limit
    ]
