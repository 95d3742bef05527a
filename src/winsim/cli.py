"""The command line of winsim."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from winsim.addresses import DEFAULT_NETWORK, inventory_of, place_of
from winsim.cli_machines import add_commands
from winsim.control import SOCKET, Control, ask
from winsim.engine import PowerShellEngine, find_pwsh
from winsim.errors import WinsimError
from winsim.host import Host
from winsim.installers import build_installers
from winsim.profiles import load_profiles
from winsim.server import FleetServer
from winsim.wire.faults import Fault, FaultList, parse_faults

_ENGINE = "what runs a project's own modules: winsim's model, or the `pwsh` on PATH"
_BIND = f"where the PCs have their addresses; {DEFAULT_NETWORK} if not given"
_PORTS = "two ports for each PC at one address, instead of an address for each"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error is one line and exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except WinsimError as error:
        print(f"winsim: {error}", file=sys.stderr)  # noqa: T201 - the command line's voice
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="winsim", description="Simulated Windows PCs that real Ansible manages over WinRM."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve profile sets until stopped")
    serve.add_argument("profiles", nargs="+", help="packaged set (office) or folder of machines")
    serve.add_argument("--bind", default=DEFAULT_NETWORK, metavar="NETWORK", help=_BIND)
    serve.add_argument("--allow-remote", action="store_true", help="let NETWORK be no loopback")
    serve.add_argument("--ports", type=int, metavar="FIRST", help=_PORTS)
    serve.add_argument("--engine", choices=("model", "powershell"), default="model", help=_ENGINE)
    serve.add_argument("--keytab", type=Path, help="Kerberos keys of the PCs")
    _add_state(serve)
    serve.add_argument("--faults", type=Path, help="YAML list of faults")
    serve.add_argument(
        "--clock", help="where the clock stands, ISO 8601 with zone; now if not given"
    )
    serve.add_argument("--ready-file", type=Path, help="written once every PC listens")
    serve.set_defaults(run=_serve)

    inventory = commands.add_parser("inventory", help="print an Ansible inventory of a set")
    inventory.add_argument("profiles", nargs="+")
    inventory.add_argument("--bind", default=DEFAULT_NETWORK, metavar="NETWORK", help=_BIND)
    inventory.add_argument("--ports", type=int, metavar="FIRST", help=_PORTS)
    inventory.add_argument("--connection", choices=("winrm", "psrp"), default="winrm")
    inventory.add_argument("--faults", type=Path, help="PCs with the fault dns get no address")
    _add_state(inventory)
    inventory.set_defaults(run=_inventory)

    listing = commands.add_parser("list", help="show the PCs of a running fleet")
    _add_state(listing)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)

    clock = commands.add_parser("clock", help="move a running fleet to another moment")
    _add_state(clock)
    clock.add_argument("moment")
    clock.set_defaults(run=_clock)

    faults = commands.add_parser("faults", help="put other faults in force while it runs")
    _add_state(faults)
    faults.add_argument("file", type=Path)
    faults.set_defaults(run=_faults)

    reset = commands.add_parser("reset", help="put PCs back to what their profiles say")
    reset.add_argument("pcs", nargs="*", metavar="PC", help="only these; all if none is named")
    _add_state(reset)
    reset.set_defaults(run=lambda options: ask(options.state, {"do": "reset", "pcs": options.pcs}))

    stop = commands.add_parser("stop", help="end a running fleet")
    _add_state(stop)
    stop.set_defaults(run=lambda options: ask(options.state, {"do": "stop"}))

    installer = commands.add_parser("installer", help="write the stand-in installers of a set")
    installer.add_argument("profile")
    installer.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    installer.set_defaults(run=lambda options: build_installers(options.profile, options.out))
    add_commands(commands)
    return parser


def _add_state(parser: argparse.ArgumentParser) -> None:
    text = "folder of a fleet's certificates, logs and control; winsim-state if not given"
    parser.add_argument("--state", type=Path, default=Path("winsim-state"), help=text)


def _serve(options: argparse.Namespace) -> None:
    clock = _moment(options.clock) if options.clock else datetime.now(UTC)
    hosts = load_profiles(options.profiles)
    faults = _read_faults(options.faults) if options.faults else []
    options.state.mkdir(parents=True, exist_ok=True)
    for host in hosts:
        host.advance(clock)
    asyncio.run(_run(options, hosts, faults))


async def _run(options: argparse.Namespace, hosts: Sequence[Host], faults: Sequence[Fault]) -> None:
    server = FleetServer(
        hosts,
        network=options.bind,
        state=options.state,
        first_port=options.ports,
        allow_remote=options.allow_remote,
        engine=_engine(options),
        keytab=options.keytab,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    await server.set_faults(faults)
    path = options.state / SOCKET
    path.unlink(missing_ok=True)
    control = await asyncio.start_unix_server(
        Control(server, stopping, options.profiles).handle, path
    )
    try:
        await server.start()
        _say(f"serving {len(hosts)} PCs in {options.bind}; stop with Ctrl-C")
        if options.ready_file:
            options.ready_file.write_text("ready\n", encoding="utf-8")
        await stopping.wait()
    finally:
        control.close()
        path.unlink(missing_ok=True)
        await server.stop()


def _engine(options: argparse.Namespace) -> PowerShellEngine | None:
    if options.engine == "model":
        return None
    executable = find_pwsh()
    if executable is None:
        raise WinsimError("--engine powershell needs `pwsh` on PATH, and there is none")
    return PowerShellEngine(executable, options.state / "engine")


def _inventory(options: argparse.Namespace) -> None:
    faults = FaultList(_read_faults(options.faults) if options.faults else [])
    hosts = load_profiles(options.profiles)
    now = datetime.now(UTC)
    about = inventory_of(
        {
            host.name: place_of(host, options.bind, first_port=options.ports, allow_remote=True)
            for host in hosts
        },
        authority=options.state.resolve() / "ca.pem",
        connection=options.connection,
        nameless=[host.name for host in hosts if faults.nameless(host.name, now)],
    )
    _say(yaml.safe_dump(about, sort_keys=True).rstrip())


def _list(options: argparse.Namespace) -> None:
    rows = ask(options.state, {"do": "list"})["pcs"]
    if options.json:
        _say(json.dumps(rows, indent=2, sort_keys=True))
        return
    for row in rows:
        state = "listens" if row["listens"] else "off"
        shells = f"{row['open_shells']} shells"
        if row["open_shells"]:
            shells += f", idle {row['idle_seconds']} s"
        _say(f"{row['name']:<20} {row['address']:<16} {state:<8} {shells}")


def _clock(options: argparse.Namespace) -> None:
    ask(options.state, {"do": "clock", "at": _moment(options.moment).isoformat()})


def _faults(options: argparse.Namespace) -> None:
    data = _read_yaml(options.file)
    parse_faults(data, where=str(options.file))
    ask(options.state, {"do": "faults", "faults": json.loads(json.dumps(data, default=str))})


def _read_faults(path: Path) -> list[Fault]:
    return parse_faults(_read_yaml(path), where=str(path))


def _read_yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise WinsimError(f"{path}: {error}") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WinsimError(f"{text!r} is no moment; write 2026-11-09T09:00:00+01:00") from error
    if moment.tzinfo is None:
        raise WinsimError(f"{text!r} needs a time zone, such as +01:00 at its end")
    return moment


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command line's voice
