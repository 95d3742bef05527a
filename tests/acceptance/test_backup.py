"""Backup: the ownCloud client is the one that the server needs, and stays it."""

from __future__ import annotations

from tests.acceptance.judging import reject
from tests.acceptance.looking import OWNCLOUD, Pc
from tests.acceptance.products import ONBOARD, judge_listed, judge_version


def test_the_owncloud_client_is_one_that_the_server_understands(pc: Pc) -> None:
    judge_version(pc, pc.product(OWNCLOUD), needed=pc.contract.services.backup.version)


def test_windows_lists_owncloud_as_installed(pc: Pc) -> None:
    judge_listed(pc, pc.product(OWNCLOUD))


def test_owncloud_does_not_update_itself(pc: Pc) -> None:
    unlocked = {name: value for name, value in pc.locks().items() if value != 1}

    if unlocked:
        found = ", ".join(f"{name} is {value}" for name, value in unlocked.items())
        reject(
            found=found.replace("None", "not there"),
            expected="both values of the update lock set to 1",
            next_step=ONBOARD,
        )
