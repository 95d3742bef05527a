"""Publishing: each observation once, whatever is killed, repeated, late or out of order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from custode.core.errors import ExitCode, StoreError, UsageError
from custode.core.fleet import Fleet, Summary, fleet_at
from custode.core.store_layout import load_ledger
from custode.core.verification import known
from custode.edges.store import recorded_identity
from custode.flows.status import read_status

OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"
ONBOARD = "20261005T070000Z-onboard"
MONTHLY = "20261109T080000Z-monthly"

Office = Any


def onboard(office: Office, **desk: Any) -> Any:
    return office.visit(
        "onboard",
        OCTOBER,
        office.seen("desk", OCTOBER, **desk),
        office.seen("front", OCTOBER),
        office.unreachable("laptop"),
    )


def monthly(office: Office, **desk: Any) -> Any:
    return office.visit(
        "monthly",
        NOVEMBER,
        office.seen("desk", NOVEMBER, **desk),
        office.seen("front", NOVEMBER),
        office.unreachable("laptop"),
    )


def stored(office: Office, path: str) -> Any:
    return json.loads(office.store.read()[path])


def subjects(office: Office) -> list[str]:
    command = ["git", "-C", str(office.store.folder), "log", "--reverse", "--format=%s"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def entries(office: Office, device: str) -> list[str]:
    return [line["entry"] for line in load_ledger(office.store.read(), device)]


def test_each_run_is_one_commit_named_after_what_it_found(office: Office) -> None:
    onboard(office)
    monthly(office, disk="fail")

    published = office.publish()

    assert [item.run_id for item in published] == [ONBOARD, MONTHLY]
    assert subjects(office) == [
        "onboard 2026-10: 3 PCs, 2 stand, 0 fail, 1 not seen",
        "monthly 2026-11: 3 PCs, 1 stand, 1 fail, 1 not seen",
    ]


def test_how_a_product_stands_is_stored_for_each_pc_without_what_moves(office: Office) -> None:
    told = {"version": known("26.8"), "last_sign_of_life": known(OCTOBER)}
    seen = office.verified("desk", OCTOBER, product="norton", **told)
    office.visit("onboard", OCTOBER, office.seen("desk", OCTOBER), seen)

    office.publish()

    norton = stored(office, "devices/desk/software.json")["products"]["norton"]
    assert norton["title"] == "Norton"
    assert norton["aspects"]["version"] == {"state": "known", "value": "26.8", "why": ""}
    assert norton["aspects"]["running"]["state"] == "unknown"
    assert "last_sign_of_life" not in norton["aspects"]
    verified = stored(office, f"runs/{ONBOARD}.json")["hosts"]["desk"]["verified"]
    assert verified["norton"]["aspects"]["last_sign_of_life"]["value"] == OCTOBER


def test_a_late_run_does_not_overwrite_how_a_product_stood_after_it(office: Office) -> None:
    newer = office.verified("desk", NOVEMBER, product="norton", version=known("26.8"))
    older = office.verified("desk", OCTOBER, product="norton", version=known("22.1"))
    other = office.verified("desk", OCTOBER, product="owncloud", version=known("6.0.3"))
    office.visit("monthly", NOVEMBER, newer)
    office.publish()
    office.visit("onboard", OCTOBER, older, other)

    office.publish()

    products = stored(office, "devices/desk/software.json")["products"]
    assert products["norton"]["aspects"]["version"]["value"] == "26.8"
    assert products["owncloud"]["aspects"]["version"]["value"] == "6.0.3"


def test_publishing_again_changes_nothing(office: Office) -> None:
    onboard(office)
    office.publish()
    before = office.store.head()

    assert [item.commit for item in office.publish()] == [None]
    assert office.store.head() == before


def test_the_same_journals_make_the_same_commits(office: Office, tmp_path: Path) -> None:
    twin = type(office)(tmp_path / "twin")
    for each in (office, twin):
        onboard(each)
        monthly(each)
        each.publish()

    assert office.store.head() == twin.store.head()


def test_an_unchanged_pc_gives_an_empty_diff(office: Office) -> None:
    onboard(office, free=1000)
    office.publish()
    before = office.store.read()
    monthly(office, free=555)
    office.publish()
    after = office.store.read()

    changed = {path for path in after if before.get(path) != after[path]}
    assert not any(path.startswith("devices/desk/") for path in changed)
    volatile = stored(office, f"runs/{MONTHLY}.json")["hosts"]["desk"]["volatile"]
    assert volatile == {"disk": [{"DeviceID": "C:", "FreeSpace": 555}]}


def test_a_pc_that_is_away_keeps_its_last_facts_and_gets_a_missed_attempt(office: Office) -> None:
    office.visit("onboard", OCTOBER, *(office.seen(name, OCTOBER) for name in office.devices))
    office.publish()
    before = office.store.read()["devices/laptop/facts.json"]
    monthly(office)
    office.publish()

    assert office.store.read()["devices/laptop/facts.json"] == before
    line = load_ledger(office.store.read(), "laptop")[-1]
    assert (line["entry"], line["run_id"], line["reason"]["kind"]) == ("missed", MONTHLY, "offline")


def test_interventions_and_open_steps_are_in_the_ledger(office: Office) -> None:
    office.visit(
        "onboard",
        OCTOBER,
        {"event": "changed", "host": "desk", "role": "owncloud", "task": "Install"},
        {"event": "step_opened", "host": "desk", "product": "owncloud", "step": "sign_in"},
        office.seen("desk", OCTOBER, backup="unknown"),
    )
    office.publish()

    assert entries(office, "desk") == ["identity", "intervention", "attended_step"]
    (desk,) = [pc for pc in fleet_at(office.store.read()).pcs if pc.name == "desk"]
    assert [step["product"] for step in desk.open_steps] == ["owncloud"]


def test_an_open_step_is_closed_by_the_service_seen_working(office: Office) -> None:
    office.visit(
        "onboard",
        OCTOBER,
        {"event": "step_opened", "host": "desk", "product": "owncloud", "step": "sign_in"},
        office.seen("desk", OCTOBER, backup="unknown"),
    )
    monthly(office)
    office.publish()

    (desk,) = [pc for pc in fleet_at(office.store.read()).pcs if pc.name == "desk"]
    assert desk.open_steps == []


def test_a_rehearsal_publishes_what_it_saw_and_no_change(office: Office) -> None:
    office.visit(
        "onboard",
        OCTOBER,
        {"event": "changed", "host": "desk", "role": "owncloud", "task": "Install"},
        {"event": "step_opened", "host": "desk", "product": "norton", "step": "install"},
        office.seen("desk", OCTOBER, backup="absent"),
        office.unreachable("laptop"),
        check_mode=True,
    )
    office.publish()

    desk = stored(office, f"runs/{ONBOARD}.json")["hosts"]["desk"]
    assert (desk["changed"], desk["attended"]) == ([], [])
    assert desk["would_change"] == [{"role": "owncloud", "task": "Install"}]
    assert entries(office, "desk") == ["identity"]
    assert entries(office, "laptop") == []
    assert "(check)" in subjects(office)[0]


def test_an_older_run_that_comes_late_does_not_overwrite_newer_facts(
    office: Office, tmp_path: Path
) -> None:
    onboard(office, size=1, disk="pass")
    monthly(office, size=2, disk="fail", antivirus="absent")
    office.publish(MONTHLY)
    newer = office.store.read()

    office.publish(ONBOARD)
    late = office.store.read()

    assert late["devices/desk/facts.json"] == newer["devices/desk/facts.json"]
    assert late["devices/desk/findings.json"] == newer["devices/desk/findings.json"]
    ordered = type(office)(tmp_path / "ordered")
    onboard(ordered, size=1, disk="pass")
    monthly(ordered, size=2, disk="fail", antivirus="absent")
    ordered.publish()
    in_order = ordered.store.read()
    assert {path for path in late if "ledger" not in path} == {
        path for path in in_order if "ledger" not in path
    }
    # Only the order in which things became known differs: that is what a ledger keeps.
    differing = {path for path in late if late[path] != in_order[path]}
    assert all("ledger" in path or path.startswith("reports/") for path in differing)


def test_late_evidence_is_told_in_the_ledger_without_unwriting_it(office: Office) -> None:
    first = "2026-10-20T07:00:00Z"
    onboard(office)
    monthly(office, antivirus="absent")
    office.publish()
    office.visit("monthly", first, office.seen("desk", first, antivirus="absent"))
    office.publish()

    ledger = load_ledger(office.store.read(), "desk")
    told = [
        (line["entry"], line.get("to"), line["at"])
        for line in ledger
        if line["entry"] in {"identity", "retold", "state"}
    ]
    assert told == [
        ("identity", None, OCTOBER),
        ("state", "valid", OCTOBER),
        ("state", "at_risk", NOVEMBER),
        ("retold", None, first),
        ("state", "valid", OCTOBER),
        ("state", "at_risk", first),
        ("state", "suspended", NOVEMBER),
    ]


def test_an_inspection_leaves_the_rest_of_the_findings_alone(office: Office) -> None:
    onboard(office, antivirus="not_working")
    office.visit(
        "inspect", NOVEMBER, office.seen("desk", NOVEMBER, scopes=("hardware",), disk="fail")
    )
    office.publish()

    verdicts = {
        item["rule"]: item["verdict"]
        for item in stored(office, "devices/desk/findings.json")["findings"]
    }
    assert verdicts["disk_healthy"] == "fail"
    assert verdicts["antivirus_working"] == "fail"
    assert set(stored(office, "devices/desk/facts.json")["facts"]) == {"disk", "products"}
    status = read_status(office.project, "sample")
    assert {item["rule"] for item in status.pcs[0].with_verdict("fail")} == {
        "antivirus_working",
        "disk_healthy",
    }


def test_the_order_of_publishing_does_not_change_what_a_pc_looks_like(
    office: Office, tmp_path: Path
) -> None:
    twin = type(office)(tmp_path / "twin")
    for each in (office, twin):
        onboard(each)
        each.visit("inspect", NOVEMBER, each.seen("desk", NOVEMBER, scopes=("hardware",), size=9))
    office.publish()
    twin.publish("20261109T080000Z-inspect")
    twin.publish()

    for name in ("facts", "findings", "identity"):
        path = f"devices/desk/{name}.json"
        assert office.store.read()[path] == twin.store.read()[path]


def test_an_identity_that_was_not_told_this_time_is_kept(office: Office) -> None:
    onboard(office)
    event = office.seen("desk", NOVEMBER)
    event["payload"]["identity"] = {"uuid": None, "serial": None, "machine_guid": "sha256:g"}
    office.visit("onboard", NOVEMBER, event)
    office.publish()

    identity = recorded_identity(office.store.folder, "desk")
    assert identity is not None
    assert (identity.uuid, identity.machine_guid) == ("sha256:desk", "sha256:g")


def test_a_monthly_visit_records_no_identity(office: Office) -> None:
    office.visit("monthly", NOVEMBER, office.seen("desk", NOVEMBER))
    office.publish()

    assert recorded_identity(office.store.folder, "desk") is None


def test_a_replaced_machine_is_noted(office: Office) -> None:
    onboard(office)
    office.visit("onboard", NOVEMBER, office.seen("desk", NOVEMBER, uuid="sha256:other"))
    office.publish()

    noted = [
        line for line in load_ledger(office.store.read(), "desk") if line["entry"] == "identity"
    ]
    assert [line["replaced"] for line in noted] == [False, True]


def test_hosts_a_broken_run_never_reached_are_interrupted_not_absent(office: Office) -> None:
    office.write([office.start("onboard", OCTOBER), office.seen("desk", OCTOBER)])
    office.publish()

    hosts = stored(office, f"runs/{ONBOARD}.json")["hosts"]
    outcomes = {name: host["outcome"] for name, host in hosts.items()}
    assert outcomes == {"desk": "observed", "front": "interrupted", "laptop": "interrupted"}
    assert "(interrupted)" in subjects(office)[0]
    # The client is not to blame for a run that broke off.
    assert entries(office, "laptop") == []


def test_a_pc_inspected_but_not_audited_by_a_broken_run_is_interrupted(office: Office) -> None:
    office.write(
        [office.start("onboard", OCTOBER), office.seen("desk", OCTOBER, scopes=("hardware",))]
    )
    office.publish()

    desk = stored(office, f"runs/{ONBOARD}.json")["hosts"]["desk"]
    assert (desk["outcome"], desk["observed_at"]) == ("interrupted", OCTOBER)


def test_a_run_killed_before_its_first_line_publishes_nothing(office: Office) -> None:
    journal = onboard(office)
    journal.path.write_bytes(journal.path.read_bytes()[:10])

    assert office.publish() == []
    assert office.store.head() is None


def test_a_journal_cut_anywhere_publishes_exactly_what_was_seen_once(
    office: Office, tmp_path: Path
) -> None:
    """Every line's end and many bytes between, twice each, then the whole run."""
    whole = onboard(office).path.read_bytes()
    ends = [number for number, byte in enumerate(whole) if byte == ord("\n")]
    cuts = {end + offset for end in ends for offset in (-1, 0, 1)} | set(range(0, len(whole), 997))
    for count, cut in enumerate(sorted(cuts)):
        twin = type(office)(tmp_path / f"cut-{count}")
        journal = onboard(twin)
        journal.path.write_bytes(whole[:cut])
        seen = {
            event["host"] for event in _whole_events(whole[:cut]) if event["event"] == "observation"
        }

        twin.publish()
        head = twin.store.head()
        twin.publish()

        assert twin.store.head() == head
        tree = twin.store.read()
        assert seen == {path.split("/")[1] for path in tree if path.endswith("facts.json")}
        if head is not None:
            hosts = json.loads(tree[f"runs/{ONBOARD}.json"])["hosts"]
            assert set(hosts) == set(twin.devices)
            assert {n for n, host in hosts.items() if host["observed_at"]} == seen
        for device in twin.devices:
            facts = [json.dumps(line, sort_keys=True) for line in load_ledger(tree, device)]
            assert len(facts) == len(set(facts))


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.7, 0.95])
def test_a_run_published_in_halves_ends_as_one_published_whole(
    office: Office, tmp_path: Path, cut: float
) -> None:
    journal = onboard(office)
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[: int(len(whole) * cut)])
    office.publish()
    journal.path.write_bytes(whole)
    office.publish()
    twin = type(office)(tmp_path / "twin")
    onboard(twin)
    twin.publish()

    tree, expected = office.store.read(), twin.store.read()
    assert {path for path in tree if tree[path] != expected.get(path)} == set()


