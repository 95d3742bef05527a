"""From a recognised payload to what the PC answers: modules from the model, helpers from its files."""

from __future__ import annotations

import hashlib
import json
import ntpath
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from winsim.host import Host
from winsim.modules import ModuleNotModelled, run_module
from winsim.wire.recogniser import HelperCall, ModuleCall, Payload, RawCommand, Unrecognised

_REMOVE = re.compile(r"Remove-Item\s+'((?:[^']|'')+)'")
_PROFILE = r"C:\Users\{user}"


@dataclass(frozen=True)
class Outcome:
    """What a finished command leaves: its output and its exit code."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0


def run_payload(host: Host, payload: Payload, *, user: str) -> Outcome:
    """Let a PC do what was sent, at its own time."""
    if isinstance(payload, ModuleCall):
        return _module(host, payload)
    if isinstance(payload, HelperCall):
        helper = _HELPERS.get(payload.name)
        if helper is None:
            return _failed(f"winsim does not model Ansible's helper {payload.name}")
        return helper(host, payload, user)
    if isinstance(payload, RawCommand):
        return _raw(host, payload)
    return _failed(f"winsim does not understand this payload: {payload.why}")


def described(payload: Payload) -> tuple[str, Mapping[str, Any]]:
    """Return a payload's name and arguments, for the log and for faults keyed by module."""
    if isinstance(payload, ModuleCall):
        return payload.name, payload.arguments
    if isinstance(payload, HelperCall):
        return payload.name, payload.parameters
    if isinstance(payload, Unrecognised):
        return "unrecognised", {"why": payload.why}
    return "raw", {"text": payload.text}


def _module(host: Host, call: ModuleCall) -> Outcome:
    try:
        result = run_module(host, call.name, dict(call.arguments))
    except ModuleNotModelled:
        return _failed(f"winsim does not model the module {call.name}")
    shown = {k: v for k, v in call.arguments.items() if not k.startswith("_ansible_")}
    # As Ansible.Basic does; the controller hides what a task marks with no_log.
    answer = {"invocation": {"module_args": shown}, **result}
    return Outcome(json.dumps(answer, sort_keys=True), exit_code=int(bool(result.get("failed"))))


def _failed(message: str) -> Outcome:
    return Outcome(json.dumps({"changed": False, "failed": True, "msg": message}), exit_code=1)


def _raw(host: Host, command: RawCommand) -> Outcome:
    found = _REMOVE.search(command.text)
    if found is None:
        text = " ".join(command.text.split())[:120]
        return Outcome(stderr=f"winsim does not model this command: {text}", exit_code=1)
    host.files.remove(found[1].replace("''", "'"))
    return Outcome()


def _mkdtemp(host: Host, call: HelperCall, user: str) -> Outcome:
    folder = _expanded(str(call.parameters["Directory"]), user)
    path = ntpath.join(folder, str(call.parameters["Name"]))
    host.files.make_folder(path)
    return Outcome(f"{path}\r\n")


def _expand_user(host: Host, call: HelperCall, user: str) -> Outcome:
    del host
    path = str(call.parameters["Path"])
    home = _PROFILE.format(user=user)
    return Outcome(f"{home + path[1:] if path.startswith('~') else path}\r\n")


def _put_file(host: Host, call: HelperCall, user: str) -> Outcome:
    del user
    data = b"".join(b64decode(line) for line in call.stdin.split() if line)
    host.files.write(str(call.parameters["Path"]), data)
    return Outcome(json.dumps({"sha1": hashlib.sha1(data).hexdigest()}))  # noqa: S324 - as Ansible


def _fetch_file(host: Host, call: HelperCall, user: str) -> Outcome:
    del user
    path = str(call.parameters["Path"])
    if not host.files.exists(path):
        return Outcome(stderr=f"{path} does not exist", exit_code=1)
    start = int(call.parameters["Offset"])
    data = host.files.read(path)[start : start + int(call.parameters["BufferSize"])]
    return Outcome(b64encode(data).decode() if data else "")


def _expanded(path: str, user: str) -> str:
    temp = _PROFILE.format(user=user) + r"\AppData\Local\Temp"
    names = {"temp": temp, "tmp": temp, "systemroot": r"C:\Windows"}
    return re.sub(r"%([^%]+)%", lambda match: names.get(match[1].lower(), match[0]), path)


_HELPERS: Mapping[str, Callable[[Host, HelperCall, str], Outcome]] = {
    "powershell_mkdtemp.ps1": _mkdtemp,
    "powershell_expand_user.ps1": _expand_user,
    "winrm_put_file.ps1": _put_file,
    "winrm_fetch_file.ps1": _fetch_file,
}
