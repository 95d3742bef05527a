"""What Windows' Security Center says of one antivirus, as aspects of its verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from custode.core.antivirus import NO_SECURITY_CENTER, PRODUCTS_PROBE, reported_at, whole
from custode.core.observation import Facts, Row, utc_text
from custode.core.verification import Aspect, known, not_applicable, trouble, unknown

_KIND_PROBE = "windows_kind"
_WORKSTATION = 1

SECURITY_CENTER_PROBES: Sequence[dict[str, Any]] = (
    {
        "id": PRODUCTS_PROBE,
        "kind": "cim",
        "namespace": "root/SecurityCenter2",
        "class": "AntiVirusProduct",
        "properties": ["displayName", "instanceGuid", "productState", "timestamp"],
    },
    {
        "id": _KIND_PROBE,
        "kind": "cim",
        "namespace": "root/cimv2",
        "class": "Win32_OperatingSystem",
        "properties": ["ProductType"],
    },
)
"""The probes that `registration` needs the answers of."""


def registration(
    facts: Facts, *, is_own: Callable[[Row], bool], configured: Callable[[Sequence[Row]], Aspect]
) -> dict[str, Aspect]:
    """Return what the Security Center says; Windows Server has none, a broken client neither.

    Args:
        facts: The answers to `SECURITY_CENTER_PROBES`.
        is_own: Tells whether a row is the product's.
        configured: Tells from its rows, of which there is at least one, whether it is set up.
    """
    names = ("registered", "configured", "last_sign_of_life")
    why = trouble(facts, PRODUCTS_PROBE)
    if why is not None:
        none = why == "not_found" and _is_server(facts)
        return dict.fromkeys(names, not_applicable(NO_SECURITY_CENTER) if none else unknown(why))
    rows = [row for row in facts[PRODUCTS_PROBE].rows if is_own(row)]
    if not rows:
        return {
            "registered": known(value=False),
            **dict.fromkeys(names[1:], unknown("not_registered")),
        }
    return {
        "registered": known(value=True),
        "configured": configured(rows),
        "last_sign_of_life": _last_report(rows),
    }


def _is_server(facts: Facts) -> bool:
    types = () if trouble(facts, _KIND_PROBE) else facts[_KIND_PROBE].rows
    numbers = [whole(row.get("ProductType")) for row in types]
    return bool(numbers) and all(number not in {None, _WORKSTATION} for number in numbers)


def _last_report(rows: Sequence[Row]) -> Aspect:
    moments = [moment for row in rows if (moment := reported_at(row)) is not None]
    return known(utc_text(max(moments))) if moments else unknown("report_undated")
