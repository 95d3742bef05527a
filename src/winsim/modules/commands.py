"""`win_command`, `win_shell`, `win_powershell`, `raw` and `script`: declared scripts, no others."""

from __future__ import annotations

import ntpath
import re
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatch

from winsim.host import Host
from winsim.model.commands import Command, declared
from winsim.modules.call import Call, Model, ModuleFailure, NeverEnds, Option, Result
from winsim.timeline import performer

_SHOWN_CHARACTERS = 120
_REGISTRY = re.compile(r"HK[A-Z]+:\\", re.IGNORECASE)
_SHOULD_PROCESS = re.compile(
    r"\[CmdletBinding\((?:[^)]*,)?\s*SupportsShouldProcess(?:\s*=\s*\$true)?\s*(?:,[^)]*)?\)\]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Ran:
    """What a shell gets back from a command."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0


def run_text(host: Host, text: str) -> Ran | None:
    """Run a text that Ansible sends as it is; None when the machine does not declare it.

    Raises:
        NeverEnds: It is declared never to end.
    """
    command = declared(host.command_keys().values(), text)
    if command is None:
        return None
    _perform(host, command)
    return Ran(command.text, command.stderr, command.rc)


def _perform(host: Host, command: Command) -> None:
    if command.never:
        raise NeverEnds
    host.answered.update(key for key, known in host.command_keys().items() if known is command)
    for action in command.do:
        performer(action)(host)
    for action in command.later.get("do", ()):
        host.postponed.append((command.later["calls"], performer(action)))


def _found(host: Host, *texts: str) -> Command:
    """Return the command that one of the spellings is; another is refused by name."""
    for text in texts:
        command = declared(host.command_keys().values(), text)
        if command is not None:
            return command
    shown = " ".join(texts[0].split())[:_SHOWN_CHARACTERS]
    raise ModuleFailure(f"winsim does not model this command: {shown}")


def _needless(call: Call) -> str | None:
    """Return why there is nothing to do, as all three modules say it; None when there is."""
    creates, removes = call.params["creates"], call.params["removes"]
    if creates and _exists(call.host, creates):
        return f"skipped, since {creates} exists"
    if removes and not _exists(call.host, removes):
        return f"skipped, since {removes} does not exist"
    return None


def _exists(host: Host, path: str) -> bool:
    """Tell whether a path is there; `*` and `?` stand for parts of a name, as PowerShell has it."""
    if _REGISTRY.match(path):
        return host.registry.exists(path)
    if not re.search(r"[*?]", path):
        return host.files.exists(path)
    wanted = ntpath.normpath(path).lower()
    folder = ntpath.dirname(re.split(r"[*?]", path)[0])
    there = [*host.files.folders(folder), *(file.path for file in host.files.below(folder))]
    depth = wanted.count("\\")
    return any(fnmatch(p.lower(), wanted) and p.count("\\") == depth for p in there)


def _times(host: Host, command: Command) -> Result:
    start = host.clock.now()
    end = start + timedelta(seconds=command.seconds)
    return {
        "start": f"{start:%Y-%m-%d %H:%M:%S.%f}",
        "end": f"{end:%Y-%m-%d %H:%M:%S.%f}",
        "delta": f"{timedelta(seconds=command.seconds)}.000000",
    }


def win_command(call: Call) -> Result:
    """Run a declared command line."""
    host, argv = call.host, call.params["argv"]
    line = call.params["cmd"] or str(call.params["_raw_params"] or "").strip()
    spellings = [line]
    if argv:
        line = " ".join([_escaped(_resolved(host, argv[0])), *map(_escaped, argv[1:])])
        spellings = [line, " ".join(map(_escaped, argv))]
    why = _needless(call)
    if why:
        return {"cmd": line, "rc": 0, "skipped": True, "msg": why}
    folder = call.params["chdir"]
    if folder and not host.files.is_folder(folder):
        raise ModuleFailure(
            f"Failed to run: '{line}': Could not find specified -WorkingDirectory '{folder}'",
            cmd=line,
            rc=2,
        )
    return _told(call, _found(host, *spellings), line)


def win_shell(call: Call) -> Result:
    """Run a declared script in a shell of its own."""
    text = str(call.params["_raw_params"]).strip()
    if not text:
        raise ModuleFailure("Get-AnsibleParam: Missing required argument: _raw_params")
    why = _needless(call)
    if why:
        return {"cmd": text, "rc": 0, "skipped": True, "msg": why}
    folder = call.params["chdir"]
    if folder and not call.host.files.is_folder(folder):
        raise ModuleFailure(f"invalid working directory path '{folder}'", cmd=text, rc=2)
    return _told(call, _found(call.host, text), text)


def _told(call: Call, command: Command, line: str) -> Result:
    result = {"changed": True, "cmd": line, **_times(call.host, command)}
    _perform(call.host, command)
    result |= {"stdout": command.text, "stderr": command.stderr, "rc": command.rc}
    if command.rc:
        raise ModuleFailure("non-zero return code", **result)
    return result


def _resolved(host: Host, name: str) -> str:
    """Return an executable's path where Windows finds it, as the module writes it."""
    name = name if ntpath.splitext(name)[1] else f"{name}.exe"
    for folder in (r"C:\Windows\system32", r"C:\Windows"):
        path = ntpath.join(folder, name)
        if host.files.exists(path):
            return path
    return name


def _escaped(argument: str) -> str:
    """Return an argument as the C library splits it again."""
    if not argument:
        return '""'
    if not re.search(r'[\s"]', argument):
        return argument
    argument = re.sub(r'(\\*)"', r'\1\1\\"', argument)
    return '"' + re.sub(r"(\\+)$", r"\1\1", argument) + '"'


def win_powershell(call: Call) -> Result:
    """Run a declared script, whose objects come back as they are."""
    host, params = call.host, call.params
    result: Result = {
        "result": {}, "host_out": "", "host_err": "", "output": [], "error": [], "warning": [],
        "verbose": [], "debug": [], "information": [],
    }  # fmt: skip
    why = _needless(call)
    if why:
        return {**result, "msg": why}
    text = params["script"]
    if params["path"]:
        file = host.files.get(params["path"])
        if file is None:
            where = params["path"]
            message = f"Could not find or access '{where}' on Windows host"
            raise ModuleFailure(message, **result)
        text = host.files.read(params["path"]).decode("utf-8-sig", "replace")
    whatif = _SHOULD_PROCESS.search(text) is not None
    if call.check and not whatif:
        return {**result, "changed": True, "msg": "skipped, running in check mode"}
    command = _found(host, text)
    if command.never:
        raise NeverEnds
    quiet = params["error_action"] == "silently_continue"
    complains = bool(command.stderr or command.rc) and not quiet
    stops = complains and (command.rc != 0 or params["error_action"] == "stop")
    result |= {
        "changed": command.changed,
        "failed": stops,
        "result": command.result,
        "output": command.objects,
        "error": [_error_record(command)] if complains else [],
    }
    if not call.check:
        _perform(host, command)
    return result


def _error_record(command: Command) -> Result:
    """Return the record of `Write-Error`, or of `throw` when the script failed by it."""
    message = command.stderr.strip() or f"exit code {command.rc}"
    thrown = command.rc != 0
    kind = "OperationStopped" if thrown else "NotSpecified"
    name = "RuntimeException" if thrown else "WriteErrorException"
    space = "System.Management.Automation" if thrown else "Microsoft.PowerShell.Commands"
    full = message if thrown else f"{space}.{name}"
    about = f"({message}:String) [], {name}" if thrown else f"(:) [Write-Error], {name}"
    return {
        "output": f"{message}\r\n    + CategoryInfo          : {kind}: {about}\r\n"
        f"    + FullyQualifiedErrorId : {full}\r\n \r\n",
        "error_details": None,
        "exception": {
            "message": message,
            "type": f"{space}.{name}",
            "help_link": None,
            "source": None,
            "hresult": -2146233087 if thrown else -2146233088,
            "inner_exception": None,
        },
        "target_object": message if thrown else None,
        "category_info": {
            "category": kind,
            "category_id": 14 if thrown else 0,
            "activity": "" if thrown else "Write-Error",
            "reason": name,
            "target_name": message if thrown else "",
            "target_type": "String" if thrown else "",
        },
        "fully_qualified_error_id": full,
        "script_stack_trace": "at <ScriptBlock>, <No file>: line 1",
        "pipeline_iteration_info": [],
    }


WIN_COMMAND = Model(
    win_command,
    {
        "_raw_params": Option(),
        "argv": Option("list", elements="str"),
        "chdir": Option("path"),
        "cmd": Option(),
        "creates": Option("path"),
        "output_encoding_override": Option(),
        "removes": Option("path"),
        "stdin": Option(),
    },
    check_mode=False,
    exclusive=[("_raw_params", "argv", "cmd")],
    one_of=[("_raw_params", "argv", "cmd")],
)
WIN_SHELL = Model(
    win_shell,
    {
        "_raw_params": Option(default=""),
        "chdir": Option("path"),
        "creates": Option("path"),
        "executable": Option("path"),
        "no_profile": Option("bool", default=False),
        "output_encoding_override": Option(),
        "removes": Option("path"),
        "stdin": Option(),
    },
    strict=False,
    check_mode=False,
)
_SENSITIVE = {
    "name": Option(required=True),
    "password": Option(),
    "username": Option(),
    "value": Option(),
}
WIN_POWERSHELL = Model(
    win_powershell,
    {
        "arguments": Option("list", elements="str"),
        "chdir": Option(),
        "creates": Option(),
        "depth": Option("int", default=2),
        "error_action": Option(
            default="continue", choices=("silently_continue", "continue", "stop")
        ),
        "executable": Option(),
        "parameters": Option("dict"),
        "path": Option(),
        "remote_src": Option("bool", default=False),
        "removes": Option(),
        "script": Option(),
        "sensitive_parameters": Option("list", elements="dict", options=_SENSITIVE),
    },
    exclusive=[("path", "script")],
    one_of=[("path", "script")],
)
