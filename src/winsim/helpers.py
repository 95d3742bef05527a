"""Ansible's own helper scripts, done on a PC's files."""

from __future__ import annotations

import hashlib
import json
import ntpath
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from winsim.host import Host
from winsim.wire.recogniser import HelperCall

_PROFILE = r"C:\Users\{user}"


@dataclass(frozen=True)
class Outcome:
    """What a finished command leaves: its output, its words on standard error, its exit code."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0


def run_helper(host: Host, call: HelperCall, *, user: str, session: dict[str, str]) -> Outcome:
    """Let a PC do what one of Ansible's helpers does.

    Args:
        host: The PC.
        call: The helper.
        user: Whose shell it is.
        session: What earlier scripts of the same shell left in variables.
    """
    match call.name:
        case "open_file":
            session["fs"] = str(call.parameters["Path"])
            return Outcome() if host.files.get(session["fs"]) else _of_file(host, session["fs"])
        case "read_file":
            part = {**call.parameters, "Path": session.get("fs", "")}
            return _fetch_file(host, HelperCall(call.name, part), user)
        case "close_file":
            session.pop("fs", None)
            return Outcome()
    helper = _HELPERS.get(call.name)
    if helper is None:
        return failed(f"winsim does not model Ansible's helper {call.name}")
    return helper(host, call, user)


def failed(message: str) -> Outcome:
    """Return what a failed module answers."""
    return Outcome(json.dumps({"changed": False, "failed": True, "msg": message}), exit_code=1)


def expanded(path: str, user: str) -> str:
    """Return a path with the names of an account's folders replaced."""
    home = _PROFILE.format(user=user)
    temp = rf"{home}\AppData\Local\Temp"
    names = {"temp": temp, "tmp": temp, "systemroot": r"C:\Windows", "userprofile": home}
    return re.sub(r"%([^%]+)%", lambda match: names.get(match[1].lower(), match[0]), path)


def _mkdtemp(host: Host, call: HelperCall, user: str) -> Outcome:
    folder = expanded(str(call.parameters["Directory"]), user)
    path = ntpath.join(folder, str(call.parameters["Name"]))
    host.files.make_folder(path)
    return Outcome(f"{path}\r\n")


def _expand_user(host: Host, call: HelperCall, user: str) -> Outcome:
    del host
    path = str(call.parameters["Path"])
    home = _PROFILE.format(user=user)
    return Outcome(f"{home + path[1:] if path.startswith('~') else path}\r\n")


def _remove(host: Host, call: HelperCall, user: str) -> Outcome:
    del user
    host.files.remove(ntpath.normpath(str(call.parameters["Path"])))
    return Outcome()


def _put_file(host: Host, call: HelperCall, user: str) -> Outcome:
    path = str(call.parameters["Path"])
    try:
        data = b"".join(b64decode(line, validate=True) for line in call.stdin.split())
        host.files.write(expanded(path, user), data)
    except (Base64Error, ValueError):
        return Outcome(stderr=f"the input for {path} is no Base64", exit_code=1)
    except (IsADirectoryError, NotADirectoryError):
        return Outcome(stderr=f"Access to the path '{path}' is denied.", exit_code=1)
    return Outcome(json.dumps({"sha1": hashlib.sha1(data).hexdigest()}))  # noqa: S324 - as Ansible


def _of_file(host: Host, path: str) -> Outcome:
    """Return what is said of something that cannot be read: a folder, or nothing at all."""
    if host.files.is_folder(path):
        return Outcome("[DIR]")
    return Outcome(stderr=f"{path} does not exist", exit_code=1)


def _fetch_file(host: Host, call: HelperCall, user: str) -> Outcome:
    path = expanded(str(call.parameters["Path"]), user)
    if host.files.get(path) is None:
        return _of_file(host, path)
    start = int(call.parameters["Offset"])
    data = host.files.read(path)[start : start + int(call.parameters["BufferSize"])]
    return Outcome(b64encode(data).decode() if data else "")


def _fetch_whole_file(host: Host, call: HelperCall, user: str) -> Outcome:
    path = expanded(str(call.parameters["Path"]), user)
    if host.files.get(path) is None:
        return _of_file(host, path)
    data, size = host.files.read(path), int(call.parameters["BufferSize"])
    blocks = [b64encode(data[at : at + size]).decode() for at in range(0, len(data), size)]
    return Outcome("\r\n".join(["[FILE]", *blocks]))


_HELPERS: Mapping[str, Callable[[Host, HelperCall, str], Outcome]] = {
    "mkdtemp": _mkdtemp,
    "expand_user": _expand_user,
    "put_file": _put_file,
    "fetch_file": _fetch_file,
    "fetch_whole_file": _fetch_whole_file,
    "remove": _remove,
}
