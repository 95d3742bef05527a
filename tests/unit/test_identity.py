"""Which machine answered: the hardware decides, silence proves nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from custode.core.identity import Identity, Match, compare
from custode.core.observation import Facts

names = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
identities = st.builds(Identity, names, names, names)


def facts(*, uuid: str | None, serial: str | None, guid: str | None) -> Facts:
    product = {"UUID": uuid, "IdentifyingNumber": serial}
    return Facts.from_json(
        {
            "computer_system_product": {"rows": [product], "ms": 1},
            "machine_guid": {"rows": [{"MachineGuid": guid}], "ms": 1},
        }
    )


def test_first_sight_of_a_machine_is_new() -> None:
    assert compare(None, Identity("u", "s", "g")) is Match.NEW


def test_a_machine_that_says_nothing_is_never_accepted_at_first_sight() -> None:
    assert compare(None, Identity(None, None, None)) is Match.UNPROVEN


def test_reinstalled_windows_is_the_same_machine() -> None:
    assert compare(Identity("u", "s", "old"), Identity("u", "s", "new")) is Match.SAME


def test_a_cloned_disk_in_another_case_is_a_different_machine() -> None:
    assert compare(Identity("u", "s", "g"), Identity("x", "y", "g")) is Match.DIFFERENT


def test_a_replaced_mainboard_is_a_different_machine_until_accepted() -> None:
    assert compare(Identity("u", "s", "g"), Identity("x", "s", "g")) is Match.DIFFERENT


def test_the_windows_id_speaks_only_where_the_firmware_is_silent() -> None:
    assert compare(Identity(None, None, "g"), Identity(None, None, "g")) is Match.SAME
    assert compare(Identity(None, None, "g"), Identity(None, None, "h")) is Match.DIFFERENT
    assert compare(Identity("u", None, None), Identity(None, "s", None)) is Match.UNPROVEN


def test_a_serial_that_nobody_filled_in_is_no_serial() -> None:
    found = Identity.from_facts(facts(uuid="u", serial=" To be filled by O.E.M. ", guid="g"))

    assert Identity("u", None, "g") == found


def test_missing_probes_leave_the_identity_unknown() -> None:
    failed = {"error": {"kind": "timeout", "message": "x"}, "ms": 1}

    found = Identity.from_facts(Facts.from_json({"computer_system_product": failed}))

    assert Identity(None, None, None) == found


@given(identities, identities)
def test_same_is_said_only_when_something_known_agrees_and_no_hardware_differs(
    recorded: Identity, found: Identity
) -> None:
    match = compare(recorded, found)

    pairs = [
        (recorded.uuid, found.uuid),
        (recorded.serial, found.serial),
        (recorded.machine_guid, found.machine_guid),
    ]
    if match is Match.SAME:
        assert any(old is not None and old == new for old, new in pairs)
        assert all(old == new for old, new in pairs[:2] if old and new)
    if all(old is None or new is None for old, new in pairs):
        assert match is Match.UNPROVEN


@given(identities)
def test_identity_survives_the_store(identity: Identity) -> None:
    assert identity == Identity.from_json(identity.to_json())