def test_a_journal_shorter_than_what_was_published_takes_nothing_back(office: Office) -> None:
    journal = onboard(office)
    office.publish()
    head = office.store.head()
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[: len(whole) // 2])

    assert [item.commit for item in office.publish()] == [None]
    assert office.store.head() == head


_PUBLISH = """
import sys
from pathlib import Path
from custode.flows.publish import publish
class Folders:
    def journals(self, client): return Path(sys.argv[1]) / "journals" / client
    def store(self, client): return Path(sys.argv[1]) / "store" / client
publish(Folders(), "sample")
"""


def test_a_publish_killed_at_any_moment_can_be_repeated(office: Office, tmp_path: Path) -> None:
    """SIGKILL to the whole process group at many delays; then one publish puts it right."""
    onboard(office)
    monthly(office, antivirus="absent")
    office.publish()
    expected = office.store.read()
    kills = 0
    for step in range(12):
        twin = type(office)(tmp_path / f"kill-{step}")
        onboard(twin)
        monthly(twin, antivirus="absent")
        process = _start_publish(twin.root)
        _wait_for_store(twin, process)
        time.sleep(step * 0.012)
        kills += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

        twin.publish()

        assert twin.store.read() == expected
        assert twin.store.head() == office.store.head()
        folder = twin.store.folder
        assert {path: (folder / path).read_bytes() for path in expected} == expected
    assert kills >= 4


def test_a_publish_whose_python_alone_is_killed_leaves_no_half_commit(
    office: Office, tmp_path: Path
) -> None:
    """Git's processes live on for a moment and keep the lock; the next publish waits for them."""
    onboard(office)
    monthly(office)
    office.publish()
    for step in range(6):
        twin = type(office)(tmp_path / f"orphan-{step}")
        onboard(twin)
        monthly(twin)
        process = _start_publish(twin.root)
        _wait_for_store(twin, process)
        time.sleep(step * 0.02)
        process.kill()
        process.wait()

        twin.publish()

        assert twin.store.head() == office.store.head()


def test_two_publishers_at_once_lose_nothing(office: Office, tmp_path: Path) -> None:
    onboard(office)
    monthly(office)
    racers = [_start_publish(office.root) for _ in range(3)]

    assert [racer.wait() for racer in racers] == [0, 0, 0]
    twin = type(office)(tmp_path / "twin")
    onboard(twin)
    monthly(twin)
    twin.publish()
    assert office.store.head() == twin.store.head()


def test_an_unknown_run_is_named_with_those_there_are(office: Office) -> None:
    onboard(office)

    with pytest.raises(UsageError, match="no journal of the run 'nonsense'") as caught:
        office.publish("nonsense")

    assert ONBOARD in caught.value.hint


def test_a_pc_name_cannot_leave_its_folder(office: Office) -> None:
    office.visit("onboard", OCTOBER, office.seen("../../x", OCTOBER))

    with pytest.raises(StoreError, match="cannot be the name"):
        office.publish()


def test_status_says_what_stands_and_sets_the_exit_code(office: Office) -> None:
    onboard(office)
    office.publish()

    status = read_status(office.project, "sample")

    assert status.counts == {"stands": 2, "fails": 0, "unknown": 0, "not_seen": 1, "closed": 0}
    assert status.exit_code is ExitCode.NOT_SEEN
    told = status.to_json()
    assert told["pcs"]["desk"]["state"] == "valid"
    assert told["pcs"]["laptop"]["missed"][0]["reason"]["kind"] == "offline"
    json.dumps(told)


@pytest.mark.parametrize(
    ("given", "summary", "code"),
    [
        ({}, Summary.STANDS, ExitCode.STANDS),
        ({"disk": "fail"}, Summary.FAILS, ExitCode.FINDINGS),
        ({"antivirus": "unknown"}, Summary.UNKNOWN, ExitCode.FINDINGS),
    ],
)
def test_each_pc_has_one_word(
    tmp_path: Path, office: Office, given: dict[str, str], summary: Summary, code: ExitCode
) -> None:
    alone = type(office)(tmp_path / "alone", devices=("desk",))
    alone.visit("onboard", OCTOBER, alone.seen("desk", OCTOBER, **given))
    alone.publish()

    fleet: Fleet = fleet_at(alone.store.read())

    assert [pc.summary for pc in fleet.pcs] == [summary]
    assert fleet.exit_code is code


def test_status_of_a_later_day_sees_what_grew_old(office: Office) -> None:
    onboard(office)
    office.publish()

    fleet = fleet_at(office.store.read(), now="2027-01-01T00:00:00Z")

    assert {pc.name: str(pc.standing.state) for pc in fleet.pcs} == {
        "desk": "unseen",
        "front": "unseen",
        "laptop": "pending",
    }


def test_status_before_the_first_publish_says_what_to_do(office: Office) -> None:
    with pytest.raises(StoreError, match="nothing was published") as caught:
        read_status(office.project, "sample")

    assert "custode onboard sample" in caught.value.hint


def _whole_events(data: bytes) -> list[dict[str, Any]]:
    events = []
    for line in data.split(b"\n"):
        try:
            events.append(json.loads(line))
        except ValueError:
            break
    return events


def _start_publish(root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _PUBLISH, str(root)]
    return subprocess.Popen(command, start_new_session=True)


def _wait_for_store(office: Office, process: subprocess.Popen[bytes]) -> None:
    """Wait until the publisher has begun with the store: most of its time is imports."""
    while not (office.store.folder / ".git").exists() and process.poll() is None:
        time.sleep(0.002)
