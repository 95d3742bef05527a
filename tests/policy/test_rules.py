"""The shipped policy: every rule keeps the promises its own examples make."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custode.core.expressions import Scope, evaluate, evaluate_rows
from custode.core.identity import IDENTITY_PROBES
from custode.core.observation import Facts, ProbeError, ProbeResult
from custode.core.policy import Example, Rule, Verdict, judge, judge_example, needed_probes
from custode.core.probes import NOT_OF_THE_PC, plan
from custode.core.references import references
from custode.core.rule_words import Uncertain
from custode.core.traces import PROBES as TRACE_PROBES
from custode.edges.policies import load_policies
from custode.edges.policy_examples import EXAMPLE_CONTRACT, EXAMPLE_DEVICE, EXAMPLE_NOW

POLICIES = load_policies(Path(__file__).parents[2] / "policies")
PROBES = POLICIES.probes
RULES = [POLICIES.rules[rule_id] for rule_id in sorted(POLICIES.rules)]
EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.id}-{example.verdict}-{index}")
    for rule in RULES
    for index, example in enumerate(rule.examples)
]
BY_RULE = [pytest.param(rule, id=rule.id) for rule in RULES]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_a_rule_says_what_its_example_says(rule: Rule, example: Example) -> None:
    finding = judge_example(rule, example)

    assert finding.verdict is example.verdict
    assert (finding.reason is not None) is (finding.verdict is Verdict.UNKNOWN)


@pytest.mark.parametrize("rule", BY_RULE)
def test_no_example_hides_a_mistake_in_an_expression(rule: Rule) -> None:
    """`expression` is the reason given for a rule that does not fit its facts."""
    reasons = [judge_example(rule, example).reason for example in rule.examples]

    assert [reason for reason in reasons if reason and reason.kind == "expression"] == []


@pytest.mark.parametrize("rule", BY_RULE)
def test_the_evidence_fits_the_facts(rule: Rule) -> None:
    for example in rule.examples:
        if example.verdict not in {Verdict.PASS, Verdict.FAIL}:
            continue
        scope = Scope(
            facts=example.facts,
            device=example.device,
            contract=example.contract,
            limits=example.limits,
            now=example.now,
        )
        scopes = [scope]
        if rule.each is not None:
            scopes = [scope.with_row(row) for row in evaluate_rows(rule.each, scope)]
        for expression, one in itertools.product(rule.observed.values(), scopes):
            assert _answer_kind(expression, one) != "expression", expression


def _answer_kind(expression: str, scope: Scope) -> str:
    try:
        evaluate(expression, scope)
    except Uncertain as uncertain:
        return uncertain.kind
    return "value"


@pytest.mark.parametrize("rule", BY_RULE)
def test_a_rule_has_an_example_where_it_cannot_tell(rule: Rule) -> None:
    assert any(example.verdict is Verdict.UNKNOWN for example in rule.examples)


@pytest.mark.parametrize("rule", BY_RULE)
def test_a_rule_speaks_both_languages(rule: Rule) -> None:
    texts = [
        rule.title,
        rule.why,
        rule.remedy,
        *([rule.unknown_means] if rule.unknown_means else []),
    ]

    for words in texts:
        assert words["it"].strip() != words["en"].strip()
        assert len(words["it"]) < 200
    for words in (rule.why, rule.remedy):
        assert words["it"].endswith(".")
        assert words["en"].endswith(".")
    assert not rule.title["it"].endswith(".")
    assert not rule.title["en"].endswith(".")


def test_every_probe_is_read_by_a_rule_or_tells_which_pc_it_is_or_who_removed_a_program() -> None:
    read = {*IDENTITY_PROBES, *TRACE_PROBES, *needed_probes(RULES, ["hardware", "compliance"])}

    assert read == set(PROBES)


def test_every_column_is_used_by_a_rule_or_names_its_row() -> None:
    """What nothing uses is not collected."""
    for probe in PROBES.values():
        if probe.id in {*IDENTITY_PROBES, *TRACE_PROBES}:
            continue
        used: set[str] = set()
        for rule in RULES:
            if probe.id in rule.needs:
                texts = [rule.passes, rule.applies, rule.each, *rule.observed.values()]
                used.update(*(references(text).columns for text in texts if text))
        given = {*probe.columns, *probe.arguments.get("fields", ())}
        always = {"key", "path", "profile", "exists", *SHOWN_TO_TECHNICIANS}
        if probe.kind == "event_log":
            always |= {"record_id", "event_id", "time", "level", "provider", "account", "data", "0"}

        assert given - used - always - set(probe.key) == set(), probe.id


# Read by the roles before anything is changed, and by whoever takes the first support call.
SHOWN_TO_TECHNICIANS = {
    "BuildNumber",
    "ClientID",
    "OSLanguage",
    "Publisher",
    "TotalVisibleMemorySize",
}


def test_areas_that_the_contract_names_are_covered() -> None:
    assert {rule.area for rule in RULES} == {
        "hardware",
        "data_safety",
        "operating_system",
        "antivirus",
        "backup",
        "remote_support",
        "identity",
        "security",
        "software",
        "stability",
        "capacity",
        "clock",
    }
    proofs = {(rule.service, rule.proves) for rule in RULES if rule.service}
    assert proofs == {
        (service, proves)
        for service in ("antivirus", "backup")
        for proves in ("installed", "working")
    }


def test_a_gate_is_a_hardware_matter() -> None:
    assert {rule.scope for rule in RULES if rule.gate} == {"hardware"}
    assert sum(rule.gate for rule in RULES) >= 5


def test_all_probes_can_be_sent() -> None:
    wire = plan(PROBES.values(), now=EXAMPLE_NOW)

    assert {probe["id"] for probe in wire} == {
        p.id for p in PROBES.values() if p.kind not in NOT_OF_THE_PC
    }


# --- what must hold of any facts -------------------------------------------------------------

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**64),
    st.text(max_size=12),
    st.sampled_from(["2026-10-01T07:00:00Z", "26200", "6.0.3", "Norton 360", "ownCloud", "266240"]),
    st.lists(st.integers(0, 9), max_size=2),
)


@st.composite
def _any_facts(draw: st.DrawFn) -> Facts:
    results: dict[str, ProbeResult] = {}
    for probe in PROBES.values():
        shape = draw(st.sampled_from(["rows", "rows", "error", "absent"]))
        if shape == "error":
            kind = draw(st.sampled_from(["not_found", "access_denied", "timeout", "failed"]))
            results[probe.id] = ProbeResult(error=ProbeError(kind, "Example"))
        elif shape == "rows":
            rows = [
                {name: draw(_SCALARS) for name in probe.columns}
                for _ in range(draw(st.integers(0, 2)))
            ]
            results[probe.id] = ProbeResult(rows=tuple(rows))
    return Facts(results)


def _findings(rules: list[Rule], facts: Facts) -> list[dict[str, Any]]:
    found = judge(
        rules,
        facts=facts,
        device=EXAMPLE_DEVICE,
        contract=EXAMPLE_CONTRACT,
        limits=POLICIES.baselines.usual("desktop"),
        now=EXAMPLE_NOW,
    )
    return [finding.to_json() for finding in found]


@settings(max_examples=60, deadline=None)
@given(_any_facts(), st.randoms(use_true_random=False))
def test_the_judge_answers_whatever_it_is_shown_in_any_order(facts: Facts, random: Any) -> None:
    found = _findings(RULES, facts)

    shuffled = list(RULES)
    random.shuffle(shuffled)
    turned = Facts({k: replace(v, rows=tuple(reversed(v.rows))) for k, v in facts.items()})
    assert [finding["rule"] for finding in found] == sorted(rule.id for rule in RULES)
    assert _findings(shuffled, turned) == found


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.text(max_size=8), _SCALARS, max_size=3))
def test_the_judge_answers_under_any_contract(contract: dict[str, Any]) -> None:
    for rule in RULES:
        for example in rule.examples:
            judge_example(rule, replace(example, contract=contract, device=contract))


def _shown_values(example: Example) -> Iterator[tuple[str, str]]:
    for probe_id, result in example.facts.items():
        for row in result.rows:
            yield from ((probe_id, name) for name, value in row.items() if value is not None)


def _without(facts: Facts, probe_id: str, column: str) -> Facts:
    blind = tuple({**row, column: None} for row in facts[probe_id].rows)
    return Facts({**facts.results, probe_id: replace(facts[probe_id], rows=blind)})


# (rule, column) where another fact may prove the same thing, or absence is itself the answer.
_NOT_NEEDED = {
    **dict.fromkeys(
        itertools.product(
            ("antivirus_installed", "antivirus_signatures_current", "antivirus_subscription_valid"),
            ("StartMode", "State"),
        ),
        "a program that stands still is there all the same",
    ),
    (
        "antivirus_working",
        "AntivirusSignatureAge",
    ): "whether signatures are current is another rule",
    **dict.fromkeys(
        itertools.product(
            (rule.id for rule in RULES if rule.area == "antivirus"), ("instanceGuid",)
        ),
        "the row is known by its name as well",
    ),
    ("guest_account_off", "enabled"): "where there is no such account",
    ("memory_test_passed", "time"): "with one test there is no order",
    ("machine_kind_matches", "Manufacturer"): "the model proves it",
    ("remote_registry_off", "StartMode"): "where there is no such service",
    ("secure_boot_certificates_renewed", "WindowsUEFICA2023Capable"): "the status proves it",
    **dict.fromkeys(
        [
            ("abandoned_programs_absent", "DisplayName"),
            ("flash_absent", "DisplayName"),
            ("office_supported", "DisplayName"),
            ("office_supported", "DisplayVersion"),
            ("other_remote_control_absent", "DisplayName"),
        ],
        "an entry without a name is part of another program",
    ),
    **dict.fromkeys(
        [
            ("automatic_logon_off", "AutoAdminLogon"),
            ("autorun_limited", "NoDriveTypeAutoRun"),
            ("guest_shares_refused", "AllowInsecureGuestAuth"),
            ("installers_not_elevated", "AlwaysInstallElevated"),
            ("old_file_sharing_off", "SMB1"),
            ("old_file_sharing_off", "Start"),
            ("old_sign_in_refused", "LmCompatibilityLevel"),
            ("updates_not_paused", "PauseUpdatesExpiryTime"),
            ("updates_switched_on", "NoAutoUpdate"),
        ],
        "the value is there only where somebody set it: without it Windows does the safe thing",
    ),
    ("teamviewer_assigned", "Unmanaged"): "a value that is not set says nothing against it",
    ("backup_server_confirms", "product"): "people are known whatever serves them",
    ("owncloud_synced_recently", "DisplayVersion"): "matters to a server, and none was asked",
}


@pytest.mark.parametrize("rule", BY_RULE)
def test_a_null_in_a_column_that_the_rule_leans_on_never_passes(rule: Rule) -> None:
    """Blank every value of a column the verdict leans on: no passing example may still pass."""
    texts = [rule.passes, rule.each or "", rule.applies or ""]
    leaned_on = set().union(*(references(text).columns for text in texts if text))
    checked = 0
    for example in rule.examples:
        if example.verdict is not Verdict.PASS:
            continue
        for probe_id, column in sorted(set(_shown_values(example))):
            if column not in leaned_on:
                continue
            checked += 1
            if (rule.id, column) in _NOT_NEEDED:
                continue
            blind = replace(example, facts=_without(example.facts, probe_id, column))
            if judge_example(rule, blind).verdict is Verdict.PASS:
                other = _decides_without(rule, example, probe_id)
                assert other, f"{probe_id}.{column} is null, and the rule still passes"
    if leaned_on:
        assert checked or not any(
            example.facts[p].rows
            for example in rule.examples
            if example.verdict is Verdict.PASS
            for p in example.facts
        )


def _decides_without(rule: Rule, example: Example, probe_id: str) -> bool:
    """Tell whether the example passes even when this probe's answer is replaced by an error."""
    failed = ProbeResult(error=ProbeError("failed", "Example"))
    facts = Facts({**example.facts.results, probe_id: failed})
    return judge_example(rule, replace(example, facts=facts)).verdict is Verdict.PASS


