"""What may never be read on a PC: checked here before sending and again on the PC itself.

The contract says that monitoring needs no access to documents or mail. This module is that
sentence as code. It refuses by allow-list where it can (roots, characters, the few files inside
a user's profile) and by deny-list inside what remains. `library/fleet_probe.ps1` holds the same
lists; a contract test keeps the two equal and runs both over one table of disguised paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

FILE_ROOTS = (
    "%programfiles%",
    "%programfiles(x86)%",
    "%programdata%",
    "%systemroot%",
    "c:\\program files",
    "c:\\program files (x86)",
    "c:\\programdata",
    "c:\\windows",
)
"""Folders, lower case, below which a file's size, time, version and signer may be read."""

PROFILE_FILES = (
    "appdata\\roaming\\owncloud\\owncloud.cfg",
    "owncloud\\.owncloudsync.log",
    "owncloud\\.sync_journal.db",
)
"""The only files inside a user's profile whose size and time may be known."""

PROFILE_PROPERTIES = ("modified_at", "size_bytes")
"""What may be known of them."""

SETTINGS_FILE = ("appdata\\roaming\\owncloud\\owncloud.cfg",)
"""The settings that a `marker` probe may open in each profile, lower case."""

SETTINGS_MARKERS = (
    "<n>\\Folders\\<id>\\localPath=",
    "<n>\\Folders\\<id>\\paused=",
    "<n>\\Folders\\<id>\\virtualFilesMode=",
    "<n>\\url=",
)
"""What a line of them must begin with for anything of it to be told; accounts are numbered."""

RUN_LOG = ("{localpath}\\.owncloudsync.log",)
"""The log that it may open in each folder that the settings name, lower case."""

RUN_MARKERS = (
    "#=#=#=# Syncrun finished",
    "#=#=#=# Syncrun started",
    "#=#=#=#=# Propagation starts",
)
"""What a line of it must begin with; every other line names a document."""

MARKER_WORDS = ("false", "off", "suffix", "true", "wincfapi")
"""The only words that may follow a marker off the PC."""

MARKER_PROPERTIES = ("count", "first_at", "last_at", "number", "word")
"""What may be known of the lines with one marker: how many, moments in UTC, a number, a word."""

PERSONAL_FOLDERS = (
    "appdata",
    "application data",
    "contacts",
    "credentials",
    "crypto",
    "desktop",
    "documenti",
    "documents",
    "documents and settings",
    "downloads",
    "favorites",
    "history",
    "immagini",
    "inetcache",
    "inetcookies",
    "local settings",
    "music",
    "my documents",
    "onedrive",
    "outlook",
    "pictures",
    "printers",
    "profiles",
    "protect",
    "recent",
    "scaricati",
    "serviceprofiles",
    "signatures",
    "spool",
    "stationery",
    "systemprofile",
    "thunderbird",
    "unsavedfiles",
    "user data",
    "users",
    "utenti",
    "vault",
    "videos",
    "windows mail",
)
"""Folder names, lower case, that may stand nowhere in a path: people's things and key stores."""

PERSONAL_EXTENSIONS = (
    ".doc",
    ".docx",
    ".eml",
    ".jpeg",
    ".jpg",
    ".kdbx",
    ".key",
    ".lnk",
    ".mbox",
    ".msg",
    ".nst",
    ".ods",
    ".odt",
    ".ost",
    ".p12",
    ".pdf",
    ".pem",
    ".pfx",
    ".png",
    ".ppt",
    ".pptx",
    ".pst",
    ".rtf",
    ".txt",
    ".xls",
    ".xlsx",
)
"""File name endings, lower case, of documents, mail, pictures and keys."""

REGISTRY_ROOTS = ("hklm\\hardware", "hklm\\software", "hklm\\system")
"""The machine's own settings; of a user's hive only `USER_KEYS` are opened."""

REGISTRY_FOLDERS = (
    "comdlg32",
    "credentials",
    "identitycrl",
    "mountpoints2",
    "outlook",
    "profilelist",
    "protected storage",
    "recentdocs",
    "runmru",
    "sam",
    "secrets",
    "typedpaths",
    "typedurls",
    "userassist",
    "windows messaging subsystem",
)
"""Registry key names, lower case, that hold people's traces, mail settings or secrets."""

USER_KEYS = ("software\\microsoft\\windows\\currentversion\\uninstall",)
"""The only keys, lower case, of people's own hives: what they installed for themselves."""

USER_VALUES = ("displayname", "displayversion")
"""What may be known of it, and only of programs that the probe names."""

