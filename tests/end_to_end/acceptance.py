"""The PCs that acceptance is tried on: what is wrong with each, and whose they are."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.end_to_end.sandbox import REPOSITORY, Sandbox

from winsim.fleet import Fleet

AT = "2026-10-05T09:00:00+02:00"
PASSWORD = "Simulated-Only-1"
CANARIES = [PASSWORD, "canarino", "SeCrEtCaNaRy", "bilancio segreto"]
UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
LOCK = r"HKLM\SOFTWARE\Policies\ownCloud\ownCloud"
WHOLE = ["teamviewer_host", "norton", "owncloud"]
# As Windows has them beside what installers say: words in its language, a program's arguments.
SERVICES = {
    "teamviewer_host": {
        "name": "TeamViewer",
        "description": "Controllo remoto: la funzionalità è già attiva",
    },
    "norton_22": {
        "name": "NortonSecurity",
        "path": r'"C:\Program Files\Norton Security\Engine\22.24.8.36\NortonSecurity.exe" /s "x"',
    },
}
STAGED = r"C:\Program Files\Custode\staging\NortonSetup.exe"
TOOL = r"C:\Program Files\Custode\tools\ccleaner\CCleaner64.exe"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a PC.

    Attributes:
        actions: What makes it so.
        check: The check that it is caught by.
        found: What that check says.
    """

    actions: Sequence[Mapping[str, Any]]
    check: str
    found: str


FAULTS: dict[str, list[Fault]] = {
    "worn": [
        Fault(
            [{"service": {"name": "TeamViewer", "state": "Stopped", "start": "Manual"}}],
            "TeamViewer runs and starts with Windows",
            "TeamViewer: state stopped, start mode manual",
        ),
        Fault(
            [{"uninstall": "owncloud"}, {"install": "owncloud_7"}],
            "The ownCloud client is one that the server understands",
            "ownCloud desktop client 7.1.0.19041",
        ),
        Fault(
            [
                {
                    "cim": {
                        "namespace": "root/SecurityCenter2",
                        "class": "AntiVirusProduct",
                        "match": {"displayName": "Norton 360"},
                        "set": {"productState": 0x42000},
                    }
                }
            ],
            "Windows says that the antivirus is on",
            "Norton is snoozed",
        ),
        Fault(
            [{"file": {"path": TOOL, "size": 40000000}}],
            "A cleaning tool is left only where the contract keeps it",
            "our cleaning tool",
        ),
    ],
    "loose": [
        Fault(
            [{"uninstall": "teamviewer_host"}, {"install": "teamviewer_host_32"}],
            "TeamViewer is there in the version of the catalog",
            "TeamViewer Host 15.",
        ),
        Fault(
            [{"registry": {LOCK: {"skipUpdateCheck": 0}}}],
            "ownCloud does not update itself",
            r"ownCloud\skipUpdateCheck is 0",
        ),
        Fault(
            [{"service": {"name": "Norton Antivirus", "state": "Stopped"}}],
            "The antivirus runs and starts with Windows",
            "Norton Antivirus: state stopped, start mode auto",
        ),
        Fault(
            [{"file": {"path": STAGED, "size": 2048}}],
            "No installer is left behind",
            "NortonSetup.exe (2048 bytes)",
        ),
    ],
    "ghost": [
        Fault(
            [{"uninstall": "norton", "ghost": True}],
            "An accepted antivirus is installed",
            "Windows' Security Center still lists Norton 360",
        ),
        Fault(
            [{"registry": {f"{UNINSTALL}\\{{89CD1CFF-5DFA-4B06-9CF8-7747102EA624}}": {"DisplayVersion": None}}}],
            "Windows lists TeamViewer as installed",
            "no entry of it in Windows' list",
        ),
        Fault(
            [{"registry": {f"{UNINSTALL}\\{{1D382CF5-AF11-4E42-A85B-7504BD2D3240}}": {"DisplayVersion": "6.0.2"}}}],
            "Windows lists ownCloud as installed",
            "lists ownCloud desktop client as 6.0.2",
        ),
    ],
}  # fmt: skip
ONBOARDED = ("sound", "waiting")
PCS = (*ONBOARDED, "liar", "mute", "away", *FAULTS)
RELAXED = ("elder", "plain")


