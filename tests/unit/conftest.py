"""A small invented office whose runs can be told in a few lines, down to real journals and git."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from custode.core.observation import utc_moment
from custode.core.verification import ASPECTS, Aspect, Verification, unknown
from custode.edges.journal import Journal
from custode.edges.project import Project
from custode.edges.store import Store
from custode.flows.publish import Published, publish

CLIENT = "sample"
OCTOBER = "2026-10-05T07:00:00Z"
NOVEMBER = "2026-11-09T08:00:00Z"

Event = dict[str, Any]


@dataclass(frozen=True)
class Folders:
    """Where a project keeps a client's journals and store."""

    root: Path

    def journals(self, client: str) -> Path:
        return self.root / "journals" / client

    def store(self, client: str) -> Path:
        return self.root / "store" / client


@dataclass(frozen=True)
class Office:
    """One client; its methods write events as the recorder does."""

    root: Path
    devices: tuple[str, ...] = ("desk", "front", "laptop")

    @property
    def project(self) -> Any:
        return Folders(self.root)

    @property
    def store(self) -> Store:
        return Store(self.project.store(CLIENT))

    @property
    def contract(self) -> dict[str, Any]:
        return {
            "client": {
                "id": CLIENT,
                "name": "Studio Verdi & <Figli>",
                "language": "it",
                "timezone": "Europe/Rome",
                "contacts": [{"name": "Ufficio", "role": None}],
            },
            "provider": {"name": "Assistenza Esempio"},
            "signed_on": "2026-09-21",
            "starts_on": "2026-10-01",
            "ends_on": "2027-09-30",
            "simulated": True,
            "package": {"name": "Ufficio"},
            "devices": {
                name: {"kind": "desktop", "description": None, "covered": True}
                for name in self.devices
            },
            "services": {
                "antivirus": {"product": "norton"},
                "backup": {"product": "owncloud", "version": "6.0.3"},
                "remote_support": {"product": "teamviewer"},
            },
            "monitoring": {
                "rule": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2",
                "window": {"start": "09:00:00", "end": "13:00:00"},
                "blackout": [],
                "fallback_slots": [
                    {"after_days": 3, "window": {"start": "14:00:00", "end": "17:00:00"}}
                ],
            },
            "grace": {"antivirus_days": 7, "backup_days": 14, "unseen_days": 45},
        }

    def start(self, verb: str, at: str, **extra: Any) -> Event:
        return {
            "event": "run_started",
            "verb": verb,
            "client": CLIENT,
            "at": at,
            "operator": "tecnico",
            "hosts": list(self.devices),
            "check_mode": False,
            "versions": {"custode": "0.1.0", "ansible_core": "2.19.0"},
            "policy_digest": "sha256:ab12",
            "scopes": ["compliance", "hardware"],
            "contract": self.contract,
            "probes": [
                {"id": "disk", "key": ["DeviceID"], "volatile": ["FreeSpace"]},
                {"id": "products", "key": ["Name"], "volatile": []},
            ],
            "register": [
                {
                    "probe": "disk",
                    "kind": "cim",
                    "target": "root/cimv2:Win32_LogicalDisk",
                    "purpose": {"it": "Sapere se il disco è pieno.", "en": "Know if it is full."},
                }
            ],
            **extra,
        }

    def seen(self, host: str, at: str, **given: Any) -> Event:
        """Return an observation; see `payload` for what may be given."""
        return {"event": "observation", "host": host, "payload": payload(host, at, **given)}

    def verified(self, host: str, at: str, *, product: str, **aspects: Aspect) -> Event:
        """Return a verification; aspects that are not given are unknown."""
        told = {name: unknown("not_told") for name in ASPECTS} | aspects
        found = Verification(product, told).to_json()
        return {"event": "verification", "host": host, "at": at, "title": "Norton", **found}

    def unreachable(self, host: str) -> Event:
        reason = {"kind": "offline", "message": "No answer.", "hint": "Switch it on."}
        return {"event": "unreachable", "host": host, "task": "Reach", "reason": reason}

    def finished(self, at: str) -> Event:
        return {"event": "run_finished", "at": at, "counts": {}}

    def write(self, events: Iterable[Event]) -> Journal:
        """Write a journal; the first event says which run it is."""
        told = list(events)
        folder = self.project.journals(CLIENT)
        at = utc_moment(told[0]["at"])
        journal = Journal.create(folder, verb=told[0]["verb"], at=at)
        journal.append({**told[0], "run_id": journal.run_id})
        for event in told[1:]:
            journal.append(event)
        return journal

    def visit(self, verb: str, at: str, *events: Event, **extra: Any) -> Journal:
        """Write the journal of a run that came to its end."""
        return self.write([self.start(verb, at, **extra), *events, self.finished(at)])

    def publish(self, run_id: str | None = None) -> list[Published]:
        return publish(self.project, CLIENT, run_id=run_id)


