"""Makes the simulator's page of what is modelled and what is not, from the simulator itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import yaml

from winsim.derived import DERIVED
from winsim.model.messages import texts
from winsim.model.winrm import Quotas
from winsim.modules import MODULES
from winsim.timeline import ACTIONS
from winsim.wire.faults import KINDS

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "winsim"
PAGE = PACKAGE / "MODELLED.md"
_WIRE = (
    ("HTTP and HTTPS", "each PC at an address of its own, ports 5985 and 5986, or at two ports"),
    ("NTLM, SPNEGO", "sealed over HTTP, plain over TLS, channel binding none, relaxed or strict"),
    ("Kerberos", "with a keytab, where Python has gssapi; sealed and over TLS"),
    ("Basic", "over TLS; over HTTP only where AllowUnencrypted is on"),
    ("Client certificate", "mapped by the user principal name in it"),
    ("Accounts", "administrator or not, disabled, expired, locked after wrong passwords"),
    ("WS-Management", "Create, Command, Send, Receive, Signal, Delete, Get, Identify"),
    ("PowerShell remoting", "runspace pools and pipelines (PSRP 2.3)"),
    ("Ansible", "ansible-core 2.18 to 2.21: modules, helpers, scripts, raw, become, async"),
)
_PC = (
    ("CIM", "classes by namespace with typed columns, WQL filters, associations, slow providers"),
    ("Errors of CIM", "invalid class, invalid namespace, access denied, not supported, timed out"),
    ("Registry", "types, both views, parts of people that are there only while they are"),
    ("Services", "start modes, dependencies both ways, accounts, errors at the start"),
    ("Processes", "numbers, sessions, windows that nobody sees"),
    ("Files", "size, time, version, signer, locks, profiles, junctions, short names"),
    ("Event logs", "providers, record numbers, levels, accounts, roll-over, clearing"),
    ("Accounts and groups", "by SID; names in English, Italian, French; log-ons follow them"),
    ("Scheduled tasks, network cards", "as declared, and as the story changes them"),
    ("Power", "on, off, restarts with what Windows notes of them, and what was pending done"),
    ("Installers", "entry, files, services, events, Security Center; failures, dialogs, restarts"),
    ("Clock", "one for each PC, which may be wrong; times relative to it"),
)
_NOT = (
    ("CredSSP", "is not offered"),
    ("Renegotiation", "a client certificate is asked for in the handshake, not after it"),
    ("Enumerate, Pull, Disconnect, Reconnect", "are refused as unsupported actions"),
    ("Compression", "is not offered; clients go without"),
    (
        "Other modules, and options not listed",
        "fail and name themselves; none succeeds by pretence",
    ),
    (
        "Facts of `facter`, of local fact files and of the listener's certificate",
        "are not among those of `setup`",
    ),
    ("Scripts that a machine does not declare", "fail and name themselves"),
    (
        "Logon rights, ACLs, UAC",
        "an account is an administrator or is refused; files have no owner",
    ),
    ("Time", "stands still until it is moved; nothing happens by itself meanwhile"),
)


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("<!-- Made by `make docs`; do not edit. -->", "", "# What is modelled", "")
    yield from ("## On the wire", "", "| what | how |", "| --- | --- |")
    yield from (f"| {name} | {words} |" for name, words in _WIRE)
    yield from ("", "Limits, set by a machine's `winrm: {quotas: {...}}`:", "")
    yield from ("| limit | unless set |", "| --- | --- |")
    yield from (f"| `{item.name}` | {item.default} |" for item in fields(Quotas))
    yield from ("", "## On the PC", "", "| what | how |", "| --- | --- |")
    yield from (f"| {name} | {words} |" for name, words in _PC)
    classes = ", ".join(f"`{name}`" for _, name in sorted(DERIVED))
    yield from ("", f"CIM classes worked out from the rest of the PC: {classes}.", "")
    yield f"Actions of a story: {', '.join(f'`{name}`' for name in sorted(ACTIONS))}."
    yield from ("", "Events with a text in English, Italian and French:", "")
    yield from ("| provider | numbers |", "| --- | --- |")
    for provider, numbers in sorted(texts().items()):
        yield f"| {provider} | {', '.join(map(str, sorted(numbers)))} |"
    yield from ("", "## Modules", "")
    yield from ("| module | options | refused as not modelled |", "| --- | --- | --- |")
    for name, model in sorted(MODULES.items()):
        taken = ", ".join(f"`{key}`" for key, option in model.options.items() if option.modelled)
        left = ", ".join(f"`{key}`" for key, option in model.options.items() if not option.modelled)
        yield f"| `{name}` | {taken or 'none'} | {left or 'none'} |"
    yield from ("", "## Faults", "")
    yield from ("| fault | strikes | what happens |", "| --- | --- | --- |")
    places = {"pc": "the PC", "connection": "a connection", "command": "a command as it runs"}
    for name, kind in KINDS.items():
        at = places.get(kind.where) or kind.at or "any operation, or authentication"
        yield f"| `{name}` | {at} | {kind.words} |"
    yield from ("", "## Machines", "")
    for fleet in sorted((PACKAGE / "profiles").glob("*/fleet.yml")):
        machines = yaml.safe_load(fleet.read_text(encoding="utf-8"))["machines"]
        yield from (f"`{fleet.parent.name}`, {len(machines)} PCs:", "")
        yield from ("| machine | what it is |", "| --- | --- |")
        for name in machines:
            yield f"| `{name}` | {_about(fleet.parent / name / 'machine.yml')} |"
        yield ""
    yield from ("# What is not", "", "| what | instead |", "| --- | --- |")
    yield from (f"| {name} | {words} |" for name, words in _NOT)


def _about(path: Path) -> str:
    """Return the first sentence of the comment at the head of a machine."""
    words = []
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        if not line.startswith("#"):
            break
        words.append(line[1:].strip())
        if line.endswith("."):
            break
    return " ".join(words)
