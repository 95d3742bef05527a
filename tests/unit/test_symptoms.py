"""What Ansible says is turned into what a technician can act on, and the raw words stay out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.symptoms import Reason, classify
from custode.flows.report.words import words

# Shortened texts of ansible-core 2.19 with pywinrm 0.5.
CASES = [
    ("ntlm: the specified credentials were rejected by the server", "auth"),
    (
        "ntlm: HTTPSConnectionPool(host='x', port=5986): Max retries exceeded (Caused by "
        "NewConnectionError('Failed to establish a new connection: [Errno 111] refused'))",
        "offline",
    ),
    ("Max retries exceeded (Caused by ConnectTimeoutError(connect timeout=30))", "offline"),
    ("basic: Failed (Caused by NameResolutionError('Name or service not known'))", "name"),
    (
        "ntlm: (Caused by SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED')))",
        "certificate",
    ),
    ("ntlm: ('Connection aborted.', ConnectionResetError(104, 'reset'))", "connection_lost"),
    ("winrm send_input failed; stdout:  stderr: ", "connection_lost"),
    ("ntlm: Bad HTTP response returned from server. Code 503", "transport_policy"),
    ("Module result deserialization failed: No start of json char found", "no_answer"),
    ("Received a WSManFault message. (Code: 2150859173, ...)", "quota"),
    ("Task failed: Timed out after 120 second(s).", "deadline"),
    ("This script contains malicious content and has been blocked", "security_block"),
    ("Ansible requires PowerShell v5.1 or newer", "unsupported"),
    ("ntlm: ", "no_session"),
]


@pytest.mark.parametrize(("message", "kind"), CASES, ids=[kind for _, kind in CASES])
def test_each_known_text_has_its_class(message: str, kind: str) -> None:
    assert classify({"msg": message}, unreachable=True).kind == kind


def test_an_unknown_text_is_said_to_be_unknown() -> None:
    assert classify({"msg": "?"}, unreachable=True).kind == "unreachable"
    assert classify({"msg": "?"}, unreachable=False).kind == "module_failure"


def test_our_own_reason_is_taken_as_it_is() -> None:
    reason = Reason("gate", "Faults to cure.", "Replace the disk.")

    assert reason == classify({"msg": "x", "custode_reason": reason.to_json()}, unreachable=False)


@given(st.text(), st.booleans())
def test_no_word_of_the_raw_text_is_repeated(secret: str, unreachable: bool) -> None:  # noqa: FBT001
    marked = f"canary{secret}canary"

    reason = classify({"msg": marked, "module_stderr": marked}, unreachable=unreachable)

    assert marked not in "".join(reason.to_json().values())


def test_every_reason_has_words_in_both_languages() -> None:
    folder = Path(__file__).resolve().parents[2] / "src" / "custode"
    sources = [folder / "core" / "symptoms.py", *(folder / "flows").glob("*.py")]
    kinds = {
        kind
        for path in sources
        for kind in re.findall(r'Reason\(\s*"([a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(kinds) > 15

    for language in ("it", "en"):
        vocabulary = words(language, timezone="Europe/Rome")
        assert [] == sorted(kind for kind in kinds if f"attempt.{kind}" not in vocabulary.texts)
