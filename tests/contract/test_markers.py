"""Kind `marker`: of logs full of documents' names only counts, moments, numbers and listed words leave.

The simulator's model is asked about whatever a log may hold; the PowerShell module is asked about
a PC with many such profiles, and must answer the same.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custode.core.probes import Probe, normalise
from custode.core.readable import MARKER_PROPERTIES, MARKER_WORDS, RUN_MARKERS, SETTINGS_MARKERS
from winsim.engine.world import environment_of, world_of
from winsim.host import Host
from winsim.model.cim import Cim
from winsim.model.files import File
from winsim.model.parts import User
from winsim.modules import run_module

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "library" / "fleet_probe.ps1"
STANDINS = ROOT / "src" / "winsim" / "engine" / "standins.ps1"
NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
SETTINGS = r"AppData\Roaming\ownCloud\owncloud.cfg"
LOG = ".owncloudsync.log"
PROBES: list[dict[str, Any]] = [
    {
        "id": name,
        "kind": "marker",
        "paths": [path],
        "markers": list(markers),
        "properties": list(MARKER_PROPERTIES),
    }
    for name, path, markers in (
        ("settings", SETTINGS, SETTINGS_MARKERS),
        ("runs", r"{localPath}\.owncloudsync.log", RUN_MARKERS),
    )
]
# What a person may be recognised by; each of them stands in what is drawn below.
NAMES = ("anna.bianchi", "Lettera alla banca.docx", "cloud.studio.example", "Università")
STARTED = "#=#=#=# Syncrun started 2026-10-05T06:40:00Z"
FINISHED = "#=#=#=# Syncrun finished 2026-10-05T06:40:09Z (last step: 801 msec , total: 9022 msec)"


def pc(profiles: list[Mapping[str, bytes]]) -> Host:
    """Return a PC with files in people's profiles; a path with a letter lies where it says."""
    users = tuple(
        User(f"S-1-5-21-1-2-3-{1001 + number}", rf"C:\Users\person{number}")
        for number, _ in enumerate(profiles)
    )
    host = Host("pc", 1, "PC", (), Cim({}), users=users)
    host.advance(NOW)
    for user, files in zip(users, profiles, strict=True):
        for path, data in files.items():
            host.files.write(path if ":" in path else rf"{user.folder}\{path}", data)
    return host


def ask(host: Host) -> dict[str, list[dict[str, Any]]]:
    facts = run_module(host, "fleet_probe", {"probes": PROBES})["facts"]
    return {name: result["rows"] for name, result in facts.items()}


def told(rows: list[dict[str, Any]], marker: str, *columns: str) -> list[Any]:
    shown = [[row[column] for column in columns] for row in rows if row["marker"] == marker]
    return [values[0] for values in shown] if len(columns) == 1 else shown


