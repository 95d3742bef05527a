"""What a PC has of a product, and what an installer's exit code means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.guard import refusal
from custode.core.observation import Facts
from custode.core.products import Meaning, Product, gone_codes, good_codes, outcome
from custode.core.software import State, StateUnknownError, compare_versions, decide, probes

CODE = "{1D382CF5-AF11-4E42-A85B-7504BD2D3240}"
EXE = "%ProgramFiles%\\ownCloud\\owncloud.exe"
UNINSTALL = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"


def owncloud(**changes: Any) -> Product:
    return Product.model_validate(
        {
            "id": "owncloud",
            "title": "ownCloud",
            "vendor": "ownCloud GmbH",
            "version": "6.0.3.18040",
            "signers": ["ownCloud GmbH"],
            "installer": {
                "kind": "msi",
                "file": "ownCloud.msi",
                "sha256": "0" * 64,
                "source": "the maker",
                "product_code": CODE,
                "meanings": {3010: "icons after a restart"},
            },
            "detect": {"display_name": "^ownCloud$", "evidence": [{"files": [EXE]}]},
            **changes,
        }
    )


def norton() -> Product:
    return owncloud(
        id="norton",
        title="Norton",
        version="22",
        accepts="minimum",
        installer={
            "kind": "exe",
            "file": "N.exe",
            "sha256": None,
            "source": "the account",
            "attended": True,
        },
        detect={
            "display_name": "^Norton\\b",
            "evidence": [
                {
                    "files": ["%ProgramFiles%\\Norton\\Suite\\NortonSvc.exe"],
                    "services": ["Norton Antivirus"],
                },
                {"services": ["NortonSecurity"]},
            ],
        },
    )


def entry(name: str, version: str | None, key: str = CODE) -> dict[str, Any]:
    return {"key": f"{UNINSTALL}\\{key}", "DisplayName": name, "DisplayVersion": version}


def pc(
    *entries: dict[str, Any],
    files: dict[str, str | None] | None = None,
    services: tuple[str, ...] = (),
) -> Facts:
    rows = [
        {"path": path, "profile": None, "exists": True, "version": version}
        for path, version in (files or {}).items()
    ]
    return Facts.from_json(
        {
            "uninstall_entries": {"rows": list(entries)},
            "product_files": {"rows": rows},
            "product_services": {"rows": [{"Name": name} for name in services]},
        }
    )


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("6.0.3.18040", State.EXACT),
        ("6.0.3", State.EXACT),  # Windows' list often leaves the build out
        ("6.0.2.1", State.OLDER),
        ("5.3.2.15463", State.OLDER),
        ("7.1.0.19041", State.NEWER),
        ("10.0", State.NEWER),
        (None, State.BROKEN),
        ("", State.BROKEN),
        ("unknown", State.BROKEN),
    ],
)
def test_the_listed_version_is_measured_against_the_pin(version: str | None, state: State) -> None:
    found = decide(owncloud(), pc(entry("ownCloud", version), files={EXE: "6.0.3.18040"}))
    assert found.state is state
    assert found.product_keys == (CODE,)


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("6.0.3.18040", State.EXACT),
        ("6.0.2.17900", State.EXACT),
        ("5.3.2.15463", State.EXACT),  # 5.3 stands for all that begin with it
        ("5.2.9", State.OLDER),
        ("6.0.1", State.OLDER),
        ("6.1.0", State.NEWER),
    ],
)
def test_more_versions_than_the_pin_can_be_allowed(version: str, state: State) -> None:
    product = owncloud(also_allowed=["6.0.2", "5.3"])
    found = decide(product, pc(entry("ownCloud", version), files={EXE: version}))
    assert found.state is state


def test_an_empty_pc_has_nothing() -> None:
    found = decide(owncloud(), pc(entry("ownCloud Server Tools", "1.0", "{OTHER}")))
    assert (found.state, found.version, found.product_keys) == (State.ABSENT, None, ())


def test_a_listed_product_without_its_files_is_broken() -> None:
    found = decide(owncloud(), pc(entry("ownCloud", "6.0.3.18040")))
    assert found.state is State.BROKEN
    assert "missing" in found.reason


def test_files_that_no_entry_lists_are_a_broken_installation_of_a_pinned_product() -> None:
    found = decide(owncloud(), pc(files={EXE: "6.0.3.18040"}))
    assert (found.state, found.product_keys) == (State.BROKEN, ())


def test_a_product_is_known_by_its_code_whatever_its_name() -> None:
    found = decide(owncloud(), pc(entry("Nuvola", "6.0.3.18040"), files={EXE: None}))
    assert found.state is State.EXACT


def test_a_stale_entry_beside_the_real_one_does_not_hide_it() -> None:
    stale = entry("ownCloud", "5.3.2", "{AAAAAAAA-0000-0000-0000-000000000000}")
    facts = pc(stale, entry("ownCloud", "6.0.3.18040"), files={EXE: "6.0.3.18040"})
    found = decide(owncloud(), facts)
    assert (found.state, found.version) == (State.EXACT, "6.0.3.18040")


@pytest.mark.parametrize(
    "facts",
    [
        pc(
            entry("Norton 360", "26.8.1", "Norton"),
            files={"%ProgramFiles%\\Norton\\Suite\\NortonSvc.exe": "26.8.1"},
            services=("Norton Antivirus",),
        ),
        pc(entry("Norton Security", "22.23.1", "NS"), services=("NortonSecurity",)),
        pc(
            files={"%ProgramFiles%\\Norton\\Suite\\NortonSvc.exe": "26.8.1"},
            services=("norton antivirus",),
        ),
    ],
    ids=["new_generation", "old_generation", "new_generation_not_listed"],
)
def test_both_generations_of_norton_are_recognised(facts: Facts) -> None:
    assert decide(norton(), facts).state is State.EXACT


def test_norton_whose_service_is_gone_is_broken() -> None:
    facts = pc(
        entry("Norton 360", "26.8.1", "Norton"),
        files={"%ProgramFiles%\\Norton\\Suite\\NortonSvc.exe": "26.8.1"},
    )
    assert decide(norton(), facts).state is State.BROKEN


@pytest.mark.parametrize("probe_id", ["uninstall_entries", "product_files", "product_services"])
def test_a_probe_without_an_answer_is_never_read_as_absence(probe_id: str) -> None:
    answers = pc().to_json()
    missing = {key: value for key, value in answers.items() if key != probe_id}
    denied = {**answers, probe_id: {"error": {"kind": "access_denied", "message": "0x5"}}}
    for data in (missing, denied):
        with pytest.raises(StateUnknownError, match=probe_id):
            decide(norton(), Facts.from_json(data))


def test_the_privacy_guard_lets_every_probe_of_the_catalog_pass() -> None:
    for product in (owncloud(), norton()):
        for probe in probes(product):
            assert refusal(probe["kind"], probe) is None, probe


versions = st.lists(st.integers(0, 99999), min_size=1, max_size=4).map(
    lambda parts: ".".join(str(part) for part in parts)
)


@given(versions)
def test_a_version_equals_itself(version: str) -> None:
    assert compare_versions(version, version) == 0


@given(versions, versions)
def test_swapping_two_versions_swaps_the_answer(one: str, other: str) -> None:
    forth, back = compare_versions(one, other), compare_versions(other, one)
    assert forth is not None
    assert back is not None
    assert forth == -back


@given(st.text())
def test_any_text_has_an_answer_or_none(text: str) -> None:
    assert compare_versions(text, "6.0.3") in {-1, 0, 1, None}


@pytest.mark.parametrize(
    ("code", "meaning", "words"),
    [
        (0, Meaning.SUCCESS, "done"),
        (3010, Meaning.REBOOT, "icons after a restart"),
        (1641, Meaning.REBOOT, "restart"),
        (1618, Meaning.BUSY, "another installation"),
        (1603, Meaning.FAILURE, "fatal error"),
        (1638, Meaning.FAILURE, "another version"),
        (4711, Meaning.FAILURE, "does not say"),
    ],
)
def test_an_exit_code_has_a_meaning_and_words(code: int, meaning: Meaning, words: str) -> None:
    found = outcome(owncloud(), code)
    assert found.meaning is meaning
    assert words in found.words


def test_windows_installers_words_are_not_put_into_another_makers_mouth() -> None:
    assert "does not say" in outcome(norton(), 1603).words


def test_a_product_that_is_already_gone_counts_as_removed() -> None:
    assert good_codes(owncloud()) == (0, 3010, 1641)
    assert set(gone_codes(owncloud())) - set(good_codes(owncloud())) == {1605, 1614}
