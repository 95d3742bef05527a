"""A PC full of names, addresses, documents and networks: none of them is in any byte that a visit leaves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from tests.end_to_end.canaries import Watch, found_in, leaks
from tests.end_to_end.sandbox import BIN, Sandbox, copy_project, move_to

from custode.core.probes import NOT_OF_THE_PC
from custode.core.register import month_register
from custode.edges.policies import load_policies
from winsim.addresses import free_network
from winsim.fleet import Fleet
from winsim.installers import build_installers
from winsim.modules import readable as on_the_pc

pytestmark = pytest.mark.slow

PROFILE = Path(__file__).resolve().parents[2] / "src" / "winsim" / "profiles" / "canary"
PC = "canary"
ONBOARDED, VISITED = "2026-10-05T09:00:00+02:00", "2026-11-09T09:00:00+01:00"
WORDS = yaml.safe_load((PROFILE / PC / "must_not_leak.yml").read_text(encoding="utf-8"))
CANARIES = {word: word for word in WORDS} | {
    f"{word}, in lower case": word.lower() for word in WORDS
}
WI_FI = "Casa Zuccacanarino 5G"
KEY = r"hklm\software\microsoft\windows nt\currentversion\networklist\profiles"


@dataclass(frozen=True)
class Visited:
    """What visits left behind.

    Attributes:
        root: The folder of everything: project, home, temporary files.
        sandbox: The project.
        words: What each command printed, by name.
        watch: What was seen while they ran.
        asked: What the PC was asked for, in order.
    """

    root: Path
    sandbox: Sandbox
    words: Mapping[str, str]
    watch: Watch
    asked: tuple[str, ...]

    @property
    def leaked(self) -> list[str]:
        """Return each place where something of the PC came to light."""
        told = [
            f"{name}: {word}"
            for name, text in self.words.items()
            for word in found_in(text.encode(), CANARIES)
        ]
        return [*told, *leaks(self.root, CANARIES), *sorted(self.watch.seen)]


def project(root: Path, network: str) -> Sandbox:
    """Make a project whose only client is an office with this one PC."""
    sandbox = copy_project(root / "project")
    move_to(sandbox, network)
    inventory = sandbox.root / "inventories" / "demo"
    hosts = {"all": {"hosts": {PC: {"ansible_host": network.removesuffix("0/24") + "21"}}}}
    (inventory / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    contract = yaml.safe_load((inventory / "contract.yml").read_text(encoding="utf-8"))
    contract["devices"] = {PC: {"kind": "desktop"}}
    (inventory / "contract.yml").write_text(yaml.safe_dump(contract), encoding="utf-8")
    build_installers("office", sandbox.root / ".demo" / "cache")
    return sandbox


def visit(
    root: Path,
    commands: Mapping[str, tuple[str, ...]],
    *,
    prepare: Callable[[Sandbox], None] = lambda _: None,
    **environment: str,
) -> Visited:
    """Run commands against the PC, by name, each with the moment of the PC's clock before it."""
    network = free_network()
    sandbox = project(root, network)
    prepare(sandbox)
    # The simulator's own state is the PC's: only what the commands leave is looked through.
    state = root.parent / f"{root.name}-simulator"
    (sandbox.root / ".demo" / "winsim").symlink_to(state)
    temporary = root / "tmp"
    temporary.mkdir()
    known = {"HOME": str(root / "home"), "TMPDIR": str(temporary)}
    words = {}
    clock = datetime.fromisoformat(ONBOARDED)
    with (
        Fleet([PROFILE], network=network, state=state, clock=clock) as fleet,
        Watch(CANARIES, temporary) as watch,
    ):
        for name, (at, *command) in commands.items():
            fleet.set_clock(datetime.fromisoformat(at))
            done = subprocess.run(
                [str(BIN / command[0]), *command[1:]],
                cwd=sandbox.root,
                # As loud as `-vvv`; from a level on, Ansible's connection itself prints answers.
                env=sandbox.environment(
                    **known,
                    **environment,
                    ANSIBLE_VERBOSITY="0" if "-vvv" in command else "3",
                ),
                capture_output=True,
                text=True,
                check=False,
                timeout=500,
            )
            words[name] = done.stdout + done.stderr
        asked = tuple(str(entry["ran"]) for entry in fleet.log(PC) if "ran" in entry)
    return Visited(root, sandbox, words, watch, asked)


def custode(verb: str, at: str, *options: str) -> tuple[str, ...]:
    return (at, "custode", verb, "demo", "--at", at, *options)


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    """A whole onboarding and a monthly visit, as loud as they can be; and each way to look again."""
    bare = ("ansible-playbook", "-vvv", "--diff", "-i", "inventories/demo", "playbooks/onboard.yml")
    commands = {
        "onboard": custode("onboard", ONBOARDED),
        "rehearsal": (ONBOARDED, *bare, "--check", "-e", f"custode_at={ONBOARDED}"),
        "monthly": custode("monthly", VISITED, "--json"),
        "probe": (VISITED, "custode", "probe", "demo", PC, "--explain", "--at", VISITED),
        "status": (VISITED, "custode", "status", "demo"),
        "report": (VISITED, "custode", "report", "demo", "--language", "en", "--format", "html"),
        "privacy": (VISITED, "custode", "privacy", "demo"),
    }
    return visit(tmp_path_factory.mktemp("privacy"), commands)


