"""Scripts answer as their machine declares, and as the modules that run them do; no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.machines import make_machine, write_machine

from winsim.host import Host
from winsim.installers import build_installer
from winsim.modules import Ran, run_module, run_text
from winsim.modules.call import NeverEnds
from winsim.profiles import ProfileError, load_profiles

COMMANDS = r"""
commands:
  - script: hostname
    stdout: "PC\r\n"
  - script: |
      Get-Service |
        Measure-Object
    output: [{Count: 212}, done]
    result: {count: 212}
    changed: false
  - {script: 'netsh advfirewall set .+', match: regex, rc: 1, stderr: "No rules match."}
  - script: gpupdate /force
    seconds: 75
    do:
      - {registry: {'HKLM\SOFTWARE\Policies\X': {x: 1}}}
      - {file: {path: 'C:\done.txt', size: 3}}
  - {script: pause, never: true}
  - script: "[CmdletBinding(SupportsShouldProcess = $true)]\nparam()\nRemove-Item C:\\old"
    output: ['What if: removing']
    do: [{remove: 'C:\done.txt'}]
  - {script: Write-Error "half", stderr: half, output: [1]}
"""
SHELLS = ("win_command", "win_shell")
CHECK = {"_ansible_check_mode": True}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_machine(tmp_path, COMMANDS)


@pytest.mark.parametrize("name", SHELLS)
def test_a_declared_command_answers_and_takes_its_time(host: Host, name: str) -> None:
    result = run_module(host, name, {"_raw_params": " gpupdate /force\r\n"})

    assert {
        "changed": True,
        "cmd": "gpupdate /force",
        "delta": "0:01:15.000000",
        "end": "2026-10-05 07:01:15.000000",
        "rc": 0,
        "start": "2026-10-05 07:00:00.000000",
        "stderr": "",
        "stdout": "",
    } == result
    assert 1 == host.registry.get("HKLM\\SOFTWARE\\Policies\\X", "x")
    assert host.files.exists("C:\\done.txt")


@pytest.mark.parametrize("name", SHELLS)
def test_a_command_that_fails_is_a_failed_module_that_changed_something(
    host: Host, name: str
) -> None:
    result = run_module(host, name, {"_raw_params": "netsh advfirewall set x off"})

    assert (True, True, 1, "No rules match.", "non-zero return code") == tuple(
        result[key] for key in ("failed", "changed", "rc", "stderr", "msg")
    )


@pytest.mark.parametrize("name", [*SHELLS, "win_powershell"])
def test_what_is_not_declared_fails_and_names_itself(host: Host, name: str) -> None:
    before = host.snapshot()
    key = "script" if name == "win_powershell" else "_raw_params"

    result = run_module(host, name, {key: "Remove-Item -Recurse C:\\"})

    assert "winsim does not model this command: Remove-Item -Recurse C:\\" == result["msg"]
    assert result["failed"]
    assert before == host.snapshot()
    assert None is run_text(host, "hostname /all")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("win_command", "remote module (win_command) does not support check mode"),
        ("win_shell", "remote module does not support check mode"),
    ],
)
def test_in_check_mode_a_shell_is_skipped(host: Host, name: str, message: str) -> None:
    before = host.snapshot()

    result = run_module(host, name, {"_raw_params": "gpupdate /force", **CHECK})

    assert {"changed": False, "skipped": True, "msg": message} == result
    assert before == host.snapshot()


@pytest.mark.parametrize(
    ("option", "path", "words"),
    [
        ("creates", "C:\\Windows", "skipped, since C:\\Windows exists"),
        ("creates", "%SystemRoot%\\Temp\\Mp*.log", "skipped, since C:\\Windows\\Temp\\Mp*.log"),
        ("creates", "HKLM:\\SOFTWARE\\Microsoft", "skipped, since HKLM:\\SOFTWARE\\Microsoft"),
        ("removes", "C:\\none", "skipped, since C:\\none does not exist"),
        ("removes", "C:\\Windows\\*.none", "skipped, since C:\\Windows\\*.none does not exist"),
    ],
)
def test_nothing_runs_when_it_is_done_already(
    host: Host, option: str, path: str, words: str
) -> None:
    for name in SHELLS:
        result = run_module(host, name, {"_raw_params": "gpupdate /force", option: path})
        assert (False, True, 0) == (result["changed"], result["skipped"], result["rc"])
        assert result["msg"].startswith(words)

    assert not host.files.exists("C:\\done.txt")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "one of the following is required: _raw_params, argv, cmd"),
        (
            {"cmd": "a", "argv": ["b"]},
            "parameters are mutually exclusive: _raw_params, argv, cmd",
        ),
        (
            {"cmd": "hostname", "chdir": "C:\\none"},
            "Failed to run: 'hostname': Could not find specified -WorkingDirectory 'C:\\none'",
        ),
    ],
)
def test_win_command_refuses_what_the_real_one_refuses(
    host: Host, arguments: dict[str, Any], message: str
) -> None:
    assert message == run_module(host, "win_command", arguments)["msg"]


def test_arguments_are_put_together_as_windows_takes_them_apart(tmp_path: Path) -> None:
    host = make_machine(
        tmp_path,
        r"""
