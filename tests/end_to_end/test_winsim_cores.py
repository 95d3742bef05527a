"""What each supported ansible-core sends is understood; `make cores` installs those that are not here.

The line that this project runs on is tried everywhere; the others where they were installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.controller import BIN, HTTPS, PSRP, ROOT, ansible

from winsim.addresses import free_network
from winsim.fleet import Fleet

NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)
OTHERS = {path.name: path / "bin" / "ansible" for path in sorted((ROOT / ".cores").glob("2.*"))}
CORES = {"this": BIN / "ansible", **OTHERS}
WINRM, POOL = {**HTTPS}, {**PSRP}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    state = tmp_path_factory.mktemp("winsim")
    with Fleet([ROOT / "tests/profiles/lab"], state=state, network=free_network(), clock=NOW) as it:
        yield it


@pytest.fixture(params=list(CORES))
def core(request: pytest.FixtureRequest) -> Path:
    return CORES[request.param]


@pytest.mark.parametrize("variables", [WINRM, POOL], ids=["winrm", "psrp"])
class TestCore:
    def test_a_module_runs(self, fleet: Fleet, core: Path, variables: dict[str, Any]) -> None:
        result = ansible(fleet, "ansible.windows.win_ping", command=core, **variables)

        assert ("SUCCESS", "pong") == (result["status"], result.get("ping")), result

    def test_a_file_is_put_and_fetched(
        self, fleet: Fleet, core: Path, variables: dict[str, Any], tmp_path: Path
    ) -> None:
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(bytes(range(256)) * 900)

        put = f"src={source} dest=C:\\\\put.bin"
        got = f"src=C:\\\\put.bin dest={target} flat=yes"
        ansible(fleet, "ansible.windows.win_copy", put, command=core, **variables)
        ansible(fleet, "ansible.builtin.fetch", got, command=core, **variables)

        assert source.read_bytes() == target.read_bytes()
        assert [] == fleet.host("pc-1").files.below(r"C:\Users\custode\AppData\Local\Temp")

    def test_a_job_is_waited_for(self, fleet: Fleet, core: Path, variables: dict[str, Any]) -> None:
        words = ("ansible.windows.win_ping", "", "-B", "30", "-P", "1")
        result = ansible(fleet, *words, command=core, **variables)

        assert ("SUCCESS", "pong") == (result["status"], result.get("ping")), result

    def test_another_user_is_become(
        self, fleet: Fleet, core: Path, variables: dict[str, Any]
    ) -> None:
        become = ("-b", "--become-method", "runas", "--become-user")
        words = ("ansible.windows.win_ping", "", *become)
        system = ansible(fleet, *words, "SYSTEM", command=core, **variables)
        nobody = ansible(fleet, *words, "nobody-there", command=core, **variables)

        assert ("SUCCESS", "FAILED!") == (system["status"], nobody["status"])
        assert "Failed to become user 'nobody-there'" in nobody["msg"]

    def test_a_command_runs_as_it_is(
        self, fleet: Fleet, core: Path, variables: dict[str, Any]
    ) -> None:
        result = ansible(fleet, "ansible.builtin.raw", "whoami", command=core, **variables)

        assert "pc-1\\custode" == result["stdout"].strip()


def test_every_supported_core_was_tried() -> None:
    missing = {"2.18", "2.20", "2.21"} - {name.rpartition(".")[0] for name in OTHERS}
    if missing:
        pytest.skip(f"ansible-core {', '.join(sorted(missing))} not tried: see `make cores`")
