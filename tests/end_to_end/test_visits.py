"""Visits as technicians make them: by the CLI, by ansible-playbook, in bad weather."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.sandbox import BIN, Sandbox, ServedOffice, copy_project, move_to, serve

from winsim.addresses import free_network

OCTOBER = "2026-10-05T09:00:00+02:00"
NOVEMBER = "2026-11-09T09:00:00+01:00"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedOffice]:
    """The office in November, onboarded in October."""
    sandbox = copy_project(tmp_path_factory.mktemp("visits"))
    network = free_network()
    move_to(sandbox, network)
    for served in serve(sandbox, network=network, clock=OCTOBER):
        sandbox.run("custode", "onboard", "demo", "--at", OCTOBER, check=False)
        served.clock(NOVEMBER)
        yield served


@pytest.fixture
def twin(office: ServedOffice, tmp_path: Path) -> Sandbox:
    """A copy of the onboarded project that speaks to the same PCs."""
    sandbox = copy_project(tmp_path / "twin")
    move_to(sandbox, office.network)
    for name in ("reports", ".demo"):
        source = office.sandbox.root / name
        subprocess.run(["cp", "-a", str(source), str(sandbox.root / name)], check=True)
    return sandbox


@pytest.fixture(autouse=True)
def fair_weather(office: ServedOffice) -> Iterator[None]:
    yield
    office.faults("[]\n")


def playbook(name: str, *more: str) -> list[str]:
    moment = f"custode_at={NOVEMBER}"
    return ["-i", "inventories/demo", f"playbooks/{name}.yml", "-e", moment, *more]


def swapped(hosts: str) -> str:
    """Let the address of `direzione` be that of `contabilita-1`."""
    return re.sub(r"(127\.\d+\.\d+)\.14", r"\1.12", hosts)


def files(sandbox: Sandbox) -> dict[str, bytes]:
    folder = sandbox.store / "devices"
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.json"))
    }


def last_run(sandbox: Sandbox) -> dict[str, Any]:
    path = max((sandbox.store / "runs").glob("*-monthly*.json"))
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def monthly(sandbox: Sandbox, *more: str) -> subprocess.CompletedProcess[str]:
    return sandbox.run("custode", "monthly", "demo", "--at", NOVEMBER, *more, check=False)


def test_a_bare_playbook_leaves_the_same_facts_and_findings(twin: Sandbox, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["cp", "-a", str(twin.root), str(other)], check=True)

    by_cli, by_hand = twin, Sandbox(other)
    assert 3 == monthly(by_cli).returncode
    by_hand.run("ansible-playbook", *playbook("monthly"), check=False)

    assert files(by_cli) == files(by_hand)
    assert by_cli.git("rev-parse", "HEAD") == by_hand.git("rev-parse", "HEAD")


def test_a_second_onboarding_changes_nothing(twin: Sandbox) -> None:
    pcs = ["direzione", "contabilita-1"]

    twin.run("custode", "onboard", "demo", "--at", NOVEMBER, "--limit", ",".join(pcs), check=False)
    twin.run("custode", "onboard", "demo", "--at", NOVEMBER, "--limit", pcs[0], check=False)

    run = json.loads(max((twin.store / "runs").glob("*-onboard-2.json")).read_text())
    assert [] == run["hosts"]["direzione"]["changed"]


def test_a_pc_whose_norton_is_gone_gets_an_attended_step(twin: Sandbox) -> None:
    twin.run(
        "custode", "onboard", "demo", "--at", NOVEMBER, "--limit", "contabilita-1", check=False
    )

    status = json.loads(twin.run("custode", "status", "demo", "--json", check=False).stdout)
    steps = status["pcs"]["contabilita-1"]["open_steps"]
    assert ["norton"] == [step["product"] for step in steps]


def test_another_machine_at_the_address_is_refused_and_not_recorded(twin: Sandbox) -> None:
    hosts = twin.root / "inventories" / "demo" / "hosts.yml"
    text = hosts.read_text(encoding="utf-8")
    hosts.write_text(swapped(text), encoding="utf-8")
    before = files(twin)

    done = monthly(twin, "--limit", "direzione")

    assert "Another machine answers at direzione's address" in " ".join(done.stdout.split())
    reason = last_run(twin)["hosts"]["direzione"]["reason"]
    assert "wrong_machine" == reason["kind"]
    assert before == files(twin)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("{host: direzione, fault: unauthorized}", "auth"),
        ("{host: direzione, fault: refused}", "offline"),
        ("{host: direzione, fault: reset, operation: Receive}", "connection_lost"),
        ("{host: direzione, fault: garbage}", "no_answer"),
        ("{host: direzione, fault: unavailable}", "transport_policy"),
        ("{host: direzione, fault: quota}", "quota"),
        ("{host: direzione, fault: access_denied}", "authorization"),
        ("{host: direzione, fault: shell_gone}", "connection_lost"),
        ("{host: direzione, fault: lost_reply}", "connection_lost"),
        ("{host: direzione, fault: blocked}", "security_block"),
        ("{host: direzione, fault: constrained}", "security_block"),
        ("{host: direzione, fault: no_memory}", "resources"),
    ],
    ids=lambda value: str(value) if "{" not in str(value) else "",
)
def test_bad_weather_is_told_by_its_class(
    office: ServedOffice, twin: Sandbox, fault: str, kind: str
) -> None:
    office.faults(f"- {fault}\n")

    monthly(twin, "--limit", "direzione")

    assert kind == last_run(twin)["hosts"]["direzione"]["reason"]["kind"]


def test_a_pc_that_never_answers_does_not_hold_the_others(
    office: ServedOffice, twin: Sandbox
) -> None:
    office.faults("- {host: direzione, fault: timeout}\n")
    started = time.monotonic()

    twin.run(
        "ansible-playbook",
        *playbook("monthly", "-e", "custode_task_timeout_seconds=6"),
        check=False,
    )

    hosts = last_run(twin)["hosts"]
    assert "deadline" == hosts["direzione"]["reason"]["kind"]
    assert "observed" == hosts["segreteria"]["outcome"]
    assert time.monotonic() - started < 60


def test_a_month_in_which_nobody_answers_is_a_record(office: ServedOffice, twin: Sandbox) -> None:
    office.faults("- {fault: offline}\n")
    before = files(twin)

    done = monthly(twin)

    assert 3 == done.returncode
    outcomes = {host["outcome"] for host in last_run(twin)["hosts"].values()}
    assert {"unreachable"} == outcomes
    assert before == files(twin)


@pytest.mark.parametrize("seconds", [0.8, 1.4, 2.0, 2.6, 3.5])
def test_a_killed_run_publishes_exactly_what_it_saw(twin: Sandbox, seconds: float) -> None:
    process = subprocess.Popen(
        [str(BIN / "ansible-playbook"), *playbook("monthly")],
        cwd=twin.root,
        env=twin.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    twin.run("custode", "publish", "demo")
    head = twin.git("rev-parse", "HEAD")
    twin.run("custode", "publish", "demo")

    assert head == twin.git("rev-parse", "HEAD")
    seen = observed(twin)
    runs = list((twin.store / "runs").glob("*-monthly*.json"))
    told = [
        name
        for path in runs
        for name, host in json.loads(path.read_text())["hosts"].items()
        if host["observed_at"]
    ]
    assert sorted(seen) == sorted(told)


def observed(sandbox: Sandbox) -> list[str]:
    """Return the PCs whose observation is a whole line of a monthly journal."""
    names = []
    for path in (sandbox.root / "reports" / "journals" / "demo").glob("*-monthly*/journal.jsonl"):
        for line in path.read_bytes().split(b"\n")[:-1]:
            event = json.loads(line)
            if event["event"] == "observation":
                names.append(event["host"])
    return names


def test_check_mode_changes_nothing_on_a_pc(office: ServedOffice, twin: Sandbox) -> None:
    log = office.sandbox.root / ".demo" / "winsim" / "log" / "portatile-1.jsonl"
    twin.run(
        "custode", "onboard", "demo", "--at", NOVEMBER, "--check", "--limit", "portatile-1",
        check=False,
    )  # fmt: skip

    ran = [json.loads(line).get("ran", "") for line in log.read_text().splitlines()]
    # Modules look in check mode too; nothing is ever sent to be kept or run.
    assert "fleet_restore_point" in ran
    assert not {"winrm_put_file.ps1", "ansible.windows.win_package"} & set(ran)


@pytest.mark.parametrize("verb", ["onboard", "doctor"])
def test_a_missing_installer_is_told_before_any_pc_is_asked(twin: Sandbox, verb: str) -> None:
    settings = twin.root / "inventories" / "demo" / "group_vars" / "all" / "connection.yml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before.replace(".demo/cache", "nowhere"), encoding="utf-8")
    try:
        done = twin.run("custode", verb, "demo", "--at", NOVEMBER, check=False)
    finally:
        settings.write_text(before, encoding="utf-8")
    assert done.returncode == 2
    assert "NortonSetup.exe: found no such file; allowed: sha256" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_says_what_stands_in_the_way(office: ServedOffice, twin: Sandbox) -> None:
    office.faults("- {host: direzione, fault: unauthorized}\n")

    done = twin.run("custode", "doctor", "demo", "--at", NOVEMBER, check=False)

    assert 3 == done.returncode
    text = " ".join(done.stdout.split())
    assert "The PC refused the account's credentials." in text
    assert "segreteria ready" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["monthly", "demo", "--limit", "nobody"], 2, "no PC of demo matches --limit 'nobody'"),
        (["monthly", "demo", "--at", "yesterday"], 2, "'yesterday' is not a moment in time"),
        (["monthly", "dem"], 2, "there is no client 'dem'"),
        (["report", "demo", "--month", "2020-01"], 2, "there was no visit in 2020-01"),
        (["report", "demo", "--language", "fr"], 2, "there is no report in 'fr'"),
    ],
    ids=["limit", "clock", "client", "month", "language"],
)
def test_a_mistake_is_one_sentence_and_its_exit_code(
    twin: Sandbox, arguments: list[str], code: int, words: str
) -> None:
    done = twin.run("custode", *arguments, check=False)

    assert code == done.returncode
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_clock_of_a_real_client_cannot_be_set(twin: Sandbox) -> None:
    contract = twin.root / "inventories" / "demo" / "contract.yml"
    text = contract.read_text(encoding="utf-8").replace("simulated: true", "simulated: false")
    contract.write_text(text, encoding="utf-8")
    hosts = twin.root / "inventories" / "demo"
    for path in (hosts / "hosts.yml", hosts / "group_vars" / "all" / "connection.yml"):
        plain = path.read_text(encoding="utf-8").replace("ansible_port: 5985", "ansible_port: 5986")
        path.write_text(plain, encoding="utf-8")

    done = monthly(twin)

    assert 2 == done.returncode
    assert "the clock can be set only for simulated inventories" in done.stderr


def test_a_wrong_contract_stops_everything_before_any_pc(
    office: ServedOffice, twin: Sandbox
) -> None:
    contract = twin.root / "inventories" / "demo" / "contract.yml"
    text = contract.read_text(encoding="utf-8").replace("kind: notebook", "kind: nutebook")
    contract.write_text(text, encoding="utf-8")
    before = office.winsim("list", "--json")

    done = monthly(twin)
    bare = twin.run("ansible-playbook", *playbook("monthly"), check=False)

    assert 2 == done.returncode
    assert 'contract.yml:41:5: devices.portatile-1.kind: found "nutebook"' in done.stderr
    assert "nutebook" in bare.stdout + bare.stderr
    assert before == office.winsim("list", "--json")


def test_a_replaced_machine_is_accepted_when_the_technician_says_so(twin: Sandbox) -> None:
    hosts = twin.root / "inventories" / "demo" / "hosts.yml"
    text = hosts.read_text(encoding="utf-8")
    hosts.write_text(swapped(text), encoding="utf-8")
    arguments = ["onboard", "demo", "--at", NOVEMBER, "--limit", "direzione"]

    refused = twin.run("custode", *arguments, check=False)
    accepted = twin.run("custode", *arguments, "--accept-new-identity", check=False)

    assert "Another machine answers" in " ".join(refused.stdout.split())
    assert "Another machine answers" not in " ".join(accepted.stdout.split())
    ledger = (twin.store / "devices/direzione/ledger.jsonl").read_text().splitlines()
    identities = [e for e in map(json.loads, ledger) if e["entry"] == "identity"]
    assert [False, True] == [entry["replaced"] for entry in identities]


def test_an_inventory_without_a_folder_names_its_client(twin: Sandbox) -> None:
    """As in AWX, whose inventories are no files of the project."""
    listed = json.loads(
        twin.run("ansible-inventory", "-i", "inventories/demo", "--host", "direzione").stdout
    )
    variables = {
        **listed,
        "ansible_winrm_ca_trust_path": str(twin.root / ".demo" / "winsim" / "ca.pem"),
    }
    elsewhere = twin.root / "elsewhere.json"
    inventory = {"hosts": {"direzione": variables}, "vars": {"custode_client": "demo"}}
    elsewhere.write_text(json.dumps({"all": inventory}))

    twin.run(
        "ansible-playbook", "-i", str(elsewhere), "playbooks/monthly.yml",
        "-e", f"custode_at={NOVEMBER}",
    )  # fmt: skip

    assert "observed" == last_run(twin)["hosts"]["direzione"]["outcome"]


def test_a_fault_accepted_in_writing_opens_the_gate_and_stays_in_the_report(twin: Sandbox) -> None:
    entries = [
        f"  - {{device: archivio, rule: {rule}, reason: Replaced in November., "
        "approved_by: owner, approved_on: 2026-10-01, expires_on: 2026-11-30}\n"
        for rule in ("disk_events_absent", "disk_health_good", "disk_read_errors_absent")
    ]
    path = twin.root / "inventories" / "demo" / "waivers.yml"
    path.write_text("---\nwaivers:\n" + "".join(entries), encoding="utf-8")

    twin.run("custode", "client", "check", "demo")
    twin.run("custode", "onboard", "demo", "--at", NOVEMBER, "--limit", "archivio", check=False)

    run = json.loads(max((twin.store / "runs").glob("*-onboard.json")).read_text())
    assert "observed" == run["hosts"]["archivio"]["outcome"]
    assert 3 == run["hosts"]["archivio"]["findings_count"]["waived"]
    report = twin.run("custode", "report", "demo", "--language", "en").stdout
    assert "Accepted by: owner, on 1 October 2026; counts until 30 November 2026" in report
