"""A client's waivers, checked against its contract and the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from custode.core.contract import Contract
from custode.core.errors import InputError, Problem
from custode.core.policy import Rule
from custode.core.waivers import Waiver, WaiverFile
from custode.edges.yaml_source import did_you_mean, load_yaml, validation_problems

FILE = "waivers.yml"


def load_waivers(
    folder: Path, *, contract: Contract, rules: Mapping[str, Rule]
) -> tuple[Waiver, ...]:
    """Return the waivers of an inventory folder; none when it has no `waivers.yml`.

    Raises:
        InputError: An entry names no covered PC or no rule, or a rule that the contract's validity
            rests on; every problem is listed, with its place.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    source = load_yaml(path)
    try:
        waivers = WaiverFile.model_validate(source.data).waivers
    except ValidationError as error:
        raise InputError(validation_problems(source, error, WaiverFile)) from error
    problems: list[Problem] = []
    for index, waiver in enumerate(waivers):
        place = ("waivers", index)
        if waiver.device not in contract.managed_devices:
            known = list(contract.managed_devices)
            problems.append(
                source.problem(
                    (*place, "device"),
                    found=waiver.device,
                    allowed=f"a covered PC: {', '.join(known)}",
                    hint=did_you_mean(waiver.device, known),
                )
            )
        rule = rules.get(waiver.rule)
        if rule is None:
            hint = did_you_mean(waiver.rule, sorted(rules))
            problems.append(
                source.problem(
                    (*place, "rule"), found=waiver.rule, allowed="the id of a rule", hint=hint
                )
            )
        elif rule.service is not None:
            problems.append(
                source.problem(
                    (*place, "rule"),
                    found=waiver.rule,
                    allowed="a rule on which the contract's validity does not rest",
                    hint=f"no signature replaces a working {rule.service}",
                )
            )
    if problems:
        raise InputError(problems)
    return waivers
