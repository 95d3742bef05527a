"""The antivirus products that Custode knows; a contract accepts these and no others.

Another product is another entry here, with an adapter of its own: rules, roles and reports speak of
"the accepted antivirus" and name none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from custode.core.antivirus import Antivirus, AntivirusLook, AntivirusVerdict
from custode.core.observation import Facts
from custode.core.readers.defender import DEFENDER
from custode.core.readers.norton import NORTON

ANTIVIRUS: Mapping[str, Antivirus] = {item.id: item for item in (NORTON, DEFENDER)}
"""Every product by the word for it in a contract."""

# What is known outweighs what is not, and what works outweighs what is only there.
_RANK = {True: 0, None: 1, False: 2}


def judge_antivirus(facts: Facts, *, now: datetime) -> dict[str, AntivirusVerdict]:
    """Return the verdict on every product that Custode knows, by product; never raises."""
    look = AntivirusLook.of(facts, now=now)
    return {name: item.judge(look) for name, item in ANTIVIRUS.items()}


def accepted(verdicts: Mapping[str, AntivirusVerdict], accept: Sequence[str]) -> AntivirusVerdict:
    """Return the verdict that counts: of the accepted product that protects best.

    Args:
        verdicts: Every product's verdict.
        accept: The accepted products, the most wanted first; at least one, all of them known.
    """

    def order(name: str) -> tuple[int, int]:
        verdict = verdicts[name]
        return (_RANK[verdict.working], _RANK[verdict.installed])

    return verdicts[min(accept, key=order)]


def superseded_by(product: str, seen: Mapping[str, Any]) -> str | None:
    """Return the accepted product that works where another one is not there at all, or None.

    Args:
        product: The product that is not needed then.
        seen: What `summary` gave.
    """
    if seen["products"].get(product, {}).get("installed") is not False:
        return None
    others = [name for name in seen["accept"] if name != product]
    return next((name for name in others if seen["products"][name]["working"]), None)


def summary(facts: Facts, *, accept: Sequence[str], now: datetime) -> dict[str, Any]:
    """Return how each product stands, as plain data for the journal and the store.

    Args:
        facts: What was read.
        accept: What the contract accepts.
        now: The moment of the look, aware.
    """
    verdicts = judge_antivirus(facts, now=now)
    return {
        "accept": list(accept),
        "products": {name: verdict.to_json() for name, verdict in verdicts.items()},
    }
