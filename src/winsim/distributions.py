"""How often a drawn PC has which Windows, model, language and trouble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")
Weighted = Sequence[tuple[int, _T]]
"""What may be drawn, each with its weight."""

# How many of a hundred PCs.
SERVERS = 5
WINDOWS: Weighted[tuple[str, ...]] = (
    (34, ("windows_11_pro",)),
    (14, ("windows_11_home",)),
    (16, ("windows_11_pro", "version_24h2")),
    (6, ("windows_11_pro", "version_23h2")),
    (2, ("windows_11_home", "version_22h2")),
    (16, ("windows_10_pro", "extended_updates")),
    (7, ("windows_10_pro",)),
    (5, ("windows_10_home",)),
)
SERVER_WINDOWS: Weighted[tuple[str, ...]] = (
    (20, ("server_2016",)),
    (30, ("server_2019",)),
    (40, ("server_2022",)),
    (10, ("server_2025",)),
)
LANGUAGES: Weighted[tuple[str, ...]] = ((65, ("italian",)), (25, ()), (10, ("french",)))
MODELS: Weighted[str] = (
    (22, "desktop_ssd"),
    (20, "desktop_nvme"),
    (9, "desktop_hdd"),
    (16, "notebook_hp"),
    (14, "notebook_lenovo"),
    (5, "notebook_acer"),
    (4, "all_in_one"),
    (5, "mini_pc"),
    (3, "assembled"),
    (1, "vm_hyper_v"),
    (1, "vm_vmware"),
)
SERVER_MODELS: Weighted[str] = (
    (30, "server_tower"),
    (25, "vm_vmware"),
    (25, "vm_hyper_v"),
    (20, "vm_proxmox"),
)
NOTEBOOKS = frozenset({"notebook_hp", "notebook_lenovo", "notebook_acer"})
SATA = frozenset({"desktop_ssd", "desktop_hdd", "notebook_acer", "mini_pc", "assembled"})
# The SSDs that tell their wear.
COUNTING = frozenset({
    "desktop_ssd", "desktop_nvme", "notebook_lenovo", "notebook_acer", "all_in_one", "mini_pc",
})  # fmt: skip
# The firmware of these tells no serial number of its own.
NAMELESS = frozenset({"assembled", "vm_proxmox"})


@dataclass(frozen=True)
class Trouble:
    """What a PC may come down with.

    Attributes:
        base: The base that says what it is.
        rate: How many of a thousand PCs have it.
        kind: A PC has at most one trouble of a kind.
        models: Which models may have it; empty for all.
    """

    base: str
    rate: int
    kind: str
    models: frozenset[str] = frozenset()


TROUBLES = (
    Trouble("defender_only", 25, "antivirus"),
    Trouble("norton_expired", 30, "antivirus"),
    Trouble("norton_ghost", 5, "antivirus"),
    Trouble("norton_off", 10, "antivirus"),
    Trouble("norton_outdated", 20, "antivirus"),
    Trouble("norton_snoozed", 5, "antivirus"),
    Trouble("battery_worn", 90, "battery", NOTEBOOKS),
    Trouble("disk_dying", 20, "disk", SATA),
    Trouble("disk_worn", 15, "disk", COUNTING),
    Trouble("disk_full", 35, "space"),
    Trouble("volume_dirty", 8, "volume"),
    Trouble("device_errors", 30, "devices"),
    Trouble("hardware_errors", 8, "errors"),
    Trouble("never_updated", 20, "updates"),
    Trouble("restart_pending", 40, "updates"),
    Trouble("not_activated", 10, "licence"),
    Trouble("network_public", 15, "network"),
    Trouble("restore_off", 20, "restore"),
)
# Of a thousand PCs with ownCloud, so many have not synchronised for a week to two months.
IDLE = 50
FIRST = (
    "alice", "andrea", "anna", "bruno", "carla", "chiara", "claire", "davide", "denis", "elena",
    "emma", "fabio", "franco", "giulia", "henry", "irene", "james", "laura", "luca", "marco",
    "maria", "nadia", "paolo", "sara", "silvia", "simon", "stefano", "susan", "tullio", "vera",
)  # fmt: skip
LAST = (
    "abete", "acero", "betulla", "cedro", "cipresso", "corniolo", "faggio", "frassino", "ginepro",
    "larice", "mirto", "nocciolo", "olmo", "ontano", "pino", "pioppo", "platano", "quercia",
    "robinia", "rovere", "salice", "sambuco", "sorbo", "tasso", "tiglio", "ulivo", "viburno",
)  # fmt: skip
