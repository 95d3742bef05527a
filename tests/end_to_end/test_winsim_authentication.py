"""Who is let in, and how a PC refuses, as real Ansible meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.controller import HTTPS, PSRP, ROOT, ansible
from tests.end_to_end.kerberos import MISSING, Realm

from winsim.addresses import free_network
from winsim.fleet import Fleet

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
REJECTED = "the specified credentials were rejected by the server"
PING = "ansible.windows.win_ping"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    state = tmp_path_factory.mktemp("winsim")
    with Fleet([ROOT / "tests/profiles/lab"], state=state, network=free_network(), clock=NOW) as it:
        yield it


@pytest.fixture(autouse=True)
def nobody_is_locked(fleet: Fleet) -> Iterator[None]:
    yield
    fleet.set_clock(NOW)
    fleet.reset()


def by_certificate(fleet: Fleet, name: str = "alice@localhost") -> dict[str, Any]:
    folder = fleet.ca.parent / "clients"
    return {
        "ansible_winrm_transport": "certificate",
        "ansible_winrm_cert_pem": str(folder / f"{name}.pem"),
        "ansible_winrm_cert_key_pem": str(folder / f"{name}.key"),
    }


def test_a_certificate_speaks_for_the_account_of_its_user_principal_name(fleet: Fleet) -> None:
    result = ansible(fleet, PING, pc="strict", **by_certificate(fleet))

    owners = {entry["owner"] for entry in fleet.log("strict") if "owner" in entry}
    assert ("SUCCESS", {"alice"}) == (result["status"], owners)


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [
        ("mallory@localhost", 30, REJECTED),
        ("late@localhost", -30, r"Connection aborted|EOF occurred|alert|expired"),
    ],
    ids=["not mapped", "expired"],
)
def test_another_certificate_speaks_for_nobody(
    fleet: Fleet, name: str, days: int, words: str
) -> None:
    fleet.server.authority.write_client(name, fleet.ca.parent / "clients", days=days)

    result = ansible(fleet, PING, pc="strict", **by_certificate(fleet, name))

    assert "UNREACHABLE!" == result["status"]
    assert re.search(words, result["msg"])


@pytest.mark.parametrize(
    ("pc", "sends", "status"),
    [
        ("strict", True, "SUCCESS"),
        ("strict", False, "UNREACHABLE!"),
        ("pc-1", True, "SUCCESS"),
        ("pc-1", False, "SUCCESS"),
    ],
)
def test_a_strict_pc_wants_to_know_for_which_channel_one_authenticates(
    fleet: Fleet, pc: str, *, sends: bool, status: str
) -> None:
    result = ansible(fleet, PING, pc=pc, **HTTPS, ansible_winrm_send_cbt=sends)

    assert status == result["status"], result


def test_a_runspace_pool_binds_to_its_channel_too(fleet: Fleet) -> None:
    bound = ansible(fleet, PING, pc="strict", **PSRP)
    loose = ansible(fleet, PING, pc="strict", **PSRP, ansible_psrp_negotiate_send_cbt=False)

    assert ("SUCCESS", "UNREACHABLE!") == (bound["status"], loose["status"])


def test_three_wrong_passwords_lock_an_account_for_a_while(fleet: Fleet) -> None:
    wrong = [ansible(fleet, PING, pc="strict", ansible_password="wrong") for _ in range(3)]
    locked = ansible(fleet, PING, pc="strict")
    fleet.set_clock(NOW + timedelta(minutes=16))
    later = ansible(fleet, PING, pc="strict")

    assert {"UNREACHABLE!"} == {result["status"] for result in wrong}
    assert ("UNREACHABLE!", True) == (locked["status"], REJECTED in locked["msg"])
    assert "SUCCESS" == later["status"]


def test_an_expired_account_is_refused_like_a_wrong_password(fleet: Fleet) -> None:
    user = {"ansible_user": "trainee", "ansible_password": "Simulated-Only-5"}

    after = ansible(fleet, PING, pc="strict", **user)
    fleet.set_clock(datetime(2026, 9, 30, tzinfo=UTC))
    before = ansible(fleet, PING, pc="strict", **user)

    assert ("UNREACHABLE!", True) == (after["status"], REJECTED in after["msg"])
    assert "SUCCESS" == before["status"]


def test_basic_is_refused_where_it_is_off(fleet: Fleet) -> None:
    result = ansible(fleet, PING, pc="strict", ansible_winrm_transport="basic")

    assert ("UNREACHABLE!", True) == (result["status"], REJECTED in result["msg"])


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("connection", ["winrm", "winrm sealed", "psrp", "psrp sealed"])
def test_a_ticket_of_the_realm_opens_a_pc(tmp_path: Path, connection: str) -> None:
    sealed = connection.endswith("sealed")
    port = 5985 if sealed else 5986
    with (
        Realm(tmp_path / "realm", principals={"custode": "Simulated-Only-9"}) as realm,
        Fleet(
            [ROOT / "tests/profiles/realm"],
            state=tmp_path / "winsim",
            network=free_network(),
            clock=NOW,
            keytab=realm.keytab("HTTP/localhost", "host/localhost", "WSMAN/localhost"),
        ) as fleet,
    ):
        about: dict[str, Any] = {
            "ansible_user": f"custode@{realm.name}",
            "ansible_password": "Simulated-Only-9",
            "ansible_port": port,
        }
        if connection.startswith("psrp"):
            about |= {
                "ansible_connection": "psrp",
                "ansible_psrp_auth": "kerberos",
                "ansible_psrp_negotiate_hostname_override": "localhost",
                "ansible_psrp_message_encryption": "always" if sealed else "auto",
            }
        else:
            about |= {
                "ansible_winrm_transport": "kerberos",
                "ansible_winrm_kinit_env_vars": "KRB5_CONFIG",
                "ansible_winrm_kerberos_hostname_override": "localhost",
                "ansible_winrm_message_encryption": "always" if sealed else "auto",
            }
        with realm.in_use():
            result = ansible(fleet, PING, pc="member", **about)

    assert ("SUCCESS", "pong") == (result["status"], result.get("ping")), result
