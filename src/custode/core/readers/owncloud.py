"""Reads ownCloud: whether anybody is signed in, whether it is open, and when a run last ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from custode.core.backup_client import (
    ACCOUNT,
    ACCOUNTS_PROBE,
    ENDED,
    FOLDER,
    RUNS_PROBE,
    configured,
    last_moment,
)
from custode.core.observation import Facts, utc_text
from custode.core.products import Product
from custode.core.readers.plain import PlainReader
from custode.core.verification import (
    Aspect,
    Verification,
    known,
    not_applicable,
    trouble,
    unknown,
)

_PROCESS_PROBE = "owncloud_process"


class OwncloudReader:
    """The reader of `owncloud`: a program of whoever is logged on, and no service."""

    _plain = PlainReader()

    def probes(self, product: Product) -> list[dict[str, Any]]:
        """Return the probes of the catalog's detection, and what tells of people's clients."""
        return [
            *self._plain.probes(product),
            {
                "id": _PROCESS_PROBE,
                "kind": "cim",
                "namespace": "root/cimv2",
                "class": "Win32_Process",
                "filter": "Name = 'owncloud.exe'",
                "properties": ["Name"],
            },
            {
                "id": ACCOUNTS_PROBE,
                "kind": "marker",
                "paths": ["AppData\\Roaming\\ownCloud\\owncloud.cfg"],
                "markers": [ACCOUNT, FOLDER],
                "properties": ["count"],
            },
            {
                "id": RUNS_PROBE,
                "kind": "marker",
                "paths": ["{localPath}\\.owncloudsync.log"],
                "markers": [ENDED],
                "properties": ["count", "last_at"],
            },
        ]

    def read(self, product: Product, facts: Facts, *, now: datetime) -> Verification:
        """Tell what the PC shows of every profile, without knowing whose it is."""
        aspects = dict(self._plain.read(product, facts, now=now).aspects)
        if aspects["version"].why == "not_installed":
            gone = dict.fromkeys(("running", "configured", "last_sign_of_life"), aspects["version"])
            return Verification(product.id, {**aspects, **gone})
        told = {
            "running": _running(facts),
            "configured": _configured(facts),
            "last_sign_of_life": _last_run(facts),
        }
        return Verification(product.id, {**aspects, **told})


def _running(facts: Facts) -> Aspect:
    why = trouble(facts, _PROCESS_PROBE)
    return unknown(why) if why else known(bool(facts[_PROCESS_PROBE].rows))


def _configured(facts: Facts) -> Aspect:
    if why := trouble(facts, ACCOUNTS_PROBE):
        return unknown(why)
    rows = facts[ACCOUNTS_PROBE].rows
    if configured(rows):
        return known(value=True)
    unread = any(row.get("count") is None for row in rows)
    return unknown("settings_unread") if unread else known(value=False)


def _last_run(facts: Facts) -> Aspect:
    if why := trouble(facts, RUNS_PROBE):
        return unknown(why)
    rows = facts[RUNS_PROBE].rows
    last = last_moment(rows)
    if last is not None:
        return known(utc_text(last))
    empty = all(row.get("count") == 0 for row in rows)
    return not_applicable("never_ran") if empty else unknown("log_unread")
