"""The end of a contract as a technician meets it: asked first, recorded, signed, and over."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.end_to_end.sandbox import Sandbox, ServedOffice, copy_project, move_to, serve

from winsim.addresses import free_network

OCTOBER = "2026-10-05T09:00:00+02:00"
END = "2027-10-04T09:00:00+02:00"
PC, OTHER = "sala-riunioni", "segreteria"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedOffice]:
    """Two PCs of the office, onboarded, a year later."""
    sandbox = copy_project(tmp_path_factory.mktemp("offboard"))
    network = free_network()
    move_to(sandbox, network)
    for served in serve(sandbox, network=network, clock=OCTOBER):
        pcs = f"{PC},{OTHER}"
        sandbox.run("custode", "onboard", "demo", "--at", OCTOBER, "--limit", pcs, check=False)
        served.clock(END)
        yield served


@pytest.fixture(scope="module")
def key(office: ServedOffice) -> Path:
    path = office.sandbox.root / "signing_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def offboard(
    sandbox: Sandbox, *more: str, key: Path | None = None
) -> subprocess.CompletedProcess[str]:
    arguments = ["custode", "offboard", "demo", "--at", END, *more]
    return sandbox.run(*arguments, check=False, **({"key": key} if key else {}))


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_nobody_is_handed_back_without_being_asked(office: ServedOffice) -> None:
    head = office.sandbox.git("rev-parse", "HEAD")

    done = offboard(office.sandbox, "--limit", PC)

    assert 2 == done.returncode
    assert "nobody is there to say yes" in done.stderr
    said = one_line(done.stdout)
    assert f"The contract of Studio Bianchi & Associati has no end. {PC}" in said
    assert "last the account that comes in, its firewall rule, its listener" in said
    assert head == office.sandbox.git("rev-parse", "HEAD")


def test_a_rehearsal_changes_nothing(office: ServedOffice) -> None:
    done = offboard(office.sandbox, "--limit", PC, "--check")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "Nothing was changed." in done.stdout
    ready = office.sandbox.run("custode", "doctor", "demo", "--at", END, "--limit", PC)
    assert f"{PC} ready" in one_line(ready.stdout)


def test_a_contract_ends(office: ServedOffice, key: Path) -> None:
    sandbox = office.sandbox

    done = offboard(sandbox, "--limit", PC, "--yes", key=key)

    assert 0 == done.returncode, done.stdout + done.stderr
    said = one_line(done.stdout)
    assert "way in gone: nothing answers any more" in said
    assert "The records are in a commit that is signed with your key." in said
    record = json.loads((sandbox.store / "devices" / PC / "handback.json").read_text("utf-8"))
    assert "released" == record["way_in"]["outcome"]
    signers = sandbox.root / "allowed_signers"
    signers.write_text(f"custode@localhost {key.with_suffix('.pub').read_text()}")
    sandbox.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", "HEAD")


def test_what_was_handed_back_is_told_as_such_ever_after(office: ServedOffice) -> None:
    sandbox = office.sandbox

    again = offboard(sandbox, "--limit", PC, "--yes")
    monthly = sandbox.run("custode", "monthly", "demo", "--at", END, "--limit", PC, check=False)
    status = json.loads(sandbox.run("custode", "status", "demo", "--json", check=False).stdout)

    assert 0 == again.returncode
    assert f"{PC} was handed back on 2027-10-04: nothing to do." in one_line(again.stdout)
    assert "was handed back on 2027-10-04: it no longer lets us in." in one_line(monthly.stdout)
    assert "closed" == status["pcs"][PC]["state"]


def test_without_a_key_the_record_is_said_to_be_unsigned(office: ServedOffice) -> None:
    done = offboard(office.sandbox, "--limit", OTHER, "--yes")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "The records are unsigned: CUSTODE_SIGNING_KEY names no key." in one_line(done.stdout)