@pytest.mark.parametrize("rule", BY_RULE)
def test_a_rule_shown_nothing_but_errors_never_passes_or_fails(rule: Rule) -> None:
    for kind in ("access_denied", "timeout", "failed", "refused"):
        result = ProbeResult(error=ProbeError(kind, "Example"))
        example = replace(rule.examples[0], facts=Facts(dict.fromkeys(rule.needs, result)))

        verdict = judge_example(rule, example).verdict

        assert verdict in {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}
        if not rule.applies or "errors" not in rule.applies:
            assert verdict is Verdict.UNKNOWN or "device" in (rule.applies or "")


@pytest.mark.parametrize("rule", BY_RULE)
def test_what_is_too_old_is_unknown(rule: Rule) -> None:
    example = next(e for e in rule.examples if e.verdict is Verdict.PASS)
    then = datetime(2026, 10, 5, 7, 0, tzinfo=UTC)
    late = then + timedelta(days=max(rule.freshness_days.values()) + 1)
    (finding,) = judge(
        [rule],
        facts=example.facts,
        device=example.device,
        contract=example.contract,
        limits=example.limits,
        now=late,
        observed_at=dict.fromkeys(rule.needs, then),
    )

    assert finding.verdict is Verdict.UNKNOWN
    assert finding.reason is not None
    assert finding.reason.kind == "stale"