def record(visited: Visited, verb: str) -> dict[str, object]:
    (path,) = (visited.sandbox.store / "runs").glob(f"*-{verb}.json")
    data: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))["hosts"][PC]
    return data


def test_the_visits_really_read_and_changed_the_pc(visited: Visited) -> None:
    log = next((visited.sandbox.root / "reports" / "logs").rglob("*-onboard.log")).read_text()

    assert "ESTABLISH WINRM CONNECTION" in log, "the run was not verbose"
    assert "PLAY RECAP" in visited.words["rehearsal"]
    assert {"fleet_probe", "fleet_cleanup", "ansible.windows.win_package"} <= set(visited.asked)
    assert record(visited, "monthly")["outcome"] == "observed", visited.words["monthly"]
    assert len(record(visited, "monthly")["read"]) > 60  # type: ignore[arg-type]
    for verb in ("probe", "status", "report", "privacy"):
        assert "Traceback" not in visited.words[verb]
        assert len(visited.words[verb].splitlines()) > 5, visited.words[verb]


def test_nothing_of_a_person_is_in_any_byte(visited: Visited) -> None:
    """Journals, logs, what ansible-runner kept, store with every object of git, reports, terminal."""
    assert visited.watch.samples > 50
    assert visited.leaked == []


def test_what_was_read_stands_in_the_report(visited: Visited) -> None:
    """Every probe that looked at the PC, of each kind, is in the register of its month."""
    run = json.loads(next((visited.sandbox.store / "runs").glob("*-onboard.json")).read_text())
    listed = {probe for entry in month_register([run]) for probe in entry["probes"]}
    report = (visited.sandbox.store / "reports/2026-10/report.en.html").read_text(encoding="utf-8")
    probes = load_policies(visited.sandbox.root / "policies").probes.values()
    of_a_desktop = {p.id for p in probes if p.kind not in NOT_OF_THE_PC and not p.device_kinds}

    assert of_a_desktop <= listed
    # What is asked about programs before and after they are installed.
    assert {"installer_signer", "product_files", "uninstall_entries"} <= listed
    assert all(
        place.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
        in report
        for entry in run["register"]
        for place in entry["target"].split("; ")
    )


def wi_fi_policy(sandbox: Sandbox) -> None:
    """Add a probe that reads names of networks, and let a rule need it."""
    probes, rules = (sandbox.root / "policies" / name for name in ("probes", "rules"))
    probe = yaml.safe_load((probes / "autorun.yml").read_text(encoding="utf-8"))
    shown = {"key": r"HKLM\Profiles\{1}", "ProfileName": "Office"}
    probe |= {"id": "network_names", "keys": [KEY], "subkeys": True, "values": ["ProfileName"]}
    probe["examples"] = [{"values": "synthetic", "shape": "one network", "rows": [shown]}]
    (probes / "network_names.yml").write_text(yaml.safe_dump(probe), encoding="utf-8")
    rule = yaml.safe_load((rules / "autorun_limited.yml").read_text(encoding="utf-8"))
    rule["needs"].append("network_names")
    rule["observed"]["names"] = "facts.network_names | map(attribute='ProfileName') | list"
    for example in (example for examples in rule["examples"].values() for example in examples):
        example["facts"]["network_names"] = []
    (rules / "autorun_limited.yml").write_text(yaml.safe_dump(rule), encoding="utf-8")


WEAKER = f"""
from custode.core import readable
readable.REGISTRY_VALUES = {{**readable.REGISTRY_VALUES, {KEY + chr(92) + "*"!r}: "profilename"}}
"""


@pytest.mark.parametrize(
    ("controller", "pc"), [(False, False), (True, False), (True, True)], ids=str
)
def test_only_a_guard_that_is_weakened_on_both_sides_lets_a_name_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, controller: bool, pc: bool
) -> None:
    root, patch = tmp_path / "visit", tmp_path / "patch"
    root.mkdir()
    patch.mkdir()
    if controller:
        (patch / "sitecustomize.py").write_text(WEAKER, encoding="utf-8")
    if pc:
        weaker = {**on_the_pc.REGISTRY_VALUES, f"{KEY}\\*": "profilename"}
        monkeypatch.setattr(on_the_pc, "REGISTRY_VALUES", weaker)
    monthly = {"monthly": custode("monthly", VISITED)}

    left = visit(root, monthly, prepare=wi_fi_policy, PYTHONPATH=str(patch))

    if not controller:
        words = " ".join(left.words["monthly"].split())
        assert "a probe that the privacy guard refuses (KeyNotListed)" in words
        assert left.asked == ()
    else:
        facts = json.loads((left.sandbox.store / f"devices/{PC}/facts.json").read_text())["facts"]
        refused = {"error": {"kind": "refused", "message": "KeyNotListed"}}
        assert (facts["network_names"] == refused) == (not pc)
    # The same search as above: it finds the name as soon as it is let out.
    assert any(WI_FI in line for line in left.leaked) == pc
    assert (left.leaked == []) == (not pc)
