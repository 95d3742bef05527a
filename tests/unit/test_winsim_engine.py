"""What the second engine does around PowerShell: the world it exports, the script it completes."""

from __future__ import annotations

import asyncio
import json
import stat
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

from winsim.engine import PowerShellEngine
from winsim.engine.payload import with_standins
from winsim.engine.powershell import apply
from winsim.engine.world import encoded, environment_of, ticks, world_of
from winsim.host import Host
from winsim.model.cim import CIMV2
from winsim.profiles import load_profiles

NOW = datetime(2026, 11, 9, 8, tzinfo=UTC)
SCRIPTS = sorted(
    (entry for entry in files("winsim.engine").iterdir() if entry.name.endswith(".ps1")),
    key=lambda entry: entry.name,
)


@pytest.fixture
def host() -> Host:
    found = next(host for host in load_profiles(["office"]) if host.name == "archivio")
    found.advance(NOW)
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_standin_parses(script: Path) -> None:
    tree = Parser(Language(tree_sitter_powershell.language())).parse(script.read_bytes())

    assert not tree.root_node.has_error


def test_a_world_is_plain_data_and_says_the_same_twice(host: Host) -> None:
    assert json.dumps(world_of(host)) == json.dumps(world_of(host))


def test_every_class_is_there_with_its_rows_or_its_error(host: Host) -> None:
    classes = {(each["namespace"], each["name"]): each for each in world_of(host)["cim"]}

    disks = classes[CIMV2, "win32_diskdrive"]["rows"]
    assert host.cim.rows(CIMV2, "Win32_DiskDrive")[0]["Model"] == disks[0]["Model"][1:]
    defender = classes["root/microsoft/windows/defender", "msft_mpcomputerstatus"]
    assert "HRESULT 0x800106ba" == defender["error"]  # Norton is on


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-09T08:00:00Z", "=2026-11-09T08:00:00Z"),
        (NOW, "@639298080000000000"),
        ("now - 1h", "@639298044000000000"),
        (b"\x01\xff", "#01ff"),
        (["a", 2, None], ["=a", 2, None]),
        (True, True),
    ],
    ids=["text like a date", "moment", "relative", "bytes", "list", "bool"],
)
def test_a_value_travels_so_that_nothing_takes_it_for_another(
    value: object, expected: object
) -> None:
    assert expected == encoded(value, NOW)


def test_ticks_are_those_of_dotnet() -> None:
    # [datetime]::new(1970, 1, 1).Ticks
    assert 621355968000000000 == ticks(datetime(1970, 1, 1, tzinfo=UTC))


def test_scripts_find_the_folders_of_windows_in_their_environment(host: Host) -> None:
    assert "C:\\Windows" == environment_of(host)["SystemRoot"]
    assert "C:\\Program Files (x86)" == environment_of(host)["ProgramFiles(x86)"]


def manifest(script: str) -> bytes:
    scripts = {"x.ps1": {"script": b64encode(script.encode()).decode()}}
    actions = [{"name": "module_wrapper.ps1", "params": {"Script": "x.ps1"}}]
    return b"{}\n\0\0\0\0\n" + json.dumps({"scripts": scripts, "actions": actions}).encode()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("#!powershell\n\n$a = 1\n", "#!powershell\n\n. 'S'\n$a = 1\n"),
        ("<# doc\n$x\n#>\n# more\n$a\n", "<# doc\n$x\n#>\n# more\n. 'S'\n$a\n"),
        ("using namespace System\n$a\n", "using namespace System\n$a\n"),
        ("param($a)\n$a\n", "param($a)\n$a\n"),
        ("# nothing\n", "# nothing\n"),
    ],
    ids=["comment", "block", "using", "param", "empty"],
)
def test_standins_come_before_the_first_statement(script: str, expected: str) -> None:
    changed = with_standins(manifest(script), "S")

    about = json.loads(changed.split(b"\n\0\0\0\0\n")[1])
    assert expected == b64decode(about["scripts"]["x.ps1"]["script"]).decode()


@pytest.mark.parametrize("stdin", [b"", b"{}", b"{}\n\0\0\0\0\n[]", b"{}\n\0\0\0\0\n{"])
def test_input_that_brings_no_module_stays_as_it_is(stdin: bytes) -> None:
    assert stdin == with_standins(stdin, "S")


def test_changes_are_made_on_the_pc(host: Host) -> None:
    points = len(host.restore_points)

    apply(
        host,
        [{"remove": r"C:\Windows\Temp\chrome_installer.log"}, {"restore_point": "Custode"}],
    )

    assert not host.files.exists(r"C:\Windows\Temp\chrome_installer.log")
    assert points + 1 == len(host.restore_points)
    assert "Custode" == host.restore_points[-1].description


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program in PowerShell's place: it tells its input, writes a change and leaves a code."""
    path = tmp_path / "pwsh"
    change = json.dumps({"remove": r"C:\Windows\Temp\chrome_installer.log"})
    lines = [
        "#!/bin/sh",
        'test -s "$WINSIM_WORLD" && cat',
        f"printf '%s\\n' '{change}' >> \"$WINSIM_CHANGES\"",
        "printf '%s\\n' \"$SystemRoot\" >&2",
        "exit 3",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_process_is_given_the_world_and_its_changes_are_taken_back(
    host: Host, program: str, tmp_path: Path
) -> None:
    engine = PowerShellEngine(program, tmp_path / "engine")

    finished = asyncio.run(engine.run(host, "PowerShell -EncodedCommand JgA=", b"hello"))

    assert (b"hello", b"C:\\Windows\n", 3) == (finished.stdout, finished.stderr, finished.exit_code)
    assert not host.files.exists(r"C:\Windows\Temp\chrome_installer.log")
    assert [] == list((tmp_path / "engine").iterdir())


def test_a_command_that_is_ended_takes_its_process_along(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "pwsh"
    path.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    path.chmod(0o700)

    async def ended() -> None:
        engine = PowerShellEngine(str(path), tmp_path / "engine")
        work = asyncio.ensure_future(engine.run(host, "x", b""))
        await asyncio.sleep(0.3)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(ended())

    assert [] == list((tmp_path / "engine").iterdir())


def test_only_what_keeps_to_cmdlets_is_taken(tmp_path: Path) -> None:
    engine = PowerShellEngine("pwsh", tmp_path)

    taken = [engine.takes(n) for n in ("fleet_probe", "ansible.windows.win_ping", "a.b.win_copy")]

    assert [True, True, False] == taken