SECRET_WORDS = (
    "apikey",
    "assignmentid",
    "credential",
    "digitalproductid",
    "ownerauth",
    "passwd",
    "password",
    "productkey",
    "secret",
    "token",
)
"""Words, lower case, that may stand in no value or column name."""

CIM_CLASSES = (
    "cim_datafile",
    "cim_directory",
    "cim_directorycontainsfile",
    "cim_logicalfile",
    "win32_account",
    "win32_codecfile",
    "win32_directory",
    "win32_environment",
    "win32_group",
    "win32_groupuser",
    "win32_loggedonuser",
    "win32_logonsession",
    "win32_networkconnection",
    "win32_networkloginprofile",
    "win32_ntlogevent",
    "win32_printjob",
    "win32_product",
    "win32_sessionprocess",
    "win32_shortcutfile",
    "win32_subdirectory",
    "win32_useraccount",
    "win32_userdesktop",
    "win32_userprofile",
)
"""Classes, lower case, that list files, people or messages, or that change the PC when asked."""

CIM_COLUMNS = (
    "commandline",
    "executablepath",
    "localpath",
    "organization",
    "owner",
    "primaryownercontact",
    "primaryownername",
    "registereduser",
    "startname",
    "username",
)
"""Columns, lower case, that say who uses the PC or which document a program has open."""

EVENT_LOGS = (
    "application",
    "microsoft-windows-diskdiagnostic/operational",
    "microsoft-windows-windows defender/operational",
    "microsoft-windows-windowsupdateclient/operational",
    "system",
)
"""The only logs, lower case: Security, printing and PowerShell name people and documents."""

EVENT_FIELDS = (
    "ipaddress",
    "message",
    "subjectusername",
    "subjectusersid",
    "targetusername",
    "targetusersid",
)
"""Event fields, lower case, that name people or repeat localised text."""

_SEGMENT = re.compile(r"[A-Za-z0-9 ._(){}+&-]+")
_NAMESPACE = re.compile(r"root(/[A-Za-z0-9_]+)+", re.IGNORECASE | re.ASCII)
_CIM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FILTER = re.compile(r"[ !-~]{1,300}")
_BETWEEN_WORDS = re.compile(r"[^A-Za-z0-9_]+")
_LOG = re.compile(r"[A-Za-z0-9 ._/-]+")
_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+-]{2,39}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*|[0-9]{1,2}")
_LONGEST_PATH = 240


def refusal(kind: str, arguments: Mapping[str, Any]) -> str | None:
    """Return why a probe may not run, as a language-free word, or None when it may.

    Args:
        kind: `accounts`, `cim`, `registry`, `event_log`, `file`, `log_start` or `marker`.
        arguments: The probe's own arguments, as they travel to the PC.
    """
    if kind == "file":
        return _first(
            file_refusal(
                path,
                each_profile=bool(arguments.get("each_profile")),
                properties=_texts(arguments.get("properties")),
            )
            for path in _texts(arguments.get("paths"))
        )
    if kind == "accounts":
        # Takes no arguments and tells nothing but numbers: there is nothing to refuse.
        return None
    if kind == "registry":
        return _registry_refusal(arguments)
    if kind == "cim":
        return _cim_refusal(arguments)
    if kind == "event_log":
        return _event_log_refusal(arguments)
    if kind == "log_start":
        return _log_refusal(str(arguments.get("log", "")))
    if kind == "marker":
        return _marker_refusal(arguments)
    return "UnknownKind"


def _registry_refusal(arguments: Mapping[str, Any]) -> str | None:
    if arguments.get("each_user"):
        return _user_refusal(arguments)
    return _first(
        [
            *(registry_refusal(key) for key in _texts(arguments.get("keys"))),
            *(_value_refusal(name) for name in _texts(arguments.get("values"))),
        ]
    )


def file_refusal(path: str, *, each_profile: bool, properties: Iterable[str]) -> str | None:
    """Return why a file may not be looked at, or None when it may.

    Args:
        path: As the policy writes it; relative to a user's profile when `each_profile`.
        each_profile: The path is looked up in every profile.
        properties: What would be read of it.
    """
    lowered = path.lower()
    if each_profile:
        listed = lowered in PROFILE_FILES and set(properties) <= set(PROFILE_PROPERTIES)
        return None if listed else "NotOnProfileList"
    reason = _path_refusal(path, roots=FILE_ROOTS, folders=PERSONAL_FOLDERS)
    if reason is None and lowered.endswith(PERSONAL_EXTENSIONS):
        return "PersonalFile"
    return reason


