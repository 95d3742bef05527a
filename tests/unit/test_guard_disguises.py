"""Whatever is written in disguise: what the guard allows is, for Windows too, only what is listed."""

from __future__ import annotations

import ntpath
import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from custode.core import readable
from custode.core.guard import file_refusal, refusal

MANY = settings(max_examples=600, deadline=None)

# --- what Windows would open: written from its rules for names, not from the guard ---

VARIABLES = {
    "%programfiles%": r"C:\Program Files",
    "%programfiles(x86)%": r"C:\Program Files (x86)",
    "%programdata%": r"C:\ProgramData",
    "%allusersprofile%": r"C:\ProgramData",
    "%systemroot%": r"C:\Windows",
    "%windir%": r"C:\Windows",
    "%systemdrive%": "C:",
    "%homedrive%": "C:",
    "%homepath%": r"\Users\anna",
    "%userprofile%": r"C:\Users\anna",
    "%public%": r"C:\Users\Public",
    "%appdata%": r"C:\Users\anna\AppData\Roaming",
    "%localappdata%": r"C:\Users\anna\AppData\Local",
    "%temp%": r"C:\Users\anna\AppData\Local\Temp",
    "%onedrive%": r"C:\Users\anna\OneDrive",
}
SHORT = {
    "progra~1": "program files",
    "progra~2": "program files (x86)",
    "progra~3": "programdata",
    "docume~1": "documents",
    "applic~1": "application data",
    "users~1": "users",
    "budget~1.xlsx": "budget.xlsx",
    "servic~1": "serviceprofiles",
}
JUNCTIONS = {
    r"c:\documents and settings": r"c:\users",
    r"c:\utenti": r"c:\users",
    r"c:\users\all users": r"c:\programdata",
    r"c:\users\default user": r"c:\users\default",
    r"c:\programdata\application data": r"c:\programdata",
    r"c:\programdata\documents": r"c:\users\public\documents",
    r"c:\programdata\desktop": r"c:\users\public\desktop",
}
# What looks like an ASCII sign and is none, as NFKC does not tell.
LOOK_ALIKES = str.maketrans(
    "\u043e\u0435\u0430\u0455\u0456\u0441\u2044\u2215\u29f5\u00a5\u0131\u0130", "oeasic//\\\\ii"
)
UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u00ad\u2060\ufeff\u202e"))


def opened(path: str) -> str:
    """Return the place that is meant, in lower case, taking every disguise for what it hides.

    It takes more than Windows does: a look-alike for the letter, an unseen sign for nothing.
    """
    text = unicodedata.normalize("NFKC", path).translate(UNSEEN).translate(LOOK_ALIKES).lower()
    text = re.sub(r"%[^%\\/]+%", lambda found: VARIABLES.get(found[0], found[0]).lower(), text)
    text = text.replace("/", "\\").strip(' "\n\t\0')
    text = re.sub(r"^(filesystem::|microsoft\.powershell\.core\\filesystem::)", "", text)
    text = re.sub(r"^\\\\(\?|\.)\\(unc\\)?|^\\\?\?\\", "", text)
    text = re.sub(
        r"^(\\\\)?(localhost|127\.0\.0\.1|\[::1\])\\(?P<drive>[a-z])\$", r"\g<drive>:", text
    )
    drive, rest = ntpath.splitdrive(text)
    names = [name.split(":")[0].rstrip(" .") or name.strip() for name in rest.split("\\")]
    names = [SHORT.get(name, name) for name in names]
    where = ntpath.normpath((drive or "c:") + "\\" + "\\".join(filter(None, names)))
    for _ in range(3):
        for junction, target in JUNCTIONS.items():
            if where == junction or where.startswith(junction + "\\"):
                where = ntpath.normpath(target + where[len(junction) :])
    return where


PROGRAM_FOLDERS = (r"c:\program files", r"c:\program files (x86)", r"c:\programdata", r"c:\windows")
PERSONAL_FILES = (
    r"C:\Users\anna\Documents\budget.xlsx",
    r"C:\Users\anna\AppData\Local\Google\Chrome\User Data\Default\History",
    r"C:\Users\anna\AppData\Local\Microsoft\Outlook\anna.ost",
    r"C:\Users\Public\Documents\letters.exe",
    r"D:\Clients\2026\contract.pdf",
)

