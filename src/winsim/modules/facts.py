"""`setup`: the facts that a play begins with, by subset, out of what the PC is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from winsim.host import Host
from winsim.model.cim import CimError
from winsim.modules import facts_hardware as hardware
from winsim.modules import facts_windows as windows
from winsim.modules.call import Call, Model, Option, Result
from winsim.modules.facts_hardware import Facts


def setup(call: Call) -> Result:
    """Tell the facts of the subsets that are asked for; what cannot be read is warned of."""
    wanted, warnings = _subsets(call.params["gather_subset"])
    facts: Facts = {"gather_subset": list(call.params["gather_subset"]), "module_setup": True}
    for names, read in _READERS:
        if not wanted.intersection(names):
            continue
        try:
            facts |= {f"ansible_{name}": value for name, value in read(call.host).items()}
        except (CimError, LookupError) as error:
            warnings.append(f"Error when collecting {', '.join(names)} facts: {error}")
    return {"ansible_facts": facts, **({"warnings": warnings} if warnings else {})}


def _subsets(asked: Sequence[str]) -> tuple[set[str], list[str]]:
    """Return the subsets that are meant, and what is to be said of those that do not exist."""
    every = set().union(*_GROUPS.values())
    groups = {**_GROUPS, "all": every}
    named, left, warnings = set[str](), set[str](), []
    for item in asked:
        name = item.removeprefix("!")
        found = groups.get(name, {name} & every)
        if item != name:
            left |= every - _GROUPS["min"] if name == "all" else found
        elif found:
            named |= found
        else:
            warnings.append(f"invalid value {name} specified in gather_subset")
    return (every - left) | named, warnings


def _none(host: Host) -> Facts:
    """Return nothing: no facter is installed, and the listener's certificate is not the model's."""
    del host
    return {}


_READERS: Sequence[tuple[tuple[str, ...], Callable[[Host], Facts]]] = (
    (("all_ipv4_addresses", "all_ipv6_addresses"), hardware.addresses),
    (("bios",), hardware.bios),
    (("date_time",), windows.date_time),
    (("distribution",), windows.distribution),
    (("env",), windows.environment),
    (("facter",), _none),
    (("interfaces",), hardware.interfaces),
    (("memory",), hardware.memory),
    (("platform",), windows.platform),
    (("powershell_version",), windows.powershell),
    (("processor",), hardware.processor),
    (("uptime",), windows.uptime),
    (("user",), windows.user),
    (("windows_domain",), hardware.domain),
    (("winrm",), _none),
    (("virtual",), hardware.virtual),
)
_GROUPS: Mapping[str, set[str]] = {
    "min": {
        "date_time", "distribution", "dns", "env", "local", "platform", "powershell_version", "user",
    },
    "network": {
        "all_ipv4_addresses", "all_ipv6_addresses", "interfaces", "windows_domain", "winrm",
    },
    "hardware": {"bios", "memory", "processor", "uptime", "virtual"},
    "external": {"facter"},
}  # fmt: skip
SETUP = Model(
    setup,
    {
        "_measure_subset": Option("bool", default=False, modelled=False),
        "fact_path": Option("path", modelled=False),
        "gather_subset": Option("list", elements="str", default=["all"]),
        "gather_timeout": Option("int", default=10),
    },
    strict=False,
)
