"""Every error of a contract names its place, what was found and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custode.core.errors import InputError
from custode.edges.inventory import load_contract_file
from custode.edges.yaml_source import load_yaml

GOOD = """\
---
client:
  id: acme
  name: ACME S.r.l.
  timezone: Europe/Rome
  contacts:
    - name: Ufficio
      role: owner
      email: ufficio@acme.example
provider:
  name: Assistenza
signed_on: 2026-09-01
starts_on: 2026-10-01
package:
  name: Base
devices:
  pc-1:
    kind: desktop
services:
  backup:
    server_url: https://cloud.acme.example
monitoring:
  rule: FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2
  window:
    start: "09:00"
    end: "13:00"
"""

# What is written instead of what, and the one line that must come out of it.
CASES = {
    "unknown_key": (
        "  timezone: Europe/Rome",
        "  timezon: Europe/Rome",
        ":5:3: client.timezon: found the key `timezon`; "
        "allowed: contacts, id, language, name, timezone (did you mean `timezone`?)",
    ),
    "unknown_key_at_top": (
        "package:",
        "pakage:",
        ":14:1: pakage: found the key `pakage`; allowed: cleanup, client, devices, ends_on, grace, "
        "hand_back, monitoring, package, provider, service_levels, services, signed_on, simulated, starts_on, "
        "thresholds (did you mean `package`?)",
    ),
    "missing_key": (
        "  name: Assistenza\n",
        "  email: a@b.example\n",
        ":10:1: provider.name: found no such key; allowed: the key `name`",
    ),
    "wrong_choice": (
        "    kind: desktop",
        "    kind: tower",
        ":18:5: devices.pc-1.kind: found \"tower\"; allowed: 'desktop', 'notebook', 'mini_pc', "
        "'server', 'virtual_machine', 'loaner' or 'mobile'",
    ),
    "wrong_zone": (
        "Europe/Rome",
        "Europe/Roma",
        ':5:3: client.timezone: found "Europe/Roma"; '
        "allowed: an IANA time zone such as Europe/Rome",
    ),
    "unquoted_time": (
        '"13:00"',
        "13:00",
        ':26:5: monitoring.window.end: found 780; allowed: a quoted time of day such as "09:30"',
    ),
    "window_backwards": (
        '"13:00"',
        '"08:00"',
        ':24:3: monitoring.window: found {"start": "09:00", "end": "08:00"}; '
        "allowed: a start before the end, on the same day",
    ),
    "a_day_that_months_lack": (
        "BYDAY=MO;BYSETPOS=2",
        "BYMONTHDAY=31",
        ':23:3: monitoring.rule: found "FREQ=MONTHLY;BYMONTHDAY=31"; '
        "allowed: BYMONTHDAY from 1 to 28, or -1 for the last day; others skip months",
    ),
    "not_monthly": (
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=YEARLY",
        ':23:3: monitoring.rule: found "FREQ=YEARLY"; '
        "allowed: a rule with FREQ=MONTHLY and no end of its own; dates are the contract's",
    ),
    "no_rule_at_all": (
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2",
        "every second monday",
        ':23:3: monitoring.rule: found "every second monday"; allowed: '
        "a recurrence rule (RFC 5545) such as FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2",
    ),
    "plain_http_server": (
        "https://cloud",
        "http://cloud",
        ':21:5: services.backup.server_url: found "http://cloud.acme.example"; '
        "allowed: an address that begins with https://",
    ),
    "an_antivirus_that_nobody_knows": (
        "  backup:\n",
        "  antivirus: {product: norton, accept: [norton, nortan]}\n  backup:\n",
        ':20:49: services.antivirus.accept.1: found "nortan"; allowed: norton or defender',
    ),
    "an_antivirus_that_does_not_accept_itself": (
        "  backup:\n",
        "  antivirus: {product: norton, accept: [defender]}\n  backup:\n",
        ':20:3: services.antivirus: found {"product": "norton", "accept": ["defender"]}; '
        "allowed: an `accept` that holds the product itself, norton",
    ),
    "no_antivirus_accepted": (
        "  backup:\n",
        "  antivirus: {accept: []}\n  backup:\n",
        ":20:15: services.antivirus.accept: found []",
    ),
    "repeated_key": (
        "starts_on: 2026-10-01",
        "starts_on: 2026-10-01\nstarts_on: 2026-11-01",
        ":14:1: starts_on: found the key a second time; allowed: each key once",
    ),
    "no_device": (
        "  pc-1:\n    kind: desktop\n",
        "",
        ":16:1: devices: found null; allowed: keys and values",
    ),
    "another_folder": (
        "id: acme",
        "id: other",
        ":3:3: client.id: found other; allowed: the folder's name, acme",
    ),
    "mobile_without_a_copy": (
        "    kind: desktop",
        "    kind: mobile",
        "allowed: `owncloud_copy: true` for the mobile device pc-1, or leave it out: "
        "a mobile device is covered for the copy it holds",
    ),
    "ends_before_it_starts": (
        "starts_on: 2026-10-01",
        "starts_on: 2026-10-01\nends_on: 2026-09-30",
        "allowed: `ends_on` on or after `starts_on`",
    ),
    "no_yaml": ("devices:", "devices: [", ":18:9: found expected ',' or ']'"),
    "a_foreign_tag": ("kind: desktop", "kind: !python/name desktop", "found the tag !python/name"),
}


def problems(folder: Path, text: str) -> str:
    path = folder / "acme" / "contract.yml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_contract_file(path)
    return str(caught.value)


def test_the_good_contract_is_good(tmp_path: Path) -> None:
    path = tmp_path / "acme" / "contract.yml"
    path.parent.mkdir()
    path.write_text(GOOD, encoding="utf-8")

    contract, _ = load_contract_file(path)

    assert ("pc-1",) == contract.managed_devices


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_has_its_place_and_its_cure(tmp_path: Path, case: str) -> None:
    old, new, expected = CASES[case]
    assert old in GOOD

    text = problems(tmp_path, GOOD.replace(old, new, 1))

    assert expected in text
    assert str(tmp_path / "acme" / "contract.yml") in text


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("kind: desktop", "kind: tower").replace("Europe/Rome", "Europe/Roma")

    assert 2 == len(problems(tmp_path, text).splitlines())


@pytest.mark.parametrize(
    "data", [b"", b"- a\n", b"\xff\xfe", b"a: \x07", b"&a [*a]", b"a: &x {b: *x}"]
)
def test_what_is_no_mapping_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.yml"
    path.write_bytes(data)

    with pytest.raises(InputError, match=r"any\.yml"):
        load_yaml(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_yaml(tmp_path / "none.yml")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text("a:-[]{}&*!|>\n \t'\"#%@0", max_size=60))
def test_no_text_is_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yml"
    path.write_text(text, encoding="utf-8", errors="replace")

    try:
        source = load_yaml(path)
    except InputError as error:
        assert error.problems  # noqa: PT017 - either is right
    else:
        assert all(line >= 1 and column >= 1 for line, column in source.places.values())
