"""Loading policies: every mistake is named, with its place and what may stand there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from custode.core.errors import InputError, Problem, UsageError
from custode.edges.policies import load_policies

SHIPPED = Path(__file__).parents[2] / "policies"

PROBE = """---
id: sample_disks
purpose: {it: Prova., en: Test.}
kind: cim
namespace: root/cimv2
class: Win32_LogicalDisk
properties: [DeviceID, FreeSpace, VolumeDirty]
freshness_days: 35
cost: low
key: [DeviceID]
volatile: [FreeSpace]
no_data: {FreeSpace: [0]}
examples:
  - values: synthetic
    shape: a desktop
    rows: [{DeviceID: 'C:', FreeSpace: 5, VolumeDirty: false}]
"""

COMMON = """---
thresholds:
  sample_percent:
    value: 10
    unit: percent
    means: {it: Spazio, en: Space}
    source: Own practice.
"""
NOTEBOOK = """---
thresholds:
  sample_percent: {value: 20, source: Own practice.}
"""

RULE = """---
id: sample_clean
title: {it: Pulito, en: Clean}
why: {it: Prova., en: Test.}
area: data_safety
scope: hardware
severity: low
clause: inspection
needs: [sample_disks]
each: facts.sample_disks
when_empty: unknown
pass: row.VolumeDirty == false or row.FreeSpace > limits.sample_percent
observed: {disk: row.DeviceID, free: row.FreeSpace}
remedy: {it: Prova., en: Test.}
examples:
  limits: {sample_percent: 10}
  pass:
    - facts: {sample_disks: [{DeviceID: 'C:', VolumeDirty: false}]}
  fail:
    - facts: {sample_disks: [{DeviceID: 'C:', VolumeDirty: true, FreeSpace: 10}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "probes").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "common.yml").write_text(COMMON, encoding="utf-8")
    (tmp_path / "baselines" / "notebook.yml").write_text(NOTEBOOK, encoding="utf-8")
    (tmp_path / "probes" / "sample_disks.yml").write_text(PROBE, encoding="utf-8")
    (tmp_path / "rules" / "sample_clean.yml").write_text(RULE, encoding="utf-8")
    return tmp_path


