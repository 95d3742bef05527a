"""Antivirus: one that the contract accepts is there, runs, and Windows knows it."""

from __future__ import annotations

import pytest
from tests.acceptance.antivirus import Antivirus, accepted, in_force
from tests.acceptance.judging import reject, unknown
from tests.acceptance.looking import Pc
from tests.acceptance.products import judge_service

from custode.core.contract import DeviceKind

FINISH = "finish its installation on the PC (`custode pending` lists what waits), then look again"
STATES = {0: "off", 1: "on", 2: "snoozed", 3: "expired"}


def one_in_force(pc: Pc) -> Antivirus:
    found = in_force(pc)
    if found is None:
        pytest.skip("no accepted antivirus is there")
    return found


def test_an_accepted_antivirus_is_installed(pc: Pc) -> None:
    if in_force(pc) is not None:
        return
    candidates = accepted(pc)
    parts = [part for candidate in candidates for part in candidate.parts(pc)]
    found = [
        "no service with its program",
        *(f"but {part}" for part in parts),
        *(f"Windows' Security Center still lists {name}" for name in ghosts(pc)),
    ]
    reject(
        found=", ".join(found),
        expected=" or ".join(candidate.title for candidate in candidates),
        next_step=FINISH,
    )


def ghosts(pc: Pc) -> list[str]:
    """Return the accepted ones that the Security Center lists; only words, so none if unknown."""
    try:
        rows = pc.antivirus_rows() or []
    except pytest.fail.Exception:
        return []
    return [row.name for row in rows if any(found.is_in(row) for found in accepted(pc))]


def test_the_antivirus_runs_and_starts_with_windows(pc: Pc) -> None:
    antivirus = one_in_force(pc)

    judge_service(pc, list(antivirus.present(pc)), title=antivirus.title)


def test_windows_says_that_the_antivirus_is_on(pc: Pc) -> None:
    antivirus = one_in_force(pc)
    if pc.contract.devices[pc.name].kind is DeviceKind.SERVER:
        pytest.skip("Windows Server has no Security Center")
    rows = pc.antivirus_rows()
    if rows is None:
        unknown(
            found="this Windows has no Security Center that lists an antivirus",
            next_step=f"open {antivirus.title} on the PC and see whether it is on",
        )
    states = [row.state for row in rows if antivirus.is_in(row)]
    if 1 in states:
        return
    if any(state not in STATES for state in states):
        unknown(
            found=f"{antivirus.title} is in a state that nobody has described",
            next_step=f"open {antivirus.title} on the PC and see whether it is on",
        )
    reject(
        found=f"{antivirus.title} is {' and '.join(STATES[state] for state in states)}"
        if states
        else f"{antivirus.title} is not known to it",
        expected="on",
        next_step=f"open {antivirus.title} on the PC: is it switched on, is its licence valid?",
    )
