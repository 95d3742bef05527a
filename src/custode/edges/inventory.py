"""A client's inventory folder: contract, hosts and connection settings, checked before any use.

Ansible resolves variables when it runs; here the files are read only to be checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from custode.core.baselines import Baselines
from custode.core.contract import Contract
from custode.core.errors import InputError, Problem, UsageError
from custode.edges.baselines import unknown_threshold
from custode.edges.policies import Policies, load_policies
from custode.edges.project import Project
from custode.edges.waivers import FILE, load_waivers
from custode.edges.yaml_source import Source, Vaulted, did_you_mean, load_yaml, validation_problems

HTTPS_PORT = 5986
HTTP_PORT = 5985

_SECRET = re.compile(r"(^|_)(password|pass|passwd|secret|token|api_key|assignment_id)$")
_LOOKED_UP = re.compile(r"\{\{.*(lookup|query)\s*\(.*\}\}", re.DOTALL)
_VAULT_TEXT = "$ANSIBLE_VAULT;"


@dataclass(frozen=True)
class HostEntry:
    """One PC of the inventory, as far as plain YAML says."""

    name: str
    address: str
    port: int
    scheme: str
    transport: str


@dataclass(frozen=True)
class Client:
    """A client whose contract is valid."""

    id: str
    folder: Path
    contract: Contract
    hosts: tuple[HostEntry, ...]


def load_contract_file(path: Path) -> tuple[Contract, Source]:
    """Read and validate a contract.

    Raises:
        InputError: Every problem of the file, with its place.
    """
    source = load_yaml(path)
    try:
        contract = Contract.model_validate(source.data)
    except ValidationError as error:
        raise InputError(validation_problems(source, error, Contract)) from error
    folder = path.parent.name
    if contract.client.id != folder:
        raise InputError(
            [
                source.problem(
                    ("client", "id"),
                    found=contract.client.id,
                    allowed=f"the folder's name, {folder}",
                )
            ]
        )
    return contract, source


def load_client(project: Project, client_id: str) -> Client:
    """Return a client by the name of its folder.

    Raises:
        UsageError: There is no such client.
        InputError: Its contract or its hosts are wrong.
    """
    folder = project.inventory(client_id)
    known = sorted(path.parent.name for path in project.inventories.glob("*/contract.yml"))
    if client_id not in known:
        near = did_you_mean(client_id, known)
        listed = f"clients: {', '.join(known)}" if known else "there is none yet"
        raise UsageError(
            f"there is no client {client_id!r} in {project.inventories}",
            hint=near or f"{listed}; `custode client new NAME` writes one",
        )
    contract, _ = load_contract_file(folder / "contract.yml")
    hosts = load_yaml(folder / "hosts.yml")
    settings = plain_settings(folder)
    entries = tuple(_entry(name, {**settings, **variables}) for name, _, variables in _hosts(hosts))
    return Client(client_id, folder, contract, tuple(sorted(entries, key=lambda item: item.name)))


def targets(client: Client, limit: str | None) -> tuple[str, ...]:
    """Return the names of the PCs that Ansible's pattern selects; all of them without one.

    Raises:
        UsageError: The pattern, or a name in it, selects none.
    """
    names = tuple(host.name for host in client.hosts)
    if limit is None:
        return names
    # Ansible's own reading of its patterns: groups, wildcards and exclusions included.
    from ansible.inventory.manager import (  # noqa: PLC0415 - slow, rarely needed
        InventoryManager,
        split_host_pattern,
    )
    from ansible.parsing.dataloader import DataLoader  # noqa: PLC0415

    inventory = InventoryManager(loader=DataLoader(), sources=[str(client.folder / "hosts.yml")])
    # Of several names Ansible would overlook one that is misspelt.
    named = [term.lstrip("!&") for term in split_host_pattern(limit) if not term.startswith("@")]
    strange = next((term for term in named if not inventory.get_hosts(pattern=term)), None)
    inventory.subset(limit)
    chosen = {str(host) for host in inventory.list_hosts()}
    if strange is not None or not chosen:
        raise UsageError(
            f"no PC of {client.id} matches --limit {strange or limit!r}",
            hint=f"its PCs are: {', '.join(names)}",
        )
    return tuple(name for name in names if name in chosen)


def check_client(project: Project, client_id: str) -> list[Problem]:
    """Return everything wrong with a client's inventory; an empty list means it may be used.

    Raises:
        UsageError: There is no such client.
        InputError: A file is not readable as what it should be.
    """
    client = load_client(project, client_id)
    _, contract_source = load_contract_file(client.folder / "contract.yml")
    hosts_source = load_yaml(client.folder / "hosts.yml")
    problems = _device_problems(client, contract_source, hosts_source)
    policies = _policies(project, client)
    load_waivers(client.folder, contract=client.contract, rules=policies.rules if policies else {})
    if policies:
        problems += threshold_problems(client, policies.baselines)
    if client.contract.simulated:
        return sorted(problems)
    for source in _variable_sources(client.folder, hosts_source):
        for loc, value in _leaves(source.data):
            problems.extend(_secret_problem(source, loc, value))
            problems.extend(_trust_problem(source, loc, value))
    for host in client.hosts:
        if host.scheme == "http":
            problems.append(
                hosts_source.problem(
                    _host_loc(hosts_source, host.name),
                    found=f"plain HTTP on port {host.port}",
                    allowed=f"HTTPS (port {HTTPS_PORT})",
                    hint="credentials and data must not cross the network in clear",
                )
            )
    return sorted(set(problems))


def threshold_problems(client: Client, baselines: Baselines) -> list[Problem]:
    """Return a problem for each threshold of a client's contract that no rule knows."""
    unknown = sorted(set(client.contract.thresholds) - set(baselines.thresholds))
    if not unknown:
        return []
    source = load_yaml(client.folder / "contract.yml")
    return [unknown_threshold(source, name, baselines.thresholds) for name in unknown]


