"""What Windows calls its own accounts and groups, in the languages that winsim speaks.

Only the identifiers are the same everywhere. Italian leaves some names in English and translates
others: a name that works there proves nothing elsewhere, nor the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH, ITALIAN, FRENCH = "en", "it", "fr"
_LANGUAGES = {1040: ITALIAN, 2064: ITALIAN, 1036: FRENCH, 2060: FRENCH, 3084: FRENCH, 4108: FRENCH}

Names = Mapping[str, str]


def language_of(number: int) -> str:
    """Return the language of a Windows from `Win32_OperatingSystem.OSLanguage`."""
    return _LANGUAGES.get(number, ENGLISH)


def _same(name: str) -> Names:
    return {ENGLISH: name, ITALIAN: name, FRENCH: name}


def _each(english: str, italian: str, french: str) -> Names:
    return {ENGLISH: english, ITALIAN: italian, FRENCH: french}


_AUTHORITY = _each("NT AUTHORITY", "NT AUTHORITY", "AUTORITE NT")
_NOBODY = _same("")
BUILTIN = "BUILTIN"

# By SID: domain and name.
WELL_KNOWN: Mapping[str, tuple[Names, Names]] = {
    "S-1-1-0": (_NOBODY, _each("Everyone", "Everyone", "Tout le monde")),
    "S-1-5-2": (_AUTHORITY, _each("NETWORK", "RETE", "RESEAU")),
    "S-1-5-4": (_AUTHORITY, _each("INTERACTIVE", "INTERACTIVE", "INTERACTIF")),
    "S-1-5-11": (
        _AUTHORITY,
        _each("Authenticated Users", "Authenticated Users", "Utilisateurs authentifiés"),
    ),
    "S-1-5-18": (_AUTHORITY, _each("SYSTEM", "SYSTEM", "Système")),
    "S-1-5-19": (_AUTHORITY, _each("LOCAL SERVICE", "SERVIZIO LOCALE", "SERVICE LOCAL")),
    "S-1-5-20": (_AUTHORITY, _each("NETWORK SERVICE", "SERVIZIO DI RETE", "SERVICE RÉSEAU")),
}

# By SID: the local groups that every Windows has.
GROUPS: Mapping[str, Names] = {
    "S-1-5-32-544": _each("Administrators", "Administrators", "Administrateurs"),
    "S-1-5-32-545": _each("Users", "Users", "Utilisateurs"),
    "S-1-5-32-546": _each("Guests", "Guests", "Invités"),
    "S-1-5-32-551": _each("Backup Operators", "Backup Operators", "Opérateurs de sauvegarde"),
    "S-1-5-32-555": _each(
        "Remote Desktop Users", "Utenti desktop remoto", "Utilisateurs du Bureau à distance"
    ),
    "S-1-5-32-573": _each(
        "Event Log Readers",
        "Lettori registri eventi",
        "Lecteurs des journaux d’événements",  # noqa: RUF001 - as Windows writes it
    ),
    "S-1-5-32-578": _each(
        "Hyper-V Administrators", "Amministratori Hyper-V", "Administrateurs Hyper-V"
    ),
    "S-1-5-32-580": _each(
        "Remote Management Users",
        "Utenti Gestione remota",
        "Utilisateurs de gestion à distance",
    ),
    "S-1-5-32-581": _same("System Managed Accounts Group"),
}

# By the last part of the SID: the accounts that every Windows has; all are disabled on clients.
ACCOUNTS: Mapping[int, Names] = {
    500: _each("Administrator", "Administrator", "Administrateur"),
    501: _each("Guest", "Guest", "Invité"),
    503: _same("DefaultAccount"),
    504: _same("WDAGUtilityAccount"),
}
# In which of the groups they are.
MEMBERS: Mapping[int, str] = {
    500: "S-1-5-32-544",
    501: "S-1-5-32-546",
    503: "S-1-5-32-581",
}
ADMINISTRATORS, USERS = "S-1-5-32-544", "S-1-5-32-545"


def well_known(language: str) -> dict[str, tuple[str, str]]:
    """Return domain and name of Windows' own identities by SID, in a language."""
    return {sid: (domain[language], name[language]) for sid, (domain, name) in WELL_KNOWN.items()}
