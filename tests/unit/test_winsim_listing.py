"""`win_package` and the two lists that Windows keeps: by code, by the maker's program, and apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from winsim.errors import NeverEnds
from winsim.host import UNINSTALL, Host
from winsim.installers import build_installer, signer_of
from winsim.listing import enter, known_to_msi, leave, listed
from winsim.model.files import File
from winsim.modules import run_module
from winsim.profiles import load_profiles

CODE = "{5A0E6B11-0000-4000-8000-0000000000AA}"
MSI: dict[str, Any] = {
    "display_name": "Tool",
    "kind": "msi",
    "file": "tool.msi",
    "product_code": CODE,
    "version": "1.0",
    "signer": "Maker",
    "files": {"C:\\Program Files\\Tool\\tool.exe": {"size": 1}},
}
OWN = "C:\\Program Files\\Tool\\uninstall.exe"
EXE: dict[str, Any] = {
    "display_name": "Tool",
    "kind": "exe",
    "file": "tool.exe",
    "key": "Tool",
    "version": "1.0",
    "uninstaller": OWN,
    "quiet_argument": "/S",
    "files": {OWN: {"size": 1}},
}


@pytest.fixture
def host() -> Host:
    found = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    found.advance(datetime(2026, 10, 5, 7, tzinfo=UTC))
    found.specs = {**found.specs, "msi": MSI, "exe": EXE}
    return found


def put(host: Host, spec: dict[str, Any]) -> None:
    host.files.write("C:\\tool", build_installer(spec))
    assert run_module(host, "win_package", {"path": "C:\\tool"})["changed"]


def remove(host: Host, product: str, **more: Any) -> dict[str, Any]:
    arguments = {"product_id": product, "state": "absent", **more}
    return dict(run_module(host, "win_package", arguments))


def test_a_record_is_kept_under_the_code_with_its_digits_turned_round(host: Host) -> None:
    put(host, MSI)
    packed = "11B6E0A50000000408000000000000AA"
    assert any(packed in key for key in host.registry.snapshot())


def test_what_the_list_has_lost_is_removed_by_its_code(host: Host) -> None:
    put(host, MSI)
    host.registry.delete(f"{UNINSTALL}\\{CODE}")
    assert (listed(host, CODE), known_to_msi(host, CODE)) == (None, True)

    assert remove(host, CODE, provider="msi")["changed"]

    assert not known_to_msi(host, CODE)
    assert not host.files.exists("C:\\Program Files\\Tool\\tool.exe")


def test_windows_installer_does_not_touch_what_it_does_not_know(host: Host) -> None:
    enter(host, MSI)
    leave(host, {**MSI, "product_code": "{other}"})
    host.registry.delete(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData")

    assert not remove(host, CODE, provider="msi")["changed"]
    assert listed(host, CODE)


def test_asked_through_the_list_it_shows_a_window_that_nobody_sees(host: Host) -> None:
    enter(host, MSI)
    host.registry.delete(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData")
    with pytest.raises(NeverEnds):
        remove(host, CODE)
    assert [p.title for p in host.processes if p.parent == "msiserver"] == ["Windows Installer"]


def test_a_makers_own_uninstaller_is_quiet_only_when_told(host: Host) -> None:
    put(host, EXE)
    with pytest.raises(NeverEnds):
        remove(host, "Tool")
    assert remove(host, "Tool", arguments=["/S"])["changed"]
    assert not host.files.exists(OWN)


def test_an_uninstaller_that_is_gone_cannot_be_run(host: Host) -> None:
    put(host, EXE)
    host.files.remove(OWN)
    failed = remove(host, "Tool", arguments=["/S"])
    assert (failed["failed"], "cannot find the file" in failed["msg"]) == (True, True)


def test_an_entry_that_names_no_uninstaller_says_so(host: Host) -> None:
    enter(host, {**EXE, "uninstaller": ""} | {"key": "Nothing"})
    host.registry.delete_value(f"{UNINSTALL}\\Nothing", "UninstallString")
    assert "Failed to find registry uninstall string" in remove(host, "Nothing")["msg"]


def test_a_stand_in_bears_the_signature_that_it_says() -> None:
    assert signer_of(File("C:\\tool", data=build_installer(MSI))) == "Maker"
    assert signer_of(File("C:\\tool", data=build_installer(EXE))) is None
    assert signer_of(File("C:\\tool", data=b"MZ")) is None
    assert signer_of(File("C:\\tool", signer="Other", data=build_installer(MSI))) == "Other"
