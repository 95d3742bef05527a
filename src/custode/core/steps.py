"""The life of a step that only a person can finish: opened, closed by what was seen, withdrawn.

Runs give signals; the ledger keeps those that changed something. A signal that changes nothing where
it stands may be there or not, so the ledger can be read in any order of publishing: a run that is
published late adds its lines, and no line that stands there becomes wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from custode.core.antivirus import AntivirusState
from custode.core.antivirus_products import ANTIVIRUS, superseded_by
from custode.core.observation import utc_moment
from custode.core.services import ServiceStanding

OPENED, CLOSED, WITHDRAWN = "attended_step", "step_closed", "step_withdrawn"
INSTALL, REMOVE = "install", "remove"

RECENT = timedelta(days=45)
"""How long after its end a step still explains what a visit meets: a visit and a half."""

# The playbook whose roles open steps: what it no longer asks for, nobody has to do.
_OPENING_VERB = "onboard"
_OPPOSITE = {INSTALL: REMOVE, REMOVE: INSTALL}
_ORDER = {WITHDRAWN: 0, OPENED: 1, CLOSED: 2}

Line = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of one PC.

    Attributes:
        product: Catalog id of the product it is about.
        step: What is to be done: `install`, `remove`, or a word of the role that opened it.
        opened_at: When the run that opened it began, ISO 8601 UTC.
        run_id: That run.
        staged_at: Where the installer lies ready on the PC, or None.
        note: What was found of the product when it was opened, such as `ghost`; may be empty.
        ended_at: When the run that closed or withdrew it began, or None while it is open.
        withdrawn: Whether it ended because nobody wants it any more, and not by being done.
    """

    product: str
    step: str
    opened_at: str
    run_id: str
    staged_at: str | None
    note: str
    ended_at: str | None = None
    withdrawn: bool = False

    def age_days(self, now: str) -> int:
        """Return how many whole days it has been open at a moment, ISO 8601."""
        return (utc_moment(now) - utc_moment(self.opened_at)).days

    def to_json(self, *, now: str) -> dict[str, Any]:
        """Return plain data, with the age at a moment."""
        return {
            "age_days": self.age_days(now),
            "at": self.opened_at,
            "note": self.note,
            "product": self.product,
            "run_id": self.run_id,
            "staged_at": self.staged_at,
            "step": self.step,
        }


def step_lines(
    runs: Iterable[Mapping[str, Any]], device: str, *, services: Mapping[str, str]
) -> list[Line]:
    """Return the lines that a PC's ledger owes to its steps: the signals that changed something.

    Args:
        runs: Every run's record.
        device: The PC.
        services: By product, the service of the contract whose working proves it in place.
    """
    ordered = sorted(runs, key=lambda run: (str(run["at"]), str(run["run_id"])))
    hosts = [(run, run["hosts"][device]) for run in ordered if device in run["hosts"]]
    known = {(str(s["product"]), str(s["step"])) for _, host in hosts for s in host["attended"]}
    lines = [line for run, host in hosts for line in _signals(run, host, known, services)]
    open_now: set[tuple[str, str]] = set()
    kept = []
    for line in lines:
        key = (line["product"], line["step"])
        if (line["entry"] == OPENED) is (key in open_now):
            continue
        open_now ^= {key}
        kept.append(line)
    return kept


def missing_lines(
    ledger: Sequence[Mapping[str, Any]], lines: Iterable[Mapping[str, Any]]
) -> list[Line]:
    """Return those of the lines that do not stand in the ledger yet."""
    told = {_identity(line) for line in ledger if line["entry"] in _ORDER}
    return [dict(line) for line in lines if _identity(line) not in told]


def steps_at(ledger: Iterable[Mapping[str, Any]], *, now: str) -> list[Step]:
    """Return every step of a PC that was open at a moment or had ended by then, oldest first.

    Args:
        ledger: The PC's lines, in any order, repeated or not.
        now: The moment, ISO 8601 UTC; what came later counts for nothing.
    """
    lines = [line for line in ledger if line["entry"] in _ORDER and str(line["at"]) <= now]
    lines.sort(key=lambda line: (str(line["at"]), str(line["run_id"]), _ORDER[line["entry"]]))
    open_now: dict[tuple[str, str], Step] = {}
    ended: list[Step] = []
    for line in lines:
        key = (str(line["product"]), str(line["step"]))
        if line["entry"] == OPENED:
            open_now.setdefault(key, _opened(line))
        elif key in open_now:
            ended.append(_ended(open_now.pop(key), line))
    return sorted([*ended, *open_now.values()], key=_reading_order)


def open_steps(ledger: Iterable[Mapping[str, Any]], *, now: str) -> list[Step]:
    """Return the steps that a person must still finish at a moment, oldest first."""
    return [step for step in steps_at(ledger, now=now) if step.ended_at is None]


