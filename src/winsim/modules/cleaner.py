"""`fleet_cleaner`: runs DISM or CCleaner and measures what became free."""

from __future__ import annotations

from winsim import archives, programs
from winsim.errors import NeverEnds
from winsim.host import Host
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result

FOLDER = r"C:\Program Files\Custode\tools\ccleaner"
_PROGRAM = rf"{FOLDER}\CCleaner64.exe"
_NOISE_BYTES = 1 << 20
_GOOD = (0, 3010)


def fleet_cleaner(call: Call) -> Result:
    """Run the program, put away what it needed, and tell what became free."""
    host, ccleaner = call.host, call.params["tool"] == "ccleaner"
    found, before = _tool(host) if ccleaner else None, host.free_bytes()
    diff = {"before": {"tool": found}}
    result: Result = {
        "changed": True,
        "exit_code": None,
        "free_bytes_before": before,
        "free_bytes_after": before,
        "freed_bytes": None,
    }
    if call.check:
        after_all = "the one in the archive" if ccleaner and call.params["keep"] else None
        return {**result, "diff": {**diff, "after": {"tool": after_all}}}
    if ccleaner:
        _remove(host)
    problem = _ccleaner(call) if ccleaner else _component_store(call, result)
    keep = ccleaner and call.params["keep"] and not problem
    if ccleaner and not keep:
        _remove(host)
    after = host.free_bytes()
    freed = None if before is None or after is None else after - before
    result |= {"free_bytes_after": after, "freed_bytes": freed}
    left = _tool(host) if ccleaner else None
    result["changed"] = left != found or (freed is not None and freed >= _NOISE_BYTES)
    if problem:
        tool = call.params["tool"]
        raise ModuleFailure(f"Failed to clean up with '{tool}': {problem}", **result)
    return {**result, "diff": {**diff, "after": {"tool": left}}}


def _tool(host: Host) -> str | None:
    """Return the version of the tool that lies there, a word where it is not whole, or None."""
    if not host.files.is_folder(FOLDER):
        return None
    program = host.files.get(_PROGRAM)
    if program is None:
        return "incomplete"
    parts = [part for part in (program.version or "").split(".") if part.isdecimal()]
    return ".".join([*parts, "0", "0", "0", "0"][:4])


def _component_store(call: Call, result: Result) -> str | None:
    wanted = ["/Online", "/Cleanup-Image", "/StartComponentCleanup", "/Quiet", "/NoRestart"]
    call.host.step()
    try:
        code = programs.run_dism(call.host, wanted)
    except NeverEnds:
        programs.end(call.host, programs.DISM)
        return _late(call)
    result["exit_code"] = code
    return None if code in _GOOD else f"DISM ended with 0x{code & 0xFFFFFFFF:08X}"


def _ccleaner(call: Call) -> str | None:
    host = call.host
    host.step()
    if not archives.expand(host, call.params["archive"], FOLDER):
        return "ArchiveFileNotFound"
    host.step()
    text = "".join(f"{line}\r\n" for line in call.params["settings"])
    host.files.write(rf"{FOLDER}\ccleaner.ini", text.encode("ascii", "replace"))
    file = host.files.get(_PROGRAM)
    if file is None or file.signer not in call.params["signers"]:
        return "its signature is not valid, or not of an allowed maker"
    host.step()
    return None if programs.run_ccleaner(host, _PROGRAM) else _late(call)


def _late(call: Call) -> str:
    return f"it did not end within {call.params['timeout_seconds']} s and was stopped"


def _remove(host: Host) -> None:
    programs.end(host, _PROGRAM)
    if host.files.is_folder(FOLDER):
        host.step()
        host.files.remove(FOLDER)


FLEET_CLEANER = Model(
    fleet_cleaner,
    {
        "archive": Option("path"),
        "keep": Option("bool", default=False),
        "settings": Option("list", elements="str", default=[]),
        "signers": Option("list", elements="str", default=[]),
        "timeout_seconds": Option("int", default=3600),
        "tool": Option(required=True, choices=("ccleaner", "component_store")),
    },
    needs=[("tool", "ccleaner", ("archive", "settings", "signers"), "all")],
)
