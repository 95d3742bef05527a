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

from winsim.control import SOCKET, Control, ask
from winsim.errors import WinsimError
from winsim.host import Host
from winsim.installers import build_installers
from winsim.profiles import load_profiles
from winsim.server import DEFAULT_NETWORK, HTTP_PORT, HTTPS_PORT, FleetServer, address_of
from winsim.wire.faults import Fault, parse_faults


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
    serve.add_argument("--bind", default=DEFAULT_NETWORK, metavar="NETWORK")
    serve.add_argument("--allow-remote", action="store_true", help="let NETWORK be no loopback")
    serve.add_argument("--http-port", type=int, default=HTTP_PORT)
    serve.add_argument("--https-port", type=int, default=HTTPS_PORT)
    serve.add_argument("--state", type=Path, required=True, help="certificates, logs, control")
    serve.add_argument("--faults", type=Path, help="YAML list of faults")
    serve.add_argument(
        "--clock", help="where the clock stands, ISO 8601 with zone; now if not given"
    )
    serve.add_argument("--ready-file", type=Path, help="written once every PC listens")
    serve.set_defaults(run=_serve)

    inventory = commands.add_parser("inventory", help="print an Ansible inventory of a set")
    inventory.add_argument("profiles", nargs="+")
    inventory.add_argument("--bind", default=DEFAULT_NETWORK, metavar="NETWORK")
    inventory.add_argument("--state", type=Path, required=True)
    inventory.set_defaults(run=_inventory)

    listing = commands.add_parser("list", help="show the PCs of a running fleet")
    listing.add_argument("--state", type=Path, required=True)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)

    clock = commands.add_parser("clock", help="move a running fleet to another moment")
    clock.add_argument("--state", type=Path, required=True)
    clock.add_argument("moment")
    clock.set_defaults(run=_clock)

    faults = commands.add_parser("faults", help="put other faults in force while it runs")
    faults.add_argument("--state", type=Path, required=True)
    faults.add_argument("file", type=Path)
    faults.set_defaults(run=_faults)

    stop = commands.add_parser("stop", help="end a running fleet")
    stop.add_argument("--state", type=Path, required=True)
    stop.set_defaults(run=lambda options: ask(options.state, {"do": "stop"}))

    installer = commands.add_parser("installer", help="write the stand-in installers of a set")
    installer.add_argument("profile")
    installer.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    installer.set_defaults(run=lambda options: build_installers(options.profile, options.out))
    return parser


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
        http_port=options.http_port,
        https_port=options.https_port,
        allow_remote=options.allow_remote,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    await server.set_faults(faults)
    path = options.state / SOCKET
    path.unlink(missing_ok=True)
    control = await asyncio.start_unix_server(Control(server, stopping).handle, path)
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


def _inventory(options: argparse.Namespace) -> None:
    hosts = {
        host.name: {"ansible_host": address_of(host, options.bind)}
        for host in load_profiles(options.profiles)
    }
    connection = {
        "ansible_connection": "winrm",
        "ansible_port": HTTPS_PORT,
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": str(options.state.resolve() / "ca.pem"),
    }
    _say(yaml.safe_dump({"all": {"vars": connection, "hosts": hosts}}, sort_keys=True).rstrip())


def _list(options: argparse.Namespace) -> None:
    rows = ask(options.state, {"do": "list"})["pcs"]
    if options.json:
        _say(json.dumps(rows, indent=2, sort_keys=True))
        return
    for row in rows:
        state = "listens" if row["listens"] else "off"
        _say(f"{row['name']:<20} {row['address']:<16} {state:<8} {row['open_shells']} shells")


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
