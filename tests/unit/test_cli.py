"""The command line: quick to start, exact in what it says, the same whoever asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from custode.core.identity import IDENTITY_PROBES
from custode.core.traces import PROBES as TRACE_PROBES

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]


def custode(
    *arguments: str, cwd: Path = ROOT, text: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "custode"), *arguments],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", **environment},
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "ansible.cfg").touch()
    (tmp_path / "playbooks").mkdir()
    return tmp_path


NEW = (
    *("client", "new", "acme", "--name", "ACME S.r.l.", "--contact", "Ufficio"),
    *("--email", "ufficio@acme.example", "--provider", "Noi", "--signed", "2026-09-01"),
    *("--starts", "2026-10-01", "--server", "https://cloud.acme.example"),
)


def test_a_new_client_is_written_and_passes_its_check(project: Path) -> None:
    done = custode(
        *NEW, "--pc", "pc-1=desktop@192.0.2.10", "--pc", "pc-2=notebook@pc-2", cwd=project
    )

    assert 0 == done.returncode, done.stderr
    assert "inventories/acme/contract.yml" in done.stdout
    assert (
        "acme: contract and inventory are in order (2 PCs, ACME S.r.l.)\n"
        == custode("client", "check", "acme", cwd=project).stdout
    )


def test_a_new_client_asks_for_what_is_not_given(project: Path) -> None:
    answers = (
        "ACME\nUfficio\nufficio@acme.example\nNoi\nhttps://c.example\n2026-09-01\n2026-10-01\n"
    )

    done = custode("client", "new", "acme", cwd=project, text=answers + "pc-1=desktop@192.0.2.1\n")

    assert 0 == done.returncode, done.stderr
    assert (project / "inventories" / "acme" / "hosts.yml").is_file()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--pc", "pc-1"], "'pc-1' does not describe a PC"),
        (["--pc", "pc-1=tower@x"], 'devices.pc-1.kind: found "tower"'),
        (["--pc", "pc_1=desktop@x"], "a host name: letters, digits and hyphens"),
    ],
    ids=["shape", "kind", "name"],
)
def test_a_wrong_answer_is_told_and_nothing_is_written(
    project: Path, more: list[str], words: str
) -> None:
    done = custode(*NEW, *more, cwd=project)

    assert 2 == done.returncode
    assert words in done.stderr
    assert not (project / "inventories" / "acme").exists()


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    done = custode("status", "demo", cwd=tmp_path)

    assert 2 == done.returncode
    assert "is not inside a Custode project" in done.stderr


def test_the_schema_is_json_that_an_editor_reads() -> None:
    schema = json.loads(custode("schema", "contract").stdout)

    assert schema["properties"]["simulated"]["default"] is False


def test_nothing_slow_is_imported_to_say_what_there_is() -> None:
    code = "import custode.cli.app, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"pydantic", "ansible", "ansible_runner", "jinja2", "babel"} & set(
        done.stdout.split()
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_it(shell: str) -> None:
    # What a shell's own startup file asks; `--show-completion` guesses the shell from its parent.
    done = custode(_CUSTODE_COMPLETE=f"source_{shell}")

    assert 0 == done.returncode
    assert "_CUSTODE_COMPLETE=complete_" in done.stdout


@pytest.mark.parametrize("what", ["rules", "probes"])
def test_what_is_loaded_is_listed_at_eighty_columns(what: str) -> None:
    done = custode(what)

    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert all(len(line) <= 80 for line in lines)
    for policy in (ROOT / "policies" / what).glob("*.yml"):
        assert any(line.split()[:1] == [policy.stem] for line in lines), policy.stem


def test_other_programs_get_the_rules_with_their_thresholds() -> None:
    rules = {rule["id"]: rule for rule in json.loads(custode("rules", "--json").stdout)}

    memory = rules["memory_amount_sufficient"]
    assert memory["thresholds"]["memory_gib"]["value"] == 7
    assert memory["thresholds"]["memory_gib"]["by_kind"]["server"] == 15
    assert {"it", "en"} <= set(memory["remedy"])
    assert rules["disk_health_good"]["gate"]


def test_other_programs_get_the_probes_with_who_reads_them() -> None:
    probes = {probe["id"]: probe for probe in json.loads(custode("probes", "--json").stdout)}

    disks = probes["logical_disks"]
    assert disks["target"] == "root/cimv2:Win32_LogicalDisk (DriveType = 3)"
    assert "volumes_clean" in disks["rules"]
    unread = {probe_id for probe_id, probe in probes.items() if not probe["rules"]}
    assert unread <= {*IDENTITY_PROBES, *TRACE_PROBES}
