"""From a recognised payload to what the PC answers: modules, helpers, scripts, jobs, restarts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from winsim import restarts
from winsim.helpers import Outcome, failed, run_helper
from winsim.host import Host
from winsim.jobs import begin_job, read_job
from winsim.model.cim import CIMV2
from winsim.modules import ModuleNotModelled, run_module
from winsim.modules.call import NeverEnds
from winsim.modules.commands import run_text
from winsim.moments import resolve
from winsim.wire.recogniser import (
    Become,
    HelperCall,
    ModuleCall,
    Payload,
    RawCommand,
    ScriptCall,
    Unrecognised,
    Work,
)
from winsim.wire.shells import account_of

# Who needs no password: Windows' own accounts.
_SERVICES = {"system", "localservice", "local service", "networkservice", "network service"}
_BOOT_TIME = re.compile(
    r"Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime"
)
_SHUTDOWN = re.compile(r"shutdown\.exe\s+/r\b", re.IGNORECASE)
_ABORT = re.compile(r"shutdown\.exe\s+/a\b", re.IGNORECASE)
# What `win_reboot` waits for: the log-on screen is there once the PC is up.
_LOGON_SCREEN = re.compile(r"Winlogon\\AutoLogonChecked'.*'(success-[0-9a-f-]{36})'", re.DOTALL)
_WHOAMI = re.compile(r"^\s*whoami(?:\.exe)?\s*$", re.IGNORECASE | re.MULTILINE)
# The action plugin `script` copies a file and calls it.
_CALL = re.compile(r"&\s*'?([A-Za-z]:\\[^';]+?)'?\s*;?")
_EXIT = re.compile(r"\s*exit \$LASTEXITCODE\s*$")
# Seconds from 1601-01-01 to 1970-01-01, as FILETIME counts them.
_FILETIME_BEGINNING = 11644473600
_SHOWN_CHARACTERS = 120


def run_payload(
    host: Host,
    payload: Payload,
    *,
    user: str,
    ends: bool = True,
    session: dict[str, str] | None = None,
) -> Outcome:
    """Let a PC do what was sent, at its own time.

    Args:
        host: The PC.
        payload: What was sent.
        user: Whose shell it came through.
        ends: False when something keeps the work from ever ending.
        session: What earlier scripts of the same shell left in variables.

    Raises:
        NeverEnds: It waits for something that will not happen.
    """
    if payload.become is not None:
        refused = _refused(host, payload.become)
        if refused is not None:
            return failed(refused)
        user = account_of(payload.become.user)
    kept = session if session is not None else {}

    def work() -> Outcome:
        if not ends:
            raise NeverEnds
        return _run(host, payload.work, user, kept)

    return work() if payload.job is None else begin_job(host, payload.job, work, user=user)


def described(work: Work) -> tuple[str, Mapping[str, Any]]:
    """Return a payload's name and arguments, for the log and for faults keyed by module."""
    if isinstance(work, ModuleCall):
        return work.name, work.arguments
    if isinstance(work, HelperCall):
        return work.name, work.parameters
    if isinstance(work, Unrecognised):
        return "unrecognised", {"why": work.why}
    # A script's own text may hold anything, secrets too.
    name = "script" if isinstance(work, ScriptCall) else "raw"
    return name, {"characters": len(work.text)}


def _refused(host: Host, become: Become) -> str | None:
    """Return why nobody can become this user, or None."""
    name = account_of(become.user)
    if name in _SERVICES:
        return None
    account = host.people.find_logon(name)
    if account is not None and account.enabled and account.password == become.password:
        return None
    return (
        f"failure during exec_wrapper: Failed to become user '{become.user}': "
        "The user name or password is incorrect. (Win32ErrorCode 1326 - 0x0000052E)"
    )


def _run(host: Host, work: Work, user: str, session: dict[str, str]) -> Outcome:
    if isinstance(work, ModuleCall):
        return _module(host, work, user)
    if isinstance(work, HelperCall):
        return run_helper(host, work, user=user, session=session)
    if isinstance(work, Unrecognised):
        return failed(f"winsim does not understand this payload: {work.why}")
    return _script(host, work, user)


def _module(host: Host, call: ModuleCall, user: str) -> Outcome:
    if call.name.rpartition(".")[2] == "async_status":
        return read_job(host, call.arguments, user=user)
    try:
        result = run_module(host, call.name, dict(call.arguments))
    except ModuleNotModelled:
        return failed(f"winsim does not model the module {call.name}")
    shown = {k: v for k, v in call.arguments.items() if not k.startswith("_ansible_")}
    # As Ansible.Basic does; the controller hides what a task marks with no_log.
    answer = {"invocation": {"module_args": shown}, **result}
    return Outcome(json.dumps(answer, sort_keys=True), exit_code=int(bool(result.get("failed"))))


def _script(host: Host, work: ScriptCall | RawCommand, user: str) -> Outcome:
    text = _EXIT.sub("", work.text)
    if _BOOT_TIME.search(text):
        return Outcome(f"{_boot_filetime(host)}\r\n")
    if _SHUTDOWN.search(text):
        restarts.begin(host)
        return Outcome(json.dumps({"stdout": "", "stderr": "", "rc": 0}))
    if _ABORT.search(text):
        # 1116: no shutdown was in progress.
        return Outcome(stderr="(1116)", exit_code=1116)
    if found := _LOGON_SCREEN.search(text):
        return Outcome(f"{found[1]}\r\n")
    if _WHOAMI.search(text):
        return Outcome(f"{host.computer_name.lower()}\\{user}\r\n")
    found = _CALL.fullmatch(text.strip())
    if found and host.files.exists(found[1]) and not host.files.is_folder(found[1]):
        text = host.files.read(found[1]).decode(errors="replace")
    ran = run_text(host, text)
    if ran is not None:
        return Outcome(ran.stdout, ran.stderr, ran.exit_code)
    shown = " ".join(text.split())[:_SHOWN_CHARACTERS]
    return Outcome(stderr=f"winsim does not model this command: {shown}", exit_code=1)


def _boot_filetime(host: Host) -> int:
    now = host.clock.now()
    row = host.cim.rows(CIMV2, "Win32_OperatingSystem")[0]
    booted = resolve(row["LastBootUpTime"], now)
    return int((booted.timestamp() + _FILETIME_BEGINNING) * 10**7)
