"""The privacy guard: one list of what may be read, and one table of targets in disguise."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.contract.guard_table import CASES, TABLE
from tests.generate_guard import MODULE

from custode.core import guard, readable

LISTS = {name: value for name, value in vars(readable).items() if name.isupper()}
# What no list may ever come to allow, whoever adds to it.
PERSONAL_CLASSES = re.compile(
    r"user|account|login|logon|datafile|directory|shortcut|printjob|ntlogevent|win32_product"
)
PERSONAL_NAMES = re.compile(
    r"user(?!authentication)|owner|mail|passw|secret|token|apikey|credential|assignmentid|digitalproductid|productkey"
    r"|\bsid|commandline|executablepath|localpath|profileimage|ssid|organi[sz]ation|startname"
    r"|message|ipaddress|volumename|installlocation|contact"
)
PERSONAL_KEYS = re.compile(
    r"^(?!hklm)|profilelist|networklist|logonui|recentdocs|typed|mru|outlook|\\sam|\\security\\"
    r"|secrets|identity|enrollments|mountpoints|usbstor"
)


def answer(probe: Mapping[str, Any]) -> str | None:
    return guard.refusal(probe["kind"], probe)


@pytest.mark.parametrize(("probe", "expected"), CASES)
def test_the_guard_answers_as_the_table_says(probe: dict[str, Any], expected: str | None) -> None:
    assert answer(probe) == expected


def test_the_table_has_some_hundred_cases_and_each_says_why() -> None:
    kinds = Counter(case["kind"] for case in TABLE)

    assert len(TABLE) >= 700
    assert all(kinds[kind] >= 50 for kind in ("file", "registry", "cim", "event_log", "marker"))
    assert all(case["why"] and ("answer" in case) != case["allowed"] for case in TABLE)


def test_every_answer_of_the_guard_stands_in_the_table() -> None:
    source = Path(str(guard.__file__)).read_text(encoding="utf-8")
    words = set(re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)*)"', source)) - {"UnknownKind"}

    assert words == {case["answer"] for case in TABLE if not case["allowed"]}


def test_an_unknown_kind_is_refused() -> None:
    assert guard.refusal("command", {"line": "whoami"}) == "UnknownKind"


def test_the_list_is_in_lower_case_and_in_order() -> None:
    for name, value in LISTS.items():
        if isinstance(value, dict):
            assert list(value) == [key.lower() for key in sorted(value)], name
            if name != "CIM_ONLY":
                numbers = name == "EVENT_IDS"
                for allowed in value.values():
                    names = allowed.split(", ")
                    assert names == sorted({n.lower() for n in names}, key=int if numbers else None)


def test_a_filter_or_a_field_is_only_listed_for_what_may_be_read() -> None:
    assert {*readable.CIM_FILTERS, *readable.CIM_ONLY} <= set(readable.CIM_COLUMNS)
    assert set(readable.EVENT_FIELDS) <= set(readable.EVENT_IDS)


def test_the_list_names_nothing_that_is_personal() -> None:
    classes = [place.partition(":")[2] for place in readable.CIM_COLUMNS]
    columns = [*readable.CIM_COLUMNS.values(), *readable.EVENT_FIELDS.values()]
    values = [*readable.REGISTRY_VALUES.values(), *readable.USER_VALUES]
    logs = {place.partition(":")[0] for place in readable.EVENT_IDS}

    assert [] == [name for name in classes if PERSONAL_CLASSES.search(name)]
    assert [] == [text for text in (*columns, *values) if PERSONAL_NAMES.search(text)]
    assert [] == [key for key in readable.REGISTRY_VALUES if PERSONAL_KEYS.search(key)]
    assert logs <= {"application", "system"}


def _wrong() -> int:
    return sum(answer(probe) != expected for probe, expected in (case.values for case in CASES))


def _more(name: str, place: str, allowed: str) -> tuple[str, object]:
    return name, {**LISTS[name], place: allowed}


WEAKER = {
    "a class of files": _more("CIM_COLUMNS", "root/cimv2:cim_datafile", "name, filesize"),
    "the name of a network": _more(
        "CIM_COLUMNS", "root/standardcimv2:msft_netconnectionprofile", "name, networkcategory"
    ),
    "a filter on names": _more("CIM_FILTERS", "root/cimv2:win32_service", "startname"),
    "any process": ("CIM_ONLY", {}),
    "a Wi-Fi network": _more(
        "REGISTRY_VALUES",
        "hklm\\software\\microsoft\\windows nt\\currentversion\\networklist\\profiles\\{1}",
        "profilename",
    ),
    "a password": _more("REGISTRY_VALUES", "hklm\\software\\teamviewer", "securitypasswordaes"),
    "a person's key": (
        "USER_KEYS",
        (*readable.USER_KEYS, "software\\microsoft\\windows\\currentversion\\run"),
    ),
    "a person's value": ("USER_VALUES", (*readable.USER_VALUES, "installlocation")),
    "the Security log": _more("EVENT_IDS", "security:microsoft-windows-security-auditing", "4624"),
    "another event": _more("EVENT_IDS", "application:msiinstaller", "1033, 1034, 1040"),
    "another field": _more("EVENT_FIELDS", "application:application error", "0, 10, appname"),
    "any drive": ("FILE_ROOTS", ("c:", "d:", *readable.FILE_ROOTS)),
    "a person's home": ("FILE_ROOTS", (*readable.FILE_ROOTS, "%userprofile%")),
    "documents": ("FILE_ENDINGS", (*readable.FILE_ENDINGS, ".docx")),
    "junctions": ("FILE_FOLDERS_EXCEPT", ()),
    "a file of a profile": (
        "PROFILE_FILES",
        (*readable.PROFILE_FILES, "documents\\budget.xlsx"),
    ),
    "a signer in a profile": ("PROFILE_PROPERTIES", (*readable.PROFILE_PROPERTIES, "signer")),
    "another settings file": (
        "SETTINGS_FILE",
        (*readable.SETTINGS_FILE, "owncloud\\.owncloudsync.log"),
    ),
    "who signs in": ("SETTINGS_MARKERS", (*readable.SETTINGS_MARKERS, "<n>\\dav_user=")),
    "another log": ("RUN_LOG", (*readable.RUN_LOG, "{localpath}\\.sync_journal.db")),
    "lines of documents": ("RUN_MARKERS", (*readable.RUN_MARKERS, "#")),
    "the text of a line": ("MARKER_PROPERTIES", (*readable.MARKER_PROPERTIES, "text")),
}


@pytest.mark.parametrize(("name", "weaker"), WEAKER.values(), ids=WEAKER)
def test_a_longer_list_fails_the_table(
    monkeypatch: pytest.MonkeyPatch, name: str, weaker: object
) -> None:
    assert _wrong() == 0

    monkeypatch.setattr(readable, name, weaker)

    assert _wrong() > 0


@pytest.mark.parametrize(
    ("name", "weaker"),
    [
        ("_PROGRAM", re.compile(r".*")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&~-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&:$-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&*?-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&/-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&%-]+")),
        ("_FILTER", re.compile(r".*", re.DOTALL)),
        ("_BARE", re.compile(r".*")),
        ("_QUOTED", re.compile(r"'[^']*'")),
        ("_LONGEST_PATH", 1000),
        ("_malformed", lambda segment: not guard._SEGMENT.fullmatch(segment)),
        ("_malformed", lambda _: False),
        ("_all_in", lambda names, allowed: {n.lower() for n in names} <= set(allowed)),
        ("_filter_refusal", lambda *_: None),
        ("_for_64_bit", lambda key: re.sub("(?i)wow6432node.", "", key)),
    ],
)
def test_a_weaker_guard_fails_the_table(
    monkeypatch: pytest.MonkeyPatch, name: str, weaker: object
) -> None:
    monkeypatch.setattr(guard, name, weaker)

    assert _wrong() > 0


# By what is taken out of the module's guard: the kind of probe, the words, and what stands there then.
WEAKER_MODULES = {
    "characters nobody sees": ("event_log", "if ($Place -cmatch '[^ -~]') { return $null }", ""),
    "names are not compared": ("registry", "-or $known -cnotcontains $name.ToLowerInvariant()", ""),
    "junctions": ("file", "return 'PersonalFolder'", ""),
    "any ending": ("file", "return 'NoProgram'", ""),
    "any root": ("file", "return 'OutsideRoots'", ""),
    "signs in names": ("file", "if ($segment -cnotmatch '\\A[A-Za-z0-9 ._(){}+&-]+\\z') { return", "if (0) {"),
    "trailing dots": ("file", "if ($segment -cmatch '\\A | \\z|\\.\\z') { return", "if (0) {"),
    "any file of a profile": ("file", "$profileFiles)) { return 'FileNotListed' }", "$profileFiles)) { }"),
    "any property of it": ("file", "$profileProperties -cnotcontains $name", "$false"),
    "any marker": ("marker", "return 'MarkerNotListed'", ""),
    "the text of a line": ("marker", "$markerProperties -cnotcontains $name", "$false"),
    "any class": ("cim", "if ($null -eq $columns) { return 'ClassNotListed' }", ""),
    "any column": ("cim", "'properties') $columns)) { return 'ColumnNotListed' }", "'properties') $columns)) { }"),
    "any associated column": ("cim", "$linked)) { return 'ColumnNotListed' }", "$linked)) { }"),
    "any filter of a class": ("cim", "return 'FilterNotListed'", ""),
    "any filter": ("cim", "if (-not (Test-FleetListed $word $Columns))", "if ($false)"),
    "any log": ("event_log", "{ return 'LogNotListed' }", "{ continue }"),
    "any event": ("event_log", "return 'EventNotListed'", ""),
    "any field": ("event_log", "$eventFields $place))) { return", "$eventFields $place))) { $null ="),
    "any key": ("registry", "if ($null -eq $allowed) { return 'KeyNotListed' }", ""),
    "wildcards in keys": ("registry", "'[^ -~]|[*]'", "'[^ -~]'"),
    "any value": ("registry", "'values') $allowed)) { return 'ValueNotListed' }", "'values') $allowed)) { }"),
    "any key of a person": ("registry", "$userKeys)) { return 'KeyNotListed' }", "$userKeys)) { }"),
    "any value of a person": ("registry", "$userValues)) { return 'ValueNotListed' }", "$userValues)) { }"),
    "any program of a person": ("registry", "'\\A[A-Za-z0-9][A-Za-z0-9 .+-]{2,39}\\z'", "''"),
}  # fmt: skip


def guard_of_the_module() -> str:
    """Return the part of the module that the guard is: no line of it needs Windows."""
    module = MODULE.read_text(encoding="utf-8")
    return module[module.index("Set-StrictMode") : module.index("function ConvertTo-FleetValue")]


@pytest.mark.parametrize("words", WEAKER_MODULES.values(), ids=WEAKER_MODULES)
def test_each_weakening_of_the_module_is_one(words: tuple[str, str, str]) -> None:
    assert guard_of_the_module().count(words[1]) == 1


def told_by_powershell(folder: Path) -> dict[str, list[str]]:
    """Return the answers of the module's own guard, and of each weakening of it."""
    probes = [case.values[0] for case in CASES]
    (folder / "cases.json").write_text(json.dumps(probes), encoding="utf-8")
    own = guard_of_the_module()
    guards = [("", own)]
    guards += [(kind, own.replace(*words)) for kind, *words in WEAKER_MODULES.values()]
    for index, (_, text) in enumerate(guards):
        (folder / f"{index}.ps1").write_text(text, encoding="utf-8")
    kinds = json.dumps([kind for kind, _ in guards])
    (folder / "kinds.json").write_text(kinds, encoding="utf-8")
    # As Ansible hands over its options: every declared one is there.
    script = """
$cases = Get-Content -LiteralPath (Join-Path $PSScriptRoot 'cases.json') -Raw | ConvertFrom-Json
$kinds = Get-Content -LiteralPath (Join-Path $PSScriptRoot 'kinds.json') -Raw | ConvertFrom-Json
$answers = foreach ($index in 0..($kinds.Count - 1)) {
    . (Join-Path $PSScriptRoot "$index.ps1")
    $told = foreach ($case in $cases) {
        if ($kinds[$index] -and $case.kind -cne $kinds[$index]) { continue }
        $probe = @{}
        foreach ($name in $spec.options.probes.options.psbase.Keys) { $probe[$name] = $null }
        foreach ($name in @('each_profile', 'each_user', 'subkeys')) { $probe[$name] = $false }
        foreach ($property in $case.PSObject.Properties) { $probe[$property.Name] = $property.Value }
        if ($null -ne $probe['associated']) {
            $probe['associated'] = @{
                class = $probe['associated'].class; properties = $probe['associated'].properties
            }
        }
        [string](Get-FleetRefusal $probe)
    }
    , @($told)
}
ConvertTo-Json -InputObject @($answers) -Compress
"""
    (folder / "run.ps1").write_text(script, encoding="utf-8")
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(folder / "run.ps1")],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return dict(zip(["", *WEAKER_MODULES], json.loads(done.stdout), strict=True))


def expected(kind: str = "") -> list[str]:
    return [case.get("answer", "") for case in TABLE if not kind or case["kind"] == kind]


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not on PATH")
def test_powershell_answers_as_the_table_says_and_a_weaker_module_does_not(tmp_path: Path) -> None:
    told = told_by_powershell(tmp_path)

    wrong = [
        (case["kind"], case["target"], answered)
        for case, wanted, answered in zip(TABLE, expected(), told[""], strict=True)
        if wanted != answered
    ]
    assert wrong == []
    kinds = {name: kind for name, (kind, *_) in WEAKER_MODULES.items()}
    assert [] == [name for name, kind in kinds.items() if told[name] == expected(kind)]
