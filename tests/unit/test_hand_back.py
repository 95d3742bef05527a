"""What of a PC is ours to take away: only what the ledger proves that we brought."""

from __future__ import annotations

from typing import Any

import pytest

from custode.core.hand_back import hand_back, plan, released_at, released_items

TITLES = {"norton": "Norton", "owncloud": "ownCloud", "teamviewer_host": "TeamViewer Host"}
CONTRACT: dict[str, Any] = {
    "client": {"name": "Studio Verdi"},
    "provider": {"name": "Custode"},
    "signed_on": "2026-09-21",
    "ends_on": "2027-09-30",
    "services": {
        "antivirus": {"product": "norton"},
        "backup": {"product": "owncloud"},
        "remote_support": {"product": "teamviewer"},
    },
    "hand_back": {"keep": []},
    "cleanup": {"tool": "windows", "keep": False},
}


def line(entry: str, product: str = "owncloud", *, day: int = 1, **more: Any) -> dict[str, Any]:
    at = f"2026-10-{day:02}T07:00:00Z"
    about = {"title": TITLES.get(product, product), "version": "6.0.3"}
    return {"at": at, "run_id": f"{day:02}", "entry": entry, "product": product, **about, **more}


def left(*lines: dict[str, Any], **contract: Any) -> dict[str, str]:
    found = plan(lines, {**CONTRACT, **contract}, titles=TITLES, attended={"norton"})
    return {item.product: item.why for item in found.left}


def removed(*lines: dict[str, Any], **contract: Any) -> list[str]:
    found = plan(lines, {**CONTRACT, **contract}, titles=TITLES, attended={"norton"})
    return [item.product for item in found.remove]


def test_what_we_installed_where_none_was_goes() -> None:
    assert ["owncloud"] == removed(line("installed", found="absent"))


@pytest.mark.parametrize(
    ("found", "why"),
    [("older", "there_before"), ("broken", "there_before"), (None, "origin_unknown")],
)
def test_what_was_there_before_us_or_may_have_been_stays(found: str | None, why: str) -> None:
    assert why == left(line("installed", found=found))["owncloud"]


def test_what_we_did_not_install_stays() -> None:
    assert dict.fromkeys(TITLES, "not_ours") == left()


def test_an_upgrade_of_our_own_is_still_ours() -> None:
    assert ["owncloud"] == removed(
        line("installed", found="absent"), line("installed", day=9, found="older")
    )


def test_an_upgrade_of_the_clients_own_is_still_the_clients() -> None:
    lines = [line("installed", found="older"), line("installed", day=9, found="older")]
    assert "there_before" == left(*lines)["owncloud"]


def test_what_was_removed_since_is_not_ours_any_more() -> None:
    lines = [line("installed", found="absent"), line("removed", day=9)]
    assert "not_ours" == left(*lines)["owncloud"]


def test_the_order_in_which_lines_were_published_makes_no_difference() -> None:
    lines = [line("installed", found="absent"), line("removed", day=9)]
    assert left(*lines) == left(*reversed(lines))


def test_a_broken_one_that_we_replaced_in_one_run_is_the_clients() -> None:
    assert "there_before" == left(line("installed", found="broken"), line("removed"))["owncloud"]


def test_the_client_keeps_what_the_contract_says() -> None:
    keep = {"hand_back": {"keep": ["owncloud", "teamviewer"]}}
    lines = [
        line("installed", found="absent"),
        line("installed", "teamviewer_host", found="absent"),
    ]
    found = left(*lines, **keep)
    assert ("kept", "kept") == (found["owncloud"], found["teamviewer_host"])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line("attended_step", "norton", step="install")], ""),
        ([line("attended_step", "norton", step="install", note="ghost")], "there_before"),
        (
            [
                line("attended_step", "norton", step="install"),
                line("step_withdrawn", "norton", day=2, step="install"),
            ],
            "not_ours",
        ),
    ],
    ids=["installed by a technician", "over remains", "withdrawn"],
)
def test_what_a_person_installed_a_person_removes(lines: list[dict[str, Any]], why: str) -> None:
    found = plan(lines, CONTRACT, titles=TITLES, attended={"norton"})
    assert [item.product for item in found.by_person] == ([] if why else ["norton"])
    assert {item.product: item.why for item in found.left}.get("norton", "") == why


