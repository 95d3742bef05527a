"""Real Ansible against a served fleet: one module, one PC, the result and the status it was given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from winsim.fleet import Fleet

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
HTTPS = {"ansible_port": 5986, "ansible_winrm_transport": "ntlm"}
SEALED = {
    "ansible_port": 5985,
    "ansible_winrm_transport": "ntlm",
    "ansible_winrm_message_encryption": "always",
}
PSRP = {"ansible_connection": "psrp", "ansible_port": 5986, "ansible_psrp_auth": "ntlm"}
PSRP_SEALED = {**PSRP, "ansible_port": 5985, "ansible_psrp_message_encryption": "always"}


def ansible(
    fleet: Fleet,
    module: str,
    arguments: str = "",
    *options: str,
    pc: str = "pc-1",
    command: Path = BIN / "ansible",
    **variables: Any,
) -> dict[str, Any]:
    """Run one module through real Ansible.

    Args:
        fleet: Where the PC is served.
        module: Its name.
        arguments: As on the command line.
        options: More of the command line.
        pc: The PC.
        command: Which `ansible`.
        variables: Variables of the PC.

    Returns:
        The module's result, with `status` as Ansible names it.
    """
    host = {
        "ansible_host": fleet.address(pc),
        "ansible_connection": "winrm",
        "ansible_user": "custode",
        "ansible_password": "Simulated-Only-1",
        "ansible_winrm_ca_trust_path": str(fleet.ca),
        "ansible_psrp_ca_cert": str(fleet.ca),
        # What waits for something that was lost, waits no longer than this.
        "ansible_winrm_operation_timeout_sec": 2,
        "ansible_winrm_read_timeout_sec": 4,
        "ansible_psrp_connection_timeout": 2,
        "ansible_psrp_operation_timeout": 2,
        "ansible_psrp_read_timeout": 4,
        **HTTPS,
        **variables,
    }
    inventory = fleet.ca.parent / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {pc: host}}}), encoding="utf-8")
    # No settings of this project: any Ansible may come.
    settings = inventory.with_name("ansible.cfg")
    settings.write_text("[defaults]\n", encoding="utf-8")
    done = subprocess.run(
        [
            str(command),
            *("-i", str(inventory), pc, "-m", module, "-a", arguments),
            *options,
        ],
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    head, found, body = done.stdout.partition("=>")
    if not found:  # what `raw` and its like print
        head, found, body = done.stdout.partition(">>")
        if not found:
            raise AssertionError(done.stdout + done.stderr)
        _, status, code = (part.strip() for part in head.split("|"))
        return {"status": status, "rc": int(code.partition("=")[2]), "stdout": body}
    result: dict[str, Any] = json.loads(body)
    return {**result, "status": head.rpartition("|")[2].strip()}
