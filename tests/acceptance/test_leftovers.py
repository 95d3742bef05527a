"""What an onboarding must not leave behind."""

from __future__ import annotations

from tests.acceptance.antivirus import in_force
from tests.acceptance.judging import reject
from tests.acceptance.looking import Pc, to_install
from tests.acceptance.products import ONBOARD


def test_no_installer_is_left_behind(pc: Pc) -> None:
    staged = pc.staged()
    if in_force(pc) is None:
        # It is laid ready for the technician, and somebody still needs it.
        ready = {pc.product(name).installer.file for name in to_install(pc.contract)}
        staged = {name: size for name, size in staged.items() if name not in ready}

    if staged:
        reject(
            found=", ".join(f"{name} ({size} bytes)" for name, size in sorted(staged.items())),
            expected="an empty staging folder",
            next_step="see that no installation is running, then remove it",
        )


def test_a_cleaning_tool_is_left_only_where_the_contract_keeps_it(pc: Pc) -> None:
    cleanup = pc.contract.cleanup
    kept = cleanup.keep and cleanup.tool != "windows"

    if pc.has_cleaner() != kept:
        reject(
            found="no cleaning tool" if kept else "our cleaning tool",
            expected="the tool, which the contract keeps" if kept else "none of it",
            next_step=ONBOARD,
        )
