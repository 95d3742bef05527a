"""Programs of the contract that disappear between two visits: who, when and by which record."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from custode.core.people import pc_key
from custode.core.store_layout import load_ledger
from custode.edges.project import Project
from custode.edges.salts import people_salt, salt_path
from custode.edges.signing import SIGNING_KEY
from custode.edges.store import Store
from custode.flows.publish import publish
from winsim.modules.probe import _digest

from .conftest import AT, Run, Workshop

pytestmark = pytest.mark.slow

NOVEMBER = "2026-11-09T09:00:00+01:00"
CLIENT = "workshop"


@dataclass(frozen=True)
class Visited:
    """A workshop visited in October and in November, and what was published."""

    workshop: Workshop
    runs: tuple[Run, ...]

    @property
    def project(self) -> Project:
        return Project(self.workshop.root)

    @property
    def tree(self) -> dict[str, bytes]:
        return Store(self.project.store(CLIENT)).read()

    def told(self, pc: str) -> list[dict[str, Any]]:
        return [line for line in load_ledger(self.tree, pc) if line["entry"] == "disappeared"]

    def report(self) -> str:
        return self.tree["reports/2026-11/report.en.md"].decode().replace("\\", "")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that signs the store."""
    path = tmp_path_factory.mktemp("keys") / "id"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "custode", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def visited(make_workshop: Callable[..., Workshop], key: Path) -> Visited:
    workshop = make_workshop("departed", "departed")
    monthly = workshop.root / "playbooks" / "monthly.yml"
    october = workshop.run(monthly, variables={"custode_at": AT})
    workshop.fleet.set_clock(datetime.fromisoformat(NOVEMBER))
    november = workshop.run(monthly, "-vvv", variables={"custode_at": NOVEMBER})
    found = Visited(workshop, (october, november))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(SIGNING_KEY, str(key))
        publish(found.project, CLIENT)
    return found


def git(visited: Visited, *arguments: str, signers: Path | None = None) -> str:
    trusted = ["-c", f"gpg.ssh.allowedSignersFile={signers}"] if signers else []
    command = ["git", "-C", str(visited.project.store(CLIENT)), *trusted, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_every_pc_was_seen_twice(visited: Visited) -> None:
    assert [run.code for run in visited.runs] == [0, 0]


def test_who_uninstalled_the_backup_is_a_digest_that_the_pc_made(visited: Visited) -> None:
    (line,) = visited.told("by-person")
    sid = visited.workshop.fleet.hosts["by-person"].users[0].sid
    key = pc_key(people_salt(visited.project, CLIENT), "by-person")

    assert (line["service"], line["verdict"], line["strength"]) == (
        "backup",
        "uninstalled_by_person",
        "weak",
    )
    event = line["event"]
    assert event["digest"] == _digest(sid, key)
    assert (event["at"], event["provider"], event["id"]) == (
        "2026-10-21T16:42:00Z",
        "MsiInstaller",
        1034,
    )
    assert event["record_id"] > 0
    assert event["version"] == "6.0.3.18040"


@pytest.mark.parametrize(
    ("pc", "service", "verdict", "strength"),
    [
        ("by-system", "backup", "uninstalled_by_system", "weak"),
        ("by-antivirus", "antivirus", "switched_off", "weak"),
        ("emptied", "backup", "log_cleared", "none"),
    ],
)
def test_each_way_of_going_is_told_apart(
    visited: Visited, pc: str, service: str, verdict: str, strength: str
) -> None:
    told = [(line["service"], line["verdict"], line["strength"]) for line in visited.told(pc)]

    assert told == [(service, verdict, strength)]


def test_what_was_taken_away_and_brought_back_did_not_disappear(visited: Visited) -> None:
    assert visited.told("upgraded") == []


def test_the_report_says_on_whom_it_depended_and_how_weak_that_is(visited: Visited) -> None:
    text = visited.report()

    assert "| by-person | backup | the client | it appears uninstalled by a person" in text
    assert "| by-system | backup | not ascertained | it appears uninstalled by the system" in text
    assert "| emptied | backup | not ascertained | it disappeared, and the event log was" in text
    assert text.count("Weak evidence: any program on the PC can write such an event") == 3


def produced(visited: Visited) -> Iterator[tuple[str, bytes]]:
    """Yield every byte of both visits: what Ansible said, journals, store with its history."""
    for number, run in enumerate(visited.runs):
        yield f"terminal {number}", run.output.encode()
    root = visited.workshop.root
    for path in sorted([*(root / "reports").rglob("*"), *(root / "winsim").rglob("*")]):
        if path.is_file() and ".git" not in path.parts:
            yield str(path.relative_to(root)), path.read_bytes()
    store = str(visited.project.store(CLIENT))
    objects = subprocess.run(
        ["git", "-C", store, "cat-file", "--batch-all-objects", "--batch"],
        capture_output=True,
        check=True,
    )
    yield "git objects", objects.stdout


def test_no_sid_no_salt_and_no_key_is_in_any_produced_byte(visited: Visited) -> None:
    hosts = visited.workshop.fleet.hosts
    salt = people_salt(visited.project, CLIENT)
    canaries = [salt.hex(), *(pc_key(salt, name) for name in hosts), "nora.tortora"]
    canaries += [user.sid for host in hosts.values() for user in host.users]
    assert len(canaries) >= 12

    found = [
        (name, canary)
        for name, data in produced(visited)
        for canary in canaries
        if canary.lower().encode() in data.lower()
    ]

    assert found == []


def test_the_canaries_would_be_found(visited: Visited) -> None:
    """Of the same bytes: the digest that is meant to be there is there."""
    (line,) = visited.told("by-person")
    digest = line["event"]["digest"].encode()

    assert {"git objects"} <= {name for name, data in produced(visited) if digest in data}


def test_whoever_deletes_the_salt_erases_the_person_and_every_signature_still_verifies(
    visited: Visited, key: Path
) -> None:
    signers = key.with_name("allowed_signers")
    signers.write_text(f"custode@localhost {key.with_suffix('.pub').read_text()}")
    (line,) = visited.told("by-person")
    sid = visited.workshop.fleet.hosts["by-person"].users[0].sid
    kept = salt_path(visited.project, CLIENT)
    before = (kept.read_bytes(), Store(visited.project.store(CLIENT)).head())
    kept.unlink()
    try:
        forgotten = _digest(sid, pc_key(people_salt(visited.project, CLIENT), "by-person"))
        assert forgotten != line["event"]["digest"]
        assert publish(visited.project, CLIENT)[0].commit is None
        assert Store(visited.project.store(CLIENT)).head() == before[1]
        git(visited, "fsck", "--strict")
        commits = git(visited, "rev-list", "HEAD").split()
        assert len(commits) == 2
        git(visited, "verify-commit", *commits, signers=signers)
    finally:
        kept.write_bytes(before[0])


def test_the_journal_holds_the_digest_and_nothing_that_was_digested(visited: Visited) -> None:
    folder = visited.project.journals(CLIENT)
    events = [
        json.loads(line)
        for path in sorted(folder.glob("*/journal.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    looks = [event for event in events if event["event"] == "observation"]

    told = [look["payload"]["traces"]["events"] for look in looks if look["host"] == "by-person"]
    assert [
        [event["what"] for event in events if event["what"] == "removed"] for events in told
    ] == [
        [],
        ["removed"],
    ]
