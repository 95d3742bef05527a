"""Real Ansible and real pywinrm cannot tell the simulator from Windows on the wire."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest
from tests.end_to_end.controller import BIN, HTTPS, PSRP, PSRP_SEALED, ROOT, SEALED, ansible

from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.wire.soap import CMD_SHELL

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    state = tmp_path_factory.mktemp("winsim")
    with Fleet([ROOT / "tests/profiles/lab"], state=state, network=free_network(), clock=NOW) as it:
        yield it


@pytest.fixture(autouse=True)
def fair_weather(fleet: Fleet) -> Iterator[None]:
    yield
    fleet.set_faults([])


@pytest.mark.parametrize(
    "variables",
    [HTTPS, SEALED, {"ansible_winrm_transport": "basic"}, PSRP, PSRP_SEALED],
    ids=["ntlm over https", "ntlm sealed over http", "basic over https", "psrp", "psrp sealed"],
)
def test_it_answers_over(fleet: Fleet, variables: dict[str, Any]) -> None:
    result = ansible(fleet, "ansible.windows.win_ping", **variables)

    assert ("SUCCESS", "pong") == (result["status"], result["ping"])
    assert {} == fleet.server.endpoints["pc-1"].service.shells.open


@pytest.mark.parametrize(
    ("password", "words"),
    [("Simulated-Only-1", "Code 500"), ("wrong", "credentials were rejected")],
)
def test_basic_over_http_is_refused_as_windows_refuses_it(
    fleet: Fleet, password: str, words: str
) -> None:
    result = ansible(
        fleet,
        "ansible.windows.win_ping",
        ansible_port=5985,
        ansible_winrm_transport="basic",
        ansible_password=password,
    )

    assert ("UNREACHABLE!", True) == (result["status"], words in result["msg"]), result


def test_the_log_keeps_no_vaulted_value_no_password_and_no_secret_of_become(
    fleet: Fleet, tmp_path: Path
) -> None:
    key = tmp_path / "vault"
    key.write_text("key-of-the-vault\n", encoding="utf-8")
    sealed = subprocess.run(
        [
            *(str(BIN / "ansible-vault"), "encrypt_string", "--vault-password-file", str(key)),
            *("--name", "sealed", "Canary-vaulted"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (tmp_path / "vars.yml").write_text(sealed, encoding="utf-8")

    result = ansible(
        fleet,
        "ansible.windows.win_regedit",
        r"path=HKLM:\\SOFTWARE\\Sealed name=here data={{ sealed }}",
        *("-e", f"@{tmp_path / 'vars.yml'}", "--vault-password-file", str(key)),
        *("-b", "--become-method", "runas", "--become-user", "custode"),
        ansible_become_password="Simulated-Only-1",
    )

    kept = "".join(p.read_text("utf-8") for p in (fleet.ca.parent / "log").glob("*.jsonl"))
    assert "CHANGED" == result["status"], result
    assert "Canary-vaulted" == fleet.host("pc-1").registry.get(r"HKLM\SOFTWARE\Sealed", "here")
    assert "win_regedit" in kept
    assert not [word for word in ("Canary", "Simulated-Only") if word in kept]


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


def test_a_restart_brings_the_pc_back_with_a_new_boot_time(fleet: Fleet) -> None:
    host = fleet.host("pc-1")
    before = host.clock.now()

    result = ansible(
        fleet,
        "ansible.windows.win_reboot",
        "pre_reboot_delay=0 connect_timeout=1 reboot_timeout=60",
    )

    booted = host.cim.rows("root/cimv2", "Win32_OperatingSystem")[0]["LastBootUpTime"]
    assert ("CHANGED", True) == (result["status"], result["rebooted"])
    assert booted > before
    assert {} == fleet.server.endpoints["pc-1"].service.shells.open


@pytest.mark.parametrize("variables", [HTTPS, PSRP], ids=["winrm", "psrp"])
def test_a_job_is_started_and_asked_for(fleet: Fleet, variables: dict[str, Any]) -> None:
    result = ansible(fleet, "ansible.windows.win_ping", "", "-B", "30", "-P", "1", **variables)

    assert ("SUCCESS", "pong", True) == (result["status"], result["ping"], bool(result["finished"]))


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("SYSTEM", "", "SUCCESS"),
        ("custode", "Simulated-Only-1", "SUCCESS"),
        ("custode", "Canary-become", "FAILED!"),
        ("nobody", "Simulated-Only-2", "FAILED!"),
    ],
)
def test_become_needs_the_right_password(
    fleet: Fleet, user: str, password: str, status: str
) -> None:
    result = ansible(
        fleet,
        "ansible.windows.win_ping",
        "",
        *("-b", "--become-method", "runas", "--become-user", user),
        ansible_become_password=password,
    )

    assert status == result["status"]
    assert "Canary-become" not in (fleet.ca.parent / "log" / "pc-1.jsonl").read_text("utf-8")


def test_a_file_comes_back_whole(fleet: Fleet, tmp_path: Path) -> None:
    data = bytes(range(256)) * 3000
    fleet.host("pc-1").files.write(r"C:\Data\whole.bin", data)

    for number, variables in enumerate((HTTPS, PSRP)):
        target = tmp_path / str(number)
        ansible(
            fleet,
            "ansible.builtin.fetch",
            rf"src=C:\\Data\\whole.bin dest={target} flat=yes",
            **variables,
        )
        assert data == target.read_bytes()


@pytest.mark.parametrize("variables", [HTTPS, PSRP], ids=["winrm", "psrp"])
def test_a_declared_script_answers_however_it_is_brought(
    fleet: Fleet, tmp_path: Path, variables: dict[str, Any]
) -> None:
    script = tmp_path / "ask.ps1"
    script.write_text("Get-Answer\n", encoding="utf-8")

    raw = ansible(fleet, "ansible.builtin.raw", "Get-Answer", **variables)
    brought = ansible(fleet, "ansible.builtin.script", str(script), **variables)
    shell = ansible(fleet, "ansible.windows.win_shell", "Get-Answer", **variables)
    failed = ansible(fleet, "ansible.windows.win_shell", "Write-Error no", **variables)
    unknown = ansible(fleet, "ansible.windows.win_shell", "Get-Other", **variables)

    answers = [result["stdout"].strip() for result in (raw, brought, shell)]
    assert ["forty-two"] * 3 == answers
    assert ("FAILED", 3) == (failed["status"], failed["rc"])
    assert "Get-Other" in str(unknown)


def test_a_play_begins_with_the_facts_of_the_pc(fleet: Fleet) -> None:
    result = ansible(fleet, "ansible.builtin.setup", "gather_subset=!all")
    gathered = ansible(fleet, "ansible.builtin.gather_facts", "", **PSRP)

    for found in (result["ansible_facts"], gathered["ansible_facts"]):
        assert ("Windows", "PC-1") == (found["ansible_os_family"], found["ansible_hostname"])
        assert fleet.host("pc-1").machine_sid == found["ansible_machine_id"]
    assert "ansible_interfaces" in gathered["ansible_facts"]


def test_a_pc_downloads_what_its_machine_declares(fleet: Fleet) -> None:
    url = "https://download.example.test/tool.exe"
    arguments = f"url={url} checksum_algorithm=sha256 dest="

    first = ansible(fleet, "ansible.windows.win_get_url", rf"{arguments}C:\\Windows\\Temp")
    second = ansible(fleet, "ansible.windows.win_get_url", rf"{arguments}C:\\Windows\\Temp")
    unknown = ansible(fleet, "ansible.windows.win_get_url", r"url=https://none.test/x dest=C:\\x")

    assert (True, False, 4096) == (first["changed"], second["changed"], first["size"])
    assert 4096 == len(fleet.host("pc-1").files.read(r"C:\Windows\Temp\tool.exe"))
    assert ("FAILED!", True) == (unknown["status"], "could not be resolved" in unknown["msg"])


@pytest.mark.parametrize("variables", [SEALED, PSRP], ids=["winrm", "psrp"])
def test_an_account_that_a_task_makes_comes_in_until_a_task_takes_it_away(
    fleet: Fleet, variables: dict[str, Any]
) -> None:
    own = {"ansible_user": "helper", "ansible_password": "Canary:1"}

    made = ansible(fleet, "ansible.windows.win_user", "name=helper password=Canary:1")
    denied = ansible(fleet, "ansible.windows.win_ping", **variables, **own)
    joined = ansible(
        fleet,
        "ansible.windows.win_group_membership",
        "name=Administrators members=helper",
    )
    admitted = ansible(fleet, "ansible.windows.win_ping", **variables, **own)
    gone = ansible(
        fleet, "ansible.windows.win_user", "name=helper state=absent", **variables, **own
    )
    refused = ansible(fleet, "ansible.windows.win_ping", **variables, **own)

    assert ("CHANGED", "CHANGED", "SUCCESS") == (
        made["status"], joined["status"], admitted["status"],
    )  # fmt: skip
    assert "UNREACHABLE!" == denied["status"], denied
    # It took itself away, and the task told so: a session outlives its account.
    assert ("CHANGED", "UNREACHABLE!") == (gone["status"], refused["status"])
    assert "Canary" not in (fleet.ca.parent / "log" / "pc-1.jsonl").read_text("utf-8")