def firewall_step(ledger: Iterable[Mapping[str, Any]], *, now: str) -> Step | None:
    """Return the step by which an antivirus with a firewall may have come to a PC, or None.

    Args:
        ledger: The PC's lines.
        now: The moment; a step that ended more than `RECENT` before it explains nothing.
    """
    floor = utc_moment(now) - RECENT
    found = [
        step
        for step in steps_at(ledger, now=now)
        if step.step == INSTALL
        and step.product in ANTIVIRUS
        and ANTIVIRUS[step.product].has_firewall
        and (step.ended_at is None or utc_moment(step.ended_at) >= floor)
    ]
    return found[-1] if found else None


def _signals(
    run: Mapping[str, Any],
    host: Mapping[str, Any],
    known: Iterable[tuple[str, str]],
    services: Mapping[str, str],
) -> Iterator[Line]:
    """Yield what one run says of the steps of one PC: what it withdraws, opens and closes."""
    about = {"at": str(run["at"]), "run_id": str(run["run_id"])}
    opened = {(str(item["product"]), str(item["step"])): item for item in host["attended"]}
    for key in sorted(known):
        product, step = key
        line = {**about, "product": product, "step": step}
        if why := _withdrawal(host, key, opened):
            yield {**line, "entry": WITHDRAWN, "why": why}
        if key in opened:
            item = opened[key]
            found = {"staged_at": item.get("staged_at"), "note": item.get("note") or ""}
            yield {**line, "entry": OPENED, **found}
        evidence = _evidence(host, key, services.get(product))
        if evidence is None and key not in opened:
            evidence = _not_asked(run, host, product)
        if evidence is not None:
            yield {**line, "entry": CLOSED, "evidence": evidence}


def _withdrawal(
    host: Mapping[str, Any], key: tuple[str, str], opened: Iterable[tuple[str, str]]
) -> str:
    """Return why nobody wants a step any more, or nothing."""
    product, step = key
    if (product, _OPPOSITE.get(step, "")) in opened:
        return "replaced"
    seen = host.get("antivirus")
    if step != INSTALL or product not in ANTIVIRUS or seen is None:
        return ""
    if product not in seen["accept"]:
        return "not_accepted"
    other = superseded_by(product, seen)
    return f"{other}_accepted" if other else ""


def _evidence(host: Mapping[str, Any], key: tuple[str, str], service: str | None) -> Line | None:
    """Return what proves that a step is finished, or None."""
    product, step = key
    if product in ANTIVIRUS:
        return _antivirus_evidence(host, product, step)
    verified = host.get("verified", {}).get(product)
    if verified is not None and (aspect := _proving_aspect(verified["aspects"], step)):
        return {"kind": "verification", "aspect": aspect, "at": verified["at"]}
    if service is None or step == REMOVE:
        return None
    if host["services"][service]["standing"] != ServiceStanding.WORKING:
        return None
    return {"kind": "service", "service": service, "at": host["observed_at"]}


def _not_asked(run: Mapping[str, Any], host: Mapping[str, Any], product: str) -> Line | None:
    """Return the evidence that a run which would have asked for a step came to its end without."""
    ended = host["outcome"] == "observed" and not run["check_mode"]
    if product in ANTIVIRUS or run["verb"] != _OPENING_VERB or not ended:
        return None
    return {"kind": "not_asked_again", "at": host["observed_at"]}


def _antivirus_evidence(host: Mapping[str, Any], product: str, step: str) -> Line | None:
    seen = host.get("antivirus")
    state = None if seen is None else seen["products"].get(product, {}).get("state")
    wanted = AntivirusState.ABSENT if step == REMOVE else AntivirusState.HEALTHY
    if state != wanted:
        return None
    return {"kind": "observation", "state": str(state), "at": host["observed_at"]}


def _proving_aspect(aspects: Mapping[str, Mapping[str, Any]], step: str) -> str:
    """Return the aspect that proves a step: what is removed has no version, and so on."""
    version, configured = aspects["version"], aspects["configured"]
    if step == INSTALL:
        return "version" if version["state"] == "known" else ""
    if step == REMOVE:
        return "version" if version["why"] == "not_installed" else ""
    set_up = configured["state"] == "known" and bool(configured["value"])
    return "configured" if set_up else ""


def _opened(line: Mapping[str, Any]) -> Step:
    return Step(
        product=str(line["product"]),
        step=str(line["step"]),
        opened_at=str(line["at"]),
        run_id=str(line["run_id"]),
        staged_at=line.get("staged_at"),
        note=str(line.get("note") or ""),
    )


def _ended(step: Step, line: Mapping[str, Any]) -> Step:
    return replace(step, ended_at=str(line["at"]), withdrawn=line["entry"] == WITHDRAWN)


def _reading_order(step: Step) -> tuple[str, str, str]:
    return (step.opened_at, step.product, step.step)


def _identity(line: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(line[name]) for name in ("entry", "run_id", "product", "step"))
