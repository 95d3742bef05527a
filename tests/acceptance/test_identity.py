"""The way in: it is the enrolled PC that answers, and nobody can listen on the way to it."""

from __future__ import annotations

import pytest
from tests.acceptance.judging import reject
from tests.acceptance.looking import Pc


def test_this_is_the_windows_that_was_enrolled(pc: Pc) -> None:
    if pc.enrolled is None:
        pytest.skip("no identity of this PC is on record: it was never onboarded")
    if pc.windows_id() != pc.enrolled:
        reject(
            found="another Windows than the one that was enrolled under this name",
            expected="the Windows whose id is on record",
            next_step="see whose address hosts.yml names; if Windows was installed anew on this PC, "
            "run `custode onboard` with --accept-new-identity",
        )


def test_the_way_in_is_encrypted_and_its_certificate_is_checked(pc: Pc) -> None:
    way = pc.read["connection"]
    found = f"WinRM over {way['scheme']} at port {way['port']}, certificate: {way['validation']}"

    if way["scheme"] != "https" or way["validation"] != "validate":
        reject(
            found=found,
            expected="https, certificate: validate",
            next_step="set ansible_port and the certificate's authority in the client's inventory",
        )