# --- disguises: each writes a path so that it looks different and means the same ---


def _put(path: str, number: int, text: str) -> str:
    """Put text before some backslash, or at the end."""
    places = [index for index, sign in enumerate(path) if sign == "\\" and index > 2]
    place = [*places, len(path)][number % (len(places) + 1)]
    return path[:place] + text + path[place:]


def _full_width(path: str, number: int) -> str:
    place = 3 + number % max(len(path) - 3, 1)
    wide = "".join(
        chr(ord(sign) + 0xFEE0) for sign in path[place : place + 1] if "!" <= sign <= "~"
    )
    return path[:place] + wide + path[place + 1 :] if wide else path


def _network(path: str, number: int) -> str:
    host = ("localhost", "127.0.0.1", "[::1]")[number % 3]
    return f"\\\\{host}\\{path[0]}${path[2:]}" if path[1:2] == ":" else path


def _climb(path: str, number: int) -> str:
    root = ("C:\\Windows\\..", "%ProgramFiles%\\..", "%ProgramData%\\Norton\\..\\..")[number % 3]
    return root + path[2:] if path[:2] == "C:" else path


DISGUISES: dict[str, Callable[[str, int], str]] = {
    "case": lambda path, number: path.swapcase() if number % 2 else path.upper(),
    "climbing": _climb,
    "detour": lambda path, number: _put(path, number, "\\x\\.."),
    "device": lambda path, number: ("\\\\?\\", "\\\\.\\", "\\??\\")[number % 3] + path,
    "doubled": lambda path, number: _put(path, number, "\\"),
    "full width": _full_width,
    "junction": lambda path, _: path.replace("C:\\Users\\Public\\", "C:\\ProgramData\\").replace(
        "C:\\Users\\", "C:\\Documents and Settings\\"
    ),
    "look-alike": lambda path, number: path.replace(
        *(("o", "\u043e"), ("i", "\u0131"))[number % 2]
    ),
    "network": _network,
    "provider": lambda path, _: "FileSystem::" + path,
    "quoted": lambda path, _: f'"{path}"',
    "short": lambda path, _: path.replace("Documents", "DOCUME~1").replace("budget.", "BUDGET~1."),
    "slashes": lambda path, number: path.replace("\\", "/", 1 + number % 5),
    "standing": lambda path, number: _put(path, number, "\\."),
    "stream": lambda path, number: path + (":x", "::$DATA", ":x:$DATA", ":a.exe")[number % 4],
    "trailing": lambda path, number: _put(path, number, (".", " ", "...", ". .")[number % 4]),
    "unseen": lambda path, number: _put(path, number, chr([*UNSEEN][number % len(UNSEEN)])),
    "variable": lambda path, _: path.replace("C:\\Users\\anna", "%UserProfile%").replace(
        "C:\\Users\\Public", "%Public%"
    ),
}


@MANY
@given(
    st.sampled_from(PERSONAL_FILES),
    st.lists(st.tuples(st.sampled_from(sorted(DISGUISES)), st.integers(0, 999)), max_size=4),
)
def test_a_persons_file_is_refused_in_every_disguise(
    path: str, ways: list[tuple[str, int]]
) -> None:
    disguised = path
    for name, number in ways:
        disguised = DISGUISES[name](disguised, number)
        event(name)

    assert file_refusal(disguised) is not None
    for properties in ([], ["modified_at"], ["version"]):
        arguments = {"paths": [disguised], "each_profile": True, "properties": properties}
        assert refusal("file", arguments) == "FileNotListed"
    marked = {"paths": [disguised], "markers": [*readable.RUN_MARKERS], "properties": ["count"]}
    assert refusal("marker", marked) == "FileNotListed"


@pytest.mark.parametrize("name", DISGUISES)
def test_each_disguise_means_the_same_file(name: str) -> None:
    changed = 0
    for path in PERSONAL_FILES:
        for number in range(24):
            disguised = DISGUISES[name](path, number)
            changed += disguised != path
            assert opened(disguised) == path.lower()
    assert changed > 0


