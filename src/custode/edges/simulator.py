"""The simulated PCs of a demonstration: winsim as a process of its own, never as an import."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from custode.core.errors import RunError

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


class Simulator:
    """A running winsim, steered through its command line."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def set_clock(self, moment: str) -> None:
        """Move the simulated PCs to a moment (ISO 8601 with zone); their stories move along."""
        _winsim(["clock", "--state", str(self._state), moment])


@contextmanager
def serving(profile: str, *, state: Path, clock: str) -> Iterator[Simulator]:
    """Serve a profile set on loopback while the body runs; afterwards nothing is left running.

    Args:
        profile: Name of a packaged profile set, such as `office`.
        state: Folder for certificates, logs and the control socket.
        clock: Where the simulated clock stands, ISO 8601 with zone.

    Raises:
        RunError: The simulator did not start; its own words are part of the message.
    """
    state.mkdir(parents=True, exist_ok=True)
    ready = state / "ready"
    ready.unlink(missing_ok=True)
    output = state / "serve.log"
    with output.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [
                *_command(),
                *("serve", profile, "--state", str(state), "--clock", clock),
                *("--ready-file", str(ready)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C stops the run first, then us, then the PCs
        )
    try:
        _wait_until_ready(process, ready, output)
        yield Simulator(state)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def build_installers(profile: str, folder: Path) -> None:
    """Write the stand-in installers of a profile set into a cache folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _winsim(["installer", profile, "--out", str(folder)])


def _command() -> list[str]:
    return [sys.executable, "-m", "winsim"]


def _winsim(arguments: Sequence[str]) -> None:
    done = subprocess.run(
        [*_command(), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 0:
        raise RunError(f"winsim {arguments[0]}: {done.stderr.strip()}")


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Path, output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            words = output.read_text(encoding="utf-8").strip()
            raise RunError(
                f"the simulated PCs did not start: {words or 'no answer'}",
                hint="is another demonstration running?",
            )
        time.sleep(0.05)
