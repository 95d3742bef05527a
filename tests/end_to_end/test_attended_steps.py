"""The life of an attended step: asked for, listed, done by a technician, closed by the next look."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.end_to_end.sandbox import REPOSITORY, Sandbox, copy_project

from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.installers import build_installers

pytestmark = pytest.mark.slow

OCTOBER = "2026-10-05T09:00:00+02:00"
NOVEMBER = "2026-11-09T09:00:00+01:00"
LATER = "2026-11-16T09:00:00+01:00"
PCS = ("bare", "strict")
STAGED = r"C:\Program Files\Custode\staging\NortonSetup.exe"


@dataclass(frozen=True)
class Told:
    """What the commands said at each moment of the story."""

    sandbox: Sandbox
    october: str
    october_json: dict[str, Any]
    visit: str
    november: str
    report: str
    doctor: str
    december: str
    codes: tuple[int, ...]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Onboarding in October; a technician installs; the monthly look; the firewall opened; again."""
    sandbox = copy_project(tmp_path_factory.mktemp("attended"))
    build_installers("office", sandbox.root / ".demo" / "cache")
    with Fleet(
        [machines(sandbox.root / "machines")],
        network=free_network(),
        state=sandbox.root / ".demo" / "winsim",
        clock=datetime.fromisoformat(OCTOBER),
    ) as fleet:
        move_in(sandbox, fleet)
        yield story(sandbox, fleet)


def machines(folder: Path) -> Path:
    """Return the PCs of the story, with the office's installers."""
    shutil.copytree(REPOSITORY / "tests" / "profiles" / "norton", folder)
    office = REPOSITORY / "src" / "winsim" / "profiles" / "office" / "installers"
    shutil.copytree(office, folder / "installers", dirs_exist_ok=True)
    return folder


def move_in(sandbox: Sandbox, fleet: Fleet) -> None:
    """Let the demo's client have these PCs."""
    folder = sandbox.root / "inventories" / "demo"
    contract = yaml.safe_load((folder / "contract.yml").read_text(encoding="utf-8"))
    contract["devices"] = {name: {"kind": "desktop"} for name in PCS}
    (folder / "contract.yml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    hosts = {"all": {"hosts": {name: {"ansible_host": fleet.address(name)} for name in PCS}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")


def story(sandbox: Sandbox, fleet: Fleet) -> Told:
    codes = []

    def custode(*arguments: str) -> str:
        done = sandbox.run("custode", *arguments, check=False)
        codes.append(done.returncode)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    custode("onboard", "demo", "--at", OCTOBER)
    october, october_json = custode("pending", "demo"), custode("pending", "demo", "--json")
    fleet.set_clock(datetime.fromisoformat(NOVEMBER))
    visit = custode("monthly", "demo", "--at", NOVEMBER)
    november = custode("pending", "demo", "--at", LATER)
    report = custode("report", "demo", "--language", "en")
    doctor = custode("doctor", "demo", "--at", NOVEMBER)
    fleet.set_clock(datetime.fromisoformat(LATER))
    custode("monthly", "demo", "--at", LATER)
    december = custode("pending", "demo")
    return Told(
        sandbox,
        october,
        json.loads(october_json),
        visit,
        november,
        report,
        doctor,
        december,
        tuple(codes),
    )


def lines(told: Told, pc: str) -> list[dict[str, Any]]:
    path = told.sandbox.store / "devices" / pc / "ledger.jsonl"
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in found if "step" in line["entry"]]


def test_the_onboarding_leaves_a_step_on_each_pc_and_says_where_the_installer_lies(
    told: Told,
) -> None:
    assert [(step["pc"], step["product"], step["step"]) for step in told.october_json["steps"]] == [
        ("bare", "norton", "install"),
        ("strict", "norton", "install"),
    ]
    assert {step["staged_at"] for step in told.october_json["steps"]} == {STAGED}
    assert [line.rstrip() for line in told.october.splitlines()] == [
        "bare  norton  install  since 2026-10-05  0 days",
        "  to do      Norton antivirus: installation and activation.",
        f"  installer  {STAGED}",
        "strict  norton  install  since 2026-10-05  0 days",
        "  to do      Norton antivirus: installation and activation.",
        f"  installer  {STAGED}",
        "2 steps wait for a person",
    ]


def test_the_monthly_look_closes_what_it_sees_done_and_keeps_the_evidence(told: Told) -> None:
    opened, closed = lines(told, "bare")

    assert (opened["entry"], opened["at"]) == ("attended_step", "2026-10-05T07:00:00Z")
    assert closed == {
        "at": "2026-11-09T08:00:00Z",
        "entry": "step_closed",
        "evidence": {"at": "2026-11-09T08:00:00Z", "kind": "observation", "state": "healthy"},
        "product": "norton",
        "run_id": "20261109T080000Z-monthly",
        "step": "install",
    }
    assert "Completed in person: Norton antivirus" in told.report


def test_a_pc_that_fell_silent_behind_nortons_firewall_is_told_from_one_that_is_off(
    told: Told,
) -> None:
    run = json.loads(
        (told.sandbox.store / "runs" / "20261109T080000Z-monthly.json").read_text("utf-8")
    )
    reason = run["hosts"]["strict"]["reason"]

    assert (run["hosts"]["strict"]["outcome"], reason["kind"]) == (
        "unreachable",
        "firewall_suspected",
    )
    assert "Norton (to be installed since 2026-10-05) brings a firewall" in reason["message"]
    for words in (told.visit, told.doctor):
        assert "allow TCP 5986 in" in " ".join(words.split())
    assert "the firewall of the antivirus that was installed" in told.report


def test_what_still_waits_grows_older(told: Told) -> None:
    assert told.november.splitlines()[0] == "strict  norton  install  since 2026-10-05  42 days"
    assert told.november.splitlines()[-1] == "1 step waits for a person"
    assert "open since 5 October 2026, for 35 days" in told.report


def test_once_winrm_is_allowed_the_next_look_closes_the_last_step(told: Told) -> None:
    assert [line["entry"] for line in lines(told, "strict")] == ["attended_step", "step_closed"]
    assert told.december == "demo: nothing waits for a person\n"
    assert told.codes == (1, 1, 1, 3, 1, 0, 3, 1, 0)


def test_what_is_printed_fits_the_terminal(told: Told) -> None:
    for text in (told.october, told.november, told.december):
        assert all(len(line) <= 80 for line in text.splitlines())


def test_publishing_again_changes_nothing(told: Told) -> None:
    before = told.sandbox.git("rev-parse", "HEAD")

    told.sandbox.run("custode", "publish", "demo")

    assert told.sandbox.git("rev-parse", "HEAD") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "there is no client 'nobody'"),
        (["demo", "--at", "yesterday"], "'yesterday' is not a moment in time"),
    ],
)
def test_a_mistake_is_one_sentence(told: Told, arguments: list[str], words: str) -> None:
    done = told.sandbox.run("custode", "pending", *arguments, check=False)

    assert done.returncode == 2
    assert words in done.stderr
