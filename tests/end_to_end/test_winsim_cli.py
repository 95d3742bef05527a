"""The command line steers a running fleet: what is on, what is open, what goes wrong, what time it is."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.end_to_end.controller import BIN, ROOT
from winrm.protocol import Protocol

from winsim.addresses import free_network

LAB = str(ROOT / "tests/profiles/lab")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """Serve the lab from a process of its own."""
    ready = tmp_path / "ready"
    words = ("serve", LAB, "--bind", free_network(), "--state", str(tmp_path / "state"))
    more = ("--ready-file", str(ready), "--clock", "2026-10-05T09:00:00+02:00")
    served = subprocess.Popen([str(BIN / "winsim"), *words, *more], stdout=subprocess.DEVNULL)
    until(ready.exists)
    yield tmp_path / "state"
    winsim("stop", "--state", str(tmp_path / "state"), expect=None)
    assert 0 == served.wait(20)


def until(true: Callable[[], bool]) -> None:
    """Wait for something that a busy machine takes its time for."""
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


def winsim(*words: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(BIN / "winsim"), *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert expect is None or expect == done.returncode, done.stderr
    return done


def rows(state: Path) -> dict[str, dict[str, Any]]:
    told = json.loads(winsim("list", "--state", str(state), "--json").stdout)
    return {row["name"]: row for row in told}


def test_a_leaked_shell_is_shown_until_nobody_used_it_for_too_long(state: Path) -> None:
    about = rows(state)["strict"]
    client = Protocol(
        endpoint=f"https://{about['address']}:{about['https_port']}/wsman",
        transport="ntlm",
        username="custode",
        password="Simulated-Only-1",
        ca_trust_path=str(state / "ca.pem"),
    )
    client.open_shell()

    leaked = rows(state)["strict"]
    shown = winsim("list", "--state", str(state)).stdout
    winsim("clock", "--state", str(state), "2026-10-05T09:05:00+02:00")
    idle = rows(state)["strict"]
    winsim("clock", "--state", str(state), "2026-10-05T09:11:00+02:00")

    assert ("custode", "cmd", 0) == tuple(
        leaked["shells"][0][key] for key in ("owner", "kind", "idle_seconds")
    )
    assert "1 shells, idle 0 s" in shown
    assert (300, 0) == (idle["idle_seconds"], rows(state)["strict"]["open_shells"])


def test_faults_and_resets_are_put_in_force_while_it_runs(state: Path, tmp_path: Path) -> None:
    rules = tmp_path / "faults.yml"
    rules.write_text("- {host: pc-1, fault: offline}\n", encoding="utf-8")

    winsim("faults", "--state", str(state), str(rules))
    off = rows(state)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((off["pc-1"]["address"], 5986), timeout=5)
    rules.write_text("[]\n", encoding="utf-8")
    winsim("faults", "--state", str(state), str(rules))
    winsim("reset", "--state", str(state), "pc-2")

    assert (False, True) == (off["pc-1"]["listens"], off["pc-2"]["listens"])
    assert {True} == {row["listens"] for row in rows(state).values()}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("faults", "FAULTS"), "faults.yml: fault 1: unknown key hots; allowed: host"),
        (("reset", "pc-9"), "there is no PC 'pc-9'; known: pc-1, pc-2, strict"),
        (("clock", "tomorrow"), "'tomorrow' is no moment"),
        (("clock", "2026-10-05T09:00:00"), "needs a time zone"),
    ],
    ids=["fault", "PC", "moment", "zone"],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    state: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    rules = tmp_path / "faults.yml"
    rules.write_text("- {hots: pc-1, fault: offline}\n", encoding="utf-8")
    command, *rest = [str(rules) if word == "FAULTS" else word for word in words]
    before = rows(state)

    done = winsim(command, "--state", str(state), *rest, expect=2)

    assert 1 == len(done.stderr.splitlines())
    assert told in done.stderr
    assert before == rows(state)


def test_ports_take_the_place_of_addresses(tmp_path: Path) -> None:
    ready, state = tmp_path / "ready", tmp_path / "state"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        first = probe.getsockname()[1] // 2
    where = ("--bind", "127.0.0.1", "--ports", str(first), "--state", str(state))
    served = subprocess.Popen(
        [str(BIN / "winsim"), "serve", LAB, *where, "--ready-file", str(ready)],
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            if ready.exists():
                break
            time.sleep(0.05)
        written = yaml.safe_load(winsim("inventory", LAB, *where, "--connection", "psrp").stdout)
        for host in written["all"]["hosts"].values():
            address = (host["ansible_host"], host["ansible_port"])
            socket.create_connection(address, timeout=5).close()
    finally:
        served.terminate()
        served.wait(20)

    ports = {name: host["ansible_port"] for name, host in written["all"]["hosts"].items()}
    assert {"pc-1": first + 23, "pc-2": first + 25, "strict": first + 27} == ports
    assert "psrp" == written["all"]["vars"]["ansible_connection"]


def test_the_first_use_works_from_an_empty_folder(tmp_path: Path) -> None:
    text = (ROOT / "src/winsim/README.md").read_text(encoding="utf-8")
    serve, *others = text.split("```")[1].strip().splitlines()
    # Other tests may have the network that is the default.
    network = f" office --bind {free_network()}"
    words = shlex.split(serve.removesuffix("&").replace(" office", network))
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    environment.pop("ANSIBLE_CONFIG", None)
    served = subprocess.Popen([str(BIN / words[0]), *words[1:]], cwd=tmp_path, env=environment)
    try:
        until((tmp_path / "winsim-state" / "control.sock").exists)
        done = subprocess.run(
            ["bash", "-c", "\n".join(line.replace(" office", network) for line in others)],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
    finally:
        winsim("stop", "--state", str(tmp_path / "winsim-state"))

    assert 0 == served.wait(20)
    assert 6 == done.stdout.count("| SUCCESS =>"), done.stdout + done.stderr
    assert ["portatile-1"] == re.findall(r"^(\S+) \| UNREACHABLE", done.stdout, re.MULTILINE)


def test_an_engine_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ("serve", LAB, "--state", str(tmp_path), "--engine", "powershell")

    assert "needs `pwsh` on PATH" in winsim(*words, expect=2).stderr
