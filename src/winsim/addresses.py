"""Where each PC is reached: an address of its own, or a port of its own.

An address of its own, at WinRM's usual ports, is what a client of real PCs meets: nothing in an
inventory but the address. It needs a loopback network that the system answers for, as Linux does.
Elsewhere `--ports` gives each PC two ports of one address.
"""

from __future__ import annotations

import ipaddress
import itertools
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winsim.errors import WinsimError
from winsim.host import Host
from winsim.model.winrm import PORTS

HTTP_PORT, HTTPS_PORT = PORTS["HTTP"], PORTS["HTTPS"]
DEFAULT_NETWORK = "127.87.0.0/24"
_LAST_PORT = 65535
# From 127.100 on: below are the default and what somebody may be serving by hand.
_FIRST_FREE, _NETWORKS = 100, 120 * 256
_COUNT = itertools.count()


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


def inventory_of(
    places: Mapping[str, Place],
    *,
    authority: Path,
    connection: str = "winrm",
    nameless: Collection[str] = (),
) -> dict[str, Any]:
    """Return an Ansible inventory of PCs, without any account.

    Args:
        places: Where each PC is reached.
        authority: The file of the authority that their certificates come from.
        connection: `winrm` or `psrp`.
        nameless: PCs that get a name which nobody knows, instead of their address.
    """
    if connection == "psrp":
        about = {"ansible_psrp_auth": "ntlm", "ansible_psrp_ca_cert": str(authority)}
    else:
        about = {"ansible_winrm_transport": "ntlm", "ansible_winrm_ca_trust_path": str(authority)}
    hosts = {
        name: {
            # RFC 6761: nobody ever answers for a name in .invalid.
            "ansible_host": f"{name}.invalid" if name in nameless else place.address,
            "ansible_port": place.https_port,
        }
        for name, place in places.items()
    }
    return {"all": {"vars": {"ansible_connection": connection, **about}, "hosts": hosts}}


def free_network() -> str:
    """Return a loopback network that no other caller on this machine is given: for tests."""
    number = (os.getpid() * 11 + next(_COUNT)) % _NETWORKS
    return f"127.{_FIRST_FREE + number // 256}.{number % 256}.0/24"
