"""What a simulated PC downloads: by address, with checksums, times and the answers of servers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from winsim.host import Host
from winsim.installers import build_installer
from winsim.model.downloads import Download
from winsim.model.files import File
from winsim.modules import run_module
from winsim.profiles import load_profiles

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
SITE = "https://download.example.test"
SUM = hashlib.sha256(b"one").hexdigest()
DEST = "C:\\Stage\\a.bin"


@pytest.fixture
def host() -> Host:
    found = next(host for host in load_profiles(["office"]) if host.name == "direzione")
    found.advance(NOW)
    found.files.make_folder("C:\\Stage")
    found.downloads = {
        f"{SITE}/a.bin": Download(data="one", modified="now - 30d", seconds=4),
        f"{SITE}/large.iso": Download(size=3_000_000),
        f"{SITE}/owncloud%20client.msi?x=1": Download(spec="owncloud"),
        f"{SITE}/": Download(data="home"),
        f"{SITE}/busy": Download(status=503),
        f"{SITE}/sums": Download(data=f"{'0' * 64}  b.bin\n{SUM}  ./a.bin\n"),
    }
    return found


def get(host: Host, **arguments: Any) -> dict[str, Any]:
    defaults = {"url": f"{SITE}/a.bin", "dest": DEST, "checksum_algorithm": "sha256"}
    return run_module(host, "win_get_url", {**defaults, **arguments})


def test_a_file_comes_once_and_is_told_with_its_checksum(host: Host) -> None:
    dry = get(host, _ansible_check_mode=True)
    assert not host.files.exists(DEST)
    first, second = get(host), get(host)

    assert [True, True, False] == [result["changed"] for result in (dry, first, second)]
    assert {
        "changed": True, "checksum_dest": SUM, "checksum_src": SUM, "dest": DEST, "elapsed": 4.0,
        "msg": "OK", "size": 3, "status_code": 200, "url": f"{SITE}/a.bin",
    } == first  # fmt: skip
    assert "checksum_dest" not in dry
    assert b"one" == host.files.read(DEST)


@pytest.mark.parametrize(
    ("address", "dest", "path", "size"),
    [
        ("/large.iso", "C:\\Stage", "C:\\Stage\\large.iso", 3_000_000),
        ("/", "C:\\Stage\\", "C:\\Stage\\download.example.test", 4),
    ],
)
def test_a_folder_is_given_the_files_name_or_that_of_the_server(
    host: Host, address: str, dest: str, path: str, size: int
) -> None:
    result = get(host, url=f"{SITE}{address}", dest=dest)

    assert (path, size) == (result["dest"], result["size"])
    assert host.files.get(path) is not None


def test_an_installer_arrives_as_one(host: Host) -> None:
    get(host, url=f"{SITE}/owncloud%20client.msi?x=1", dest="C:\\Stage")

    arrived = host.files.read("C:\\Stage\\owncloud client.msi")
    assert build_installer(host.specs["owncloud"]) == arrived
    installed = run_module(host, "win_package", {"path": "C:\\Stage\\owncloud client.msi"})
    assert 0 == installed["rc"]


def test_without_force_only_a_newer_or_a_wrong_file_is_fetched(host: Host) -> None:
    host.files.write(DEST, b"own")

    kept = get(host, force=False)
    right = get(host, force=False, checksum=hashlib.sha256(b"own").hexdigest().upper())
    host.files.add(File(DEST, data=b"old", size=3, modified=NOW - timedelta(days=40)))
    newer = get(host, force=False)
    host.files.write(DEST, b"own")
    wrong = get(host, force=False, checksum=SUM)

    assert [False, False, True, True] == [r["changed"] for r in (kept, right, newer, wrong)]
    assert "status_code" not in right  # nobody was asked
    assert b"one" == host.files.read(DEST)


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        ({"url": "https://none.test/x"}, "could not be resolved: 'none.test'", None),
        ({"url": f"{SITE}/busy"}, "returned an error: (503) Service Unavailable.", 503),
        ({"url": "ftp://none.test/x"}, "does not model downloads from ftp: addresses", None),
        ({"dest": "C:\\None\\a"}, "The path 'C:\\None' does not exist for destination", None),
        ({"dest": "C:\\None\\"}, "The destination path 'C:\\None\\' does not exist", None),
        ({"checksum": "0" * 64}, f"did not match '{'0' * 64}', it was '{SUM}'", 200),
        ({"checksum_url": f"{SITE}/a.bin"}, "Checksum record not found for file name", 200),
        ({"checksum_url": f"{SITE}/busy"}, "Error when getting the remote checksum from", 503),
        (
            {"checksum": "0", "checksum_url": "x"},
            "mutually exclusive: checksum, checksum_url",
            None,
        ),
        ({"validate_certs": False}, "does not model the option validate_certs", None),
        ({"dest": "C:\\Stage\\held"}, "because it is being used by another process", 200),
    ],
)
def test_what_goes_wrong_is_told_in_the_words_of_the_real_module(
    host: Host, arguments: dict[str, Any], words: str, status: int | None
) -> None:
    host.files.add(File("C:\\Stage\\held", locked=True))
    before = host.snapshot()

    result = get(host, **arguments)

    assert (True, False) == (result["failed"], result["changed"])
    assert words in result["msg"]
    assert status == result.get("status_code")
    assert before == host.snapshot()


def test_a_list_of_checksums_is_read_at_its_address(host: Host) -> None:
    assert get(host, checksum_url=f"{SITE}/sums")["changed"]
