"""What an onboarding must not leave behind."""

from __future__ import annotations

from tests.acceptance.antivirus import in_force
from tests.acceptance.judging import reject
from tests.acceptance.looking import Pc


def test_no_installer_is_left_behind(pc: Pc) -> None:
    staged = pc.staged()
    if in_force(pc) is None:
        # It is laid ready for the technician, and somebody still needs it.
        ready = pc.product(pc.contract.services.antivirus.product).installer
        staged = {name: size for name, size in staged.items() if name != ready.file}

    if staged:
        reject(
            found=", ".join(f"{name} ({size} bytes)" for name, size in sorted(staged.items())),
            expected="an empty staging folder",
            next_step="remove it from C:\\Program Files\\Custode\\staging",
        )


def test_no_temporary_folder_of_an_installation_is_left(pc: Pc) -> None:
    if left := pc.left_folders():
        reject(
            found=", ".join(left),
            expected="no folder custode.* among our account's temporary files",
            next_step="see that no installation is running, then remove it",
        )
