"""Read the baselines: the common thresholds, and what differs for a kind of device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from custode.core.baselines import Baselines, Override, Threshold
from custode.core.contract import DeviceKind, threshold_value
from custode.core.errors import InputError, Problem
from custode.edges.policy_documents import Id, Text, Words
from custode.edges.yaml_source import Source, did_you_mean, load_yaml, validation_problems

COMMON = "common"
"""Name of the file that declares every threshold."""

_VISITED = tuple(str(kind) for kind in DeviceKind if kind is not DeviceKind.MOBILE)
_Value = Annotated[int | float, BeforeValidator(threshold_value)]
_M = TypeVar("_M", bound=BaseModel)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ThresholdDocument(_Document):
    """A threshold as `common.yml` declares it."""

    value: _Value
    unit: Text
    means: Words
    source: Text


class CommonDocument(_Document):
    """`policies/baselines/common.yml`."""

    thresholds: dict[Id, ThresholdDocument]


class OverrideDocument(_Document):
    """What holds for one kind of device, and why."""

    value: _Value
    source: Text


class KindDocument(_Document):
    """`policies/baselines/<kind>.yml`."""

    thresholds: dict[Id, OverrideDocument]


def read_baselines(folder: Path, problems: list[Problem]) -> tuple[Baselines, dict[str, Any]]:
    """Return the baselines of a folder and their content, noting everything that is wrong.

    Args:
        folder: `policies/baselines`; where it is missing there are no thresholds.
        problems: Grows by what is wrong.
    """
    content: dict[str, Any] = {}
    thresholds: dict[str, Threshold] = {}
    by_kind: dict[str, dict[str, Override]] = {}
    paths = sorted(folder.glob("*.yml"), key=lambda path: (path.stem != COMMON, path.stem))
    if paths and paths[0].stem != COMMON:
        allowed = f"{COMMON}.yml, which declares the thresholds"
        problems.append(Problem(str(folder), 0, 0, "", "no such file", allowed))
    for path in paths:
        if path.stem == COMMON:
            common = _validated(path, CommonDocument, problems, content)
            thresholds = _declared(common[0]) if common else {}
        elif path.stem in _VISITED:
            kind = _validated(path, KindDocument, problems, content)
            by_kind[path.stem] = _overrides(*kind, thresholds, problems) if kind else {}
        else:
            hint = did_you_mean(path.stem, _VISITED)
            allowed = f"{COMMON} or a kind of device: {', '.join(_VISITED)}"
            problems.append(Problem(str(path), 0, 0, "", path.name, allowed, hint))
    return Baselines(thresholds, by_kind), content


def _declared(document: CommonDocument) -> dict[str, Threshold]:
    return {
        name: Threshold(
            name=name,
            value=declared.value,
            unit=declared.unit,
            means=declared.means.model_dump(),
            source=declared.source,
        )
        for name, declared in document.thresholds.items()
    }


def _overrides(
    document: KindDocument,
    source: Source,
    thresholds: Mapping[str, Threshold],
    problems: list[Problem],
) -> dict[str, Override]:
    unknown = [name for name in document.thresholds if name not in thresholds]
    problems.extend(unknown_threshold(source, name, thresholds) for name in unknown)
    return {name: Override(own.value, own.source) for name, own in document.thresholds.items()}


def unknown_threshold(source: Source, name: str, known: Mapping[str, Any]) -> Problem:
    """Return the problem of a file that sets a threshold which is not declared."""
    return source.problem(
        ("thresholds", name),
        found=f"the threshold {name}",
        allowed=", ".join(sorted(known)) or "none: the policies declare no threshold",
        hint=did_you_mean(name, sorted(known)),
    )


def _validated(
    path: Path, model: type[_M], problems: list[Problem], content: dict[str, Any]
) -> tuple[_M, Source] | None:
    try:
        source = load_yaml(path)
        document = model.model_validate(source.data)
    except InputError as error:
        problems.extend(error.problems)
        return None
    except ValidationError as error:
        problems.extend(validation_problems(source, error, model))
        return None
    content[f"baselines/{path.stem}"] = source.data
    return document, source