def _marker_refusal(arguments: Mapping[str, Any]) -> str | None:
    paths, markers = _texts(arguments.get("paths")), _texts(arguments.get("markers"))
    if len(paths) != 1 or not markers:
        return "Malformed"
    # A character that lower() turns into an ASCII one is no spelling of these files.
    if not paths[0].isascii():
        return "NotOnProfileList"
    lowered = paths[0].lower()
    if lowered not in (*SETTINGS_FILE, *RUN_LOG):
        return "NotOnProfileList"
    allowed = SETTINGS_MARKERS if lowered in SETTINGS_FILE else RUN_MARKERS
    if not set(markers) <= set(allowed):
        return "MarkerNotAllowed"
    asked = set(_texts(arguments.get("properties")))
    return None if asked <= set(MARKER_PROPERTIES) else "ColumnNotAllowed"


def registry_refusal(key: str) -> str | None:
    """Return why a registry key may not be opened, or None when it may."""
    return _path_refusal(key, roots=REGISTRY_ROOTS, folders=REGISTRY_FOLDERS)


def _path_refusal(path: str, *, roots: tuple[str, ...], folders: tuple[str, ...]) -> str | None:
    lowered = path.lower()
    root = next((root for root in roots if lowered.startswith(root + "\\")), None)
    if root is None:
        return "OutsideRoots"
    if len(path) > _LONGEST_PATH or not path.isascii():
        return "Malformed"
    segments = path[len(root) + 1 :].split("\\")
    if any(_malformed(segment) for segment in segments):
        return "Malformed"
    return "PersonalFolder" if any(name.lower() in folders for name in segments) else None


def _malformed(segment: str) -> bool:
    # Windows drops trailing dots and blanks of a name, follows "..", and knows "~1" names,
    # streams and wildcards: each is a way to write a refused folder so that it looks allowed.
    if not _SEGMENT.fullmatch(segment):
        return True
    return segment[0] == " " or segment[-1] in " ."


def _user_refusal(arguments: Mapping[str, Any]) -> str | None:
    programs = _texts(arguments.get("names"))
    if not programs or any(not _PROGRAM.fullmatch(name) for name in programs):
        return "Malformed"
    listed = all(key.lower() in USER_KEYS for key in _texts(arguments.get("keys")))
    allowed = all(name.lower() in USER_VALUES for name in _texts(arguments.get("values")))
    return None if listed and allowed else "NotOnUserList"


def _value_refusal(name: str) -> str | None:
    if not _SEGMENT.fullmatch(name):
        return "Malformed"
    return _secret_refusal(name)


def _secret_refusal(name: str) -> str | None:
    lowered = name.lower()
    return "SecretValue" if any(word in lowered for word in SECRET_WORDS) else None


def _cim_refusal(arguments: Mapping[str, Any]) -> str | None:
    associated = arguments.get("associated") or {}
    classes = [str(arguments.get("class", "")), *_texts(associated.get("class"))]
    columns = [*_texts(arguments.get("properties")), *_texts(associated.get("properties"))]
    filter_text = arguments.get("filter") or ""
    if not _NAMESPACE.fullmatch(str(arguments.get("namespace", ""))):
        return "Malformed"
    if filter_text and not _FILTER.fullmatch(filter_text):
        return "Malformed"
    if any(not _CIM_NAME.fullmatch(name) for name in [*classes, *columns]):
        return "Malformed"
    if any(name.lower() in CIM_CLASSES for name in classes):
        return "ClassNotAllowed"
    # A filter on a column tells as much as reading it.
    named = [*columns, *_BETWEEN_WORDS.split(filter_text)]
    if any(name.lower() in CIM_COLUMNS for name in named):
        return "ColumnNotAllowed"
    return _first(_secret_refusal(name) for name in columns)


def _log_refusal(log: str) -> str | None:
    if not _LOG.fullmatch(log):
        return "Malformed"
    return None if log.lower() in EVENT_LOGS else "LogNotAllowed"


def _event_log_refusal(arguments: Mapping[str, Any]) -> str | None:
    providers = _texts(arguments.get("providers"))
    fields = _texts(arguments.get("fields"))
    if not providers or not arguments.get("ids"):
        return "Malformed"
    if any(not _LOG.fullmatch(name) for name in providers):
        return "Malformed"
    if any(not _FIELD.fullmatch(name) for name in fields):
        return "Malformed"
    if (refused := _log_refusal(str(arguments.get("log", "")))) is not None:
        return refused
    if any(name.lower() in EVENT_FIELDS for name in fields):
        return "ColumnNotAllowed"
    return _first(_secret_refusal(name) for name in fields)


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _first(reasons: Iterable[str | None]) -> str | None:
    return next((reason for reason in reasons if reason), None)
