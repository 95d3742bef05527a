"""Windows' own antivirus: always there on a client, off while another one is on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from custode.core.antivirus import (
    DEFENDER_PROBE,
    NO_SECURITY_CENTER,
    SERVICES_PROBE,
    AntivirusLook,
    AntivirusState,
    AntivirusVerdict,
    judge_registered,
    protecting,
    unready,
    whole,
)
from custode.core.observation import Facts, Row
from custode.core.readers.plain import service_aspects
from custode.core.readers.security_center import SECURITY_CENTER_PROBES, registration
from custode.core.software import FILES_PROBE, newest_version
from custode.core.software import SERVICES_PROBE as SERVICE_PROBE
from custode.core.verification import (
    Aspect,
    Verification,
    known,
    not_applicable,
    trouble,
    unknown,
)

MAX_SIGNATURE_AGE_DAYS = 7
"""From how many days on signatures count as outdated where no Security Center says so."""

_SERVICE = "WinDefend"
_PROGRAM = r"%ProgramFiles%\Windows Defender\MsMpEng.exe"
_GUID = "{D68DDC3A-831F-4FAE-9E44-DA132C1ACF46}"
# What Defender answers for "never" and "not known".
_NO_AGE = 65535
_SWITCHES = ("AMServiceEnabled", "AntivirusEnabled", "RealTimeProtectionEnabled")


@dataclass(frozen=True)
class Defender:
    """Microsoft Defender Antivirus.

    Where there is a Security Center its row decides. Defender's own WMI class is asked on Windows
    Server alone: while another antivirus is on it fails, or hangs.
    """

    id: str = "defender"
    title: str = "Microsoft Defender"
    has_firewall: bool = False
    has_subscription: bool = False

    @property
    def services(self) -> tuple[str, ...]:
        """Return the key name of its service."""
        return (_SERVICE,)

    def is_named(self, name: str) -> bool:
        """Tell whether the Security Center calls it so: its name has changed over the builds."""
        return re.match(r"(Windows|Microsoft) Defender\b", name, re.IGNORECASE) is not None

    def judge(self, look: AntivirusLook) -> AntivirusVerdict:
        """Return the verdict on what was read; never raises."""
        verdict = AntivirusVerdict(self.id)
        if why := look.services_trouble:
            return replace(verdict, why=why, trouble=SERVICES_PROBE)
        service = look.service(_SERVICE)
        rows = [row for row in look.registered.rows if self.is_own(row)]
        if service is None:
            gone = replace(verdict, installed=False, working=False)
            if rows:
                return replace(gone, state=AntivirusState.GHOST, why="row_without_program")
            return replace(gone, state=AntivirusState.ABSENT)
        there = replace(verdict, installed=True)
        found = judge_registered(there, look, rows=rows, service=service)
        if found.why == NO_SECURITY_CENTER and look.defender.error is None:
            found = unready(there, service) or _own_word(there, look.defender.rows)
        return replace(found, subscribed=None)

    def is_own(self, row: Row) -> bool:
        """Tell whether a row of the Security Center is its own."""
        return str(row.get("instanceGuid")).upper() == _GUID or self.is_named(
            str(row.get("displayName") or "")
        )


def _own_word(verdict: AntivirusVerdict, rows: Sequence[Row]) -> AntivirusVerdict:
    """Return the verdict on what Defender says of itself, its service running."""
    unsure = replace(verdict, why="status_unknown", trouble=DEFENDER_PROBE)
    if len(rows) != 1:
        return unsure
    row = rows[0]
    age = whole(row.get("AntivirusSignatureAge"))
    current = None if age is None or age >= _NO_AGE else age <= MAX_SIGNATURE_AGE_DAYS
    seen = replace(verdict, current=current)
    switches = [row.get(name) for name in _SWITCHES]
    mode = row.get("AMRunningMode")
    if any(switch is False for switch in switches) or (mode is not None and mode != "Normal"):
        return replace(seen, state=AntivirusState.OFF, working=False, why="switched_off")
    if mode is None or any(switch is not True for switch in switches):
        return replace(unsure, current=current)
    return protecting(seen)


DEFENDER = Defender()


class DefenderReader:
    """Reads how Defender stands; it is a part of Windows, so the catalog has no entry of it.

    Its own WMI class is never asked: while another antivirus is on, it fails or hangs.
    """

    def probes(self) -> list[dict[str, Any]]:
        """Return the probes of its service, its program and the Security Center."""
        return [
            *SECURITY_CENTER_PROBES,
            {
                "id": SERVICE_PROBE,
                "kind": "cim",
                "namespace": "root/cimv2",
                "class": "Win32_Service",
                "properties": ["Name", "StartMode", "State"],
                "filter": f"Name='{_SERVICE}'",
            },
            {"id": FILES_PROBE, "kind": "file", "paths": [_PROGRAM], "properties": ["version"]},
        ]

    def read(self, facts: Facts, *, now: datetime) -> Verification:
        """Tell what Windows shows of it."""
        del now
        told = registration(facts, is_own=DEFENDER.is_own, configured=lambda _: _NO_ACCOUNT)
        return Verification(
            DEFENDER.id,
            {
                **told,
                **service_aspects([(_SERVICE,)], facts),
                "version": _version(facts),
                "configured": _NO_ACCOUNT,
            },
        )


_NO_ACCOUNT = not_applicable("needs_no_account")


def _version(facts: Facts) -> Aspect:
    """Return the version of the program that came with Windows; updates of it lie elsewhere."""
    if why := trouble(facts, FILES_PROBE):
        return unknown(why)
    there = [row for row in facts[FILES_PROBE].rows if row.get("exists")]
    version = newest_version(str(row.get("version") or "") for row in there)
    if version is not None:
        return known(version)
    service_is_gone = not trouble(facts, SERVICE_PROBE) and not facts[SERVICE_PROBE].rows
    return not_applicable("not_installed") if service_is_gone else unknown("no_version")
