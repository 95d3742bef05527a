"""The PC that is judged, looked at once; the contract and the catalog by which it is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from testinfra.host import Host
from tests.acceptance.looking import NotSeenError, Pc, look

from custode.core.acceptance import Verdict, words
from custode.core.contract import Contract
from custode.edges.inventory import load_contract_file

HERE = Path(__file__).parent
LOOKED = pytest.StashKey[dict[str, Pc | NotSeenError | RuntimeError]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a client there is nothing to judge: that is one line of the summary."""
    checks = [item for item in items if HERE in item.path.parents]
    named = config.getoption("hosts", None) and config.getoption("ansible_inventory", None)
    if named or not checks:
        return
    why = f"{len(checks)} checks: no client's PC was named; `custode accept CLIENT` names them"
    checks[0].add_marker(pytest.mark.skip(reason=why))
    config.hook.pytest_deselected(items=checks[1:])
    items[:] = [item for item in items if item not in checks[1:]]


@pytest.fixture(scope="session")
def contract(request: pytest.FixtureRequest) -> Contract:
    """Return the contract that lies beside the inventory."""
    inventory = Path(request.config.getoption("ansible_inventory"))
    return load_contract_file(inventory / "contract.yml")[0]


@pytest.fixture(scope="module")
def pc(contract: Contract, host: Host, request: pytest.FixtureRequest) -> Pc:
    """Return the PC as it was found; one that lets nobody in fails every check as not seen.

    Whatever came of it, it is looked at once.
    """
    looked = request.config.stash.setdefault(LOOKED, {})
    name = host.backend.host
    if name not in looked:
        try:
            looked[name] = look(host, contract)
        except (NotSeenError, RuntimeError) as error:
            looked[name] = error
    found = looked[name]
    if isinstance(found, RuntimeError):
        raise found
    if isinstance(found, NotSeenError):
        reason = found.reason
        text = words(Verdict.NOT_SEEN, found=reason.message, next_step=reason.hint)
        pytest.fail(text, pytrace=False)
    return found
