"""Commits of the store bear a signature that git itself can check, when a key is named."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from custode.core.errors import StoreError, UsageError
from custode.edges.signing import signing_key
from custode.edges.store import Store

AT = datetime(2026, 11, 9, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "id"
    make_key(path)
    return path


def make_key(path: Path, passphrase: str = "") -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "custode", "-f", path]
    subprocess.run(command, check=True)


def write(store: Store, content: bytes) -> str | None:
    with store.locked():
        return store.write({"contract.json": content}, message="monthly 2026-11", at=AT)


def verified(store: Store, key: Path) -> bool:
    """Ask git whether the last commit is signed by this key."""
    signers = key.with_name("allowed_signers")
    signers.write_text(f"custode@localhost {key.with_suffix('.pub').read_text()}")
    command = ["git", "-C", str(store.folder), "-c", f"gpg.ssh.allowedSignersFile={signers}"]
    done = subprocess.run([*command, "verify-commit", "HEAD"], capture_output=True, check=False)
    return done.returncode == 0


def test_every_commit_is_signed_by_the_key(tmp_path: Path, key: Path) -> None:
    store = Store(tmp_path / "store", signing_key=key)

    for content in (b"1\n", b"2\n"):
        commit = write(store, content)
        assert commit is not None
        assert store.is_signed(commit)
        assert verified(store, key)
        assert {"contract.json": content} == store.read()

    log = ["git", "-C", str(store.folder), "for-each-ref", "--format=%(refname)"]
    refs = subprocess.run(log, capture_output=True, text=True, check=True).stdout.split()
    assert ["refs/heads/main"] == refs


def test_a_signature_by_another_key_is_not_good(tmp_path: Path, key: Path) -> None:
    store = Store(tmp_path / "store", signing_key=key)
    write(store, b"1\n")
    make_key(tmp_path / "other")

    assert not verified(store, tmp_path / "other")


def test_without_a_key_commits_are_unsigned_and_said_to_be(tmp_path: Path, key: Path) -> None:
    store = Store(tmp_path / "store")

    commit = write(store, b"1\n")

    assert commit is not None
    assert not store.is_signed(commit)
    assert not verified(store, key)


def test_a_signed_commit_says_the_same_as_an_unsigned_one(tmp_path: Path, key: Path) -> None:
    signed, plain = Store(tmp_path / "signed", signing_key=key), Store(tmp_path / "plain")
    write(signed, b"1\n")
    write(plain, b"1\n")
    form = ["log", "-1", "--date=raw", "--format=%an <%ae> %ad %cn <%ce> %cd %T%n%B"]
    told = [
        subprocess.run(["git", "-C", str(s.folder), *form], capture_output=True, check=True).stdout
        for s in (signed, plain)
    ]

    assert told[0] == told[1]


def test_the_same_content_and_key_make_the_same_commit(tmp_path: Path, key: Path) -> None:
    first, second = (Store(tmp_path / name, signing_key=key) for name in ("one", "two"))

    assert write(first, b"1\n") == write(second, b"1\n")


def test_what_a_writer_left_that_was_killed_before_signing_is_no_obstacle(
    tmp_path: Path, key: Path
) -> None:
    store = Store(tmp_path / "store", signing_key=key)
    write(store, b"1\n")
    git = ["git", "-C", str(store.folder)]
    tree = ["commit-tree", "HEAD^{tree}", "-m", "left"]
    left = subprocess.run([*git, *tree], capture_output=True, check=True).stdout.decode().strip()
    subprocess.run([*git, "update-ref", "refs/custode/unsigned", left], check=True)

    write(store, b"2\n")

    assert verified(store, key)
    assert {"contract.json": b"2\n"} == store.read()


@pytest.mark.parametrize("passphrase", ["", "secret"], ids=["no key", "passphrase"])
def test_a_key_that_cannot_sign_leaves_the_last_commit_the_last(
    tmp_path: Path, passphrase: str
) -> None:
    path = tmp_path / "key"
    if passphrase:
        make_key(path, passphrase)
    else:
        path.write_text("no key\n", encoding="utf-8")
    plain = Store(tmp_path / "store")
    before = write(plain, b"1\n")

    with pytest.raises(StoreError, match="could not be signed") as caught:
        write(Store(tmp_path / "store", signing_key=path), b"2\n")

    assert "CUSTODE_SIGNING_KEY" in caught.value.hint
    assert before == plain.head()


def test_a_named_key_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUSTODE_SIGNING_KEY", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="there is no file"):
        signing_key()
    monkeypatch.delenv("CUSTODE_SIGNING_KEY")
    assert signing_key() is None
