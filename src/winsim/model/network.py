"""Network cards and the network that they are in, as Windows tells of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

# As Windows numbers them; a PC alone never decides for the last.
CATEGORIES = {"Public": 0, "Private": 1, "Domain": 2}


@dataclass(frozen=True)
class Adapter:
    """A network card.

    Attributes:
        name: What people call the connection.
        description: What the driver calls the card.
        mac: Its address, such as `A8:B1:3B:70:C2:F4`.
        addresses: IP addresses with prefix length, such as `192.168.1.20/24`.
        gateway: Where other networks are reached, or empty.
        dns: Name servers.
        dhcp: Whether it was given its address.
        speed_mbit: How fast it is.
        connected: Whether the cable is in.
        wireless: Whether there is none.
    """

    name: str = "Ethernet"
    description: str = "Intel(R) Ethernet Connection I219-V"
    mac: str = ""
    addresses: Sequence[str] = ()
    gateway: str = ""
    dns: Sequence[str] = ()
    dhcp: bool = True
    speed_mbit: int = 1000
    connected: bool = True
    wireless: bool = False


@dataclass(frozen=True)
class Network:
    """The network that a PC is in.

    Attributes:
        name: What Windows calls it.
        category: `Public`, `Private` or `Domain`: which profile of the firewall holds.
        internet: Whether other networks are reached.
        suffix: The DNS suffix that the network gives, or empty.
        adapters: The cards; one that stands for all where none is declared.
    """

    name: str = "Network"
    category: str = "Private"
    internet: bool = True
    suffix: str = ""
    adapters: Sequence[Adapter] = field(default=())

    def cards(self, octet: int) -> list[Adapter]:
        """Return the cards, or the one that a PC with this number has when none is declared."""
        if self.adapters:
            return list(self.adapters)
        high, low = divmod(octet, 256)
        return [
            Adapter(
                mac=f"02:00:5E:10:{high:02X}:{low:02X}",
                addresses=(f"192.168.{high}.{low}/24",),
                gateway=f"192.168.{high}.254" if low != 254 else f"192.168.{high}.1",  # noqa: PLR2004 - not its own
                dns=("192.168.0.254",),
            )
        ]

    def configuration_rows(self, octet: int) -> list[dict[str, Any]]:
        """Return `Win32_NetworkAdapterConfiguration`."""
        rows = []
        for index, card in enumerate(self.cards(octet), start=1):
            on = card.connected and bool(card.addresses)
            plain = [ip_network(a, strict=False) for a in card.addresses]
            rows.append(
                {
                    "Index": index,
                    "InterfaceIndex": interface_index(index),
                    "Description": card.description,
                    "Caption": f"[{index:08d}] {card.description}",
                    "MACAddress": card.mac or None,
                    "IPEnabled": on,
                    "DHCPEnabled": card.dhcp,
                    "DHCPServer": (card.gateway or None) if on and card.dhcp else None,
                    "IPAddress": [a.partition("/")[0] for a in card.addresses] if on else None,
                    "IPSubnet": [
                        str(net.netmask) if net.version == 4 else str(net.prefixlen)  # noqa: PLR2004 - of IP
                        for net in plain
                    ]
                    if on
                    else None,
                    "DefaultIPGateway": [card.gateway] if on and card.gateway else None,
                    "DNSServerSearchOrder": list(card.dns) if on and card.dns else None,
                    "DNSDomain": (self.suffix or None) if on else None,
                    "SettingID": f"{{{index:08X}-0000-4000-8000-{octet:012X}}}",
                }
            )
        return rows

    def adapter_rows(self, octet: int) -> list[dict[str, Any]]:
        """Return `MSFT_NetAdapter`: the cards, whatever network they are in."""
        return [
            {
                "Name": card.name,
                "InterfaceDescription": card.description,
                "InterfaceIndex": interface_index(index),
                "HardwareInterface": True,
                "Virtual": False,
                # 9 is radio, 14 a cable.
                "NdisPhysicalMedium": 9 if card.wireless else 14,
                "MediaConnectState": 1 if card.connected else 2,
                "Speed": card.speed_mbit * 1_000_000 if card.connected else 0,
                "PermanentAddress": card.mac.replace(":", "") or None,
            }
            for index, card in enumerate(self.cards(octet), start=1)
        ]

    def profile_rows(self, octet: int) -> list[dict[str, Any]]:
        """Return `MSFT_NetConnectionProfile`: one for each card that is connected."""
        return [
            {
                "InstanceID": f"{{{index:08X}-0000-4000-8000-{octet:012X}}}",
                "Name": self.name,
                "InterfaceAlias": card.name,
                "InterfaceIndex": interface_index(index),
                "NetworkCategory": CATEGORIES[self.category],
                "DomainAuthenticationKind": int(self.category == "Domain"),
                "IPv4Connectivity": 4 if self.internet else 1,
                "IPv6Connectivity": 1,
            }
            for index, card in enumerate(self.cards(octet), start=1)
            if card.connected and card.addresses
        ]


def interface_index(position: int) -> int:
    """Return what Windows numbers the card at a position, from 1 on: the first few are its own."""
    return 3 + position


def is_ipv4(address: str) -> bool:
    """Tell whether an address is of the old kind."""
    return ip_address(address.partition("/")[0]).version == 4  # noqa: PLR2004 - of IP
