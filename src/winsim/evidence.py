"""What Windows notes when a product comes or goes: its event logs, in its own language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from winsim.host import Host
from winsim.model.events import Event

SYSTEM = "S-1-5-18"
_DEFENDER_LOG = "Microsoft-Windows-Windows Defender/Operational"
# By whether it was removed and whether that succeeded: completed with status, told in words.
_MSI = {(False, True): (1033, 11707), (False, False): (1033, 11708), (True, True): (1034, 11724)}
# Texts are localised; keys, numbers and positions are not. Only the latter may be relied on.
_WORDS = {
    "en": {
        11707: "Product: {name} -- Installation completed successfully.",
        11708: "Product: {name} -- Installation failed.",
        11724: "Product: {name} -- Removal completed successfully.",
        "auto": "auto start",
        "manual": "demand start",
        "service": "user mode service",
    },
    "it": {
        11707: "Prodotto: {name} -- Installazione completata.",
        11708: "Prodotto: {name} -- Installazione non riuscita.",
        11724: "Prodotto: {name} -- Rimozione completata.",
        "auto": "avvio automatico",
        "manual": "avvio su richiesta",
        "service": "servizio modalità utente",
    },
    "fr": {
        11707: "Produit : {name} -- Installation terminée.",
        11708: "Produit : {name} -- Échec de l’installation.",  # noqa: RUF001 - as Windows writes it
        11724: "Produit : {name} -- Suppression terminée.",
        "auto": "Démarrage automatique",
        "manual": "Démarrage à la demande",
        "service": "service mode utilisateur",
    },
}


@dataclass(frozen=True)
class Change:
    """What happened to a product.

    Attributes:
        removed: Whether it went; otherwise it came.
        sid: Whose account did it.
        code: The installer's exit code.
        defender: Whether Windows' own Defender was switched by it.
        ghost: Whether the Security Center was not told.
    """

    removed: bool
    sid: str | None
    code: int
    defender: bool = False
    ghost: bool = False


def note(host: Host, spec: Mapping[str, Any], change: Change) -> None:
    """Write the records that Windows writes."""
    words = _WORDS[host.language]
    if spec["kind"] == "msi":
        _installer(host, spec, change, words)
    if change.code:
        return
    if not change.removed:
        _services(host, spec, change, words)
    if change.defender:
        _defender(host, change, words)
    if spec.get("security_center") and not change.ghost:
        # Norton's own installer writes no MsiInstaller record: this is all that Windows notes.
        name = str(spec["security_center"]["displayName"])
        _security_center(host, name, on=not change.removed)
        if change.defender and change.removed:
            _security_center(host, "Windows Defender", on=True)


def clear_log(host: Host, log: str, *, sid: str | None) -> None:
    """Clear a log; Windows notes who did it, in that log or in another.

    Raises:
        LogMissingError: The PC has no such log.
    """
    host.events.clear(log)
    who = sid or SYSTEM
    domain, _, name = host.people.name_of(who).rpartition("\\")
    data = {"SubjectUserName": name, "SubjectDomainName": domain}
    if log.lower() == "security":
        data = {"SubjectUserSid": who, **data, "SubjectLogonId": "0x3e7"}
        _add(host, "Security", "Microsoft-Windows-Eventlog", 1102, sid=sid, data=data)
        return
    data |= {"Channel": log, "BackupPath": ""}
    _add(host, "System", "Microsoft-Windows-Eventlog", 104, sid=sid, data=data)


def _add(host: Host, log: str, provider: str, id_: int, **more: Any) -> None:
    host.events.add(Event(log, provider, id_, at=host.clock.now(), **more))


def _installer(
    host: Host, spec: Mapping[str, Any], change: Change, words: Mapping[Any, str]
) -> None:
    done, told = _MSI[change.removed, change.code == 0]
    name, version = str(spec["display_name"]), str(spec["version"])
    status = [name, version, "1033", str(change.code), str(spec.get("publisher", "")), "(NULL)"]
    binary = str(spec.get("product_code") or "").encode("ascii", "replace").hex()
    for id_, data in ((done, status), (told, [words[told].format(name=name), "(NULL)"])):
        _add(
            host, "Application", "MsiInstaller", id_, sid=change.sid, data=data, binary=binary
        )  # fmt: skip


def _services(
    host: Host, spec: Mapping[str, Any], change: Change, words: Mapping[Any, str]
) -> None:
    for about in spec.get("services") or []:
        start = "manual" if about.get("start") == "Manual" else "auto"
        data = {
            "ServiceName": about["display"],
            "ImagePath": about.get("path", ""),
            "ServiceType": words["service"],
            "StartType": words[start],
            "AccountName": about.get("account", "LocalSystem"),
        }
        _add(host, "System", "Service Control Manager", 7045, sid=change.sid, data=data)


def _defender(host: Host, change: Change, words: Mapping[Any, str]) -> None:
    """Note that Defender goes off for another antivirus (5001), or comes back (5000)."""
    before, after = ("manual", "auto") if change.removed else ("auto", "manual")
    data = {
        "param1": host.services["windefend"].display,
        "param2": words[before],
        "param3": words[after],
        "param4": "WinDefend",
    }
    _add(host, "System", "Service Control Manager", 7040, sid=SYSTEM, data=data)
    id_ = 5000 if change.removed else 5001
    _add(host, _DEFENDER_LOG, "Microsoft-Windows-Windows Defender", id_, sid=SYSTEM)


def _security_center(host: Host, name: str, *, on: bool) -> None:
    state = f"SECURITY_PRODUCT_STATE_{'ON' if on else 'OFF'}"
    _add(host, "Application", "SecurityCenter", 15, data=[name, state])