def _problems(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        load_policies(folder)
    return caught.value.problems


def _change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_evidence_that_the_passing_of_time_changes_is_no_part_of_a_healthy_record(
    folder: Path,
) -> None:
    rule = "rules/sample_clean.yml"
    _change(folder, rule, "observed: {", "observed: {offset: utc_offset('Europe/Rome'), ")

    assert load_policies(folder).rules["sample_clean"].volatile_observed == {"free", "offset"}


def test_the_sample_loads(folder: Path) -> None:
    policies = load_policies(folder)

    assert list(policies.probes) == ["sample_disks"]
    rule = policies.rules["sample_clean"]
    assert rule.volatile_observed == {"free"}
    assert rule.freshness_days == {"sample_disks": 35}
    assert len(rule.examples) == 2
    assert rule.limits == {"sample_percent"}
    assert rule.no_data == {"sample_disks": {"FreeSpace": (0,)}}
    (example,) = policies.probes["sample_disks"].examples
    assert (example.recorded, example.shape) == (False, "a desktop")
    assert policies.baselines.usual("desktop") == {"sample_percent": 10}
    assert policies.baselines.usual("notebook") == {"sample_percent": 20}


def test_the_digest_follows_the_content_and_not_the_layout(folder: Path) -> None:
    before = load_policies(folder).digest

    _change(folder, "rules/sample_clean.yml", "severity: low\n", "severity:   low  # a comment\n")
    assert load_policies(folder).digest == before

    _change(folder, "rules/sample_clean.yml", "severity:   low", "severity: high")
    assert load_policies(folder).digest != before


def test_a_folder_without_policies_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no policies"):
        load_policies(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "probes/sample_disks.yml",
            "cost: low",
            "cots: low",
            "probes/sample_disks.yml:9:1: cots: found the key `cots`",
        ),
        ("probes/sample_disks.yml", "kind: cim", "kind: cmi", "did you mean `cim`?"),
        (
            "probes/sample_disks.yml",
            "kind: cim",
            "kind: command",
            "found command; allowed: accounts, cim,",
        ),
        (
            "probes/sample_disks.yml",
            "cost: low",
            "cost: free",
            "cost: found \"free\"; allowed: 'low'",
        ),
        (
            "probes/sample_disks.yml",
            "key: [DeviceID]",
            "key: [DeviceId]",
            "did you mean `DeviceID`?",
        ),
        ("probes/sample_disks.yml", "volatile: [FreeSpace]", "volatile: [Free]", "FreeSpace"),
        ("probes/sample_disks.yml", "id: sample_disks", "id: other", "the file's own name"),
        (
            "probes/sample_disks.yml",
            "class: Win32_LogicalDisk",
            "class: CIM_DataFile",
            "the privacy guard refuses (ClassNotListed)",
        ),
        ("probes/sample_disks.yml", "VolumeDirty]", "DeviceID]", "the same column twice"),
        ("rules/sample_clean.yml", "severity: low", "severity: mild", 'severity: found "mild"'),
        ("rules/sample_clean.yml", "en: Clean}", "fr: Propre}", "title"),
        ("rules/sample_clean.yml", "needs: [sample_disks]", "needs: [sample_disk]", "did you mean"),
        (
            "rules/sample_clean.yml",
            "row.VolumeDirty == false",
            "row.VolumeDirt == false",
            "sample_clean.yml:12:1: pass: found the column VolumeDirt",
        ),
        (
            "rules/sample_clean.yml",
            "row.VolumeDirty == false",
            "facts.other_probe | length > 0",
            "found facts of other_probe; allowed: those in needs: sample_disks",
        ),
        (
            "rules/sample_clean.yml",
            "row.VolumeDirty == false",
            "row.VolumeDirty = = false",
            "allowed: a Jinja2 expression",
        ),
        (
            "rules/sample_clean.yml",
            "limits.sample_percent",
            "limits.sample_percents",
            "pass: found the threshold sample_percents; allowed: sample_percent (did you mean",
        ),
        (
            "rules/sample_clean.yml",
            "limits.sample_percent",
            "limits['sample' ~ '_percent']",
            "found facts, errors or limits without a name; allowed: facts.<probe>,",
        ),
        (
            "rules/sample_clean.yml",
            "  limits: {sample_percent: 10}\n",
            "",
            "examples: found no limit sample_percent; allowed: limits: {sample_percent: <number>}",
        ),
        (
            "rules/sample_clean.yml",
            "limits: {sample_percent: 10}",
            "limits: {sample_percent: 10, other: 1}",
            "examples.limits.other: found other; allowed: sample_percent",
        ),
        (
            "probes/sample_disks.yml",
            "    rows: [{",
            "    rows: [{Size: 1, ",
            "examples.0.rows.0.Size: found Size; allowed: DeviceID, FreeSpace, VolumeDirty",
        ),
        (
            "probes/sample_disks.yml",
            "    rows: [{DeviceID: 'C:', FreeSpace: 5, VolumeDirty: false}]\n",
            "",
            "allowed: either `rows` or `error`",
        ),
        (
            "probes/sample_disks.yml",
            "values: synthetic",
            "values: guessed",
            "allowed: 'synthetic' or 'recorded'",
        ),
        (
            "probes/sample_disks.yml",
            "no_data: {FreeSpace: [0]}",
            "no_data: {Wear: [100]}",
            "no_data.Wear: found Wear; allowed: DeviceID, FreeSpace, VolumeDirty",
        ),
        (
            "baselines/common.yml",
            "value: 10",
            "value: ten",
            'common.yml:4:5: thresholds.sample_percent.value: found "ten"; allowed: a number, 0 or',
        ),
        (
            "baselines/common.yml",
            "value: 10",
            "value: true",
            "thresholds.sample_percent.value: found true; allowed: a number, 0 or more",
        ),
        (
            "baselines/common.yml",
            "    source: Own practice.\n",
            "",
            "thresholds.sample_percent.source: found no such key; allowed: the key `source`",
        ),
        (
            "baselines/notebook.yml",
            "sample_percent:",
            "sample_percents:",
            "notebook.yml:3:3: thresholds.sample_percents: found the threshold sample_percents; "
            "allowed: sample_percent (did you mean `sample_percent`?)",
        ),
        (
            "baselines/notebook.yml",
            ", source: Own practice.",
            "",
            "notebook.yml:3:3: thresholds.sample_percent.source: found no such key;",
        ),
        ("rules/sample_clean.yml", "when_empty: unknown\n", "", "one of `each` and `when_empty`"),
        (
            "rules/sample_clean.yml",
            "needs: [sample_disks]\n",
            "needs: [sample_disks]\nservice: backup\n",
            "one of `service` and `proves`",
        ),
        (
            "rules/sample_clean.yml",
            "needs: [sample_disks]\n",
            "needs: [sample_disks]\nlet: {row: 'true'}\n",
            "a name that means nothing yet",
        ),
        (
            "rules/sample_clean.yml",
            "VolumeDirty: true,",
            "VolumeDirt: true,",
            "examples.fail.0.facts.sample_disks.0.VolumeDirt",
        ),
        ("rules/sample_clean.yml", "  fail:\n    - facts", "  unknown:\n    - facts", "`fail`"),
        ("rules/sample_clean.yml", "severity: low", "severity: low\nseverity: low", "second time"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    folder: Path, name: str, old: str, new: str, expected: str
) -> None:
    _change(folder, name, old, new)

    assert expected in "\n".join(str(problem) for problem in _problems(folder))


def test_a_need_that_no_expression_reads_is_refused(folder: Path) -> None:
    other = PROBE.replace("sample_disks", "sample_other")
    (folder / "probes" / "sample_other.yml").write_text(other, encoding="utf-8")
    _change(folder, "rules/sample_clean.yml", "[sample_disks]", "[sample_disks, sample_other]")

    (problem,) = _problems(folder)

    assert problem.key == "needs.1"
    assert "which no expression reads" in problem.found


def test_a_baseline_is_of_a_kind_of_device(folder: Path) -> None:
    (folder / "baselines" / "notebook.yml").rename(folder / "baselines" / "notebok.yml")

    (problem,) = _problems(folder)

    assert "baselines/notebok.yml: found notebok.yml; allowed: common or a kind of device: " in str(
        problem
    )
    assert problem.hint == "did you mean `notebook`?"


def test_baselines_need_the_file_that_declares_the_thresholds(folder: Path) -> None:
    (folder / "baselines" / "common.yml").unlink()

    found = "\n".join(map(str, _problems(folder)))

    assert "baselines: found no such file; allowed: common.yml, which declares the" in found
    assert "pass: found the threshold sample_percent; allowed: none" in found


def test_a_threshold_that_no_rule_reads_is_refused(folder: Path) -> None:
    _change(folder, "rules/sample_clean.yml", " or row.FreeSpace > limits.sample_percent", "")
    _change(folder, "rules/sample_clean.yml", "  limits: {sample_percent: 10}\n", "")

    assert (
        "baselines/common.yml:3:3: thresholds.sample_percent: found sample_percent, which no rule "
        "reads; allowed: what is read, only" in "\n".join(map(str, _problems(folder)))
    )


def test_another_number_is_another_policy(folder: Path) -> None:
    before = load_policies(folder).digest

    _change(folder, "baselines/notebook.yml", "20", "21")

    assert load_policies(folder).digest != before


def test_every_problem_of_every_file_is_listed_at_once(folder: Path) -> None:
    _change(folder, "probes/sample_disks.yml", "cost: low", "cost: free")
    _change(folder, "rules/sample_clean.yml", "severity: low", "severity: mild")

    files = {Path(problem.file).name for problem in _problems(folder)}

    assert files == {"sample_disks.yml", "sample_clean.yml"}


def test_a_file_that_is_no_yaml_is_a_problem_of_that_file(folder: Path) -> None:
    (folder / "rules" / "broken.yml").write_text("id: [\n", encoding="utf-8")

    assert {Path(problem.file).name for problem in _problems(folder)} == {"broken.yml"}


def test_the_shipped_policies_load_from_anywhere(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("catalog"))

    assert load_policies(copy).digest == load_policies(SHIPPED).digest
