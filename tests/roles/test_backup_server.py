"""The monthly visit hears the backup's server too, over real HTTPS; nobody is named anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.servers import HttpsServer, Reply
from tests.servers.owncloud import ADMINISTRATOR, CLASSIC, PASSWORD, OwncloudServer, user

from custode.edges.project import Project
from custode.flows.publish import publish

from .conftest import AT, Run, Workshop

pytestmark = pytest.mark.slow

SAM, MIA = "sam.canarino", "mia.cicogna@studio.example"
MONTHLY = "observe | Look once at everything the contract asks, and judge it"


@pytest.fixture(scope="module")
def workshop(make_workshop: Callable[..., Workshop]) -> Workshop:
    made = make_workshop("server", "backup_profiles")
    for name, who in (("well", [SAM]), ("shut", [MIA, "nobody.canary"])):
        folder = made.inventory / "host_vars"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yml").write_text(yaml.safe_dump({"owncloud_users": who}))
    return made


@pytest.fixture
def owncloud() -> OwncloudServer:
    seen = int(datetime.fromisoformat(AT).timestamp()) - 7200
    return OwncloudServer(
        users={SAM: user(last_login=seen), MIA: user(enabled=False, last_login=seen)}
    )


@pytest.fixture
def server(owncloud: OwncloudServer, tmp_path: Path) -> Iterator[HttpsServer]:
    with HttpsServer(owncloud, tmp_path) as running:
        yield running


def visit(
    workshop: Workshop,
    server: HttpsServer,
    *arguments: str,
    password: str = PASSWORD,
    url: str | None = None,
) -> Run:
    """Make the monthly visit of a client whose vault names an administrator of the server."""
    settings = {
        "owncloud_admin_user": ADMINISTRATOR,
        "owncloud_admin_password": password,
        "owncloud_server_url": server.address if url is None else url,
        "owncloud_server_ca_path": str(server.ca_path),
    }
    vault = workshop.inventory / "group_vars" / "all" / "vault.yml"
    vault.parent.mkdir(parents=True, exist_ok=True)
    vault.write_text(yaml.safe_dump(settings), encoding="utf-8")
    try:
        return workshop.run(
            workshop.root / "playbooks" / "monthly.yml", "--limit", "well,shut", *arguments
        )
    finally:
        vault.unlink()


def statements(run: Run) -> dict[str, Any]:
    return {
        host: result["custode"]["backup"]
        for task, host, result in run.results
        if task == MONTHLY and "custode" in result
    }


def confirmations(run: Run) -> dict[str, str]:
    return {
        host: finding["verdict"]
        for task, host, result in run.results
        if task == MONTHLY
        for finding in result["custode"]["findings"]
        if finding["rule"] == "backup_server_confirms"
    }


def test_both_sides_are_heard_and_nobody_is_named(workshop: Workshop, server: HttpsServer) -> None:
    before = workshop.snapshots()

    run = visit(workshop, server, "-vvv")

    assert 0 == run.code, run.output
    assert before == workshop.snapshots()
    told = statements(run)
    assert ("working", "confirms") == (told["well"]["state"], told["well"]["server"]["says"])
    assert ("broken", "user_disabled") == (told["shut"]["state"], told["shut"]["why"])
    assert {"well": "pass", "shut": "fail"} == confirmations(run)
    publish(Project(workshop.root), "workshop")
    written = [path.read_bytes() for path in sorted(workshop.root.rglob("*")) if _made(path)]
    everything = run.output.encode() + b"".join(written)
    assert b"user_disabled" in b"".join(written)
    for secret in (PASSWORD, ADMINISTRATOR, SAM, MIA, "nobody.canary", "Anna Canarino"):
        assert secret.encode() not in everything, secret


def _made(path: Path) -> bool:
    """Tell whether a run made a file: the inventory is the technician's, profiles are the PCs'."""
    parts = set(path.parts)
    return path.is_file() and not parts & {"host_vars", "profiles", "cache", "winsim", ".git"}


def test_without_an_administrator_the_server_is_asked_nothing(
    workshop: Workshop, server: HttpsServer
) -> None:
    run = workshop.run(workshop.root / "playbooks" / "monthly.yml", "--limit", "well,shut")

    assert {"well": "not_applicable", "shut": "not_applicable"} == confirmations(run)
    assert {"working"} == {told["state"] for told in statements(run).values()}
    assert [] == server.requests


@pytest.mark.parametrize(
    ("change", "told", "words"),
    [
        ("maintenance", ("working", "out_of_service"), "is in maintenance: nobody can synchronise"),
        ("password", ("unknown", "unknown"), "does not know the administrator"),
        ("gone", ("unknown", "unknown"), "is none: it has no status.php"),
    ],
)
def test_a_server_that_cannot_tell_fails_no_pc_and_is_said(  # noqa: PLR0917 - three are fixtures
    workshop: Workshop,
    owncloud: OwncloudServer,
    server: HttpsServer,
    change: str,
    told: tuple[str, str],
    words: str,
) -> None:
    if change == "maintenance":
        owncloud.status = {**CLASSIC, "maintenance": True}
    if change == "gone":
        owncloud.faults["/status.php"] = lambda _: Reply(404, b"")

    run = visit(workshop, server, password="wrong" if change == "password" else PASSWORD)

    assert 0 == run.code, run.output
    assert {told} == {(one["state"], one["server"]["says"]) for one in statements(run).values()}
    assert {"unknown"} == set(confirmations(run).values())
    assert words in run.result("well", "server | Say what it could not tell")["msg"]
    working = [
        finding["verdict"]
        for task, _, result in run.results
        if task == MONTHLY
        for finding in result["custode"]["findings"]
        if finding["rule"] == "owncloud_synced_recently"
    ]
    assert ["pass", "pass"] == working


def test_an_address_without_https_is_refused_in_words(
    workshop: Workshop, server: HttpsServer
) -> None:
    run = visit(workshop, server, url="http://cloud.example")

    said = run.result("well", "server | Say what it could not tell")["msg"]
    assert "allowed: one with https://" in said
    assert PASSWORD not in run.output
