"""Real Ansible and real pywinrm cannot tell the simulator from Windows on the wire."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest
import yaml
from tests.networks import free_network

from winsim.fleet import Fleet
from winsim.wire.soap import CMD_SHELL

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
HTTPS = {"ansible_port": 5986, "ansible_winrm_transport": "ntlm"}
SEALED = {
    "ansible_port": 5985,
    "ansible_winrm_transport": "ntlm",
    "ansible_winrm_message_encryption": "always",
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    state = tmp_path_factory.mktemp("winsim")
    with Fleet([ROOT / "tests/profiles/lab"], state=state, network=free_network(), clock=NOW) as it:
        yield it


@pytest.fixture(autouse=True)
def fair_weather(fleet: Fleet) -> Iterator[None]:
    yield
    fleet.set_faults([])


def ansible(fleet: Fleet, module: str, arguments: str = "", **variables: Any) -> dict[str, Any]:
    """Run one module through real Ansible and return its result, with the status it was given."""
    host = {
        "ansible_host": fleet.address("pc-1"),
        "ansible_connection": "winrm",
        "ansible_user": "custode",
        "ansible_password": "Simulated-Only-1",
        "ansible_winrm_ca_trust_path": str(fleet.ca),
        # The step that waits for input that was lost, waits no longer than this.
        "ansible_winrm_connection_timeout": 3,
        **HTTPS,
        **variables,
    }
    inventory = fleet.ca.parent / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"pc-1": host}}}), encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible"),
            *("-i", str(inventory), "pc-1", "-m", module, "-a", arguments),
        ],
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    head, _, body = done.stdout.partition("=>")
    result: dict[str, Any] = json.loads(body)
    return {**result, "status": head.rpartition("|")[2].strip()}


@pytest.mark.parametrize(
    "variables",
    [HTTPS, SEALED, {"ansible_winrm_transport": "basic"}],
    ids=["ntlm over https", "ntlm sealed over http", "basic over https"],
)
def test_it_answers_over(fleet: Fleet, variables: dict[str, Any]) -> None:
    result = ansible(fleet, "ansible.windows.win_ping", **variables)

    assert ("SUCCESS", "pong") == (result["status"], result["ping"])
    assert {} == fleet.server.endpoints["pc-1"].service.shells.open


def test_basic_over_http_is_refused_as_windows_refuses_it(fleet: Fleet) -> None:
    result = ansible(
        fleet, "ansible.windows.win_ping", ansible_port=5985, ansible_winrm_transport="basic"
    )

    assert "UNREACHABLE!" == result["status"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_password": "wrong"}, "the specified credentials were rejected by the server"),
        (
            {"ansible_user": "nobody", "ansible_password": "Simulated-Only-2"},
            "the specified credentials were rejected by the server",
        ),
        ({"ansible_winrm_ca_trust_path": certifi.where()}, "CERTIFICATE_VERIFY_FAILED"),
    ],
    ids=["wrong password", "disabled account", "unknown authority"],
)
def test_who_is_not_known_is_unreachable(
    fleet: Fleet, variables: dict[str, Any], words: str
) -> None:
    result = ansible(fleet, "ansible.windows.win_ping", **variables)

    assert "UNREACHABLE!" == result["status"]
    assert words in result["msg"]


# The texts that ansible-core 2.19 with pywinrm 0.5 gives for each event.
@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ({"fault": "offline"}, "UNREACHABLE!", "NewConnectionError"),
        ({"fault": "unauthorized"}, "UNREACHABLE!", "credentials were rejected"),
        ({"fault": "unauthorized", "operation": "Receive"}, "FAILED!", "credentials were rejected"),
        ({"fault": "reset", "operation": "Create"}, "UNREACHABLE!", "Connection aborted"),
        ({"fault": "reset", "operation": "Receive"}, "FAILED!", "Connection aborted"),
        ({"fault": "reset", "operation": "Send"}, "FAILED!", "winrm send_input failed"),
        ({"fault": "unavailable", "operation": "Create"}, "UNREACHABLE!", "Code 503"),
        ({"fault": "empty", "operation": "Create"}, "UNREACHABLE!", "Code 500"),
        ({"fault": "garbage"}, "FAILED!", "No start of json char found"),
        ({"fault": "reset", "operation": "Delete"}, "SUCCESS", ""),
        ({"fault": "lost_reply"}, "FAILED!", "Connection aborted"),
        ({"fault": "quota"}, "UNREACHABLE!", "maximum number of concurrent shells"),
        ({"fault": "access_denied"}, "UNREACHABLE!", "Access is denied"),
        ({"fault": "shell_gone"}, "FAILED!", "invalid selectors"),
        ({"fault": "blocked"}, "FAILED!", "deserialization failed"),
        ({"fault": "constrained"}, "FAILED!", "deserialization failed"),
        ({"fault": "no_memory"}, "FAILED!", "deserialization failed"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_a_fault_gives_the_symptom_that_real_pcs_give(
    fleet: Fleet, fault: dict[str, Any], status: str, words: str
) -> None:
    fleet.set_faults([fault])

    result = ansible(fleet, "ansible.windows.win_ping")

    assert status == result["status"]
    assert words in str(result.get("msg", ""))


def test_an_account_that_is_no_administrator_is_denied(fleet: Fleet) -> None:
    result = ansible(
        fleet,
        "ansible.windows.win_ping",
        ansible_user="clerk",
        ansible_password="Simulated-Only-3",
    )

    assert "UNREACHABLE!" == result["status"]
    assert "Access is denied" in result["msg"]


def test_leaked_shells_count_until_the_limit(fleet: Fleet) -> None:
    shells = fleet.server.endpoints["pc-1"].service.shells
    ansible(fleet, "ansible.windows.win_ping")
    leaked = [
        shells.add(
            "custode",
            resource=CMD_SHELL,
            client="127.0.0.1",
            now=NOW,
            idle_limit=timedelta(hours=2),
            environment={},
            directory="",
        ).id
        for _ in range(30)
    ]

    result = ansible(fleet, "ansible.windows.win_ping")

    for shell in leaked:
        shells.remove(shell)
    assert "maximum number of concurrent shells" in result["msg"]


def test_sealed_http_does_not_survive_an_idle_close(fleet: Fleet) -> None:
    fleet.set_faults([{"fault": "idle_close"}])

    result = ansible(fleet, "ansible.windows.win_ping", **SEALED)

    assert "FAILED!" == result["status"]


def test_a_file_arrives_whole(fleet: Fleet, tmp_path: Path) -> None:
    source = tmp_path / "data.bin"
    source.write_bytes(bytes(range(256)) * 3000)

    ansible(fleet, "ansible.windows.win_file", "path=C:\\\\Stage state=directory")
    first = ansible(fleet, "ansible.windows.win_copy", f"src={source} dest=C:\\\\Stage\\\\data.bin")
    second = ansible(
        fleet, "ansible.windows.win_copy", f"src={source} dest=C:\\\\Stage\\\\data.bin"
    )

    assert source.read_bytes() == fleet.host("pc-1").files.read("C:\\Stage\\data.bin")
    assert (True, False) == (first["changed"], second["changed"])
    assert [] == fleet.host("pc-1").files.below("C:\\Users\\custode\\AppData\\Local\\Temp")


def test_a_module_that_is_not_modelled_fails_and_names_itself(fleet: Fleet) -> None:
    result = ansible(fleet, "ansible.windows.win_feature", "name=x")

    assert "FAILED!" == result["status"]
    assert "winsim does not model the module ansible.windows.win_feature" == result["msg"]
