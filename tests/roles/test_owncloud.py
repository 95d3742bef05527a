"""The backup client: which one may be installed, by what the server says of itself over HTTPS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.servers import HttpsServer, Reply
from tests.servers.owncloud import CLASSIC, HIDDEN, INFINITE_SCALE, OwncloudServer

from .conftest import Run, Workshop

pytestmark = pytest.mark.slow

PIN = "preflight | Check that the pinned client can speak to the server"


@pytest.fixture(scope="module")
def workshop(make_workshop: Callable[..., Workshop]) -> Workshop:
    return make_workshop("client", "backup_profiles")


@pytest.fixture
def owncloud() -> OwncloudServer:
    return OwncloudServer()


@pytest.fixture
def server(owncloud: OwncloudServer, tmp_path: Path) -> Iterator[HttpsServer]:
    with HttpsServer(owncloud, tmp_path) as running:
        yield running


def apply(
    workshop: Workshop, server: HttpsServer, *arguments: str, pin: str = "6.0.3.18040", **more: Any
) -> Run:
    """Run the role alone on one PC, with a pin, against a server."""
    catalog = workshop.root / f"pins-{pin}"
    catalog.mkdir(exist_ok=True)
    entry = yaml.safe_load((workshop.inventory / "catalog" / "owncloud.yml").read_text())
    (catalog / "owncloud.yml").write_text(yaml.safe_dump({**entry, "version": pin}))
    return workshop.run(
        workshop.play("backup_client", "owncloud"),
        *arguments,
        variables={
            "owncloud_catalog": str(catalog),
            "owncloud_server_ca_path": str(server.ca_path),
            "owncloud_server_product": "",
            "owncloud_server_url": server.address,
            **more,
        },
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (CLASSIC, "the server is ownCloud 10 (version 10.15.0.4 at https://127.0.0.1"),
        ({**CLASSIC, "maintenance": True}, "which needs client 5 or 6"),
        (HIDDEN, "The PC has ownCloud client 6.0.3.18040 and the catalog pins 7.1.0"),
        (None, "is none: it has no status.php"),
    ],
)  # fmt: skip
def test_a_pin_that_would_end_the_backup_is_refused_and_nothing_is_changed(
    workshop: Workshop,
    owncloud: OwncloudServer,
    server: HttpsServer,
    status: dict[str, Any] | None,
    words: str,
) -> None:
    if status is None:
        owncloud.faults["/status.php"] = lambda _: Reply(404, b"")
    else:
        owncloud.status = status
    before = workshop.snapshots()

    run = apply(workshop, server, "--limit", "well", pin="7.1.0.19041")

    assert 2 == run.code
    assert words in run.failure("well")
    assert before == workshop.snapshots()


@pytest.mark.parametrize("status", [CLASSIC, INFINITE_SCALE, HIDDEN, None])
def test_the_same_generation_is_kept_whatever_is_known_of_the_server(
    workshop: Workshop,
    owncloud: OwncloudServer,
    server: HttpsServer,
    status: dict[str, Any] | None,
) -> None:
    if status is None:
        owncloud.faults["/status.php"] = lambda _: Reply(503, b"")
    else:
        owncloud.status = status

    run = apply(workshop, server, "--limit", "well")

    assert 0 == run.code, run.output
    unsure = run.result("well", PIN).get("warnings", [])
    assert bool(unsure) is (status in (HIDDEN, None))


def test_a_pc_without_a_client_gets_none_on_a_guess(
    workshop: Workshop, owncloud: OwncloudServer, server: HttpsServer
) -> None:
    owncloud.faults["/status.php"] = lambda _: Reply(404, b"")

    run = apply(workshop, server, "--limit", "bare")
    assert "The PC has no ownCloud client and the catalog pins 6.0.3" in run.failure("bare")
    assert "say owncloud_server_product" in run.failure("bare")

    run = apply(workshop, server, "--limit", "bare", "--check", owncloud_server_product="classic")
    assert 0 == run.code, run.output
    assert run.changed("bare")
    assert ["/status.php"] == [request.path for request in server.requests]


def test_the_update_is_locked_in_both_spellings_and_a_second_run_changes_nothing(
    workshop: Workshop, server: HttpsServer
) -> None:
    before = workshop.snapshots()
    rehearsal = apply(workshop, server, "--limit", "shut", "--check", "--diff")
    assert before == workshop.snapshots()
    export, lock = "Export what stands there, or bring it back", "Set the policy values"
    assert [f"update_lock | {export}", f"update_lock | {lock}"] == rehearsal.changed("shut")

    assert 0 == apply(workshop, server, "--limit", "shut").code

    key = r"HKLM\SOFTWARE\Policies\ownCloud\ownCloud"
    registry = workshop.fleet.host("shut").registry
    assert 1 == registry.get(key, "skipUpdateCheck")
    assert 1 == registry.get(rf"{key}\Updater", "SkipUpdateCheck")
    assert [] == apply(workshop, server, "--limit", "shut").changed("shut")


def test_what_is_there_is_told_of_every_profile_and_names_nobody(
    workshop: Workshop, server: HttpsServer
) -> None:
    run = apply(workshop, server)

    told = {
        host: result["verification"]["aspects"]
        for task, host, result in run.results
        if "verification" in result
    }
    assert {"bare": False, "well": True, "shut": True} == {
        host: aspects["configured"]["value"] for host, aspects in told.items()
    }
    assert "2026-10-05T06:40:00Z" == told["well"]["last_sign_of_life"]["value"]
    assert (False, "not_applicable") == (
        told["well"]["running"]["value"], told["well"]["service"]["state"],
    )  # fmt: skip
    for name in ("pino.larice", "rosa.abete"):
        assert name not in run.output


def test_the_whole_run_stops_before_any_pc_is_touched(
    workshop: Workshop, server: HttpsServer
) -> None:
    entry = workshop.inventory / "catalog" / "owncloud.yml"
    kept = entry.read_text(encoding="utf-8")
    entry.write_text(yaml.safe_dump({**yaml.safe_load(kept), "version": "7.1.0.19041"}))
    logs = {name: len(workshop.fleet.log(name)) for name in workshop.fleet.hosts}
    try:
        run = workshop.run(
            workshop.root / "playbooks" / "onboard.yml",
            variables={
                "owncloud_server_ca_path": str(server.ca_path),
                "owncloud_server_product": "",
                "owncloud_server_url": server.address,
            },
        )
    finally:
        entry.write_text(kept, encoding="utf-8")

    assert 2 == run.code
    assert "which needs client 5 or 6: the backup would end" in run.output
    assert logs == {name: len(workshop.fleet.log(name)) for name in workshop.fleet.hosts}
