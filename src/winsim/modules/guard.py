"""What `fleet_probe` refuses to read: the lists and tests of its PowerShell, in the same order.

A contract test holds these lists against the module's own, and the answers against the table of
disguised paths that the module is tested with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Probe = Mapping[str, Any]

FILE_ROOTS = (
    "%programfiles%", "%programfiles(x86)%", "%programdata%", "%systemroot%", "c:\\program files",
    "c:\\program files (x86)", "c:\\programdata", "c:\\windows",
)  # fmt: skip
PROFILE_FILES = (
    "appdata\\roaming\\owncloud\\owncloud.cfg", "owncloud\\.owncloudsync.log",
    "owncloud\\.sync_journal.db",
)  # fmt: skip
PROFILE_PROPERTIES = ("modified_at", "size_bytes")
SETTINGS_FILE = ("appdata\\roaming\\owncloud\\owncloud.cfg",)
SETTINGS_MARKERS = (
    "<n>\\Folders\\<id>\\localPath=", "<n>\\Folders\\<id>\\paused=",
    "<n>\\Folders\\<id>\\virtualFilesMode=", "<n>\\url=",
)  # fmt: skip
RUN_LOG = ("{localpath}\\.owncloudsync.log",)
RUN_MARKERS = (
    "#=#=#=# Syncrun finished", "#=#=#=# Syncrun started", "#=#=#=#=# Propagation starts",
)  # fmt: skip
MARKER_WORDS = ("false", "off", "suffix", "true", "wincfapi")
MARKER_PROPERTIES = ("count", "first_at", "last_at", "number", "word")
PERSONAL_FOLDERS = (
    "appdata", "application data", "contacts", "credentials", "crypto", "desktop", "documenti",
    "documents", "documents and settings", "downloads", "favorites", "history", "immagini",
    "inetcache", "inetcookies", "local settings", "music", "my documents", "onedrive", "outlook",
    "pictures", "printers", "profiles", "protect", "recent", "scaricati", "serviceprofiles",
    "signatures", "spool", "stationery", "systemprofile", "thunderbird", "unsavedfiles",
    "user data", "users", "utenti", "vault", "videos", "windows mail",
)  # fmt: skip
PERSONAL_EXTENSIONS = (
    ".doc", ".docx", ".eml", ".jpeg", ".jpg", ".kdbx", ".key", ".lnk", ".mbox", ".msg", ".nst",
    ".ods", ".odt", ".ost", ".p12", ".pdf", ".pem", ".pfx", ".png", ".ppt", ".pptx", ".pst", ".rtf",
    ".txt", ".xls", ".xlsx",
)  # fmt: skip
REGISTRY_ROOTS = ("hklm\\hardware", "hklm\\software", "hklm\\system")
REGISTRY_FOLDERS = (
    "comdlg32", "credentials", "identitycrl", "mountpoints2", "outlook", "profilelist",
    "protected storage", "recentdocs", "runmru", "sam", "secrets", "typedpaths", "typedurls",
    "userassist", "windows messaging subsystem",
)  # fmt: skip
USER_KEYS = ("software\\microsoft\\windows\\currentversion\\uninstall",)
USER_VALUES = ("displayname", "displayversion")
SECRET_WORDS = (
    "apikey", "assignmentid", "credential", "digitalproductid", "ownerauth", "passwd", "password",
    "productkey", "secret", "token",
)  # fmt: skip
CIM_CLASSES = (
    "cim_datafile", "cim_directory", "cim_directorycontainsfile", "cim_logicalfile",
    "win32_account", "win32_codecfile", "win32_directory", "win32_environment", "win32_group",
    "win32_groupuser", "win32_loggedonuser", "win32_logonsession", "win32_networkconnection",
    "win32_networkloginprofile", "win32_ntlogevent", "win32_printjob", "win32_product",
    "win32_sessionprocess", "win32_shortcutfile", "win32_subdirectory", "win32_useraccount",
    "win32_userdesktop", "win32_userprofile",
)  # fmt: skip
CIM_COLUMNS = (
    "commandline", "executablepath", "localpath", "organization", "owner", "primaryownercontact",
    "primaryownername", "registereduser", "startname", "username",
)  # fmt: skip
EVENT_LOGS = (
    "application", "microsoft-windows-diskdiagnostic/operational",
    "microsoft-windows-windows defender/operational",
    "microsoft-windows-windowsupdateclient/operational", "system",
)  # fmt: skip
EVENT_FIELDS = (
    "ipaddress", "message", "subjectusername", "subjectusersid", "targetusername", "targetusersid",
)  # fmt: skip

_LONGEST_PATH = 240
_PRINTABLE = re.compile(r"[ -~]*")
_SEGMENT = re.compile(r"[A-Za-z0-9 ._(){}+&-]+")
_DISGUISED_SEGMENT = re.compile(r"\A | \Z|\.\Z")
_NAMESPACE = re.compile(r"[Rr][Oo][Oo][Tt](/[A-Za-z0-9_]+)+")
_FILTER = re.compile(r"[ -~]{0,300}")
_CIM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LOG = re.compile(r"[A-Za-z0-9 ._/-]+")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*|[0-9]{1,2}")
_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+-]{2,39}")
_VALUE_NAME = re.compile(r"[A-Za-z0-9 ._(){}+&-]+")


def refusal(probe: Probe) -> str | None:
    """Return in one word why a probe may not run, or None when it may."""
    match probe["kind"]:
        case "accounts":
            return None
        case "cim":
            return _cim(probe)
        case "event_log":
            return _event_log(probe)
        case "file":
            refusals = (_file(path, probe) for path in probe.get("paths") or [])
            return next((found for found in refusals if found), None)
        case "log_start":
            return _log(probe)
        case "marker":
            return _marker(probe)
        case "registry":
            return _registry(probe)
    return "UnknownKind"


def _registry(probe: Probe) -> str | None:
    if probe.get("each_user"):
        return _user(probe)
    keys = probe.get("keys") or []
    refusals = (_path(key, REGISTRY_ROOTS, REGISTRY_FOLDERS) for key in keys)
    found = next((found for found in refusals if found), None)
    return found or _names(probe.get("values"), _VALUE_NAME, ())


def _path(path: str, roots: Sequence[str], folders: Sequence[str]) -> str | None:
    root = next((root for root in roots if path.lower().startswith(f"{root}\\")), None)
    if root is None:
        return "OutsideRoots"
    if len(path) > _LONGEST_PATH or not _PRINTABLE.fullmatch(path):
        return "Malformed"
    segments = path[len(root) + 1 :].split("\\")
    if any(not _SEGMENT.fullmatch(s) or _DISGUISED_SEGMENT.search(s) for s in segments):
        return "Malformed"
    return "PersonalFolder" if any(s.lower() in folders for s in segments) else None


def _user(probe: Probe) -> str | None:
    programs = probe.get("names") or []
    if not programs or not all(_PROGRAM.fullmatch(name) for name in programs):
        return "Malformed"
    listed = all(key.lower() in USER_KEYS for key in probe.get("keys") or [])
    allowed = all(name.lower() in USER_VALUES for name in probe.get("values") or [])
    return None if listed and allowed else "NotOnUserList"


def _file(path: str, probe: Probe) -> str | None:
    if probe.get("each_profile"):
        asked = probe.get("properties") or []
        known = path.lower() in PROFILE_FILES and all(name in PROFILE_PROPERTIES for name in asked)
        return None if known else "NotOnProfileList"
    found = _path(path, FILE_ROOTS, PERSONAL_FOLDERS)
    return found or ("PersonalFile" if path.lower().endswith(PERSONAL_EXTENSIONS) else None)


def _marker(probe: Probe) -> str | None:
    paths, markers = probe.get("paths") or [], probe.get("markers") or []
    if len(paths) != 1 or not markers:
        return "Malformed"
    path = paths[0].lower() if _PRINTABLE.fullmatch(paths[0]) else ""
    allowed = SETTINGS_MARKERS if path in SETTINGS_FILE else RUN_MARKERS if path in RUN_LOG else ()
    if not allowed:
        return "NotOnProfileList"
    if any(marker not in allowed for marker in markers):
        return "MarkerNotAllowed"
    known = all(name in MARKER_PROPERTIES for name in probe.get("properties") or [])
    return None if known else "ColumnNotAllowed"


def _names(
    names: Sequence[str] | None, shape: re.Pattern[str], personal: Sequence[str]
) -> str | None:
    asked = list(names or [])
    if not all(shape.fullmatch(name) for name in asked):
        return "Malformed"
    if any(name.lower() in personal for name in asked):
        return "ColumnNotAllowed"
    if any(word in name.lower() for name in asked for word in SECRET_WORDS):
        return "SecretValue"
    return None


def _cim(probe: Probe) -> str | None:
    associated = probe.get("associated") or {}
    where = str(probe.get("filter") or "")
    if not _NAMESPACE.fullmatch(str(probe.get("namespace") or "")) or not _FILTER.fullmatch(where):
        return "Malformed"
    for name in [probe.get("class"), *([associated.get("class")] if associated else [])]:
        if not _CIM_NAME.fullmatch(str(name or "")):
            return "Malformed"
        if str(name).lower() in CIM_CLASSES:
            return "ClassNotAllowed"
    # A filter on a column tells as much as reading it.
    if any(word.lower() in CIM_COLUMNS for word in re.split(r"[^A-Za-z0-9_]+", where)):
        return "ColumnNotAllowed"
    columns = [*(probe.get("properties") or []), *(associated.get("properties") or [])]
    return _names(columns, _CIM_NAME, CIM_COLUMNS)


def _log(probe: Probe) -> str | None:
    log = str(probe.get("log") or "")
    if not _LOG.fullmatch(log):
        return "Malformed"
    return None if log.lower() in EVENT_LOGS else "LogNotAllowed"


def _event_log(probe: Probe) -> str | None:
    providers = list(probe.get("providers") or [])
    if not providers or not probe.get("ids"):
        return "Malformed"
    if not all(_LOG.fullmatch(name) for name in providers):
        return "Malformed"
    return _log(probe) or _names(probe.get("fields"), _FIELD, EVENT_FIELDS)