def _policies(project: Project, client: Client) -> Policies | None:
    """Return the policies that waivers and thresholds name; without those nothing is read."""
    if not client.contract.thresholds and not (client.folder / FILE).is_file():
        return None
    return load_policies(project.policies)


def _device_problems(client: Client, contract: Source, hosts: Source) -> list[Problem]:
    managed = set(client.contract.managed_devices)
    named = {host.name for host in client.hosts}
    problems = [
        contract.problem(
            ("devices", name),
            found=f"no host {name}",
            allowed=f"one entry for it in {hosts.path}",
            hint=did_you_mean(name, sorted(named - managed)),
        )
        for name in sorted(managed - named)
    ]
    problems += [
        hosts.problem(
            _host_loc(hosts, name),
            found=f"a host that {contract.path} does not cover",
            allowed="the names of its covered PCs: " + ", ".join(sorted(managed)),
            hint=did_you_mean(name, sorted(managed - named)),
        )
        for name in sorted(named - managed)
    ]
    return problems


def _secret_problem(source: Source, loc: tuple[str | int, ...], value: Any) -> Iterator[Problem]:
    if not isinstance(loc[-1], str) or not _SECRET.search(loc[-1]) or value in {None, ""}:
        return
    if isinstance(value, Vaulted):
        return
    text = str(value)
    if (
        _LOOKED_UP.search(text)
        or text.startswith(_VAULT_TEXT)
        or re.fullmatch(r"\{\{\s*vault_\w+\s*\}\}", text)
    ):
        return
    yield source.problem(
        loc,
        found="a secret in clear",
        allowed="a !vault value, or a lookup of an environment variable",
        hint="ansible-vault encrypt_string --name " + str(loc[-1]),
    )


def _trust_problem(source: Source, loc: tuple[str | int, ...], value: Any) -> Iterator[Problem]:
    if loc[-1] in {"ansible_winrm_server_cert_validation", "ansible_psrp_cert_validation"} and (
        str(value).lower() == "ignore"
    ):
        yield source.problem(
            loc,
            found="ignore",
            allowed="validate",
            hint="anyone on the way could read and change everything; trust your own authority",
        )


def _variable_sources(folder: Path, hosts: Source) -> Iterator[Source]:
    yield hosts
    for kind in ("group_vars", "host_vars"):
        for path in sorted((folder / kind).rglob("*.yml")):
            if not path.read_text(encoding="utf-8", errors="replace").startswith(_VAULT_TEXT):
                yield load_yaml(path)


def _leaves(
    data: Any, loc: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _leaves(value, (*loc, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _leaves(value, (*loc, index))
    elif loc:
        yield loc, data


def plain_settings(folder: Path) -> dict[str, Any]:
    """Return the plain variables of the group `all`, which connection settings belong to."""
    settings: dict[str, Any] = {}
    plain = folder / "group_vars" / "all.yml"
    paths = [plain] if plain.is_file() else []
    for path in [*paths, *sorted((folder / "group_vars" / "all").glob("*.yml"))]:
        if not path.read_text(encoding="utf-8", errors="replace").startswith(_VAULT_TEXT):
            settings |= load_yaml(path).data
    return settings


def _hosts(source: Source) -> list[tuple[str, tuple[str | int, ...], dict[str, Any]]]:
    """Return name, place and variables of every host, wherever its group is."""
    found: dict[str, tuple[str, tuple[str | int, ...], dict[str, Any]]] = {}

    def walk(group: Any, loc: tuple[str | int, ...], inherited: dict[str, Any]) -> None:
        if not isinstance(group, Mapping):
            return
        variables = {**inherited, **(group.get("vars") or {})}
        for name, own in (group.get("hosts") or {}).items():
            before = found[name][2] if name in found else {}
            found[name] = (name, (*loc, "hosts", name), {**before, **variables, **(own or {})})
        for name, child in (group.get("children") or {}).items():
            walk(child, (*loc, "children", name), variables)

    for name, group in source.data.items():
        walk(group, (name,), {})
    return [found[name] for name in sorted(found)]


def _host_loc(source: Source, name: str) -> tuple[str | int, ...]:
    return next((loc for found, loc, _ in _hosts(source) if found == name), ())


def _entry(name: str, variables: Mapping[str, Any]) -> HostEntry:
    port = int(variables.get("ansible_port", HTTPS_PORT))
    scheme = str(variables.get("ansible_winrm_scheme", "http" if port == HTTP_PORT else "https"))
    return HostEntry(
        name=name,
        address=str(variables.get("ansible_host", name)),
        port=port,
        scheme=scheme,
        transport=str(variables.get("ansible_winrm_transport", "ntlm")),
    )