@pytest.mark.parametrize(
    ("disguised", "meant"),
    [
        (r"\\?\C:\USERS\anna\DOCUME~1\BUDGET~1.XLSX", PERSONAL_FILES[0]),
        ("%UserProfile%/Documents. /budget.xlsx::$DATA", PERSONAL_FILES[0]),
        (r"\\localhost\C$\Documents and Settings\anna\.\Documents\budget.xlsx", PERSONAL_FILES[0]),
        ("%ProgramFiles%\\..\\Users\\anna\\D\u043ecu\u200bments\\budget.xlsx", PERSONAL_FILES[0]),
        ("%ProgramData%\\x\\..\\\uff24ocuments\\letters.exe", PERSONAL_FILES[3]),
    ],
)
def test_the_rules_for_names_see_through_a_disguise(disguised: str, meant: str) -> None:
    assert opened(disguised) == meant.lower()


PIECES = st.sampled_from(
    [
        *(
            "%ProgramData%",
            "%PROGRAMFILES%",
            "%ProgramFiles(x86)%",
            "C:\\Windows",
            "c:\\programdata",
        ),
        *("%UserProfile%", "%Public%", "C:", "D:", "\\\\?\\", "\\\\.\\", "\\\\localhost\\c$"),
        *("\\", "\\", "\\", "/", "..", ".", " ", ":", "*", "?", "~1", '"', "\n", "\0"),
        *("Users", "Documents", "Desktop", "Application Data", "DOCUME~1", "anna", "Norton"),
        *("ServiceProfiles", "a", "x.exe", ".exe", ".dll", ".msi", "x.pst", ".txt", "History"),
        *("\u200b", "\u00ad", "\u043e", "\uff24", "\u0131", "\u0130", "\u212a", "\u017f", "\u2044"),
    ]
)
PATHS = st.lists(PIECES, max_size=10).map("".join)
# Begins as an allowed path does, so that what follows decides.
BEGUN = st.tuples(
    st.sampled_from(["%ProgramData%\\", "%ProgramFiles%\\Norton\\", "C:\\Windows\\"]), PATHS
).map("".join)


@MANY
@given(st.one_of(PATHS, BEGUN, BEGUN.map(lambda text: text + "x.exe")))
def test_what_is_allowed_is_a_programs_file_for_windows_too(path: str) -> None:
    allowed = file_refusal(path) is None
    event(f"allowed: {allowed}")
    if not allowed:
        return
    where = opened(path)

    assert where.startswith(tuple(f"{folder}\\" for folder in PROGRAM_FOLDERS))
    assert where.endswith((".dll", ".exe", ".msi", ".sys"))
    assert not {"users", "documents", "desktop", "serviceprofiles"} & set(where.split("\\"))
    # And nothing about it needs seeing through: it says what it means.
    spelled = re.sub("^%[^%]+%", lambda found: VARIABLES[found[0].lower()], path)
    assert where == spelled.lower()


# --- the other kinds: a listed name, or nothing ---

EDITS = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.sampled_from(["insert", "replace", "remove", "case"]),
        st.one_of(
            st.sampled_from(" .\\/*?%:'\"\n\0\u200b\u00ad\u0131\u0130\u212a\u017f\uff0f,"),
            st.characters(max_codepoint=0x2FFF),
        ),
    ),
    max_size=3,
)


def edited(text: str, edits: list[tuple[int, str, str]]) -> str:
    for position, how, letter in edits:
        place = position % (len(text) + 1)
        end = place + (how != "insert")
        new = {"remove": "", "case": text[place:end].swapcase()}.get(how, letter)
        text = text[:place] + new + text[end:]
    return text


def spelled_the_same(one: str, other: str) -> bool:
    return one.isascii() and one.lower() == other.lower()


@MANY
@given(st.sampled_from(sorted(readable.REGISTRY_VALUES)), st.booleans(), EDITS, EDITS)
def test_a_key_or_value_is_listed_or_refused(
    place: str, for_32_bit: object, in_key: list[tuple[int, str, str]], in_value: list[tuple[int, str, str]]
) -> None:  # fmt: skip
    subkeys = place.endswith("\\*")
    listed = place.removesuffix("\\*")
    if for_32_bit:
        listed = listed.replace("hklm\\software\\", "hklm\\software\\wow6432node\\")
    value = readable.REGISTRY_VALUES[place].split(", ")[0] or "anything"
    key, name = edited(listed, in_key), edited(value, in_value)
    probe = {"keys": [key], "values": [name], "subkeys": subkeys}
    if spelled_the_same(key, listed) and spelled_the_same(name, value) and value != "anything":
        assert refusal("registry", probe) is None
        return
    if refusal("registry", probe) is None:
        # Another listed pair, then.
        plain = key.lower().replace("hklm\\software\\wow6432node\\", "hklm\\software\\")
        assert name.lower() in readable.REGISTRY_VALUES[plain + "\\*" * subkeys].split(", ")


