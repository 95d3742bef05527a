"""What Ansible sends: one PowerShell run, made readable.

Covers ansible-core 2.19 to 2.21 (two JSON documents around a mark of NULs) and 2.18 (one, after
the wrapper's text), over WinRM and over PSRP. The last action of the manifest names the module and
carries its arguments; become and async are actions before it.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from winsim.wire import old_scripts

_MARK = b"\n\x00\x00\x00\x00\n"
_OLD_MARK = b"\x00\x00\x00\x00"
_ENCODED = re.compile(r"-EncodedCommand\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)
_MODULE = re.compile(r"(?:^|\.)(?:modules\.)?([a-z0-9_]+)\.ps1$", re.IGNORECASE)
_MOST_LAYERS = 4
_HELPERS = {
    "powershell_expand_user.ps1": "expand_user",
    "powershell_mkdtemp.ps1": "mkdtemp",
    "psrp_fetch_file.ps1": "fetch_whole_file",
    "psrp_put_file.ps1": "put_file",
    "winrm_fetch_file.ps1": "fetch_file",
    "winrm_put_file.ps1": "put_file",
}
# What actions ask for by these names is another module on Windows.
_OF_WINDOWS = {f"ansible.legacy.{name}" for name in ("copy", "file", "ping", "stat")}


@dataclass(frozen=True)
class ModuleCall:
    """A module with its arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class HelperCall:
    """One of Ansible's own helper scripts, with its parameters and its input.

    `name` is `mkdtemp`, `expand_user`, `put_file`, `fetch_file`, `fetch_whole_file` or `remove`;
    any other is a script that is not known here.
    """

    name: str
    parameters: Mapping[str, Any]
    stdin: bytes = b""


@dataclass(frozen=True)
class ScriptCall:
    """A script that a task brings along, as `ansible.builtin.script` does."""

    name: str
    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RawCommand:
    """A PowerShell text, or a command line, that Ansible runs as it is."""

    text: str


@dataclass(frozen=True)
class Unrecognised:
    """Something that no Ansible known here sends; `why` says what was missing."""

    why: str


Work = ModuleCall | HelperCall | ScriptCall | RawCommand | Unrecognised


@dataclass(frozen=True)
class Become:
    """Whom the work is done as."""

    user: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Job:
    """A job that goes on after the task that started it."""

    folder: str
    id: str
    seconds: int


@dataclass(frozen=True)
class Payload:
    """What a PowerShell run is to do, and within which wrappers."""

    work: Work
    become: Become | None = None
    job: Job | None = None


def recognise(command_line: str, stdin: bytes, arguments: Sequence[str] = ()) -> Payload:
    """Tell what a command line, or a pipeline's script, and its complete input mean.

    Args:
        command_line: A command line; in a runspace pool, the script itself.
        stdin: Its whole input.
        arguments: What a pipeline's script is given by position.
    """
    text = command_line
    for _ in range(_MOST_LAYERS):  # core 2.18 wraps a script in a script
        encoded = _ENCODED.search(text)
        if encoded is None:
            break
        try:
            text = b64decode(encoded[1], validate=True).decode("utf-16-le")
        except (Base64Error, UnicodeDecodeError, ValueError):
            return Payload(Unrecognised("the encoded command is no UTF-16 text"))
    try:
        if _MARK in stdin:
            return _modern(stdin)
        if _OLD_MARK in stdin:
            return _old(stdin)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        why = f"the manifest is not as expected: {type(error).__name__}"
        return Payload(Unrecognised(why))
    helper = old_scripts.helper_in(text, arguments)
    if helper is not None:
        return Payload(HelperCall(*helper, stdin))
    if stdin.strip():
        return Payload(Unrecognised("input without a manifest"))
    return Payload(RawCommand(text))


def _modern(stdin: bytes) -> Payload:
    _, manifest_text, *rest = stdin.split(_MARK, 2)
    manifest = json.loads(manifest_text)
    *wrappers, action = manifest["actions"]
    become: Become | None = None
    folder, job_id, seconds = "", "", 0
    for wrapper in wrappers:
        parameters = wrapper.get("params") or {}
        match wrapper["name"]:
            case "become_wrapper.ps1":
                secret = (wrapper.get("secure_params") or {}).get("BecomePassword")
                become = Become(str(parameters.get("BecomeUser") or ""), secret)
            case "async_wrapper.ps1":
                folder, job_id = str(parameters["AsyncDir"]), str(parameters["AsyncJid"])
            case "async_watchdog.ps1":
                seconds = int(parameters["Timeout"])
            case "coverage_wrapper.ps1":
                pass
            case other:
                return Payload(Unrecognised(f"the wrapper {other} is not known"))
    job = Job(folder, job_id, seconds) if job_id else None
    return Payload(_work(action, manifest, rest[0] if rest else b""), become, job)


def _work(action: Mapping[str, Any], manifest: Mapping[str, Any], stdin: bytes) -> Work:
    name, parameters = str(action["name"]), dict(action.get("params") or {})
    if name != "module_wrapper.ps1":
        return HelperCall(_HELPERS.get(name, name), parameters, stdin)
    script = str(parameters.get("Script", ""))
    if not parameters.get("ForModule") and "Variables" not in parameters:
        text = b64decode(manifest["scripts"][script]["script"]).decode("utf-8-sig")
        return ScriptCall(script, text, dict(parameters.get("Parameters") or {}))
    variables = parameters.get("Variables") or []
    arguments = next((v["Value"] for v in variables if v["Name"] == "complex_args"), None)
    if arguments is None:
        return Unrecognised(f"{script} came without arguments")
    return ModuleCall(_module_name(arguments, script), arguments)


def _old(stdin: bytes) -> Payload:
    manifest = json.loads(stdin.split(_OLD_MARK, 1)[1])
    actions = manifest["actions"]
    become = job = None
    if "become_wrapper" in actions:
        become = Become(str(manifest.get("become_user") or ""), manifest.get("become_password"))
    if "async_wrapper" in actions:
        folder = str(manifest["environment"]["ANSIBLE_ASYNC_DIR"])
        job = Job(folder, str(manifest["async_jid"]), int(manifest["async_timeout_sec"]))
    if actions[-1] == "module_script_wrapper":
        text = b64decode(manifest["module_entry"]).decode("utf-8-sig")
        return Payload(ScriptCall("script", text), become, job)
    arguments = manifest["module_args"]
    return Payload(ModuleCall(_module_name(arguments, ""), arguments), become, job)


def _module_name(arguments: Mapping[str, Any], script: str) -> str:
    # The script's name carries the collection; the argument carries what the task wrote.
    known = re.search(r"ansible_collections\.(\w+\.\w+)\.plugins\.modules\.(\w+)\.ps1$", script)
    if known:
        return f"{known[1]}.{known[2]}"
    named = str(arguments.get("_ansible_module_name") or "")
    if named in _OF_WINDOWS:
        return f"ansible.windows.win_{named.rpartition('.')[2]}"
    if named:
        return named
    found = _MODULE.search(script)
    return found[1] if found else script