def text(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def with_log(*lines: str) -> list[dict[str, Any]]:
    """Return the rows of a log with these lines, in the usual place."""
    files = {SETTINGS: text(r"0\Folders\1\localPath=C:/Sync/"), rf"C:\Sync\{LOG}": text(*lines)}
    return ask(pc([files]))["runs"]


def test_a_run_is_told_by_count_moments_and_length() -> None:
    rows = with_log(STARTED, "06:40:02Z|Lettera alla banca.docx|INST_NEW|Up|", FINISHED)

    asked = ("folder", "exists", "count", "first_at", "last_at", "number")
    assert told(rows, "#=#=#=# Syncrun finished", *asked) == [
        [1, True, 1, "2026-10-05T06:40:09Z", "2026-10-05T06:40:09Z", 9022]
    ]
    assert told(rows, "#=#=#=# Syncrun started", "count", "last_at", "number") == [
        [1, "2026-10-05T06:40:00Z", None]
    ]
    assert told(rows, "#=#=#=#=# Propagation starts", "count", "last_at") == [[0, None]]


@pytest.mark.parametrize(
    ("line", "count", "at", "number"),
    [
        (FINISHED, 1, "2026-10-05T06:40:09Z", 9022),
        # As versions before 3 wrote it.
        (FINISHED.replace("msec ,", "msec,"), 1, "2026-10-05T06:40:09Z", 9022),
        # A document's name after the marker, after the moment, after the numbers.
        ("#=#=#=# Syncrun finished Lettera 2026-10-05T06:40:09Z.docx", 1, None, None),
        ("#=#=#=# Syncrun finished 2026-10-05T06:40:09Z.docx", 1, "2026-10-05T06:40:09Z", None),
        (f"{FINISHED} Lettera.docx", 1, "2026-10-05T06:40:09Z", None),
        (FINISHED.replace("9022", "Lettera"), 1, "2026-10-05T06:40:09Z", None),
        (FINISHED.replace("9022", "9022.docx 1"), 1, "2026-10-05T06:40:09Z", None),
        (FINISHED.replace("9022", "9" * 10), 1, "2026-10-05T06:40:09Z", None),
        # Digits of another script are no digits.
        (FINISHED.replace("9022", "٣٤"), 1, "2026-10-05T06:40:09Z", None),
        (FINISHED.replace("2026", "٢٠٢٦"), 1, None, None),
        # The marker in the middle, in another case, behind a blank, in what a document is called.
        (f" {FINISHED}", 0, None, None),
        (FINISHED.upper(), 0, None, None),
        (f"06:40:02Z|{FINISHED}|", 0, None, None),
        (FINISHED.replace("#=#=#=#", "#=#=#=\u200b#"), 0, None, None),
        ("", 0, None, None),
    ],
)
def test_a_line_tells_what_follows_its_marker_and_has_the_shape(
    line: str, count: int, at: str | None, number: int | None
) -> None:
    rows = with_log(line)

    found = told(rows, "#=#=#=# Syncrun finished", "count", "last_at", "number")
    assert found == [[count, at, number]]


def test_each_folder_of_each_profile_is_told_by_its_number() -> None:
    settings = text(
        "[General]",
        "clientVersion=6.0.3.18040",
        "[Accounts]",
        r"0\url=https://cloud.studio.example",
        r"0\dav_user=anna.bianchi",
        r"0\Folders\27f\journalPath=.sync_journal.db",
        r"0\Folders\27f\localPath=C:/Users/person0/ownCloud/",
        r"0\Folders\27f\paused=false",
        r"0\Folders\27f\virtualFilesMode=wincfapi",
        r"0\FoldersWithPlaceholders\3\localPath=C:/Studio/",
        r"0\FoldersWithPlaceholders\3\paused=true",
        r"0\FoldersWithPlaceholders\3\virtualFilesMode=Lettera alla banca.docx",
    )
    rows = ask(pc([{SETTINGS: settings, rf"C:\Studio\{LOG}": text(STARTED)}, {}]))

    words = ("profile", "folder", "exists", "word", "count")
    assert told(rows["settings"], r"<n>\Folders\<id>\paused=", *words) == [
        [1, 1, True, "false", 1],
        [1, 2, True, "true", 1],
        [2, None, False, None, 0],
    ]
    assert told(rows["settings"], r"<n>\Folders\<id>\virtualFilesMode=", *words)[:2] == [
        [1, 1, True, "wincfapi", 1],
        [1, 2, True, None, 1],
    ]
    assert told(rows["settings"], r"<n>\url=", *words) == [
        [1, None, True, None, 1],
        [2, None, False, None, 0],
    ]
    assert told(
        rows["runs"], "#=#=#=# Syncrun started", "profile", "folder", "exists", "count"
    ) == [
        [1, 1, False, 0],
        [1, 2, True, 1],
        [2, None, False, 0],
    ]


@pytest.mark.parametrize(
    ("place", "exists"),
    [
        ("C:/Sync/", True),
        ('"C:/Sync/"', True),
        (r"C:\\Sync", True),
        (r"c:/sync/", True),
        (r"C:/\x53\x79nc/", True),
        ("C:/Elsewhere/", False),
        ("D:/Sync/", None),
        # A share or a device: the PC would sign in there, or read what is no file.
        ("//server/share/", None),
        (r"\\\\server\\share", None),
        ("//?/C:/Sync/", None),
        ("//./C:/Sync/", None),
        # What leads elsewhere than it says, or nowhere.
        ("C:/Sync/../Sync/", None),
        ("C:/./Sync/", None),
        ("C:/Sync/*/", None),
        ("C:/Sync/a:b/", None),
        ("C://Sync/", None),
        ("Sync/", None),
        ("/Sync/", None),
        ("HKLM:/SOFTWARE/", None),
        ("C:/" + "a/" * 200, None),
        ("", None),
    ],
)
def test_a_log_is_looked_for_on_a_lettered_drive_only(place: str, exists: object) -> None:
    files = {SETTINGS: text(rf"0\Folders\1\localPath={place}"), rf"C:\Sync\{LOG}": text(STARTED)}

    rows = ask(pc([files]))["runs"]

    count = {True: 1, False: 0, None: None}[exists]  # type: ignore[index]
    assert told(rows, "#=#=#=# Syncrun started", "folder", "exists", "count") == [
        [1, exists, count]
    ]


def test_a_log_that_cannot_be_read_is_there_and_tells_nothing() -> None:
    host = pc(
        [{SETTINGS: text(r"0\Folders\1\localPath=C:/Sync/"), rf"C:\Sync\{LOG}": text(STARTED)}]
    )
    host.files.add(File(rf"C:\Sync\{LOG}", data=text(STARTED), locked=True))
    locked = ask(host)["runs"]
    host.files.add(File(rf"C:\Users\person0\{SETTINGS}", data=b"", locked=True))

    assert told(locked, "#=#=#=# Syncrun started", "exists", "count") == [[True, None]]
    rows = ask(host)
    assert told(rows["settings"], r"<n>\url=", "exists", "count") == [[True, None]]
    assert told(rows["runs"], "#=#=#=# Syncrun started", "exists", "count") == [[None, None]]


def test_only_the_tail_of_a_log_is_read() -> None:
    rows = with_log(STARTED, *["06:40:02Z|Lettera alla banca.docx|"] * 9_999, FINISHED)

    assert told(rows, "#=#=#=# Syncrun started", "count") == [0]
    assert told(rows, "#=#=#=# Syncrun finished", "count") == [1]


# --- whatever a log holds ---------------------------------------------------------------------

_MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_PIECES = (
    *RUN_MARKERS,
    *(marker.replace("<n>", "0").replace("<id>", "1") for marker in SETTINGS_MARKERS),
    *(r"1\FoldersWithPlaceholders\%7Bx%7D\paused=", r"0\Multifolders\2\virtualFilesMode="),
    *NAMES,
    *MARKER_WORDS,
    *(" ", "|", "2026-10-05T06:40:00Z", " 2026-13-45T29:00:00Z", "\t", "\u200b", "\x85", "\u2028"),
    *(" (last step: 8 msec , total: 12 msec)", "total: 3 msec", "C:/Sync/", "//server/share/", '"'),
)


def drawn(random: Random) -> dict[str, bytes]:
    """Return a profile's files: settings and a log with lines of every kind, and some garbage."""

    def some() -> Iterator[str]:
        for _ in range(random.randrange(9)):
            pieces = random.choices(_PIECES, k=random.randrange(1, 5))
            yield "".join(pieces)
            if random.random() < 0.6:
                yield random.choice(_PIECES[:9]) + random.choice(_PIECES)

    ending = random.choice([b"\n", b"\r\n", b"\r"])
    log = ending.join(line.encode() for line in (STARTED, *some(), FINISHED, *some()))
    settings = [rf"0\Folders\1\localPath=C:/Sync/{random.randrange(10**6)}", *some()]
    place = settings[0].partition("=")[2].replace("/", "\\")
    garbage = random.randbytes(random.randrange(20))
    return {
        SETTINGS: text(*settings),
        rf"{place}\{LOG}": random.choice([log, log + garbage, garbage + ending + log]),
    }


def assert_nothing_else(rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Every value is a number, a moment, a listed word, or what the probe itself said."""
    for row in (row for found in rows.values() for row in found):
        for column, value in row.items():
            if isinstance(value, str):
                said = value in {*SETTINGS_MARKERS, *RUN_MARKERS, *MARKER_WORDS, SETTINGS}
                own = value == r"{localPath}\.owncloudsync.log"
                assert said or own or _MOMENT.fullmatch(value), (column, value)
            else:
                assert value is None or isinstance(value, int), (column, value)


@settings(deadline=None, max_examples=200)
@given(st.randoms(use_true_random=False))
def test_whatever_is_drawn_nothing_else_leaves(random: Random) -> None:
    assert_nothing_else(ask(pc([drawn(random)])))


@settings(deadline=None)
@given(st.text(), st.text(), st.binary())
def test_no_text_of_a_line_leaves(before: str, after: str, garbage: bytes) -> None:
    lines = [f"{before}{marker}{after}" for marker in RUN_MARKERS]
    settings = text(
        r"0\Folders\1\localPath=C:/Sync/", rf"0\Folders\1\paused={after}", rf"0\url={before}"
    )
    log = "\n".join(lines).encode("utf-8", "replace") + garbage

    assert_nothing_else(ask(pc([{SETTINGS: settings, rf"C:\Sync\{LOG}": log}])))


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(
    ["path", "profile", "folder", "marker", "exists", *MARKER_PROPERTIES],
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
    | st.sampled_from([*NAMES, "true", "2026-10-05T06:40:00Z", "2026-13-45T00:00:00Z", SETTINGS]),
)))  # fmt: skip
def test_the_controller_keeps_nothing_else_either(row: dict[str, Any]) -> None:
    """A PC that was made to answer something else is not believed."""
    wire = PROBES[0]
    arguments = {name: wire[name] for name in ("paths", "markers", "properties")}
    probe = Probe(id="settings", purpose={"it": "x", "en": "x"}, kind="marker", arguments=arguments)

    facts = normalise([probe], {"settings": {"rows": [row]}})

    assert_nothing_else({"settings": [dict(row) for row in facts["settings"].rows]})


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not on PATH")
def test_powershell_tells_the_same_of_many_profiles(tmp_path: Path) -> None:
    special = [
        {SETTINGS: text(rf"0\Folders\1\localPath={place}"), rf"C:\Sync\{LOG}": text(STARTED)}
        for place in (r"C:/\x53\x79nc/", "//server/share/", '"C:/Sync/"', "D:/", "C:/Sync/../a/")
    ]
    host = pc([*special, {}, *(drawn(Random(seed)) for seed in range(60))])  # noqa: S311 - no secrets
    host.files.add(File(rf"C:\Users\person5\{SETTINGS}", data=b"", locked=True))
    (tmp_path / "world.json").write_text(json.dumps(world_of(host)), encoding="utf-8")
    (tmp_path / "probes.json").write_text(json.dumps(PROBES), encoding="utf-8")
    module = MODULE.read_text(encoding="utf-8")
    functions = module[module.index("Set-StrictMode") : module.index("$module = [Ansible")]
    script = (
        functions
        + """
. $env:WINSIM_STANDINS
$ErrorActionPreference = 'Stop'
$probes = Microsoft.PowerShell.Management\\Get-Content -LiteralPath (Join-Path $PSScriptRoot 'probes.json') -Raw | ConvertFrom-Json
$answers = @{}
foreach ($each in $probes) {
    $probe = @{ kind = $each.kind; timeout_seconds = 20; paths = @($each.paths); markers = @($each.markers); properties = @($each.properties) }
    $answers[$each.id] = Invoke-FleetProbe $probe 60
}
ConvertTo-Json -InputObject $answers -Compress -Depth 5
"""
    )
    (tmp_path / "markers.ps1").write_text(script, encoding="utf-8")
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-File", str(tmp_path / "markers.ps1")],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={
            **environment_of(host),
            "PATH": str(Path(str(shutil.which("pwsh"))).parent),
            "HOME": str(tmp_path),
            "TEMP": str(tmp_path),
            "WINSIM_STANDINS": str(STANDINS),
            "WINSIM_WORLD": str(tmp_path / "world.json"),
        },
    )

    answers = json.loads(done.stdout)
    expected = ask(host)
    assert {"settings", "runs"} == set(answers)
    for name, result in answers.items():
        assert result.get("rows") == expected[name], result.get("error")
    assert_nothing_else({name: result["rows"] for name, result in answers.items()})