@MANY
@given(st.sampled_from(sorted(readable.CIM_COLUMNS)), EDITS, EDITS, st.text(max_size=20))
def test_a_class_or_column_is_listed_or_refused(
    place: str, in_class: list[tuple[int, str, str]], in_column: list[tuple[int, str, str]], text: str
) -> None:  # fmt: skip
    namespace, _, name = place.partition(":")
    column = readable.CIM_COLUMNS[place].split(", ")[0]
    asked = edited(name, in_class), edited(column, in_column)
    probe = {"namespace": namespace, "class": asked[0], "properties": [asked[1]]}
    if refusal("cim", {**probe, "filter": readable.CIM_ONLY.get(place)}) is None:
        assert spelled_the_same(asked[1], asked[1].lower())
        assert asked[1].lower() in readable.CIM_COLUMNS[f"{namespace}:{asked[0].lower()}"].split(
            ", "
        )
    # A filter may ask about listed columns only, however it is written.
    for template in ("{} = 1", "name = 'a' OR {} = 1", "({}) LIKE '%a%'", "name = 'a' AND NOT {}"):
        assume(not re.search(r"\\$|^'", text))
        filtered = {
            "namespace": "root/cimv2",
            "class": "Win32_Service",
            "properties": ["Name"],
            "filter": template.format(text),
        }
        if refusal("cim", filtered) is None:
            words = set(re.findall(r"\w+", re.sub("'[^']*'", "", filtered["filter"].lower())))
            words = {word for word in words if not word.isdigit()}
            assert words <= {*("exitcode", "name", "startmode", "state"), *OPERATORS}


OPERATORS = {"and", "false", "is", "like", "not", "null", "or", "true"}


@MANY
@given(
    st.sampled_from(sorted(readable.EVENT_IDS)), EDITS, EDITS, st.integers(), st.text(max_size=4)
)
def test_an_event_is_listed_or_refused(
    place: str, in_log: list[tuple[int, str, str]], in_provider: list[tuple[int, str, str]],
    number: int, field: str,
) -> None:  # fmt: skip
    log, provider = place.split(":")
    asked = edited(log, in_log), edited(provider, in_provider)
    probe = {"log": asked[0], "providers": [asked[1]], "ids": [number], "fields": [field]}
    listed = f"{asked[0]}:{asked[1]}".lower()
    if refusal("event_log", probe) is None:
        assert str(number) in readable.EVENT_IDS[listed].split(", ")
        assert field.lower() in readable.EVENT_FIELDS[listed].split(", ")
    known = {**probe, "ids": readable.EVENT_IDS[place].split(", "), "fields": []}
    allowed = refusal("event_log", known) is None
    assert allowed == (
        spelled_the_same(asked[0], log) and spelled_the_same(asked[1], provider)
    ) or (allowed and listed in readable.EVENT_IDS)


@MANY
@given(
    st.sampled_from([*readable.PROFILE_FILES, *readable.SETTINGS_FILE, *readable.RUN_LOG]), EDITS
)
def test_a_file_of_a_profile_is_listed_or_refused(
    path: str, edits: list[tuple[int, str, str]]
) -> None:
    asked = edited(path, edits)
    looked_at = {"paths": [asked], "each_profile": True, "properties": ["size_bytes"]}
    opened_for = {
        "settings": (readable.SETTINGS_FILE, {"markers": ["<n>\\url="]}),
        "log": (readable.RUN_LOG, {"markers": [readable.RUN_MARKERS[0]]}),
    }

    known = asked.isascii() and asked.lower() in readable.PROFILE_FILES
    assert (refusal("file", looked_at) is None) == known
    for files, markers in opened_for.values():
        known = asked.isascii() and asked.lower() in files
        assert (refusal("marker", {"paths": [asked], **markers}) is None) == known
