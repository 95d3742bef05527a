"""A modelled module returns what the real one documents, and no key of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ansible import windows
from ansible_collections.community import windows as more_windows

from winsim.host import Host
from winsim.installers import build_installer
from winsim.model.commands import Command
from winsim.model.downloads import Download
from winsim.modules import MODULES, run_module
from winsim.profiles import load_profiles

REAL = Path(next(iter(windows.__path__))) / "plugins" / "modules"
MORE = Path(next(iter(more_windows.__path__))) / "plugins" / "modules"
OWN = Path(__file__).resolve().parents[2] / "library"
# What the controller understands of any module.
COMMON = {"ansible_facts", "changed", "failed", "msg", "skipped", "warnings"}
# What win_copy's own halves say to each other, and what win_user has always returned.
INTERNAL = {
    "ansible.windows.win_copy": {"files", "directories", "symlinks"},
    "ansible.windows.win_ping": set[str](),
    "ansible.windows.win_user": {"state"},
}
# What says that it changed something however often it is asked, as the real ones do: the first half
# of win_copy has decided that a single file is to be copied.
ALWAYS = {
    "ansible.windows.win_command",
    "ansible.windows.win_powershell",
    "ansible.windows.win_shell",
    "ansible.windows.win_tempfile",
}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("ansible.windows.win_ping", {}),
    ("ansible.windows.win_copy", {"_copy_mode": "query", "dest": "C:\\", "files": []}),
    ("ansible.windows.win_copy", {"src": "C:\\Stage\\x.msi", "dest": "C:\\Stage\\y.msi"}),
    ("ansible.windows.win_file", {"path": "C:\\Stage", "state": "directory"}),
    ("ansible.windows.win_stat", {"path": "C:\\Stage\\x.msi"}),
    ("ansible.windows.win_tempfile", {"state": "directory"}),
    ("ansible.windows.win_regedit", {"path": "HKLM:\\SOFTWARE\\X", "name": "a", "data": "b"}),
    ("ansible.windows.win_find", {"paths": ["C:\\Stage"], "patterns": ["*.msi"]}),
    ("ansible.windows.win_package", {"path": "C:\\Stage\\x.msi"}),
    ("ansible.windows.win_package", {"path": "C:\\Stage\\none.msi"}),
    ("ansible.windows.win_package", {"path": "C:\\Stage\\bad.msi"}),
    ("ansible.windows.win_reg_stat", {"path": "HKLM:\\SOFTWARE"}),
    ("ansible.windows.win_reg_stat", {"path": "HKLM:\\SOFTWARE\\Microsoft", "name": "x"}),
    ("ansible.windows.win_service", {"name": "Spooler", "state": "stopped"}),
    ("ansible.windows.win_service_info", {"name": "s*"}),
    ("ansible.windows.slurp", {"src": "C:\\Stage\\x.msi"}),
    (
        "ansible.windows.win_copy",
        {"_copy_mode": "remote", "src": "C:\\Stage\\x.msi", "dest": "C:\\Windows", "backup": True},
    ),
    ("ansible.windows.win_command", {"cmd": "hostname"}),
    ("ansible.windows.win_command", {"cmd": "fail"}),
    ("ansible.windows.win_command", {"cmd": "hostname", "creates": "C:\\Windows"}),
    ("ansible.windows.win_shell", {"_raw_params": "hostname"}),
    ("ansible.windows.win_shell", {"_raw_params": "fail"}),
    ("ansible.windows.win_powershell", {"script": "hostname"}),
    ("ansible.windows.win_powershell", {"script": "fail"}),
    (
        "community.windows.win_file_version",
        {"path": "%ProgramFiles%\\Norton\\Suite\\NortonSvc.exe"},
    ),
    ("community.windows.win_file_version", {"path": "C:\\Stage\\x.msi"}),
    ("ansible.windows.setup", {}),
    ("ansible.windows.win_get_url", {"url": "https://example.test/x", "dest": "C:\\Stage"}),
    ("ansible.windows.win_get_url", {"url": "https://example.test/none", "dest": "C:\\Stage"}),
    ("ansible.windows.win_user", {"name": "new", "password": "x", "groups": "Users"}),
    ("ansible.windows.win_user", {"name": "custode", "state": "absent"}),
    ("ansible.windows.win_group_membership", {"name": "Users", "members": ["Guest"]}),
    (
        "ansible.windows.win_group_membership",
        {"name": "Users", "members": ["custode"], "state": "pure"},
    ),
    ("fleet_cleaner", {"tool": "component_store"}),
    ("fleet_cleanup", {"areas": ["windows_temp"]}),
    (
        "fleet_registry_backup",
        {"values": [{"path": "HKLM:\\SOFTWARE\\X", "name": "a", "ours": "1"}]},
    ),
    ("fleet_release", {"account": "custode"}),
    ("fleet_restore_point", {"description": "x"}),
    ("fleet_installer_stop", {"marks": ["x"]}),
    ("fleet_probe", {"probes": []}),
]


def folder_of(name: str) -> Path:
    """Return where the real module lies."""
    if name.startswith("community.windows."):
        return MORE
    return REAL if "." in name else OWN


def documented(name: str) -> set[str]:
    folder = folder_of(name)
    short = name.rpartition(".")[2]
    sidecar = folder / f"{short}.yml"
    if sidecar.is_file():
        returned = yaml.safe_load(sidecar.read_text(encoding="utf-8")).get("RETURN") or {}
        returned = yaml.safe_load(returned) if isinstance(returned, str) else returned
    else:
        scope: dict[str, Any] = {}
        exec((folder / f"{short}.py").read_text(encoding="utf-8"), scope)  # noqa: S102 - its documentation
        returned = yaml.safe_load(scope.get("RETURN", "")) or {}
    return set(returned)


def prepared() -> Host:
    """Return a PC that has what the calls are about."""
    host = next(h for h in load_profiles(["office"]) if h.name == "direzione")
    host.advance(datetime(2026, 10, 5, 7, tzinfo=UTC))
    host.files.make_folder("C:\\Stage")
    host.files.write("C:\\Stage\\x.msi", build_installer(host.specs["owncloud"]))

    host.files.write("C:\\Stage\\bad.msi", b"MZ")
    host.downloads = {"https://example.test/x": Download(data="x")}
    host.commands = (Command("hostname", stdout="PC"), Command("fail", rc=1, stderr="no"))
    return host


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_its_result_keys_are_documented(name: str, arguments: dict[str, Any]) -> None:
    result = run_module(prepared(), name, arguments)

    assert "winsim" not in str(result.get("msg"))
    assert set() == set(result) - documented(name) - COMMON - INTERNAL.get(name, set())


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_in_check_mode_it_says_what_it_would_change_and_changes_nothing(
    name: str, arguments: dict[str, Any]
) -> None:
    host = prepared()
    before = host.snapshot()

    dry = run_module(host, name, {**arguments, "_ansible_check_mode": True})

    assert before == host.snapshot()
    real = run_module(host, name, arguments)
    # Who cannot tell says so: it is skipped, or does not know what it would free.
    unknown = dry.get("skipped") or real.get("failed") or name == "fleet_cleaner"
    if not unknown:
        assert real["changed"] == dry["changed"]


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_what_it_changed_it_does_not_change_again(name: str, arguments: dict[str, Any]) -> None:
    host = prepared()
    run_module(host, name, arguments)
    after = host.snapshot()

    again = run_module(host, name, arguments)

    single = name == "ansible.windows.win_copy" and "_copy_mode" not in arguments
    if name not in ALWAYS and not single:
        assert not again["changed"]
        assert after == host.snapshot()


def differs(name: str) -> bool:
    """Tell whether the real module fills in a difference of its own."""
    text = (folder_of(name) / f"{name.rpartition('.')[2]}.ps1").read_text(encoding="utf-8")
    return re.search(r"\$(module|result)\.diff(\.\w+)? =", text, re.IGNORECASE) is not None


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_in_diff_mode_it_shows_a_difference_where_the_real_one_does(
    name: str, arguments: dict[str, Any]
) -> None:
    plain = run_module(prepared(), name, arguments)
    told = run_module(prepared(), name, {**arguments, "_ansible_diff": True})

    assert "diff" not in plain
    if told["changed"]:
        assert ("diff" in told) is differs(name)
    if "diff" in told:
        assert set(told["diff"]) in ({"before", "after"}, {"prepared"}, set())


def taken(name: str) -> set[str]:
    """Return every option that the real module documents, with its other names."""
    folder = folder_of(name)
    short = name.rpartition(".")[2]
    sidecar = folder / f"{short}.yml"
    if sidecar.is_file():
        loaded = yaml.safe_load(sidecar.read_text(encoding="utf-8"))["DOCUMENTATION"]
    else:
        scope: dict[str, Any] = {}
        exec((folder / f"{short}.py").read_text(encoding="utf-8"), scope)  # noqa: S102 - its documentation
        loaded = scope["DOCUMENTATION"]
    about = yaml.safe_load(loaded) if isinstance(loaded, str) else loaded
    options = dict(about.get("options") or {})
    for fragment in about.get("extends_documentation_fragment") or []:
        if fragment == "ansible.windows.web_request":
            shared: dict[str, Any] = {}
            path = REAL.parent / "doc_fragments" / "web_request.py"
            exec(path.read_text(encoding="utf-8"), shared)  # noqa: S102 - its documentation
            more = yaml.safe_load(shared["ModuleDocFragment"].DOCUMENTATION)["options"]
            options = {key: {**more.get(key, {}), **options.get(key, {})} for key in more | options}
    return {spelt for key, o in options.items() for spelt in (key, *o.get("aliases", []))}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_it_takes_the_options_of_the_real_one(name: str) -> None:
    modelled = {
        spelt
        for key, option in MODULES[name].options.items()
        for spelt in (key, *option.aliases)
        if not key.startswith("_")
    }
    # What win_copy's controller side says to its other half is documented nowhere.
    inner = {"directories", "files", "symlinks"} if name.endswith("win_copy") else set()

    # A second name that the code does not have, what is for internal use, and what is no option.
    own = {"win_reg_stat": {"property"}, "setup": {"_measure_subset"}}
    overlooked = own.get(name.rpartition(".")[2], {"_raw_params", "free_form"})

    assert taken(name) - overlooked == modelled - inner


def test_every_model_is_called_here() -> None:
    assert set(MODULES) == {name for name, _ in CALLS}