def machine(
    number: int, programs: Sequence[str], *files: str, power: bool = True
) -> dict[str, Any]:
    """Return a PC as a file describes it; its people, papers and passwords are canaries."""
    services = [about for name, about in SERVICES.items() if name in programs]
    home = r"C:\Users\anna.canarino"
    uuid = f"4C4C4544-0000-1000-8000-{number:012d}"
    return {
        "values": "synthetic",
        "extends": ["windows_11_pro"],
        "computer_name": f"PC-{number}",
        "power": power,
        "users": [{"sid": "S-1-5-21-1-2-3-1001", "folder": home}],
        "cim": {
            "root/cimv2": {
                "Win32_ComputerSystemProduct": [
                    {
                        "Vendor": "Example",
                        "Name": "Model",
                        "IdentifyingNumber": f"EX{number}",
                        "UUID": uuid,
                    }
                ]
            }
        },
        "registry": {
            r"HKLM\SOFTWARE\Microsoft\Cryptography": {"MachineGuid": uuid.lower()},
            r"HKLM\SOFTWARE\TeamViewer": {"SecurityPasswordAES": "SeCrEtCaNaRy"},
            **(
                {LOCK: {"skipUpdateCheck": 1}, f"{LOCK}\\Updater": {"SkipUpdateCheck": 1}}
                if "owncloud" in programs
                else {}
            ),
        },
        "services": {
            "Canarino": {"display": "Canarino", "account": r".\anna.canarino"},
            **{about["name"]: _service(**about) for about in services},
        },
        "files": {
            f"{home}\\Documents\\Bilancio segreto.xlsx": {"size": 4711},
            **{path: {"size": 40000000} for path in files},
        },
        "programs": list(programs),
    }


def _service(*, name: str, **about: str) -> dict[str, str]:
    return {"display": name, "start": "Auto", "state": "Running", **about}


def write_profiles(folder: Path) -> Path:
    """Write the set of all PCs, and what they have installed or can install."""
    programs: dict[str, list[str]] = dict.fromkeys((*FAULTS, "mute", "away"), WHOLE)
    programs |= {"sound": [], "waiting": [], "liar": ["norton"]}
    programs |= {"elder": ["teamviewer_host", "norton_22", "owncloud"]}
    programs |= {"plain": ["teamviewer_host", "owncloud"]}
    shared = REPOSITORY / "src" / "winsim" / "profiles"
    for name in ("clinic", "office"):
        shutil.copytree(shared / name / "installers", folder / "installers", dirs_exist_ok=True)
    numbers = {name: 11 + index for index, name in enumerate(programs)}
    (folder / "fleet.yml").write_text(yaml.safe_dump({"machines": numbers}), encoding="utf-8")
    for name, wanted in programs.items():
        kept = [TOOL] if name in RELAXED else []
        about = machine(numbers[name], wanted, *kept, power=name != "away")
        (folder / name).mkdir()
        (folder / name / "machine.yml").write_text(yaml.safe_dump(about), encoding="utf-8")
    return folder


def write_client(
    sandbox: Sandbox, fleet: Fleet, client: str, pcs: Sequence[str], **terms: Any
) -> None:
    """Write a client's inventory; its password lies in a vault."""
    folder = sandbox.root / "inventories" / client
    shutil.copytree(sandbox.root / "inventories" / "demo" / "catalog", folder / "catalog")
    demo = (sandbox.root / "inventories" / "demo" / "contract.yml").read_text(encoding="utf-8")
    contract = yaml.safe_load(demo)
    contract["client"]["id"] = client
    contract["devices"] = {name: {"kind": "desktop"} for name in pcs}
    contract["services"] |= {"antivirus": terms.get("antivirus", {})}
    contract["cleanup"] = terms.get("cleanup", {})
    (folder / "contract.yml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    hosts = {name: {"ansible_host": fleet.address(name)} for name in pcs}
    variables = {
        "ansible_connection": "winrm",
        "ansible_port": 5986,
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": str(fleet.ca),
        "ansible_user": "custode",
        "custode_cache": str(sandbox.root / "cache"),
        "custode_catalog": "{{ inventory_dir }}/catalog",
        "owncloud_server_product": "classic",
    }
    inventory = {"all": {"hosts": hosts, "vars": variables}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    vault = folder / "group_vars" / "all" / "vault.yml"
    vault.parent.mkdir(parents=True)
    vault.write_text(f"---\nansible_password: {PASSWORD}\n", encoding="utf-8")
    key = sandbox.root / "vault-key"
    key.write_text("a key of the tests\n", encoding="utf-8")
    sandbox.run("ansible-vault", "encrypt", "--vault-password-file", str(key), str(vault))


def play(sandbox: Sandbox, name: str, *roles: str) -> str:
    """Write a playbook that is a list of roles, and run it on one PC."""
    path = sandbox.root / "playbooks" / f"{name}.yml"
    about = {"name": "Play", "hosts": name, "gather_facts": False, "roles": list(roles)}
    path.write_text(yaml.safe_dump([about]), encoding="utf-8")
    return sandbox.run(
        "ansible-playbook", "-i", "inventories/workshop", str(path), "-e", f"custode_at={AT}"
    ).stdout


def replace_by_liars(sandbox: Sandbox, *roles: str) -> None:
    """Let roles say that all is done, and do nothing."""
    for role in roles:
        folder = sandbox.root / "roles" / role / "tasks"
        task = {
            "name": "Install the product",
            "ansible.builtin.debug": {"msg": "It is installed, registered, and runs."},
            "changed_when": True,
        }
        (folder / "main.yml").write_text(yaml.safe_dump([task]), encoding="utf-8")
