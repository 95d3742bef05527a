"""How a product is taken away: by code, by its own quiet uninstaller, or by a person."""

from __future__ import annotations

from typing import Any

import pytest

from custode.core.guard import refusal
from custode.core.observation import Facts
from custode.core.products import Product
from custode.core.removal import Plan, entries_probe, plan, uninstaller_probe
from custode.core.software import StateUnknownError

OURS = "{1D382CF5-AF11-4E42-A85B-7504BD2D3240}"
OLDER = "{5A0E6B11-0000-4000-8000-000000000005}"
ROOT = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
OWN = "C:\\Program Files\\Tool\\uninstall.exe"


def tool(*, quiet: tuple[str, ...] = ("/S",)) -> Product:
    return Product.model_validate(
        {
            "id": "tool",
            "title": "Tool",
            "vendor": "Maker",
            "version": "2.0",
            "signers": ["Maker"],
            "installer": {
                "kind": "msi",
                "file": "tool.msi",
                "sha256": None,
                "source": "maker",
                "product_code": OURS,
                "remove_arguments": list(quiet),
            },
            "detect": {
                "display_name": "^Tool$",
                "evidence": [{"files": ["%ProgramFiles%\\T.exe"]}],
            },
        }
    )


def entry(key: str, command: str | None = None, quiet: str | None = None) -> dict[str, Any]:
    return {
        "key": f"{ROOT}\\{key}",
        "DisplayName": "Tool",
        "UninstallString": command,
        "QuietUninstallString": quiet,
    }


def planned(
    *entries: dict[str, Any],
    product: Product | None = None,
    there: tuple[str, ...] = (OWN,),
    again: bool = False,
) -> Plan:
    wanted = product or tool()
    found = Facts.from_json({"uninstall_entries": {"rows": list(entries)}})
    probe = uninstaller_probe(wanted, found)
    answers: dict[str, Any] = {}
    if probe is not None:
        assert refusal("file", probe) is None
        rows = [{"path": path, "exists": path in there} for path in probe["paths"]]
        answers = {probe["id"]: {"rows": rows}}
    return plan(wanted, found, Facts.from_json(answers), again=again)


def removals(found: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(item.product_id, item.provider, item.arguments) for item in found.removals]


CODE = (OURS, "msi", ())


def test_the_list_is_read_with_what_it_says_of_removal() -> None:
    assert refusal("registry", entries_probe()) is None
    assert "UninstallString" in entries_probe()["values"]


def test_a_product_that_the_list_has_lost_is_removed_by_the_code_of_the_catalog() -> None:
    assert removals(planned()) == [CODE]


def test_an_older_version_is_removed_by_its_own_code() -> None:
    found = planned(entry(OLDER, f"MsiExec.exe /X{OLDER}"))
    assert removals(found) == [CODE, (OLDER, "msi", ())]


def test_a_key_of_another_name_is_removed_by_the_code_in_its_command() -> None:
    assert removals(planned(entry("Tool", f"msiexec /I{OLDER}")))[1] == (OLDER, "msi", ())


@pytest.mark.parametrize(
    ("listed", "arguments"),
    [
        (entry("Tool", f'"{OWN}"'), ("/S",)),
        (entry("Tool", OWN), ("/S",)),
        (entry("Tool", f'"{OWN}"', f'"{OWN}" /quiet'), ()),
        (entry("{AAAAAAAA-0000-4000-8000-000000000000}", f'"{OWN}" /uninstall'), ("/S",)),
    ],
    ids=["quoted", "plain", "quiet by itself", "a bundle with a key like a code"],
)
def test_a_makers_own_uninstaller_is_run_quietly(
    listed: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    [_, own] = planned(listed).removals
    assert (own.provider, own.arguments, own.mark) == ("registry", arguments, OWN)


def test_an_uninstaller_that_cannot_be_quiet_is_left_to_a_person() -> None:
    found = planned(entry("Tool", f'"{OWN}"'), product=tool(quiet=()))
    assert (removals(found), found.attended) == ([CODE], ("Tool",))


def test_a_key_whose_uninstaller_is_gone_is_a_trace() -> None:
    found = planned(entry("Tool", f'"{OWN}"'), there=())
    assert (removals(found), found.traces) == ([CODE], (f"{ROOT}\\Tool",))


def test_an_uninstaller_that_may_not_be_looked_at_is_not_called_gone() -> None:
    found = planned(entry("Tool", "D:\\Tool\\uninstall.exe"), there=())
    assert found.traces == ()
    assert [item.product_id for item in found.removals] == [OURS, "Tool"]


def test_what_is_listed_by_code_after_windows_installer_has_worked_is_a_trace() -> None:
    found = planned(entry(OURS), entry("Tool", f'"{OWN}"'), again=True)
    assert (found.removals, found.traces) == ((), (f"{ROOT}\\{OURS}",))


def test_a_list_that_could_not_be_read_is_not_an_empty_one() -> None:
    denied = Facts.from_json({"uninstall_entries": {"error": {"kind": "timeout", "message": "x"}}})
    with pytest.raises(StateUnknownError):
        plan(tool(), denied, Facts(), again=False)
    with pytest.raises(StateUnknownError):
        uninstaller_probe(tool(), denied)
