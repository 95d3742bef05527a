"""`make fuzz`: what a fuzzer makes up of real messages never crashes a parser, nor fills the memory.

Each target runs in a process of its own, guided by the coverage of `winsim`, for a bounded time.
Any exception but the one that the parser documents ends the run, and leaves its input as a file.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

SECONDS = 20
MEGABYTES = 1024


def main() -> int:
    """Run every target in turn; return how many failed."""
    failed = 0
    for name in sorted(TARGETS):
        with tempfile.TemporaryDirectory() as corpus:
            for index, sample in enumerate(samples(name)):
                (Path(corpus) / str(index)).write_bytes(sample)
            words = [sys.executable, "-m", "tests.fuzz", name, corpus]
            limits = [f"-max_total_time={SECONDS}", f"-rss_limit_mb={MEGABYTES}", "-seed=1"]
            done = subprocess.run([*words, *limits], capture_output=True, text=True, check=False)
        runs = [line for line in done.stderr.splitlines() if line.startswith("Done ")]
        failed += done.returncode != 0
        print(f"{name:<16} {runs[-1] if runs else done.stderr[-2000:]}")  # noqa: T201
    return failed


def envelope(data: bytes) -> None:
    """A request of WS-Management."""
    with contextlib.suppress(soap.MalformedError):
        soap.parse(data)


def sealed(data: bytes) -> None:
    """A sealed body."""

    class Plain:
        def wrap_winrm(self, data: bytes) -> tuple[bytes, bytes, int]:
            return b"", data, 0

        def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
            return data + header

    with contextlib.suppress(sealing.UnsealError):
        sealing.unseal(Plain(), data)


def payload(data: bytes) -> None:
    """A command line and what is sent to it."""
    line, _, stdin = data.partition(b"\n")
    recogniser.recognise(line.decode("latin-1"), stdin)
    recogniser.recognise("PowerShell -EncodedCommand JgA=", b"{}\n\0\0\0\0\n" + stdin)


def token(data: bytes) -> None:
    """A security token."""
    ntlm.find_authenticate(b"NTLMSSP\0\x03\0\0\0" + data)
    ntlm.find_authenticate(data)


def fragments(data: bytes) -> None:
    """The fragments that open a runspace pool."""
    with contextlib.suppress(psrp.PsrpError):
        psrp.RunspacePool("5.1.26100.1000", data)


def conversation(data: bytes) -> None:
    """A request to a PC with a shell and a command in it."""

    async def talk() -> None:
        client = Client()
        shell = await client.open()
        command = await client.start(shell, "x")
        told = data.replace(b"SHELL", shell.encode()).replace(b"COMMAND", command.encode())
        try:
            request = soap.parse(told)
        except soap.MalformedError:
            return
        if request.timeout_seconds < 1:
            await client.service.serve(request, client.caller)

    asyncio.run(talk())


TARGETS: dict[str, Callable[[bytes], None]] = {
    "conversation": conversation,
    "envelope": envelope,
    "fragments": fragments,
    "payload": payload,
    "sealed": sealed,
    "token": token,
}


def samples(name: str) -> list[bytes]:
    """Return real messages of a target's kind, for the fuzzer to begin with."""
    from tests import wsman  # noqa: PLC0415 - only the parent begins with them

    operations = {
        "Create": "<rsp:Shell/>",
        "Command": "<rsp:CommandLine><rsp:Command>x</rsp:Command></rsp:CommandLine>",
        "Send": '<rsp:Send><rsp:Stream Name="stdin" CommandId="COMMAND" End="true">YQ==</rsp:Stream></rsp:Send>',
        "Receive": '<rsp:Receive><rsp:DesiredStream CommandId="COMMAND">stdout</rsp:DesiredStream></rsp:Receive>',
        "Signal": '<rsp:Signal CommandId="COMMAND"><rsp:Code>x/terminate</rsp:Code></rsp:Signal>',
        "Delete": "",
    }
    mark = b"\n\0\0\0\0\n"
    module = {
        "name": "module_wrapper.ps1",
        "params": {"Script": "x.ps1", "Variables": [{"Name": "complex_args", "Value": {"a": 1}}]},
    }
    become = {"name": "become_wrapper.ps1", "params": {"BecomeUser": "x"}, "secure_params": {}}
    manifest = json.dumps({"scripts": {}, "actions": [become, module]}).encode()
    if name in {"conversation", "envelope"}:
        return [
            wsman.text_of(operation, body, shell="SHELL", timeout="PT0.01S").encode()  # noqa: S604
            for operation, body in operations.items()
        ]
    if name == "payload":
        return [b"x\n{}" + mark + manifest, b"x\n" + b"\0\0\0\0" + manifest, b"Remove-Item 'C:\\x'"]
    if name == "fragments":
        import psrpcore  # noqa: PLC0415 - as above

        pool = psrpcore.ClientRunspacePool()
        pool.open()
        sent = pool.data_to_send()
        return [sent.data] if sent else []
    return [base64.b64decode("AAAA"), b"\0" * 88]


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    import atheris

    with atheris.instrument_imports(include=["winsim"]):
        from tests.wsman import Client

        from winsim.wire import ntlm, psrp, recogniser, sealing, soap

    chosen = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[chosen])
    atheris.Fuzz()
