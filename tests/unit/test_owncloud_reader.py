"""What a look at ownCloud tells, aspect by aspect, of PCs in every state."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custode.core.backup_client import ACCOUNTS_PROBE, RUNS_PROBE
from custode.core.guard import refusal
from custode.core.observation import Facts, ProbeError, ProbeResult
from custode.core.readers import reader_for
from custode.core.verification import Verification
from custode.edges.catalog import load_product
from winsim.host import Host
from winsim.modules import run_module
from winsim.profiles import load_profiles

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
PRODUCT = load_product(Path(__file__).parents[2] / "policies" / "catalog", "owncloud")
READER = reader_for(PRODUCT.id)


@cache
def clinic() -> dict[str, Host]:
    hosts = {host.name: host for host in load_profiles(["clinic"])}
    for host in hosts.values():
        host.advance(NOW)
    return hosts


def look(name: str) -> Facts:
    wire = READER.probes(PRODUCT)
    return Facts.from_json(run_module(clinic()[name], "fleet_probe", {"probes": wire})["facts"])


def read(facts: Facts) -> Verification:
    return READER.read(PRODUCT, facts, now=NOW)


def told(verification: Verification, name: str) -> Any:
    aspect = verification.aspects[name]
    return aspect.value if aspect.state == "known" else (str(aspect.state), aspect.why)


GONE = ("not_applicable", "not_installed")


@pytest.mark.parametrize(
    ("machine", "configured", "running", "last"),
    [
        ("desktop-11-home", True, True, "2026-10-05T06:40:00Z"),
        ("owncloud-elsewhere", True, True, "2026-10-05T06:40:00Z"),
        ("owncloud-two-people", True, True, "2026-10-05T06:40:00Z"),
        ("owncloud-stopped", True, False, "2026-08-30T07:00:00Z"),
        ("owncloud-hung", True, True, "2026-10-02T05:00:00Z"),
        ("owncloud-no-account", False, True, ("not_applicable", "never_ran")),
        ("owncloud-removed", GONE, GONE, GONE),
    ],
)
def test_what_is_seen_of_a_pc(machine: str, configured: Any, running: Any, last: Any) -> None:
    found = read(look(machine))

    assert configured == told(found, "configured")
    assert running == told(found, "running")
    assert last == told(found, "last_sign_of_life")
    assert "service" not in {name for name, a in found.aspects.items() if a.state == "known"}


def test_its_probes_pass_the_guard() -> None:
    for probe in READER.probes(PRODUCT):
        assert refusal(probe["kind"], probe) is None


@pytest.mark.parametrize("gone", [ACCOUNTS_PROBE, RUNS_PROBE, "owncloud_process"])
def test_what_was_not_read_is_unknown(gone: str) -> None:
    failed = ProbeResult(error=ProbeError("access_denied", "Denied"))
    facts = Facts({**look("desktop-11-home").results, gone: failed})
    aspect = {
        ACCOUNTS_PROBE: "configured", RUNS_PROBE: "last_sign_of_life", "owncloud_process": "running",
    }[gone]  # fmt: skip

    assert ("unknown", "access_denied") == told(read(facts), aspect)


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(["desktop-11-home", "owncloud-two-people"]), st.randoms(use_true_random=False)
)
def test_a_file_that_was_not_read_never_looks_like_one_that_is_empty(
    name: str, random: Any
) -> None:
    facts = look(name)
    blind = {
        probe_id: ProbeResult(
            rows=tuple(
                {k: None if k in {"count", "last_at"} and random.random() < 0.5 else v for k, v in row.items()}
                for row in result.rows
            )
        )
        for probe_id, result in facts.items()
    }  # fmt: skip

    found = read(Facts(blind))

    assert told(found, "configured") in (True, ("unknown", "settings_unread"))
    assert told(found, "last_sign_of_life") != ("not_applicable", "never_ran")
