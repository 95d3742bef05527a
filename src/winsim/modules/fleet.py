"""`fleet_cleanup` and `fleet_restore_point`: the two modules of the project that change a PC."""

from __future__ import annotations

from datetime import datetime, timedelta

from winsim.host import Host, RestorePoint
from winsim.model.cim import CimError
from winsim.model.files import File, LockedError
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result
from winsim.moments import resolve

_AREAS = {
    "windows_temp": (r"C:\Windows\Temp",),
    "update_download_cache": (r"C:\Windows\SoftwareDistribution\Download",),
}
# What may be somebody's work, though it lies in a temporary folder.
_KEPT = (
    ".doc", ".docx", ".eml", ".jpeg", ".jpg", ".kdbx", ".key", ".mbox", ".msg", ".nst", ".ods",
    ".odt", ".ost", ".p12", ".pdf", ".pem", ".pfx", ".png", ".ppt", ".pptx", ".pst", ".rtf",
    ".txt", ".xls", ".xlsx",
)  # fmt: skip
# Windows makes no second restore point within this time, and answers as if it had.
_INTERVAL = timedelta(hours=24)


def fleet_cleanup(call: Call) -> Result:
    """Remove old temporary files and tell counts and bytes, never a name."""
    host, days = call.host, call.params["older_than_days"]
    before = host.free_bytes()
    counts = dict.fromkeys(
        ("candidate_count", "candidate_bytes", "removed_count", "removed_bytes", "skipped_count"), 0
    )
    if days < 1:
        raise ModuleFailure(
            "Cannot clean up: 'older_than_days' must be 1 or more",
            **counts,
            free_bytes_before=before,
            free_bytes_after=before,
        )
    for file in _old_files(host, call.params["areas"], host.clock.now() - timedelta(days=days)):
        if file.path.lower().endswith(_KEPT):
            counts["skipped_count"] += 1
            continue
        counts["candidate_count"] += 1
        counts["candidate_bytes"] += file.size
        if call.check:
            continue
        try:
            host.files.remove(file.path)
        except LockedError:
            counts["skipped_count"] += 1
            continue
        counts["removed_count"] += 1
        counts["removed_bytes"] += file.size
    old = counts["candidate_bytes"]
    left = 0 if call.check else old - counts["removed_bytes"]
    return {
        **counts,
        "changed": (counts["candidate_count"] if call.check else counts["removed_count"]) > 0,
        "free_bytes_before": before,
        "free_bytes_after": host.free_bytes(),
        "diff": {"before": {"old_bytes": old}, "after": {"old_bytes": left}},
    }


def fleet_restore_point(call: Call) -> Result:
    """Make a restore point unless a recent one is there, or say why none can be made."""
    host, now = call.host, call.host.clock.now()
    try:
        host.cim.rows("root/default", "SystemRestore")
    except CimError as error:  # Windows Server has no such class
        return {**_point("unavailable", None), "reason": str(error)}
    newest = max(host.restore_points, key=lambda point: point.number, default=None)
    hours = timedelta(hours=call.params["min_age_hours"])
    if newest is not None and now - resolve(newest.made, now) < hours:
        return _point("recent", newest.number)
    if call.check:
        return {**_point("created", None), "changed": True}
    if not host.protected:
        return {**_point("unavailable", None), "reason": "ReturnValue 1058"}
    if newest is not None and now - resolve(newest.made, now) < _INTERVAL:
        return {**_point("unavailable", None), "reason": "NotCreated"}
    number = newest.number + 1 if newest else 1
    host.restore_points.append(RestorePoint(number, now, call.params["description"]))
    return {**_point("created", number), "changed": True}


def _point(state: str, number: int | None) -> Result:
    after = {"created": state == "created"}
    return {
        "changed": False,
        "state": state,
        "reason": None,
        "sequence_number": number,
        "diff": {"before": {"created": False}, "after": after},
    }


def _old_files(host: Host, areas: list[str], limit: datetime) -> list[File]:
    folders = [folder for area in areas for folder in _AREAS.get(area, ())]
    if "profile_temp" in areas:
        folders += [f"{folder}\\AppData\\Local\\Temp" for folder in host.profile_folders()]
    now = host.clock.now()
    return [
        file
        for folder in folders
        for file in host.files.below(folder)
        if resolve(file.modified, now) < limit
    ]


FLEET_CLEANUP = Model(
    fleet_cleanup,
    {
        "areas": Option(
            "list",
            elements="str",
            choices=("windows_temp", "update_download_cache", "profile_temp"),
            default=["windows_temp", "update_download_cache"],
        ),
        "older_than_days": Option("int", default=7),
    },
)
FLEET_RESTORE_POINT = Model(
    fleet_restore_point,
    {"description": Option(default="Custode"), "min_age_hours": Option("int", default=24)},
)
