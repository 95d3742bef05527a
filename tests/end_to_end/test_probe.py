"""What a technician sees of one PC, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.end_to_end.sandbox import ServedOffice, copy_project, move_to, serve

from winsim.addresses import free_network

OCTOBER = "2026-10-05T09:00:00+02:00"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedOffice]:
    sandbox = copy_project(tmp_path_factory.mktemp("probe"))
    network = free_network()
    move_to(sandbox, network)
    yield from serve(sandbox, network=network, clock=OCTOBER)


def probe(office: ServedOffice, *words: str) -> tuple[int, str]:
    done = office.sandbox.run("custode", "probe", "demo", *words, "--at", OCTOBER, check=False)
    return done.returncode, done.stdout + done.stderr


def test_it_shows_what_the_pc_answers_with_what_is_read_and_why(office: ServedOffice) -> None:
    code, told = probe(
        office, "direzione", "--only", "logical_disks", "--only", "disk_reliability", "--explain"
    )

    assert code == 0
    lines = told.splitlines()
    assert lines[0] == "direzione at 2026-10-05T07:00:00Z, by its own clock; nothing was recorded"
    assert "logical_disks: 1 row, 1 ms" in lines
    assert "  To know how much space is left and whether a volume asks to be checked." in lines
    assert any(line.startswith("  cim root/cimv2:Win32_LogicalDisk") for line in lines)
    assert "  - DeviceID=C:, FileSystem=NTFS, Size=479000000000, FreeSpace=262000000000," in lines
    # The counter that lies is shown as it came, and marked.
    assert "TemperatureMax=0 (no data)" in told
    assert all(len(line) <= 80 for line in lines)


def test_looking_is_one_task_and_leaves_no_journal_no_log_and_no_store(
    office: ServedOffice,
) -> None:
    log = office.sandbox.root / ".demo" / "winsim" / "log" / "segreteria.jsonl"

    code, told = probe(office, "segreteria")

    assert code == 0
    assert "antivirus_services: " in told
    assert "backup_server" not in told
    assert "free_space_before" not in told
    assert all(len(line) <= 80 for line in told.splitlines())
    ran = [e["ran"] for e in map(json.loads, log.read_text().splitlines()) if "ran" in e]
    assert ran == ["fleet_probe"]
    reports = office.sandbox.root / "reports"
    assert not reports.exists() or not [path for path in reports.rglob("*") if path.is_file()]


def test_other_programs_get_the_facts_as_data(office: ServedOffice) -> None:
    _, told = probe(office, "direzione", "--only", "windows_version", "--json")

    data = json.loads(told)
    assert data["device"] == "direzione"
    assert data["reason"] is None
    assert list(data["facts"]) == ["windows_version"]
    assert data["facts"]["windows_version"]["rows"][0]["CurrentBuild"] == "26200"


def test_a_pc_that_is_off_is_told_with_the_next_step(office: ServedOffice) -> None:
    code, told = probe(office, "portatile-1", "--only", "windows_version")

    assert code == 3
    assert told.startswith("portatile-1: Nothing answers at ")
    assert "Check that it is switched on" in told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["segretria"], "demo has no PC 'segretria' next: did you mean `segreteria`?"),
        (
            ["segreteria", "--only", "logical_disk"],
            "there is no probe 'logical_disk' next: did you mean `logical_disks`?",
        ),
        (
            ["segreteria", "--only", "free_space_before"],
            "free_space_before is asked of the client's store, not of a PC",
        ),
    ],
)
def test_what_cannot_be_asked_is_told_with_the_next_step(
    office: ServedOffice, words: list[str], expected: str
) -> None:
    code, told = probe(office, *words)

    assert code == 2
    assert expected in " ".join(told.split())
