"""`custode connect`: the number and the link from the last proof, and what the web API adds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from tests.servers import HttpsServer
from tests.servers.teamviewer import BASE_PATH, TOKEN, TeamViewerApi, contact

from custode.cli import main
from custode.edges.project import Project

from .conftest import CLIENT, NOVEMBER, OCTOBER, Event, Office

ROOT = Path(__file__).resolve().parents[2]
KEY = "HKLM\\SOFTWARE\\TeamViewer"
PROGRAM = "%ProgramFiles%\\TeamViewer\\TeamViewer.exe"
PC = 1512345678


@dataclass(frozen=True)
class Desk(Office):
    """The office as a whole project, with an inventory that `custode` reads."""

    @property
    def project(self) -> Any:
        return Project(self.root)

    def looked(self, host: str, at: str, facts: Mapping[str, Any]) -> Event:
        """Return a look that read TeamViewer as told."""
        event = self.seen(host, at)
        event["payload"]["facts"].update(facts)
        return event


@dataclass(frozen=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


Ask = Callable[..., Told]


@pytest.fixture
def ask(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return what runs `custode` in the office's project."""
    monkeypatch.chdir(desk.root)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)

    def run(*arguments: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["custode", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Told(int(ended.value.code or 0), said.out, said.err)

    return run


def teamviewer(client_id: int | None, *, assigned: bool = True) -> dict[str, Any]:
    """Return what a PC with TeamViewer Host answers."""
    registered = {"key": KEY, "InstallationDirectory": "C:\\Program Files\\TeamViewer"}
    managed = {"key": f"{KEY}\\DeviceManagementV2", "ManagementId": "2c3e0346"}
    return {
        "installed_software": {"rows": [{"DisplayName": "TeamViewer Host"}]},
        "teamviewer_registration": {"rows": [{**registered, "ClientID": client_id}]},
        "teamviewer_programs": {"rows": [{"path": PROGRAM, "exists": True}]},
        "teamviewer_management": {"rows": [managed] if assigned else []},
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    demo = yaml.safe_load((ROOT / "inventories/demo/contract.yml").read_text(encoding="utf-8"))
    (tmp_path / "ansible.cfg").touch()
    (tmp_path / "playbooks").mkdir()
    folder = tmp_path / "inventories" / CLIENT
    folder.mkdir(parents=True)
    office = Desk(tmp_path)
    contract = {
        **demo,
        "client": {**demo["client"], "id": CLIENT},
        "devices": {name: {"kind": "desktop"} for name in office.devices},
    }
    (folder / "contract.yml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    hosts = {"all": {"hosts": {name: {"ansible_host": "192.0.2.1"} for name in office.devices}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    return office


@pytest.fixture
def seen(desk: Desk) -> Desk:
    """Return the office after one visit: an assigned PC, one that is not, one not reached."""
    desk.visit(
        "onboard",
        OCTOBER,
        desk.looked("desk", OCTOBER, teamviewer(PC)),
        desk.looked("front", OCTOBER, teamviewer(4294967295, assigned=False)),
        desk.unreachable("laptop"),
    )
    desk.publish()
    return desk


@pytest.mark.usefixtures("seen")
def test_it_prints_the_number_and_the_link(ask: Ask) -> None:
    done = ask("connect", CLIENT, "desk")

    assert done.out == (
        "desk: TeamViewer ID 1 512 345 678\n"
        "  https://start.teamviewer.com/1512345678\n"
        "  TeamViewer Host, assigned; as seen on 2026-10-05 09:00\n"
    )
    assert (done.code, done.err) == (0, "")


@pytest.mark.usefixtures("seen")
def test_it_says_when_a_pc_is_not_assigned(ask: Ask) -> None:
    done = ask("connect", CLIENT, "front")

    assert "https://start.teamviewer.com/4294967295\n" in done.out
    assert "TeamViewer Host, not assigned;" in done.out


def test_the_number_is_printed_where_the_assignment_is_not_known(ask: Ask, desk: Desk) -> None:
    denied = {"teamviewer_management": {"error": {"kind": "access_denied", "message": "x"}}}
    desk.visit("monthly", OCTOBER, desk.looked("desk", OCTOBER, {**teamviewer(PC), **denied}))
    desk.publish()

    done = ask("connect", CLIENT, "desk")

    assert done.code == 0
    assert "1 512 345 678" in done.out
    assert "TeamViewer Host, assignment not known;" in done.out


@pytest.mark.usefixtures("seen")
def test_a_machine_may_read_it(ask: Ask) -> None:
    done = ask("connect", CLIENT, "desk", "--json")

    assert json.loads(done.out) == {
        "assigned": True,
        "client": CLIENT,
        "edition": "host",
        "link": "https://start.teamviewer.com/1512345678",
        "pc": "desk",
        "seen_at": OCTOBER,
        "shared_with": [],
        "teamviewer_id": PC,
    }


@pytest.mark.parametrize(
    ("pc", "words"),
    [
        ("desks", "sample has no PC 'desks'\nnext:  did you mean `desk`?\n"),
        ("zzz", "sample has no PC 'zzz'\nnext:  its PCs are: desk, front, laptop\n"),
        (
            "laptop",
            "no TeamViewer ID of laptop is on record: no visit has looked at its TeamViewer yet\n"
            "next:  run `custode onboard sample --limit laptop`\n",
        ),
    ],
)
@pytest.mark.usefixtures("seen")
def test_a_pc_without_a_number_is_one_clear_error(ask: Ask, pc: str, words: str) -> None:
    done = ask("connect", CLIENT, pc)

    assert (done.code, done.out, done.err) == (2, "", f"error: {words}")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "that visit did not read TeamViewer's ID on 2026-10-05T07:00:00Z"),
        (teamviewer(None), "TeamViewer had no ID yet on 2026-10-05T07:00:00Z"),
        (
            {
                **teamviewer(PC),
                "teamviewer_registration": {"rows": []},
                "teamviewer_programs": {"rows": []},
            },
            "TeamViewer was not installed on 2026-10-05T07:00:00Z",
        ),
        (
            {
                **teamviewer(PC),
                "teamviewer_registration": {"error": {"kind": "access_denied", "message": "x"}},
            },
            "its TeamViewer could not be read: access_denied on 2026-10-05T07:00:00Z",
        ),
    ],
    ids=["not read", "no number", "not installed", "denied"],
)
def test_why_there_is_no_number_is_said(
    ask: Ask, desk: Desk, facts: dict[str, Any], words: str
) -> None:
    desk.visit("monthly", OCTOBER, desk.looked("desk", OCTOBER, facts))
    desk.publish()

    done = ask("connect", CLIENT, "desk")

    assert done.code == 2
    assert f"error: no TeamViewer ID of desk is on record: {words}\n" in done.err


def test_before_the_first_visit_there_is_nothing_to_print(ask: Ask) -> None:
    done = ask("connect", CLIENT, "desk")

    assert (done.code, done.out) == (4, "")
    assert "nothing was published for sample yet" in done.err


def test_the_last_look_at_the_software_counts(ask: Ask, seen: Desk) -> None:
    seen.visit("monthly", NOVEMBER, seen.looked("desk", NOVEMBER, teamviewer(1600000000)))
    december = "2026-12-14T08:00:00Z"
    hardware = seen.seen("desk", december, scopes=("hardware",))
    seen.visit("inspect", december, hardware, scopes=["hardware"])
    seen.publish()

    done = ask("connect", CLIENT, "desk")

    assert "ID 1 600 000 000\n" in done.out
    assert "as seen on 2026-11-09 09:00\n" in done.out


def test_a_number_of_two_pcs_is_never_printed_as_if_it_were_one_s(ask: Ask, desk: Desk) -> None:
    looks = [desk.looked(name, OCTOBER, teamviewer(PC)) for name in ("desk", "laptop")]
    desk.visit("monthly", OCTOBER, *looks)
    desk.publish()

    done = ask("connect", CLIENT, "desk")
    told = json.loads(ask("connect", CLIENT, "desk", "--json").out)
    status = ask("status", CLIENT)
    machine = json.loads(ask("status", CLIENT, "--json").out)

    assert done.code == 1
    assert "Careful: laptop showed the same ID (a cloned disk)." in done.out
    assert told["shared_with"] == ["laptop"]
    assert "desk and laptop have the same TeamViewer ID, 1512345678" in status.out
    assert machine["shared_teamviewer_ids"] == {"1512345678": ["desk", "laptop"]}


# --- the web API ---------------------------------------------------------------------------------


@pytest.fixture
def api() -> TeamViewerApi:
    return TeamViewerApi(contacts=[contact(PC, "Offline", "2026-10-05T06:58:11Z")])


@pytest.fixture
def entrusted(seen: Desk, api: TeamViewerApi) -> Iterator[Desk]:
    """Return the office with a token in its vault, and an API that knows it."""
    folder = seen.root / "inventories" / CLIENT / "group_vars" / "all"
    folder.mkdir(parents=True)
    with HttpsServer(api, seen.root) as server:
        vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"open-sesame"))])
        secret = vault.encrypt(yaml.safe_dump({"vault_teamviewer_api_token": TOKEN}))
        (folder / "vault.yml").write_bytes(secret)
        settings = {
            "teamviewer_api_ca_path": str(server.ca_path),
            "teamviewer_api_token": "{{ vault_teamviewer_api_token }}",
            "teamviewer_api_url": f"{server.address}{BASE_PATH}",
        }
        (folder / "teamviewer.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        (seen.root / "password").write_text("open-sesame\n", encoding="utf-8")
        yield seen


def look_up(desk: Desk, *arguments: str, vault: bool = True) -> Told:
    """Look a PC up in a process of its own: Ansible opens a vault once in a process."""
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    if vault:
        environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(desk.root / "password")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "custode"), "connect", CLIENT, *arguments, "--lookup"],
        cwd=desk.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert TOKEN not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def asked(entrusted: Desk) -> Ask:
    """Return what looks a PC up with the vault opened."""

    def run(pc: str = "desk", *more: str) -> Told:
        return look_up(entrusted, pc, *more)

    return run


