"""Every kind of fault gives, through real Ansible, the symptom that real PCs give."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.end_to_end.controller import BIN, PSRP, ROOT, SEALED, ansible

from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.model.files import File
from winsim.wire.faults import KINDS

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
# The texts that ansible-core 2.19 with pywinrm 0.5 gives for each event.
SYMPTOMS: list[tuple[dict[str, Any], str, str]] = [
    ({"fault": "offline"}, "UNREACHABLE!", "NewConnectionError"),
    ({"fault": "refused"}, "UNREACHABLE!", "NewConnectionError"),
    ({"fault": "certificate_expired"}, "UNREACHABLE!", "certificate has expired"),
    ({"fault": "wrong_machine", "as": "pc-2"}, "UNREACHABLE!", "CERTIFICATE_VERIFY_FAILED"),
    ({"fault": "unauthorized"}, "UNREACHABLE!", "credentials were rejected"),
    ({"fault": "unauthorized", "operation": "Receive"}, "FAILED!", "credentials were rejected"),
    ({"fault": "reset", "operation": "Create"}, "UNREACHABLE!", "Connection aborted"),
    ({"fault": "reset", "operation": "Command"}, "FAILED!", "Connection aborted"),
    ({"fault": "reset", "operation": "Receive"}, "FAILED!", "Connection aborted"),
    ({"fault": "reset", "operation": "Signal"}, "FAILED!", "Connection aborted"),
    ({"fault": "reset", "operation": "Send"}, "FAILED!", "winrm send_input failed"),
    ({"fault": "reset", "operation": "Delete"}, "SUCCESS", ""),
    ({"fault": "cut", "bytes": 300}, "FAILED!", "Connection broken"),
    ({"fault": "cut", "bytes": 40, "operation": "Create"}, "UNREACHABLE!", "no element found"),
    ({"fault": "slow", "seconds": 0.3}, "SUCCESS", ""),
    ({"fault": "slow", "seconds": 6, "operation": "Create"}, "UNREACHABLE!", "Read timed out"),
    ({"fault": "lost_request"}, "UNREACHABLE!", "Read timed out"),
    ({"fault": "lost_reply"}, "FAILED!", "Connection aborted"),
    ({"fault": "timeout", "operation": "Create"}, "UNREACHABLE!", "Task failed: ntlm:"),
    ({"fault": "unavailable", "operation": "Create"}, "UNREACHABLE!", "Code 503"),
    ({"fault": "empty", "operation": "Create"}, "UNREACHABLE!", "Code 500"),
    ({"fault": "idle_close"}, "SUCCESS", ""),
    ({"fault": "quota"}, "UNREACHABLE!", "maximum number of concurrent shells"),
    ({"fault": "access_denied"}, "UNREACHABLE!", "Access is denied"),
    ({"fault": "shell_gone"}, "FAILED!", "invalid selectors"),
    ({"fault": "shell_gone", "operation": "Delete"}, "SUCCESS", ""),
    ({"fault": "interrupted"}, "FAILED!", "The I/O operation has been aborted"),
    ({"fault": "interrupted", "operation": "Signal"}, "FAILED!", "The I/O operation has been"),
    ({"fault": "garbage"}, "FAILED!", "No start of json char found"),
    ({"fault": "truncated"}, "FAILED!", "No end of json char found"),
    ({"fault": "blocked"}, "FAILED!", "deserialization failed"),
    ({"fault": "constrained"}, "FAILED!", "deserialization failed"),
    ({"fault": "no_memory"}, "FAILED!", "deserialization failed"),
    ({"fault": "reboot"}, "FAILED!", "Connection aborted"),
]
# Told by the tests below, each in its own way.
APART = {"clock_skew", "dns", "killed", "never_ends"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    state = tmp_path_factory.mktemp("winsim")
    with Fleet([ROOT / "tests/profiles/lab"], state=state, network=free_network(), clock=NOW) as it:
        yield it


@pytest.fixture(autouse=True)
def fair_weather(fleet: Fleet) -> Iterator[None]:
    yield
    fleet.set_faults([])
    fleet.set_clock(NOW)
    fleet.reset()


def test_every_kind_has_its_symptom() -> None:
    assert set(KINDS) == {fault["fault"] for fault, _, _ in SYMPTOMS} | APART


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    SYMPTOMS,
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_a_fault_gives_the_symptom_that_real_pcs_give(
    fleet: Fleet, fault: dict[str, Any], status: str, words: str
) -> None:
    fleet.set_faults([{"host": "pc-1", **fault}])

    result = ansible(fleet, "ansible.windows.win_ping")

    assert (status, True) == (result["status"], words in str(result.get("msg", ""))), result


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ({"fault": "unauthorized"}, "UNREACHABLE!", "failed to authenticate with the server"),
        ({"fault": "quota"}, "UNREACHABLE!", "connection failure during runspace open"),
        ({"fault": "reset", "nth": 2}, "FAILED!", "Connection aborted"),
        ({"fault": "interrupted", "nth": 2}, "FAILED!", "Received a WSManFault message"),
        ({"fault": "blocked", "nth": 2}, "FAILED!", "deserialization failed"),
    ],
    ids=lambda value: str(value["fault"]) if isinstance(value, dict) else "",
)
def test_a_fault_gives_the_symptom_in_a_runspace_pool(
    fleet: Fleet, fault: dict[str, Any], status: str, words: str
) -> None:
    fleet.set_faults([{"host": "pc-1", **fault}])

    result = ansible(fleet, "ansible.windows.win_ping", **PSRP)

    assert (status, True) == (result["status"], words in str(result.get("msg", ""))), result


def test_sealed_http_does_not_survive_an_idle_close(fleet: Fleet) -> None:
    fleet.set_faults([{"fault": "idle_close"}])

    result = ansible(fleet, "ansible.windows.win_ping", **SEALED)

    assert ("FAILED!", True) == (result["status"], "Code 400" in result["msg"] or result)


def test_a_wrong_machine_answers_as_itself_where_no_certificate_tells(fleet: Fleet) -> None:
    fleet.set_faults([{"host": "pc-1", "fault": "wrong_machine", "as": "pc-2"}])

    result = ansible(fleet, "ansible.builtin.raw", "whoami", **SEALED)

    assert "pc-2\\custode" == result["stdout"].strip()


def test_a_module_that_never_ends_is_asked_for_until_the_tasks_own_time_is_over(
    fleet: Fleet,
) -> None:
    fleet.set_faults([{"host": "pc-1", "fault": "never_ends", "module": "*.win_ping"}])

    result = ansible(fleet, "ansible.windows.win_ping", "", "--task-timeout", "7")

    asked = [entry.get("operation") for entry in fleet.log("pc-1")]
    assert ("FAILED!", True) == (result["status"], "Timed out after 7" in result["msg"]), result
    assert asked.count("Receive") > 1


def test_a_job_that_never_ends_is_timed_out_by_its_watchdog(fleet: Fleet) -> None:
    fleet.set_faults([{"host": "pc-1", "fault": "never_ends", "module": "*.win_ping"}])

    started = ansible(fleet, "ansible.windows.win_ping", "", "-B", "30", "-P", "0")
    job = f"jid={started['ansible_job_id']}"
    running = ansible(fleet, "ansible.builtin.async_status", job)
    fleet.set_clock(NOW.replace(minute=31))
    over = ansible(fleet, "ansible.builtin.async_status", job)

    assert (False, True) == (bool(running["finished"]), bool(over["finished"]))
    assert "timed out waiting for module completion" in over["msg"]


@pytest.mark.parametrize("steps", [0, 1, 99])
def test_a_killed_module_says_nothing_and_does_no_more(fleet: Fleet, steps: int) -> None:
    names = [f"C:\\Windows\\Temp\\{name}" for name in ("a", "b", "c")]
    for name in names:
        fleet.host("pc-1").files.add(File(name, size=1, modified=NOW - timedelta(days=30)))
    there = [file.path for file in fleet.host("pc-1").files.below("C:\\Windows\\Temp")]
    fleet.set_faults(
        [{"host": "pc-1", "fault": "killed", "module": "fleet_cleanup", "steps": steps}]
    )

    library = str(ROOT / "library")
    result = ansible(fleet, "fleet_cleanup", "areas=windows_temp", "-M", library)

    left = [file.path for file in fleet.host("pc-1").files.below("C:\\Windows\\Temp")]
    assert ("FAILED!", True) == (result["status"], "deserialization failed" in result["msg"])
    assert len(there) - len(left) == min(steps, len(names)), left


def test_a_pc_without_a_name_is_not_found(fleet: Fleet, tmp_path: Path) -> None:
    rules = tmp_path / "faults.yml"
    rules.write_text("- {host: pc-1, fault: dns}\n", encoding="utf-8")
    written = subprocess.run(
        [
            *(str(BIN / "winsim"), "inventory", str(ROOT / "tests/profiles/lab")),
            *("--state", str(tmp_path), "--faults", str(rules)),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    name = yaml.safe_load(written)["all"]["hosts"]["pc-1"]["ansible_host"]

    result = ansible(fleet, "ansible.windows.win_ping", ansible_host=name)

    assert ("UNREACHABLE!", True) == (result["status"], "NameResolutionError" in result["msg"])


def test_a_wrong_clock_shows_in_what_the_pc_says(fleet: Fleet) -> None:
    fleet.set_faults([{"host": "pc-1", "fault": "clock_skew", "seconds": -7200}])

    with socket.create_connection((fleet.address("pc-1"), 5985), timeout=5) as connection:
        connection.sendall(b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        answer = connection.recv(65536)

    assert b"Date: Mon, 05 Oct 2026 05:00:00 GMT" in answer
