"""Runs tests/acceptance against PCs: one pytest process a PC, several at once.

A process of its own keeps a PC that hangs from holding the others, and our own tests' settings
away. Passwords reach Ansible as ever: from the inventory, the vault and the environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from custode.core.acceptance import PcAcceptance, unknown_pc
from custode.core.junit import read_junit

SUITE = Path("tests") / "acceptance"
AT_ONCE = 8
DEADLINE_SECONDS = 300
# One reading; Ansible would wait for a PC that stopped talking for ever.
_READING_SECONDS = 60
_GRACE_TENTHS = 50
_PASSED, _FAILED = 0, 1


@dataclass(frozen=True)
class SuiteRequest:
    """What is judged.

    Attributes:
        root: The project's folder.
        inventory: The client's inventory folder.
        pcs: Names of its PCs.
        logs: Folder for what pytest says, one file a PC.
        deadline_seconds: How long one PC may take.
    """

    root: Path
    inventory: Path
    pcs: Sequence[str]
    logs: Path
    deadline_seconds: float = DEADLINE_SECONDS


@dataclass(frozen=True)
class Judged:
    """What came of one PC; `ran` is False where pytest itself could not be run."""

    acceptance: PcAcceptance
    ran: bool = True


def run_suite(request: SuiteRequest, *, on_pc: Callable[[PcAcceptance], None]) -> list[Judged]:
    """Judge PCs, and return what came of each, in the order of their names.

    Args:
        request: What is judged.
        on_pc: Called for each PC as it is done.
    """
    request.logs.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_all(request, on_pc))


async def _all(request: SuiteRequest, on_pc: Callable[[PcAcceptance], None]) -> list[Judged]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(pc: str) -> Judged:
        async with turns:
            judged = await _judge(request, pc)
        on_pc(judged.acceptance)
        return judged

    return await asyncio.gather(*(one(pc) for pc in sorted(request.pcs)))


async def _judge(request: SuiteRequest, pc: str) -> Judged:
    log = request.logs / f"{pc}.log"
    with tempfile.TemporaryDirectory(prefix="custode-accept-") as folder, log.open("wb") as said:
        junit = Path(folder) / "junit.xml"
        process = await asyncio.create_subprocess_exec(
            *_command(request, pc, junit),
            cwd=request.root,
            env=_environment(request.root, Path(folder)),
            stdin=DEVNULL,
            stdout=said,
            stderr=STDOUT,
            start_new_session=True,
        )
        try:
            code = await asyncio.wait_for(process.wait(), request.deadline_seconds)
        except TimeoutError:
            found = f"it was not done after {request.deadline_seconds:g} seconds"
            return Judged(unknown_pc(pc, found=found, next_step=f"read {log}, then try again"))
        finally:
            if process.returncode is None:
                await _end(process)
        if code not in {_PASSED, _FAILED} or not junit.is_file():
            found = f"pytest ended with {code} before anything was judged"
            return Judged(unknown_pc(pc, found=found, next_step=f"read {log}"), ran=False)
        return Judged(read_junit(pc, junit.read_text(encoding="utf-8")))


async def _end(process: Process) -> None:
    """End a PC's process with all that it began."""
    with suppress(ProcessLookupError):
        # Ansible's workers are in sessions of their own: it ends them when it is asked to end.
        os.killpg(process.pid, signal.SIGTERM)
        for _ in range(_GRACE_TENTHS):
            await asyncio.sleep(0.1)
            os.killpg(process.pid, 0)
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _command(request: SuiteRequest, pc: str, junit: Path) -> list[str]:
    suite = request.root / SUITE
    return [
        *(sys.executable, "-m", "pytest", "-c", str(suite / "pytest.ini")),
        *("-p", "testinfra.plugin", "--junitxml", str(junit)),
        *("--hosts", f"ansible://{pc}", "--ansible-inventory", str(request.inventory)),
        str(suite),
    ]


def _environment(root: Path, folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return {
        **kept,
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        "ANSIBLE_TASK_TIMEOUT": str(_READING_SECONDS),
        "ANSIBLE_VERBOSITY": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        # What testinfra lays down on its way goes when the folder goes.
        "TMPDIR": str(folder),
    }
