"""`fleet_cleanup` and `fleet_restore_point`: the two modules of the project that change a PC."""

from __future__ import annotations

from datetime import datetime, timedelta

from winsim.host import Host, RestorePoint
from winsim.model import services
from winsim.model.cim import CimError
from winsim.model.files import File
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
_OWN = r"HKLM\SOFTWARE\Custode"
_MARKER, _MARKED = rf"{_OWN}\Cleanup", "ServicesToStart"
_UPDATE = ("bits", "dosvc", "usosvc", "wuauserv")
# Windows makes no second restore point within this time, and answers as if it had.
_INTERVAL = timedelta(hours=24)


def fleet_cleanup(call: Call) -> Result:
    """Remove old temporary files and tell counts and bytes, never a name."""
    host, days = call.host, call.params["older_than_days"]
    before = host.free_bytes()
    counts = dict.fromkeys(
        ("candidate_count", "candidate_bytes", "removed_count", "removed_bytes", "skipped_count"), 0
    )
    told: Result = {"services_stopped": [], "services_started": [], "free_bytes_before": before}
    if days < 1:
        raise ModuleFailure(
            "Cannot clean up: 'older_than_days' must be 1 or more",
            **counts,
            **told,
            free_bytes_after=before,
        )
    left = bool(_marked(host))
    if not call.check:
        _start_again(host, counts, told)
    for area in call.params["areas"]:
        old = _old_files(host, area, host.clock.now() - timedelta(days=days))
        removable = [file for file in old if not file.path.lower().endswith(_KEPT)]
        counts["skipped_count"] += len(old) - len(removable)
        if area == "update_download_cache" and removable and not call.check:
            _stop_update(host, told)
        _remove(call, removable, counts)
        if not call.check:
            _start_again(host, counts, told)
    old_bytes = counts["candidate_bytes"]
    left_bytes = 0 if call.check else old_bytes - counts["removed_bytes"]
    return {
        **counts,
        **told,
        "changed": left or counts["candidate_count" if call.check else "removed_count"] > 0,
        "free_bytes_after": host.free_bytes(),
        "diff": {"before": {"old_bytes": old_bytes}, "after": {"old_bytes": left_bytes}},
    }


def _remove(call: Call, files: list[File], counts: dict[str, int]) -> None:
    for file in files:
        counts["candidate_count"] += 1
        counts["candidate_bytes"] += file.size
        if call.check:
            continue
        if file.locked:
            counts["skipped_count"] += 1
            continue
        call.host.step()
        call.host.files.remove(file.path)
        counts["removed_count"] += 1
        counts["removed_bytes"] += file.size


def _stop_update(host: Host, told: Result) -> None:
    """Stop the services that use the update cache; which these are stands in the registry."""
    running = [name for name in _UPDATE if _in_state(host, name, "Running")]
    if not running:
        return
    host.step()
    host.registry.make(_MARKER)
    host.step()
    host.registry.set(_MARKER, _MARKED, running)
    for name in running:
        if any(s.state != "Stopped" for s in services.dependents(host.services, name)):
            continue
        host.step()
        services.stop(host.services, name)
        told["services_stopped"].append(name)


def _start_again(host: Host, counts: dict[str, int], told: Result) -> None:
    """Start what was stopped, by this call or by one that was killed."""
    failed = []
    for name in _marked(host):
        service = host.services.get(name)
        if service is None or service.fails or service.start == "Disabled":
            failed.append(name)
        elif service.state != "Running":
            host.step()
            services.start(host.services, name)
            told["services_started"].append(name)
    if failed:
        raise ModuleFailure(
            f"Failed to start again the services that were running: {', '.join(failed)}",
            **counts,
            **told,
            free_bytes_after=told["free_bytes_before"],
        )
    for key in (_MARKER, _OWN):
        below, values = host.registry.subkeys(key), host.registry.values(key)
        if host.registry.exists(key) and not below and (key == _MARKER or not values):
            host.step()
            host.registry.delete(key)


def _marked(host: Host) -> list[str]:
    """Return the services that are to be started again; others' names there mean nothing."""
    names: list[str] = host.registry.get(_MARKER, _MARKED) or []
    return [name for name in names if name in _UPDATE]


def _in_state(host: Host, name: str, state: str) -> bool:
    service = host.services.get(name)
    return service is not None and service.state == state


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


def _old_files(host: Host, area: str, limit: datetime) -> list[File]:
    folders = list(_AREAS.get(area, ()))
    if area == "profile_temp":
        folders += [f"{folder}\\AppData\\Local\\Temp" for folder in host.profile_folders()]
    now = host.clock.now()
    return [
        file
        for folder in folders
        if not _leads_elsewhere(host, folder)
        for file in host.files.below(folder)
        if resolve(file.modified, now) < limit
    ]


def _leads_elsewhere(host: Host, path: str) -> bool:
    """Tell whether a folder, or one above it, is a link."""
    parts = path.split("\\")
    above = ("\\".join(parts[:count]) for count in range(2, len(parts) + 1))
    return any(host.files.junction(each) for each in above)


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
