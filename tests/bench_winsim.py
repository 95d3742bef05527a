"""The simulator's figures: how many PCs in how much memory, and what one module costs.

Each is told beside its bound, as a ratio: 1.00 is the bound, less is better. The module's cost is
the endpoint's own processor time, beside that of the controller in the same run.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import yaml

from winsim.addresses import free_network
from winsim.generate import generated_hosts
from winsim.server import FleetServer

NOW = datetime(2026, 11, 9, 8, tzinfo=UTC)
BIN = Path(sys.executable).parent
PCS, ROUNDS = 6, 5
MOST_MEGABYTES, MOST_SECONDS, LEAST_CALLS, LARGEST_SHARE = 1024, 10, 100, 1 / 3
CONNECTIONS = {
    "ntlm over https": {"ansible_winrm_transport": "ntlm"},
    "ntlm sealed over http": {"ansible_winrm_transport": "ntlm", "ansible_port": 5985},
    "psrp": {"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm"},
}


def main() -> None:
    """Measure, and print one line for each figure."""
    seconds, _ = served(1000)
    bound("a fleet of 1,000 starts", seconds, MOST_SECONDS, "s")
    seconds, megabytes = served(5000)
    bound("5,000 PCs listening", megabytes, MOST_MEGABYTES, "MB")
    for name, variables in CONNECTIONS.items():
        endpoint, controller = costs(variables)
        bound(f"a module call, {name}", 1000 * endpoint, 1000 / LEAST_CALLS, "ms")
        bound(f"  beside the controller, {name}", endpoint / controller, LARGEST_SHARE, "")


def bound(name: str, value: float, limit: float, unit: str) -> None:
    """Print a figure and what part of its bound it is."""
    print(f"{name:<48} {value:9.2f} {unit:<2} {value / limit:9.2f} x")  # noqa: T201


def served(count: int) -> tuple[float, float]:
    """Return seconds until so many PCs listen in a process of their own, and its megabytes."""
    words = [sys.executable, "-m", "tests.bench_winsim", str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


async def listen(count: int) -> None:
    """Serve so many PCs, and print how long it took and what memory the process has."""
    begin = time.perf_counter()
    hosts = generated_hosts(count, seed=1)
    for host in hosts:
        host.advance(NOW)
    with tempfile.TemporaryDirectory() as state:
        server = FleetServer(hosts, network="127.90.0.0/15", state=Path(state))
        await server.start()
        seconds = time.perf_counter() - begin
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await server.stop()
    print(seconds, kilobytes / 1024)  # noqa: T201


def costs(variables: dict[str, object]) -> tuple[float, float]:
    """Return the processor seconds of endpoint and controller for one `win_ping` of one PC."""
    network = free_network()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        ready = state / "ready"
        words = (
            "serve",
            "office",
            "--bind",
            network,
            "--state",
            folder,
            "--ready-file",
            str(ready),
        )
        server = subprocess.Popen([str(BIN / "winsim"), *words], stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            inventory = _inventory(state, network, variables)
            ping(inventory)  # certificates are made at the first connection
            before = processor_seconds(server.pid), children_seconds()
            for _ in range(ROUNDS):
                ping(inventory)
            after = processor_seconds(server.pid), children_seconds()
        finally:
            server.terminate()
            server.wait(10)
    return (after[0] - before[0]) / (PCS * ROUNDS), (after[1] - before[1]) / (PCS * ROUNDS)


def ping(inventory: Path) -> None:
    """Run `win_ping` on every PC that is on."""
    words = ("-i", str(inventory), "all:!portatile-2", "-m", "ansible.windows.win_ping")
    subprocess.run([str(BIN / "ansible"), *words], stdout=subprocess.DEVNULL, check=True)


def processor_seconds(pid: int) -> float:
    """Return what a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / 100


def children_seconds() -> float:
    """Return what the processes that ended used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _inventory(state: Path, network: str, variables: dict[str, object]) -> Path:
    words = ("inventory", "office", "--bind", network, "--state", str(state))
    written = subprocess.run(
        [str(BIN / "winsim"), *words], capture_output=True, text=True, check=True
    ).stdout
    about = yaml.safe_load(written)
    account = {"ansible_user": "custode", "ansible_password": "Simulated-Only-1"}
    authority = {"ansible_psrp_ca_cert": str(state / "ca.pem")}
    about["all"]["vars"] |= {**account, **authority, **variables}
    if "ansible_port" in variables:
        for host in about["all"]["hosts"].values():
            del host["ansible_port"]
    path = state / "hosts.yml"
    path.write_text(yaml.safe_dump(about), encoding="utf-8")
    return path


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1])))
