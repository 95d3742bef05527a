"""Which devices a visit is counted over."""

from __future__ import annotations

from custode.core.store_layout import covered_devices


def test_mobile_and_uncovered_devices_are_never_missed() -> None:
    devices = {
        "pc": {"kind": "desktop", "covered": True},
        "telefono": {"kind": "mobile", "covered": True},
        "old": {"kind": "desktop", "covered": False},
    }

    assert ["pc"] == covered_devices({"devices": devices})