def finding(rule: str, verdict: str, **given: Any) -> dict[str, Any]:
    """Return one synthetic finding as the judge writes it."""
    return {
        "rule": rule,
        "area": "hardware",
        "scope": "hardware",
        "clause": "inspection",
        "severity": "medium",
        "verdict": verdict,
        "title": {"it": f"Il requisito {rule} è rispettato", "en": f"{rule} holds"},
        "why": {"it": f"Perché {rule} conta.", "en": f"Why {rule} matters."},
        "remedy": {"it": f"Ripristinare {rule}.", "en": f"Restore {rule}."},
        "observed": {},
        "reason": None,
        "gate": False,
        "hazard": False,
        "service": None,
        "proves": None,
        **given,
    }


def service_findings(service: str, standing: str) -> list[dict[str, Any]]:
    """Return the two findings that together give a service's standing."""
    verdicts = {
        "working": ("pass", "pass"),
        "not_working": ("pass", "fail"),
        "absent": ("fail", "unknown"),
        "unknown": ("pass", "unknown"),
    }[standing]
    return [
        finding(
            f"{service}_{proves}",
            verdict,
            area=service,
            clause=service,
            scope="compliance",
            severity="critical",
            service=service,
            proves=proves,
            reason={"kind": "missing_value", "detail": "products: no row"}
            if verdict == "unknown"
            else None,
        )
        for proves, verdict in zip(("installed", "working"), verdicts, strict=True)
    ]


def antivirus_seen(standing: str, *, accept: tuple[str, ...] = ("norton",)) -> dict[str, Any]:
    """Return how each antivirus product stands where Norton is the contract's."""
    state, installed, working = {
        "working": ("healthy", True, True),
        "not_working": ("off", True, False),
        "absent": ("absent", False, False),
        "unknown": ("unregistered", True, None),
    }[standing]
    norton = {"state": state, "why": "", "installed": installed, "working": working}
    windows = {"state": "off", "why": "", "installed": True, "working": False}
    return {"accept": list(accept), "products": {"norton": norton, "defender": windows}}


def payload(
    host: str,
    at: str,
    *,
    antivirus: str = "working",
    backup: str = "working",
    disk: str = "pass",
    free: int = 1000,
    size: int = 4000,
    scopes: tuple[str, ...] = ("compliance", "hardware"),
    uuid: str | None = None,
    observed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the payload of one look.

    Args:
        host: The PC.
        at: The moment.
        antivirus: What the look shows of it: working, not_working, absent, unknown.
        backup: The same for the backup.
        disk: The verdict of the hardware rule `disk_healthy`.
        free: Volatile column of the probe `disk`.
        size: Stable column of the probe `disk`.
        scopes: What was looked at.
        uuid: Digest of the machine's UUID; by default made from the name.
        observed: Evidence of the hardware rule.
    """
    findings = [finding("disk_healthy", disk, observed=dict(observed or {}))]
    facts = {"disk": {"rows": [{"DeviceID": "C:", "FreeSpace": free, "Size": size}], "ms": free}}
    if "compliance" in scopes:
        findings += service_findings("antivirus", antivirus) + service_findings("backup", backup)
        facts["products"] = {"rows": [{"Name": antivirus}, {"Name": backup}], "ms": 7}
    return {
        "kind": "observation",
        "antivirus": antivirus_seen(antivirus) if "compliance" in scopes else None,
        "device": host,
        "at": at,
        "scopes": list(scopes),
        "identity": {"uuid": uuid or f"sha256:{host}", "serial": "S1", "machine_guid": None},
        "facts": facts,
        "findings": findings,
        "policy_digest": "sha256:ab12",
    }


@pytest.fixture
def anything_may_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a simulated PC holds is looked at through its `fleet_probe`, beyond what that allows."""
    monkeypatch.setattr("winsim.modules.probe.refusal", lambda _: None)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office with three PCs and nothing done yet."""
    return Office(tmp_path)


def custode(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run our command in a folder, as on a terminal of 80 columns."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "custode"), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )


@pytest.fixture
def checkout(office: Office, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make the office a real checkout, whose client was written by the command."""
    (office.root / "ansible.cfg").touch()
    (office.root / "playbooks").mkdir()
    client = ("client", "new", "sample", "--name", "Studio Verdi", "--contact", "Ufficio")
    terms = ("--email", "ufficio@sample.example", "--provider", "Noi", "--signed", "2026-09-21")
    more = ("--starts", "2026-10-01", "--server", "https://cloud.sample.example")
    made = custode(*client, *terms, *more, "--pc", "desk=desktop@192.0.2.9", cwd=office.root)
    assert made.returncode == 0, made.stderr
    found = Project(office.root)
    monkeypatch.setattr(type(office), "project", property(lambda _: found))
    return found
