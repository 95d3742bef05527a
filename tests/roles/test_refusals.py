"""What the roles refuse and what they say, over PCs that must stay as they are."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.installers import build_installer
from winsim.listing import leave

from .conftest import Run, Workshop

pytestmark = pytest.mark.slow

STAGING = "C:\\Program Files\\Custode\\staging"
CODES = {"busy": 1618, "failing": 1603, "restarting": 3010}


@pytest.fixture(scope="module")
def workshop(make_workshop: Callable[[str], Workshop]) -> Workshop:
    return make_workshop("refusals")


def code_of(name: str) -> str:
    """Return the product code of a stand-in."""
    return f"{{{zlib.crc32(name.encode()):08X}-0000-4000-8000-000000000000}}"


def offer(workshop: Workshop, name: str, exit_code: int = 0, **more: Any) -> None:
    """Put a product into the workshop's catalog whose installer ends with an exit code.

    Args:
        workshop: Where it is offered.
        name: The product.
        exit_code: What its installer returns.
        more: What else is to be said of the stand-in.
    """
    code = code_of(name)
    program = f"C:\\Program Files\\{name}\\{name}.exe"
    stand_in = {
        "display_name": name,
        "kind": "msi",
        "file": f"{name}.msi",
        "product_code": code,
        "version": "1.0",
        "signer": "Maker",
        "exit_code": exit_code,
        "files": {program: {"size": 1, "version": "1.0"}},
        **more,
    }
    data = build_installer(stand_in)
    (workshop.cache / f"{name}.msi").write_bytes(data)
    entry: dict[str, Any] = {
        "id": name,
        "title": name.title(),
        "vendor": "Maker",
        "version": "1.0",
        "signers": ["Maker"],
        "installer": {
            "kind": "msi",
            "file": f"{name}.msi",
            "sha256": hashlib.sha256(data).hexdigest(),
            "source": "nowhere",
            "timeout_seconds": 3 if "hangs" in more else 60,
            "product_code": code,
        },
        "detect": {"display_name": f"^{name}$", "evidence": [{"files": [program]}]},
    }
    path = workshop.inventory / "catalog" / f"{name}.yml"
    path.write_text(yaml.safe_dump(entry), encoding="utf-8")


def assign(workshop: Workshop, variables: dict[str, dict[str, Any]]) -> Path:
    """Give each PC variables of its own, and return a playbook of the installer engine alone."""
    folder = workshop.inventory / "host_vars"
    folder.mkdir(exist_ok=True)
    for host, values in variables.items():
        (folder / f"{host}.yml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return workshop.play("engine", "software_package")


@pytest.fixture(scope="module")
def engine(workshop: Workshop) -> Run:
    for name, code in CODES.items():
        offer(workshop, name, code)
    playbook = assign(
        workshop,
        {
            "clean": {"software_package_product": "busy"},
            "dying": {"software_package_product": "failing"},
            "newer": {"software_package_product": "restarting"},
            "older": {"software_package_product": "owncloud", "software_package_state": "absent"},
            "broken": {"software_package_product": "norton", "software_package_state": "absent"},
        },
    )
    return workshop.run(
        playbook,
        variables={"software_package_busy_delay_seconds": 0, "software_package_busy_retries": 2},
    )


def test_a_missing_installer_stops_the_run_before_any_pc_is_touched(workshop: Workshop) -> None:
    before = workshop.snapshots()
    run = workshop.run(
        workshop.root / "playbooks" / "onboard.yml",
        variables={"custode_cache": str(workshop.root / "empty")},
    )
    assert run.code == 2
    said = "".join(str(found.get("msg", "")) for _, _, found in run.results)
    for file in ("NortonSetup.exe", "TeamViewer_Host.msi", "ownCloud-6.0.3.18040.x64.msi"):
        assert f"{file}: found no such file" in said
    assert workshop.snapshots() == before
    assert all(workshop.fleet.log(name) == [] for name in workshop.fleet.hosts)


def test_a_client_that_cannot_speak_to_the_server_is_refused(workshop: Workshop) -> None:
    catalog = workshop.root / "wrong_pin"
    catalog.mkdir()
    entry = yaml.safe_load((workshop.inventory / "catalog" / "owncloud.yml").read_text())
    (catalog / "owncloud.yml").write_text(yaml.safe_dump({**entry, "version": "7.1.0.19041"}))
    before = workshop.snapshots()
    run = workshop.run(
        workshop.play("pinned", "owncloud"),
        "--limit",
        "clean",
        variables={"owncloud_catalog": str(catalog)},
    )
    assert "pins ownCloud client 7.1.0.19041" in run.failure("clean")
    assert "which needs client 5 or 6: the backup would end" in run.failure("clean")
    assert workshop.snapshots() == before


def test_a_busy_windows_installer_is_asked_again_and_then_reported(engine: Run) -> None:
    attempts = engine.result("clean", "run | Run it")["attempts"]
    assert attempts == 3
    assert "ended with 1618: another installation is in progress" in engine.failure("clean")


def test_a_failing_installer_is_reported_in_words_and_leaves_no_copy(
    workshop: Workshop, engine: Run
) -> None:
    assert "ended with 1603: a fatal error during installation" in engine.failure("dying")
    assert workshop.fleet.host("dying").files.below(STAGING) == []


def test_a_wanted_restart_is_reported_and_not_made(engine: Run) -> None:
    judged = engine.result("newer", "run | Judge how it ended")
    assert judged["reboot_required"]
    assert judged["custode"]["restart_wanted"]
    assert engine.counts["newer"]["failures"] == 0


def test_a_product_can_be_removed(workshop: Workshop, engine: Run) -> None:
    assert engine.counts["older"]["failures"] == 0
    assert not workshop.fleet.host("older").files.exists(
        "C:\\Program Files\\ownCloud\\owncloud.exe"
    )


def test_what_only_a_person_can_remove_is_a_step_and_no_failure(
    workshop: Workshop, engine: Run
) -> None:
    opened = engine.result(
        "broken", "attended | Open the step of removing it, which only a person can finish"
    )
    told = opened["custode"]
    assert (told["kind"], told["product"], told["step"]) == ("step_opened", "norton", "remove")
    assert engine.counts["broken"] == {**engine.counts["broken"], "failures": 0, "changed": 0}
    files = workshop.fleet.host("broken").files
    assert files.exists("C:\\Program Files\\Norton\\Suite\\NortonSvc.exe")


def test_arguments_of_an_installer_are_hidden(engine: Run) -> None:
    shown = engine.result("newer", "run | Run it")
    assert "censored" in shown
    assert "invocation" not in shown


@pytest.fixture(scope="module")
def stopped(workshop: Workshop, engine: Run) -> Run:
    """Installers that must not be run, and one that waits for a click where nobody is."""
    del engine  # PCs have one product each at a time
    offer(workshop, "forged", signer="Somebody Else")
    offer(workshop, "unsigned", signer=None)
    offer(workshop, "hanging", hangs="Choose a folder")
    wanted = {"clean": "forged", "older": "unsigned", "dying": "hanging"}
    playbook = assign(workshop, {pc: {"software_package_product": p} for pc, p in wanted.items()})
    return workshop.run(playbook, "--limit", ",".join(wanted))


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("clean", "forged.msi is signed by Somebody Else; allowed: Maker"),
        ("older", "unsigned.msi bears no valid signature; allowed: Maker"),
    ],
)
def test_a_file_that_its_maker_did_not_sign_is_never_run(
    workshop: Workshop, stopped: Run, host: str, words: str
) -> None:
    assert words in stopped.failure(host)
    assert "win_package" not in {entry.get("ran") for entry in workshop.fleet.log(host)[-12:]}
    assert workshop.fleet.host(host).files.below(STAGING) == []


def test_an_installer_that_waits_for_ever_is_ended_on_the_pc_and_told(
    workshop: Workshop, stopped: Run
) -> None:
    ended = stopped.result("dying", "run | End what did not end by itself")
    assert (ended["ended"], ended["still_running"]) == (2, 0)
    assert "did not end within 3 s and was ended on the PC" in stopped.failure("dying")
    assert stopped.result("dying", "run | Judge how it ended")["custode_reason"]["kind"] == (
        "installer_hung"
    )
    host = workshop.fleet.host("dying")
    assert [process for process in host.processes if process.title == "Choose a folder"] == []
    assert host.files.below(STAGING) == []


def test_after_that_windows_installer_is_free_for_the_next(
    workshop: Workshop, stopped: Run
) -> None:
    assert stopped.counts["dying"]["failures"] == 1
    playbook = assign(workshop, {"dying": {"software_package_product": "restarting"}})
    run = workshop.run(playbook, "--limit", "dying")
    assert run.counts["dying"]["failures"] == 0


@pytest.fixture(scope="module")
def other_windows(workshop: Workshop, stopped: Run) -> tuple[Run, Run]:
    """A product for 64 bits on PCs whose Windows is another, or does not say: told, then tried."""
    del stopped
    offer(workshop, "wide")
    pcs = {"clean": "x86", "older": "ARM64", "dying": None, "broken": "AMD64"}
    key = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"
    for pc, value in pcs.items():
        registry = workshop.fleet.host(pc).registry
        registry.delete_value(key, "PROCESSOR_ARCHITECTURE")
        if value is not None:
            registry.set(key, "PROCESSOR_ARCHITECTURE", value)
    wanted = {"software_package_product": "wide", "software_package_state": "present"}
    playbook = assign(workshop, dict.fromkeys(pcs, wanted))
    limit = ("--limit", ",".join(pcs))
    return workshop.run(playbook, "--check", *limit), workshop.run(playbook, *limit)


@pytest.mark.parametrize(
    ("host", "kind", "words"),
    [
        ("clean", "architecture", "wide.msi is made for x64, and this Windows is x86."),
        ("older", "architecture", "wide.msi is made for x64, and this Windows is arm64."),
        ("dying", "architecture_unknown", "The architecture of this Windows is unknown"),
    ],
)
def test_an_installer_for_another_windows_is_refused_before_it_is_copied(
    workshop: Workshop, other_windows: tuple[Run, Run], host: str, kind: str, words: str
) -> None:
    for run in other_windows:
        assert words in run.failure(host)
        assert "Nothing was copied." in run.failure(host)
        reason = run.result(host, "state | Read what is installed")["custode_reason"]
        assert reason["kind"] == kind
        assert run.counts[host]["changed"] == 0
        assert "stage | Copy the installer" not in {
            task for task, pc, _ in run.results if pc == host
        }
    assert not workshop.fleet.host(host).files.exists("C:\\Program Files\\wide\\wide.exe")


def test_on_the_windows_that_it_is_made_for_it_is_installed(
    workshop: Workshop, other_windows: tuple[Run, Run]
) -> None:
    assert [run.counts["broken"]["failures"] for run in other_windows] == [0, 0]
    assert workshop.fleet.host("broken").files.exists("C:\\Program Files\\wide\\wide.exe")


def test_a_wanted_restart_is_made_by_the_playbook_within_the_agreed_hours_only(
    workshop: Workshop, stopped: Run
) -> None:
    del stopped
    offer(workshop, "heavy", 3010)
    assign(
        workshop,
        {"newer": {"software_package_product": "heavy", "software_package_state": "present"}},
    )
    onboard = yaml.safe_load((workshop.root / "playbooks" / "onboard.yml").read_text())
    play = onboard[0]
    play = {**play, "roles": ["software_package"], "post_tasks": play["post_tasks"][:2]}
    play.pop("pre_tasks", None)
    playbook = workshop.root / "playbooks" / "restarting.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    host = workshop.fleet.host("newer")
    boots = host.boots

    night = "2026-10-05T23:00:00+02:00"
    late = workshop.run(
        playbook,
        *("--limit", "newer", "--check"),
        variables={"onboard_restart": "in_window", "custode_at": night},
    )
    assert not late.result("newer", "Decide whether the PC may be restarted now")["restart"]
    left = workshop.run(playbook, "--limit", "newer")
    decided = left.result("newer", "Decide whether the PC may be restarted now")
    assert "left to the people at the PC" in decided["msg"]
    assert host.boots == boots

    host.files.remove("C:\\Program Files\\heavy")
    leave(host, {"product_code": code_of("heavy")})
    made = workshop.run(playbook, "--limit", "newer", variables={"onboard_restart": "in_window"})
    assert made.result("newer", "Restart the PC within the agreed hours")["rebooted"]
    assert host.boots == boots + 1
