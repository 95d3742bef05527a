"""Hands what Ansible sends to a real PowerShell, and takes back what it changed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tempfile
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from winsim import archives, programs
from winsim.engine.payload import with_standins
from winsim.engine.world import environment_of, numbered, world_of
from winsim.errors import NeverEnds
from winsim.host import Host, RestorePoint
from winsim.model import services
from winsim.wire.shells import Finished

# The zone of most of these PCs: local time is not UTC, and has summer.
_ZONE = "Europe/Rome"
_ENCODED = re.compile(r"-EncodedCommand\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)


def find_pwsh() -> str | None:
    """Return the PowerShell on PATH, or None."""
    return shutil.which("pwsh")


class PowerShellEngine:
    """Runs command lines with a PowerShell of this machine, on a PC of stand-ins.

    Args:
        executable: The PowerShell.
        folder: Where its worlds and temporary files are; made when it is not there.
    """

    def __init__(self, executable: str, folder: Path) -> None:
        self._executable = executable
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def takes(self, module: str) -> bool:
        """Tell whether a module keeps to what stand-ins give.

        A project's own modules do, when they keep to cmdlets; those of Windows' collections reach
        into Windows itself.
        """
        return "." not in module or module == "ansible.windows.win_ping"

    async def run(self, host: Host, command_line: str, stdin: bytes) -> Finished:
        """Return what the command left; what it changed is changed on the PC."""
        with (
            as_file(files("winsim.engine") / "standins.ps1") as standins,
            tempfile.TemporaryDirectory(dir=self._folder) as place,
        ):
            world, changes = Path(place) / "world.json", Path(place) / "changes.jsonl"
            world.write_text(json.dumps(world_of(host)), encoding="utf-8")
            changes.touch()
            process = await asyncio.create_subprocess_exec(
                self._executable,
                *_arguments(command_line, Path(place)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **_environment(host, world, changes, Path(place))},
            )
            try:
                out, err = await process.communicate(with_standins(stdin, str(standins)))
            except asyncio.CancelledError:
                process.kill()
                await process.wait()
                raise
            apply(host, (json.loads(line) for line in changes.read_text("utf-8-sig").splitlines()))
        return Finished(out, err, process.returncode or 0)


def apply(host: Host, changes: Iterable[Mapping[str, Any]]) -> None:
    """Change a PC as stand-ins noted it down."""
    for change in changes:
        verb = next(verb for verb in _CHANGES if verb in change)
        _CHANGES[verb](host, change)


def _restore_point(host: Host, change: Mapping[str, Any]) -> None:
    number = max((point.number for point in host.restore_points), default=0) + 1
    made = RestorePoint(number, host.clock.now(), str(change["restore_point"]))
    host.restore_points.append(made)


def _set_value(host: Host, change: Mapping[str, Any]) -> None:
    type_, data = str(change["type"]).lower(), change["data"]
    data = bytes(data) if type_ == "binary" else data
    host.registry.set(change["set_value"], change["name"], data, type_=type_)


def _run(host: Host, change: Mapping[str, Any]) -> None:
    with suppress(NeverEnds):
        if change["run"].lower() == programs.DISM.lower():
            programs.run_dism(host, list(change["arguments"]))
        else:
            programs.run_ccleaner(host, change["run"])


def _kill(host: Host, change: Mapping[str, Any]) -> None:
    doomed = [process for process, number in numbered(host) if number == change["kill"]]
    host.processes[:] = [process for process in host.processes if process not in doomed]


_CHANGES: Mapping[str, Callable[[Host, Mapping[str, Any]], object]] = {
    "drop_account": lambda host, change: host.people.drop(change["drop_account"]),
    "end": lambda host, change: programs.end(host, change["end"]),
    "expand": lambda host, change: archives.expand(host, change["expand"], change["to"]),
    "kill": _kill,
    "make_folder": lambda host, change: host.files.make_folder(change["make_folder"]),
    "make_key": lambda host, change: host.registry.make(change["make_key"]),
    "remove": lambda host, change: host.files.remove(change["remove"]),
    "remove_key": lambda host, change: host.registry.delete(change["remove_key"]),
    "remove_listener": lambda host, change: host.listeners.discard(change["remove_listener"]),
    "remove_rule": lambda host, change: host.firewall_rules.remove(change["remove_rule"]),
    "remove_value": lambda host, change: host.registry.delete_value(
        change["remove_value"], change["name"]
    ),
    "restore_point": _restore_point,
    "run": _run,
    "set_value": _set_value,
    "start_service": lambda host, change: services.start(host.services, change["start_service"]),
    "stop_service": lambda host, change: services.stop(host.services, change["stop_service"]),
    "write": lambda host, change: host.files.write(change["write"], change["text"].encode()),
}


def _arguments(command_line: str, place: Path) -> list[str]:
    """Return the arguments that run what a command line carries, or a pipeline's script.

    Builds for Unix may lack a type that Ansible asks about the language mode, so the script comes
    after one that adds it.
    """
    encoded = _ENCODED.search(command_line)
    script = place / "command.ps1"
    text = b64decode(encoded[1]).decode("utf-16-le") if encoded else command_line
    script.write_text(text, encoding="utf-8")
    policy = place / "policy.ps1"
    policy.write_text((files("winsim.engine") / "policy.ps1").read_text("utf-8"), encoding="utf-8")
    command = f". '{policy}'; $input | & ([scriptblock]::Create((Get-Content -Raw '{script}')))"
    return ["-NoProfile", "-NonInteractive", "-Command", command]


def _environment(host: Host, world: Path, changes: Path, temporary: Path) -> dict[str, str]:
    return {
        **environment_of(host),
        "TEMP": str(temporary),
        "TMP": str(temporary),
        "TMPDIR": str(temporary),
        "TZ": _ZONE,
        "POWERSHELL_TELEMETRY_OPTOUT": "1",
        "WINSIM_WORLD": str(world),
        "WINSIM_CHANGES": str(changes),
        "WINSIM_STEPS": "" if host.steps_left is None else str(host.steps_left),
    }
