"""The store on real git: whole commits or none, and errors that say what to do."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custode.core.errors import StoreError
from custode.core.git_tree import blob_id, tree_id
from custode.core.identity import Identity
from custode.edges.store import Store, recorded_identity

AT = datetime(2026, 11, 9, 8, tzinfo=UTC)
TREE = {
    "contract.json": b"{}\n",
    "devices/pc 1/facts.json": b"{}\n",
    "devices/pc.1/facts.json": "è\r\n".encode(),
    "devices-old": b"",
}


def git(store: Store, *arguments: str) -> str:
    command = ["git", "-C", str(store.folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def write(store: Store, tree: dict[str, bytes], message: str = "monthly") -> str | None:
    with store.locked():
        return store.write(tree, message=message, at=AT)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_what_is_written_can_be_read_from_git_and_from_the_folder(store: Store) -> None:
    commit = write(store, TREE)

    assert store.read() == TREE
    assert store.read(commit) == TREE
    assert {path: (store.folder / path).read_bytes() for path in TREE} == TREE
    assert git(store, "status", "--porcelain") == ""
    assert git(store, "fsck", "--strict") == ""


def test_nothing_is_committed_when_nothing_changed(store: Store) -> None:
    write(store, TREE)

    assert write(store, dict(TREE)) is None
    assert git(store, "rev-list", "--count", "HEAD") == "1"


def test_a_file_that_is_left_out_is_gone(store: Store) -> None:
    write(store, TREE)
    write(store, {"contract.json": b"new\n"})

    assert store.read() == {"contract.json": b"new\n"}
    assert not (store.folder / "devices").exists()


def test_the_same_content_makes_the_same_commit(store: Store, tmp_path: Path) -> None:
    twin = Store(tmp_path / "twin")

    assert write(store, TREE) == write(twin, dict(reversed(TREE.items())))


def test_author_dates_and_message_are_those_given(store: Store) -> None:
    write(store, TREE, "monthly 2026-11: 7 PCs")

    told = git(store, "log", "-1", "--date=iso-strict", "--format=%an <%ae>|%cn|%ad|%cd|%B")
    assert told == (
        "Custode <custode@localhost>|Custode|2026-11-09T08:00:00+00:00"
        "|2026-11-09T08:00:00+00:00|monthly 2026-11: 7 PCs"
    )


def test_the_users_own_git_settings_change_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "reference-transaction", "post-checkout"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "attributes").write_text("* text eol=crlf\n")
    (tmp_path / ".gitconfig").write_text(
        f"[user]\nname = Somebody\nemail = some@body\nsigningkey = NONE\n"
        f"[commit]\ngpgsign = true\n[core]\nhooksPath = {hooks}\nautocrlf = true\n"
        f"attributesFile = {tmp_path / 'attributes'}\n[init]\ndefaultBranch = trunk\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")

    commit = write(store, TREE)
    monkeypatch.delenv("GIT_DIR")

    assert commit == write(Store(tmp_path / "plain"), TREE)
    assert (store.folder / "contract.json").read_bytes() == b"{}\n"
    assert git(store, "log", "-1", "--format=%an %G?") == "Custode N"


def test_files_that_are_not_ours_are_left_alone(store: Store) -> None:
    write(store, TREE)
    (store.folder / "notes.txt").write_text("mine")
    (store.folder / "contract.json").write_text("changed by hand")

    write(store, {**TREE, "more": b""})

    assert (store.folder / "notes.txt").read_text() == "mine"
    assert (store.folder / "contract.json").read_bytes() == b"{}\n"


def test_an_empty_store_reads_as_nothing(store: Store) -> None:
    assert store.head() is None
    assert store.read() == {}
    assert store.read_file("contract.json") is None
    assert not store.folder.exists()


def test_the_recorded_identity_is_read_from_the_last_commit(store: Store) -> None:
    assert recorded_identity(store.folder, "pc") is None

    write(store, {"devices/pc/identity.json": b'{"uuid": "u", "serial": null}'})

    assert recorded_identity(store.folder, "pc") == Identity("u", None, None)
    assert recorded_identity(store.folder, "other") is None


def test_two_writers_wait_for_each_other(store: Store) -> None:
    write(store, TREE)
    with (store.folder / ".git" / "custode.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(StoreError, match="another publish"), store.locked(timeout_seconds=0.1):
            pass


def test_a_lock_left_by_a_killed_writer_is_removed(store: Store) -> None:
    write(store, TREE)
    (store.folder / ".git" / "index.lock").touch()
    (store.folder / ".git" / "custode.restoring").touch()

    assert write(store, {"contract.json": b"new\n"})


def test_a_lock_of_somebodys_git_is_named_and_not_removed(store: Store) -> None:
    write(store, TREE)
    (store.folder / ".git" / "index.lock").touch()

    with pytest.raises(StoreError, match="another git command is at work") as caught:
        write(store, {"contract.json": b"new\n"})

    assert "index.lock" in str(caught.value)
    assert (store.folder / ".git" / "index.lock").exists()


def test_a_folder_that_is_no_repository_is_not_taken_over(store: Store) -> None:
    store.folder.mkdir()
    (store.folder / "thesis.txt").write_text("")

    with pytest.raises(StoreError, match="not a git repository"):
        write(store, TREE)


def test_a_repository_around_the_store_is_not_mistaken_for_it(tmp_path: Path) -> None:
    around = Store(tmp_path)
    write(around, {"a": b""})
    store = Store(tmp_path / "reports" / "store" / "demo")

    write(store, TREE)

    assert store.read() == TREE
    assert around.read() == {"a": b""}


def test_an_init_that_was_killed_is_finished(store: Store) -> None:
    (store.folder / ".git" / "objects").mkdir(parents=True)
    (store.folder / ".git" / "HEAD.lock").touch()

    assert store.head() is None
    assert write(store, TREE)


def test_a_damaged_repository_says_so(store: Store) -> None:
    write(store, TREE)
    blob = blob_id(TREE["contract.json"])
    path = store.folder / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"rubbish")

    with pytest.raises(StoreError, match="it is damaged") as caught:
        store.read()

    assert "git fsck" in caught.value.hint


def test_a_missing_git_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(store.folder))

    with pytest.raises(StoreError, match="git is not installed"):
        write(store, TREE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git that meets a full disk when it writes; the last commit stays the last."""
    first = write(store, TREE)
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    real = shutil.which("git")
    fake.write_text(
        "#!/bin/sh\n"
        'case "$*" in *fast-import*) echo "fatal: sha1 file error: No space left on device" >&2;'
        f' exit 128;; esac\nexec {real} "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")

    with pytest.raises(StoreError, match="the disk is full"):
        write(store, {"contract.json": b"new\n"})

    assert store.head() == first


def test_a_stream_that_breaks_off_commits_nothing(store: Store) -> None:
    """What git does when its writer is killed: it needs the last word of the stream."""
    first = write(store, TREE)
    stream = (
        f"feature done\ncommit refs/heads/main\ncommitter A <a@b> 1 +0000\n"
        f"data 0\nfrom {first}\nM 100644 inline new\ndata 1\nx\n"
    )

    command = ["git", "-C", str(store.folder), "fast-import", "--quiet", "--date-format=raw"]
    done = subprocess.run(command, input=stream.encode(), check=False, capture_output=True)

    assert done.returncode != 0
    assert store.head() == first


def test_writing_without_the_lock_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="without its lock"):
        store.write(TREE, message="m", at=AT)


def test_tree_ids_are_gits_own(store: Store) -> None:
    write(store, TREE)

    assert tree_id(TREE) == git(store, "rev-parse", "HEAD^{tree}")
    assert tree_id(TREE, "devices") == git(store, "rev-parse", "HEAD:devices")


names = st.text(st.characters(codec="utf-8", exclude_characters="/\0\n"), min_size=1, max_size=5)


@given(
    st.dictionaries(names.filter(lambda name: name.strip(". ") == name), st.binary(), max_size=6)
)
def test_tree_ids_do_not_depend_on_order(files: dict[str, bytes]) -> None:
    backwards = dict(reversed(files.items()))

    assert tree_id({f"d/{name}": data for name, data in backwards.items()}, "d") == tree_id(files)