def test_it_asks_when_teamviewer_last_saw_the_pc(asked: Ask) -> None:
    done = asked()

    assert done.code == 0, done.err
    assert done.out.endswith("  offline; TeamViewer last saw it on 2026-10-05 08:58\n")


def test_what_the_web_api_says_is_there_for_a_machine_too(asked: Ask) -> None:
    told = json.loads(asked("desk", "--json").out)

    assert told["presence"] == {"online": False, "last_seen": "2026-10-05T06:58:11Z"}


def test_it_says_that_a_pc_is_online(asked: Ask, api: TeamViewerApi) -> None:
    api.contacts = [contact(PC, "Online")]

    assert asked().out.endswith("  online now\n")


def test_it_says_that_the_account_does_not_have_the_pc(asked: Ask) -> None:
    assert "TeamViewer's account does not have this PC\n" in asked("front").out


def test_a_web_api_that_refuses_takes_nothing_away(asked: Ask, api: TeamViewerApi) -> None:
    api.token = "another"  # the token was withdrawn

    done = asked()

    assert done.code == 4
    assert "https://start.teamviewer.com/1512345678\n" in done.out
    assert done.err.splitlines()[0] == ("error: TeamViewer's web API does not know the token (401)")


def test_a_vault_that_stays_closed_is_said(entrusted: Desk) -> None:
    done = look_up(entrusted, "desk", vault=False)

    assert done.code == 2
    assert "no vault secrets found" in done.err
    assert "next:  set ANSIBLE_VAULT_PASSWORD_FILE" in done.err


def test_a_name_that_is_not_in_the_vault_is_said(entrusted: Desk, asked: Ask) -> None:
    path = entrusted.root / "inventories" / CLIENT / "group_vars" / "all" / "teamviewer.yml"
    path.write_text("teamviewer_api_token: '{{ vault_other }}'\n", encoding="utf-8")

    done = asked()

    assert done.code == 2
    assert "'vault_other' is undefined" in done.err


def test_without_a_token_nothing_is_asked(seen: Desk) -> None:
    done = look_up(seen, "desk", vault=False)

    assert done.code == 2
    assert "error: teamviewer_api_token is not set for desk\n" in done.err
    assert "put a script token into the vault" in done.err