commands:
  - {script: 'tool.exe "a b" "c\\\"d" "" plain "e nd\\" end\', stdout: as escaped}
  - {script: 'C:\Windows\system32\ipconfig.exe /all', stdout: x}
files: {'C:\Windows\System32\ipconfig.exe': {size: 1}}
""",
    )
    words = ["tool", "a b", 'c\\"d', "", "plain", "e nd\\", "end\\"]

    made = run_module(host, "win_command", {"argv": words})
    found = run_module(host, "win_command", {"argv": ["ipconfig", "/all"]})

    assert "as escaped" == made["stdout"]
    assert ("C:\\Windows\\system32\\ipconfig.exe /all", "x") == (found["cmd"], found["stdout"])


def test_objects_come_back_as_they_are(host: Host) -> None:
    script = "Get-Service |\r\n  Measure-Object\r\n"

    result = run_module(host, "win_powershell", {"script": script})
    text = run_text(host, script)

    assert {
        "changed": False, "debug": [], "error": [], "failed": False, "host_err": "", "host_out": "",
        "information": [], "output": [{"Count": 212}, "done"], "result": {"count": 212},
        "verbose": [], "warning": [],
    } == result  # fmt: skip
    assert Ran("{'Count': 212}\r\ndone\r\n") == text


@pytest.mark.parametrize(
    ("action", "failed", "errors"),
    [("continue", False, 1), ("stop", True, 1), ("silently_continue", False, 0)],
)
def test_an_error_stops_a_script_when_the_task_says_so(
    host: Host, action: str, *, failed: bool, errors: int
) -> None:
    result = run_module(
        host, "win_powershell", {"script": 'Write-Error "half"', "error_action": action}
    )

    assert (failed, errors, [1]) == (result["failed"], len(result["error"]), result["output"])


def test_a_script_that_knows_whatif_is_run_in_check_mode_and_another_is_not(host: Host) -> None:
    run_module(host, "win_command", {"cmd": "gpupdate /force"})
    before = host.snapshot()
    script = "[CmdletBinding(SupportsShouldProcess = $true)]\nparam()\nRemove-Item C:\\old"

    knows = run_module(host, "win_powershell", {"script": script, **CHECK})
    other = run_module(host, "win_powershell", {"script": "hostname", **CHECK})

    assert ["What if: removing"] == knows["output"]
    assert (True, "skipped, running in check mode", []) == (
        other["changed"],
        other["msg"],
        other["output"],
    )
    assert before == host.snapshot()
    run_module(host, "win_powershell", {"script": script})
    assert not host.files.exists("C:\\done.txt")


def test_a_script_may_lie_on_the_pc(host: Host) -> None:
    host.files.write("C:\\x.ps1", b"\xef\xbb\xbfhostname\r\n")

    found = run_module(host, "win_powershell", {"path": "C:\\x.ps1", "remote_src": True})
    gone = run_module(host, "win_powershell", {"path": "C:\\y.ps1", "remote_src": True})

    assert ["PC"] == found["output"]
    assert "Could not find or access 'C:\\y.ps1' on Windows host" == gone["msg"]


@pytest.mark.parametrize(
    ("name", "key"),
    [("win_command", "cmd"), ("win_shell", "_raw_params"), ("win_powershell", "script")],
)
def test_what_never_ends_never_ends(host: Host, name: str, key: str) -> None:
    with pytest.raises(NeverEnds):
        run_module(host, name, {key: "pause"})
    with pytest.raises(NeverEnds):
        run_text(host, "pause")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- {scrip: x}", "pc/machine.yml:8: commands.0.scrip: found an unknown key"),
        ("- {script: '(', match: regex}", "pc/machine.yml:8: commands.0.script: found (; allowed"),
        ("- {script: x, rc: -1}", "commands.0.rc: found -1; allowed: a whole number, 0 or more"),
        ("- {script: x, do: [{instal: y}]}", "commands.0.do.0: found instal; allowed: one of"),
        ("- {script: x, do: [{install: y}]}", "commands.0.do.0.install: found y; allowed: none"),
    ],
)
def test_a_mistake_in_a_command_is_told_with_its_line(
    tmp_path: Path, text: str, words: str
) -> None:
    write_machine(tmp_path, f"commands:\n  {text}\n")

    with pytest.raises(ProfileError) as found:
        load_profiles([str(tmp_path)])

    assert words in str(found.value)


LATER = r"""
commands:
  - {script: join, rc: 403, times: 2}
  - script: join
    later: {calls: 2, do: [{registry: {'HKLM\SOFTWARE\X': {joined: 1}}}]}
"""


def test_a_fault_that_passes_gives_way_to_what_comes_after_it(tmp_path: Path) -> None:
    host = make_machine(tmp_path, LATER)

    codes = [run_module(host, "win_command", {"_raw_params": "join"})["rc"] for _ in range(4)]

    assert [403, 403, 0, 0] == codes


def test_what_takes_its_time_shows_after_so_many_looks(tmp_path: Path) -> None:
    host = make_machine(tmp_path, LATER)
    look = {"path": "HKLM:\\SOFTWARE\\X", "name": "joined"}
    for _ in range(3):
        run_module(host, "win_command", {"_raw_params": "join"})

    seen = [run_module(host, "win_reg_stat", look)["exists"] for _ in range(3)]

    assert [False, True, True] == seen


PRODUCT = r"""
display_name: Tool
kind: msi
file: Tool.msi
product_code: '{00000000-0000-4000-8000-0000000000A1}'
version: '1.0'
files: {'C:\Program Files\Tool\tool.exe': {size: 1}}
draws: {'HKLM\SOFTWARE\Tool': {Number: [100, 199]}}
properties: {CONFIG: {'HKLM\SOFTWARE\Tool': Configuration}}
commands: [{script: tool greet, stdout: hello}]
"""


@pytest.fixture
def toolbox(tmp_path: Path) -> Host:
    host = make_machine(tmp_path, installers={"tool": PRODUCT})
    host.files.write("C:\\tool.msi", build_installer(host.specs["tool"]))
    return host


def test_a_product_answers_its_commands_while_it_is_installed(toolbox: Host) -> None:
    greet = {"_raw_params": "tool greet"}
    before = run_module(toolbox, "win_command", greet)
    run_module(toolbox, "win_package", {"path": "C:\\tool.msi"})
    there = run_module(toolbox, "win_command", greet)
    run_module(toolbox, "win_package", {"path": "C:\\tool.msi", "state": "absent"})
    gone = run_module(toolbox, "win_command", greet)

    assert ["winsim does not model this command: tool greet"] * 2 == [before["msg"], gone["msg"]]
    assert "hello" == there["stdout"]


@pytest.mark.parametrize("arguments", ["/x CONFIG=abc", ["/x", "CONFIG=abc"]], ids=["text", "list"])
def test_a_package_keeps_the_properties_it_is_given(toolbox: Host, arguments: Any) -> None:
    run_module(toolbox, "win_package", {"path": "C:\\tool.msi", "arguments": arguments})

    assert "abc" == toolbox.registry.get("HKLM\\SOFTWARE\\Tool", "Configuration")


def test_each_pc_draws_a_number_of_its_own(toolbox: Host, tmp_path: Path) -> None:
    other = make_machine(tmp_path / "other", installers={"tool": PRODUCT})
    other.name = "other"
    other.files.write("C:\\tool.msi", build_installer(other.specs["tool"]))
    for host in (toolbox, other):
        run_module(host, "win_package", {"path": "C:\\tool.msi"})
    numbers = [host.registry.get("HKLM\\SOFTWARE\\Tool", "Number") for host in (toolbox, other)]

    assert numbers[0] != numbers[1]
    assert all(100 <= int(number) <= 199 for number in numbers)


def test_a_number_that_was_drawn_once_stays(toolbox: Host) -> None:
    toolbox.registry.set("HKLM\\SOFTWARE\\Tool", "Number", 7)
    run_module(toolbox, "win_package", {"path": "C:\\tool.msi"})

    assert 7 == toolbox.registry.get("HKLM\\SOFTWARE\\Tool", "Number")


def test_removing_a_product_takes_its_own_values_away(toolbox: Host) -> None:
    given = {"path": "C:\\tool.msi", "arguments": "CONFIG=abc"}
    run_module(toolbox, "win_package", given)
    run_module(toolbox, "win_package", {**given, "state": "absent"})

    assert not toolbox.registry.exists("HKLM\\SOFTWARE\\Tool")
