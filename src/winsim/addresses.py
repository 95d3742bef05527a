"""Where each PC is reached: an address of its own, or a port of its own.

An address of its own, at WinRM's usual ports, is what a client of real PCs meets: nothing in an
inventory but the address. It needs a loopback network that the system answers for, as Linux does.
Elsewhere `--ports` gives each PC two ports of one address.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from winsim.errors import WinsimError
from winsim.host import Host

HTTP_PORT = 5985
HTTPS_PORT = 5986
DEFAULT_NETWORK = "127.87.0.0/24"
_LAST_PORT = 65535


@dataclass(frozen=True)
class Place:
    """Where a PC is reached."""

    address: str
    http_port: int = HTTP_PORT
    https_port: int = HTTPS_PORT


def place_of(
    host: Host, network: str, *, first_port: int | None = None, allow_remote: bool = False
) -> Place:
    """Return where a PC is reached.

    Args:
        host: The PC; its number is its place in the network, or in the row of ports.
        network: A network in which each PC has an address, or with `first_port` one address.
        first_port: The ports of the PC of number 0; each further one has the next two.
        allow_remote: Whether others may reach it.

    Raises:
        WinsimError: The network is none, is too small, or is not this machine's own.
    """
    try:
        parsed = ipaddress.ip_network(network, strict=first_port is None)
        address = parsed[0] if first_port is not None else parsed[host.octet]
    except (ValueError, IndexError) as error:
        raise WinsimError(
            f"{network!r} has no address {host.octet}; give a network such as {DEFAULT_NETWORK}"
        ) from error
    if not address.is_loopback and not allow_remote:
        raise WinsimError(
            f"{address} can be reached by others; the passwords of simulated PCs are public. "
            "Say --allow-remote as well if that is meant."
        )
    if first_port is None:
        return Place(str(address))
    port = first_port + 2 * host.octet
    if port + 1 > _LAST_PORT:
        raise WinsimError(f"{host.name} would have port {port + 1}; the last one is {_LAST_PORT}")
    return Place(str(address), port, port + 1)