def test_an_older_contract_without_the_key_keeps_nothing_by_it() -> None:
    old = {key: value for key, value in CONTRACT.items() if key not in {"hand_back", "cleanup"}}
    found = plan([line("installed", found="absent")], old, titles=TITLES, attended=set())
    assert (["owncloud"], False) == ([item.product for item in found.remove], found.keep_tool)


def test_teamviewer_is_unassigned_only_where_we_assigned_it() -> None:
    change = {"role": "teamviewer", "task": "assignment | Run TeamViewer's own command"}
    ours = line("intervention", changes=[change])
    assert plan([ours], CONTRACT, titles=TITLES, attended=set()).unassign
    assert not plan([], CONTRACT, titles=TITLES, attended=set()).unassign


def test_everything_that_stays_has_its_reason() -> None:
    found = plan(
        [line("attended_step", "norton", step="install"), line("installed", found="older")],
        {**CONTRACT, "cleanup": {"tool": "ccleaner", "keep": True}},
        titles=TITLES,
        attended={"norton"},
    ).to_json()

    gone, stays = released_items(
        found,
        registry={"restored": ["K\\a"], "left": ["K\\b"]},
        folders=["F"],
        account="custode",
        stays=["token_filter_policy", "certificate"],
    )

    assert [("folder", "F"), ("registry_value", "K\\a")] == [
        (item["what"], item["name"]) for item in gone
    ]
    assert {
        ("product", "ownCloud", "there_before"),
        ("product", "TeamViewer Host", "not_ours"),
        ("product", "Norton", "by_person"),
        ("registry_value", "K\\b", "changed_since"),
        ("tool", "CCleaner", "kept"),
        ("profile", "custode", "in_use"),
        ("setting", "LocalAccountTokenFilterPolicy", "origin_unknown"),
        ("certificate", "WinRM", "origin_unknown"),
    } == {(item["what"], item["name"], item["why"]) for item in stays}


def run(verb: str, day: int, **host: Any) -> dict[str, Any]:
    at = f"2027-10-{day:02}T07:00:00Z"
    about = {"observed_at": at, "outcome": "observed", **host}
    return {
        "at": at,
        "check_mode": False,
        "hosts": {"desk": about},
        "operator": "tecnico",
        "run_id": f"{day:02}-{verb}",
        "verb": verb,
    }


TOLD = {"handed_back": [{"removed": [{"what": "folder", "name": "F"}], "left": []}]}
GONE = {"released": [{"outcome": "released", "removed": ["account"]}]}


def record(*runs: dict[str, Any]) -> dict[str, Any] | None:
    return hand_back(runs, "desk", contract=CONTRACT, identity={"serial": "S1"})


def test_a_hand_back_in_two_runs_is_one_record() -> None:
    one = {"product": "owncloud", "title": "ownCloud", "version": "6.0.3", "found": None}
    found = record(
        run("onboard", 1),
        run("offboard", 2, removed=[one], **TOLD),
        run("offboard", 3, **TOLD | GONE),
    )

    assert found is not None
    assert ["02-offboard", "03-offboard"] == found["run_ids"]
    assert [{"product": "owncloud", "title": "ownCloud", "version": "6.0.3"}] == (
        found["products_removed"]
    )
    assert {"outcome": "released", "removed": ["account"]} == found["way_in"]


def test_a_rehearsal_and_a_try_that_changed_nothing_leave_no_record() -> None:
    rehearsal = {**run("offboard", 2, **TOLD | GONE), "check_mode": True}
    unreachable = run("offboard", 3, outcome="unreachable", observed_at=None)
    assert record(run("onboard", 1), rehearsal, unreachable) is None
    assert released_at([rehearsal, unreachable], "desk") is None


def test_a_pc_that_is_put_into_service_again_is_handed_back_no_more() -> None:
    runs = [run("offboard", 2, **TOLD | GONE), run("onboard", 3)]
    assert record(*runs) is None
    assert released_at(runs, "desk") is None
    assert "2027-10-02T07:00:00Z" == released_at(runs[:1], "desk")


def test_records_of_older_versions_know_nothing_of_it() -> None:
    assert record(run("onboard", 1), run("monthly", 2)) is None
