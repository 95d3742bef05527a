"""No secret of the vault leaves it: canaries planted for every role, searched for in every byte."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex

import pytest
import yaml
from tests.end_to_end.canaries import Watch, found_in, leaks
from tests.end_to_end.sandbox import BIN, REPOSITORY, Sandbox, copy_project, move_to

from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.installers import build_installers

pytestmark = pytest.mark.slow

OCTOBER = "2026-10-05T09:00:00+02:00"
SECRET = re.compile(r"\b\w*(?:password|passwd|secret|token|assignment_id|api_key)\w*\b")
SERVED, REFUSED, BARE = "direzione", "contabilita-1", "segreteria"


def secret_variables() -> set[str]:
    """Return the variables of roles that carry secrets: by name, and by what defaults refer to."""
    names: set[str] = set()
    for path in REPOSITORY.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            for name, option in entry["options"].items():
                if option["type"] != "str":
                    continue
                if SECRET.fullmatch(name) or option.get("no_log"):
                    names.add(name)
                names |= set(SECRET.findall(str(option.get("default", ""))))
    return names


def planted(name: str) -> str:
    # An assignment id has a form, and one that has it is accepted.
    return f"0001{token_hex(16)}==" if "assignment_id" in name else f"Canary-{token_hex(16)}"


@dataclass(frozen=True)
class Visited:
    """What is left of runs over PCs whose vault holds canaries.

    Attributes:
        sandbox: The project.
        canaries: The secrets by name.
        words: What the commands printed.
        watch: What was seen while they ran.
        pcs: Every byte of the PCs' models.
        temporary: Where the commands had their temporary files.
        skip: Where the secrets belong.
    """

    sandbox: Sandbox
    canaries: Mapping[str, str]
    words: Mapping[str, str]
    watch: Watch
    pcs: Mapping[str, bytes]
    temporary: Path
    skip: tuple[Path, ...]


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    root = tmp_path_factory.mktemp("secrets")
    sandbox = copy_project(root / "project")
    network = free_network()
    move_to(sandbox, network)
    state = sandbox.root / ".demo" / "winsim"
    build_installers("office", sandbox.root / ".demo" / "cache")
    temporary, key = root / "tmp", root / "vault_key"
    temporary.mkdir()
    canaries = {name: planted(name) for name in sorted(secret_variables())}
    canaries |= {"vault_key": planted("key"), "vault_only": planted("only")}
    canaries["refused"] = planted("refused")
    key.write_text(canaries["vault_key"], encoding="utf-8")
    environment = sandbox.environment(
        ANSIBLE_VAULT_PASSWORD_FILE=str(key), HOME=str(root / "home"), TMPDIR=str(temporary)
    )
    given = {
        name: value for name, value in canaries.items() if name not in {"refused", "vault_key"}
    }
    inventory = sandbox.root / "inventories" / "demo"
    vaults = (
        (inventory / "group_vars" / "all" / "vault.yml", given),
        (inventory / "host_vars" / REFUSED / "vault.yml", refusals(given, canaries["refused"])),
    )
    for path, values in vaults:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        run(["ansible-vault", "encrypt", str(path)], sandbox, environment)
    clock = datetime.fromisoformat(OCTOBER)
    with (
        Fleet(["office"], network=network, state=state, clock=clock) as fleet,
        Watch(canaries, temporary) as watch,
    ):
        loud = {**environment, "ANSIBLE_VERBOSITY": "3"}
        limit = f"{SERVED},{REFUSED}"
        command = ["custode", "onboard", "demo", "--at", OCTOBER, "--limit", limit]
        bare = ["ansible-playbook", "-vvv", "--diff", "-i", "inventories/demo"]
        bare += ["playbooks/onboard.yml", "--limit", BARE, "-e", f"custode_at={OCTOBER}"]
        words = {
            "custode": run(command, sandbox, loud),
            "ansible-playbook": run(bare, sandbox, environment),
            "check mode": run([*bare, "--check"], sandbox, environment),
        }
        pcs = {
            name: json.dumps(host.snapshot(), default=str).encode()
            + b"".join(file.data or b"" for file in host.files)
            for name, host in fleet.hosts.items()
        }
    skip = (key, *(path for path, _ in vaults))
    return Visited(sandbox, canaries, words, watch, pcs, temporary, skip)


def refusals(given: Mapping[str, str], value: str) -> dict[str, str]:
    """Return variables whose assignment id TeamViewer does not accept."""
    return {name: value for name in given if "assignment_id" in name}


def run(command: list[str], sandbox: Sandbox, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=sandbox.root,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    return done.stdout + done.stderr


def test_every_role_with_a_secret_is_covered(visited: Visited) -> None:
    assert {"teamviewer_assignment_id", "teamviewer_api_token"} <= set(visited.canaries)


def test_the_secrets_were_really_used(visited: Visited) -> None:
    words = visited.words["custode"] + visited.words["ansible-playbook"]
    assert "Decryption failed" not in words
    for name, text in visited.words.items():
        assert "PLAY RECAP" in text or name == "custode", text[-2000:]
    log = next((visited.sandbox.root / "reports" / "logs").rglob("*.log")).read_text()
    assert "assignment | Run TeamViewer's own command" in log
    assert "PLAY RECAP" in log
    assert "ESTABLISH WINRM CONNECTION" in log, "the run was not verbose"
    # The served PC was assigned with its canary, the other one was refused.
    assert b"8f0d2c61-5b7e-5a94-9c38-41d6e7a0b2f5" in visited.pcs[SERVED]
    assert b"8f0d2c61-5b7e-5a94-9c38-41d6e7a0b2f5" not in visited.pcs[REFUSED]


def test_no_command_prints_a_secret(visited: Visited) -> None:
    found = {
        name: found_in(text.encode(), visited.canaries) for name, text in visited.words.items()
    }
    assert found == {name: [] for name in visited.words}


def test_no_file_holds_a_secret(visited: Visited) -> None:
    """Journals, logs, store with every object of git, reports, the simulator's own log."""
    root = visited.sandbox.root.parent
    assert leaks(root, visited.canaries, skip=visited.skip) == []


def test_no_process_and_no_temporary_file_shows_a_secret(visited: Visited) -> None:
    assert visited.watch.samples > 50
    assert visited.watch.seen == set()


def test_what_ansible_runner_keeps_is_private_and_gone(visited: Visited) -> None:
    assert visited.watch.modes == {0o700}
    assert list(visited.temporary.iterdir()) == []


@pytest.mark.parametrize("pc", [SERVED, REFUSED, BARE])
def test_no_secret_stays_on_a_pc(visited: Visited, pc: str) -> None:
    assert found_in(visited.pcs[pc], visited.canaries) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    secret = {"s": planted("x")}
    store = tmp_path / "store"
    (tmp_path / "plain").write_text(f"before {secret['s']} after")
    (tmp_path / "wide").write_bytes(f"x{secret['s']}".encode("utf-16-le"))
    git = ["git", "-C", str(store), "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", "init", "-q", str(store)], check=True)
    (store / "gone").write_text(secret["s"])
    subprocess.run([*git, "add", "gone"], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    (store / "gone").unlink()
    assert leaks(tmp_path, secret) == ["plain: s", "wide: s", "store/.git: s"]
    waiting = [sys.executable, "-c", "import time; time.sleep(0.5)", secret["s"]]
    with Watch(secret, tmp_path / "none") as watch:
        subprocess.run(waiting, check=True)
    assert watch.seen == {"process: s"}
    encoded = b64encode(f"powershell -x {secret['s']} -y".encode("utf-16-le"))
    assert found_in(encoded, secret) == ["s"]
