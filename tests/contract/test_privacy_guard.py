"""The privacy guard: one table of disguised paths, asked of Python and of PowerShell."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from custode.core import guard

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "library" / "fleet_probe.ps1"
TABLE = yaml.safe_load(Path(__file__).with_name("guard_cases.yml").read_text(encoding="utf-8"))


def _arguments(section: str, case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if section == "file":
        return "file", {"paths": [case["path"]], "properties": ["version"]}
    if section == "profile_file":
        return "file", {
            "paths": [case["path"]],
            "properties": case["properties"],
            "each_profile": True,
        }
    if section == "registry":
        return "registry", {"keys": [case["key"]], "values": case["values"]}
    if section == "user_registry":
        own = {name: case[name] for name in ("names", "values")}
        return "registry", {"keys": [case["key"]], "each_user": True, **own}
    return section, {name: value for name, value in case.items() if name != "refused"}


CASES = [
    pytest.param(*_arguments(section, case), case["refused"], id=f"{section}-{index}")
    for section, cases in TABLE.items()
    for index, case in enumerate(cases)
]


@pytest.mark.parametrize(("kind", "arguments", "refused"), CASES)
def test_the_guard_answers_as_the_table_says(
    kind: str, arguments: dict[str, Any], refused: object
) -> None:
    reason = guard.refusal(kind, arguments)

    assert reason == (refused or None) or (refused is True and reason is not None)


def test_an_unknown_kind_is_refused() -> None:
    assert guard.refusal("command", {"line": "whoami"}) == "UnknownKind"


@pytest.mark.parametrize(
    "name",
    [
        "FILE_ROOTS",
        "PROFILE_FILES",
        "PROFILE_PROPERTIES",
        "SETTINGS_FILE",
        "SETTINGS_MARKERS",
        "RUN_LOG",
        "RUN_MARKERS",
        "MARKER_WORDS",
        "MARKER_PROPERTIES",
        "PERSONAL_FOLDERS",
        "PERSONAL_EXTENSIONS",
        "REGISTRY_ROOTS",
        "REGISTRY_FOLDERS",
        "USER_KEYS",
        "USER_VALUES",
        "SECRET_WORDS",
        "CIM_CLASSES",
        "CIM_COLUMNS",
        "EVENT_LOGS",
        "EVENT_FIELDS",
    ],
)
def test_both_guards_hold_the_same_lists(name: str) -> None:
    head, *rest = name.lower().split("_")
    variable = head + "".join(part.capitalize() for part in rest)
    found = re.search(
        rf"^\${variable} = @\((.*?)\n\)",
        MODULE.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )

    assert found is not None
    assert re.findall(r"'([^']*)'", found.group(1)) == list(getattr(guard, name))


def test_each_list_is_lower_case_sorted_and_without_repeats() -> None:
    for name in ("PERSONAL_FOLDERS", "PERSONAL_EXTENSIONS", "REGISTRY_FOLDERS", "CIM_CLASSES"):
        values = getattr(guard, name)

        assert list(values) == sorted({value.lower() for value in values})


def _wrong(cases: list[Any]) -> int:
    return sum(
        (guard.refusal(kind, arguments) is not None) != bool(refused)
        for kind, arguments, refused in (case.values for case in cases)
    )


@pytest.mark.parametrize(
    ("name", "weaker"),
    [
        ("FILE_ROOTS", ("c:", "%programdata%", "%programfiles%", "%systemroot%", "%userprofile%")),
        ("PERSONAL_FOLDERS", ()),
        ("PERSONAL_EXTENSIONS", (".nothing",)),
        ("PROFILE_FILES", (*guard.PROFILE_FILES, "documents\\budget.xlsx")),
        ("PROFILE_PROPERTIES", (*guard.PROFILE_PROPERTIES, "signer", "version")),
        ("SETTINGS_FILE", (*guard.SETTINGS_FILE, "owncloud\\.owncloudsync.log")),
        ("SETTINGS_MARKERS", (*guard.SETTINGS_MARKERS, "<n>\\dav_user=")),
        ("RUN_LOG", (*guard.RUN_LOG, "{localpath}\\.sync_journal.db")),
        ("RUN_MARKERS", (*guard.RUN_MARKERS, "#")),
        ("MARKER_PROPERTIES", (*guard.MARKER_PROPERTIES, "text")),
        ("REGISTRY_ROOTS", (*guard.REGISTRY_ROOTS, "hkcu\\software")),
        ("REGISTRY_FOLDERS", ()),
        ("USER_KEYS", (*guard.USER_KEYS, "software\\microsoft\\windows\\currentversion\\run")),
        ("USER_VALUES", (*guard.USER_VALUES, "installlocation")),
        ("_PROGRAM", re.compile(r".*")),
        ("SECRET_WORDS", ()),
        ("CIM_CLASSES", ()),
        ("CIM_COLUMNS", ()),
        ("EVENT_LOGS", (*guard.EVENT_LOGS, "security")),
        ("EVENT_FIELDS", ()),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&~-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&:$-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&*?-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&/-]+")),
        ("_SEGMENT", re.compile(r"[A-Za-z0-9 ._(){}+&%-]+")),
        ("_NAMESPACE", re.compile(r".*")),
        ("_CIM_NAME", re.compile(r".*")),
        ("_FILTER", re.compile(r".*")),
        ("_LOG", re.compile(r".*")),
        ("_FIELD", re.compile(r".*")),
        ("_malformed", lambda segment: not guard._SEGMENT.fullmatch(segment)),
    ],
)
def test_a_weaker_guard_fails_the_table(
    monkeypatch: pytest.MonkeyPatch, name: str, weaker: object
) -> None:
    assert _wrong(CASES) == 0

    monkeypatch.setattr(guard, name, weaker)

    assert _wrong(CASES) > 0


@given(st.text(), st.booleans())
def test_no_text_is_both_allowed_and_outside_the_lists(path: str, each_profile: object) -> None:
    if guard.file_refusal(path, each_profile=bool(each_profile), properties=[]) is None:
        lowered = path.lower()

        assert (
            lowered in guard.PROFILE_FILES if each_profile else lowered.startswith(guard.FILE_ROOTS)
        )


_PIECES = st.sampled_from(
    [
        *("%ProgramData%", "C:\\Windows", "%UserProfile%", "\\\\?\\", "Users", "Documents"),
        *("\\", "/", ".", "..", " ", ":", "*", "~1", "\u200b", "Norton", "a.dat", "x.pst"),
    ]
)


@given(st.lists(_PIECES, max_size=8).map("".join))
def test_what_is_allowed_names_no_personal_folder_and_climbs_nowhere(path: str) -> None:
    if guard.file_refusal(path, each_profile=False, properties=[]) is None:
        segments = path.lower().split("\\")

        assert not set(segments) & {"..", ".", "", *guard.PERSONAL_FOLDERS}
        assert not set(path) & set('/*?"<>|~\u200b')
        assert path.count(":") <= 1


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not on PATH")
def test_powershell_answers_as_the_table_says(tmp_path: Path) -> None:
    cases = [{"kind": kind, **arguments} for kind, arguments, _ in (c.values for c in CASES)]
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    module = MODULE.read_text(encoding="utf-8")
    start = module.index("Set-StrictMode")
    end = module.index("$module = [Ansible.Basic.AnsibleModule]")
    # As Ansible hands over its options: every declared one is there.
    script = (
        module[start:end]
        + """
$cases = Get-Content -LiteralPath (Join-Path $PSScriptRoot 'cases.json') -Raw | ConvertFrom-Json
$answers = foreach ($case in $cases) {
    $probe = @{}
    foreach ($name in $spec.options.probes.options.psbase.Keys) { $probe[$name] = $null }
    $probe['each_profile'] = $false
    $probe['each_user'] = $false
    foreach ($property in $case.PSObject.Properties) { $probe[$property.Name] = $property.Value }
    if ($null -ne $probe['associated']) {
        $probe['associated'] = @{
            class = $probe['associated'].class; properties = $probe['associated'].properties
        }
    }
    [string](Get-FleetRefusal $probe)
}
ConvertTo-Json -InputObject @($answers) -Compress
"""
    )
    (tmp_path / "guard.ps1").write_text(script, encoding="utf-8")
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(tmp_path / "guard.ps1")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    for case, answer in zip(CASES, json.loads(done.stdout), strict=True):
        refused = case.values[2]
        assert answer == (refused or "") or (refused is True and answer), case.id
