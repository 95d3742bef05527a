"""A PC as acceptance sees it: read by modules of Ansible's collections, and by nothing of ours.

`tasks/read.yml` is everything that is read. What cannot be read is unknown, never absent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testinfra.host import Host
from tests.acceptance.judging import unknown

from custode.core.contract import Contract
from custode.core.products import Product
from custode.core.symptoms import Reason, classify
from custode.edges.catalog import load_product
from custode.edges.project import Project
from custode.edges.store import recorded_identity

READ = Path(__file__).parent / "tasks" / "read.yml"
PROJECT = Project(Path(__file__).parents[2])
CATALOG = Path(__file__).parents[2] / "policies" / "catalog"
TEAMVIEWER, OWNCLOUD = "teamviewer_host", "owncloud"
# Windows' own antivirus: no product of the catalog.
DEFENDER, DEFENDER_SERVICE = "defender", "WinDefend"
# What Ansible writes of a PC that lets nobody in; an exit code alone may have other causes.
_UNREACHABLE = "UNREACHABLE!"


class NotSeenError(Exception):
    """The PC let nobody in, so nothing of it can be judged."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


@dataclass(frozen=True)
class AntivirusRow:
    """What the Security Center says of one antivirus.

    Attributes:
        guid: The number that its maker registered it under.
        name: Its name.
        state: 0 off, 1 on, 2 snoozed, 3 expired; what others mean, nobody has described.
    """

    guid: str
    name: str
    state: int


@dataclass(frozen=True)
class Pc:
    """What was read of one PC.

    Attributes:
        name: Its name.
        contract: What was promised for it.
        read: What `tasks/read.yml` gave.
        enrolled: Digest of the id of the Windows that was enrolled, or None when none is on record.
    """

    name: str
    contract: Contract
    read: Mapping[str, Any]
    enrolled: str | None = None

    def windows_id(self) -> str:
        """Return the digest of the id of this Windows, as the store keeps it."""
        told = self.read["windows_id"]
        if not _given(told, "exists", "the id of this Windows"):
            unknown(found="this Windows has no id")
        text = str(told["value"]).lower()
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:16]

    def product(self, product_id: str) -> Product:
        """Return the catalog's entry for a product, from the catalog that the PC has."""
        return load_product(Path(str(self.read["catalog"])), product_id)

    def service(self, name: str) -> Mapping[str, Any] | None:
        """Return a service, or None where Windows has none of this name."""
        result = _of(self.read["services"], name)
        services = _given(result, "services", f"the service {name}")
        if not services and any(name in text for text in result.get("warnings", [])):
            unknown(found=f"Windows does not let us look at the service {name}")
        return services[0] if services else None

    def file_version(self, path: str) -> str | None:
        """Return the version that a product's file tells, or None where there is no such file."""
        told = _of(self.read["versions"], path)
        if "path" in told.get("win_file_version", {}):
            return str(told["win_file_version"]["file_version"])
        if self.has_program(path):
            _given(told, "version", f"the version of {path}")
        return None

    def has_program(self, path: str) -> bool:
        """Tell whether there is a file that told no version."""
        stat = _given(_of(self.read["files"], path), "stat", path)
        return bool(stat["exists"])

    def listed_version(self, product_id: str) -> str | None:
        """Return the version under which Windows lists a product's code, or None."""
        found = (item for item in self.read["listed"] if item["__item"]["id"] == product_id)
        item: Mapping[str, Any] = next(found, {})
        exists = _given(item, "exists", "Windows' list of programs")
        return str(item["value"]) if exists else None

    def antivirus_rows(self) -> list[AntivirusRow] | None:
        """Return each antivirus that the Security Center knows.

        None where Windows has no Security Center to ask.
        """
        if not _given(self.read["antivirus"], "exists", "Windows' Security Center"):
            return None
        rows = []
        for item in self.read["antivirus_rows"]:
            values = _given(item, "properties", "Windows' Security Center")
            if "STATE" not in values or "DISPLAYNAME" not in values:
                unknown(found="Windows' Security Center knows a product without name or state")
            name, state = (values[key]["value"] for key in ("DISPLAYNAME", "STATE"))
            rows.append(AntivirusRow(str(item["__item"]), str(name), int(state) >> 12 & 0xF))
        return rows

    def locks(self) -> dict[str, Any]:
        """Return the values that keep ownCloud from updating itself; None for one not there."""
        return {
            "\\".join(item["__item"]): item["value"]
            if _given(item, "exists", "ownCloud's policy")
            else None
            for item in self.read["locks"]
        }

    def staged(self) -> dict[str, int]:
        """Return names and bytes of what lies in the staging folder."""
        stat = _given(self.read["staging"], "stat", "the staging folder")
        if not stat["exists"]:
            return {}
        files = _given(self.read["staged"], "files", "the staging folder")
        if not files and stat.get("size"):
            unknown(found="the staging folder holds what cannot be looked at")
        return {str(item["filename"]): int(item["size"]) for item in files}

    def has_cleaner(self) -> bool:
        """Tell whether our cleaning tool is there."""
        stat = _given(self.read["tools"], "stat", "the folder of our tools")
        return bool(stat["exists"] and stat["size"])


def to_install(contract: Contract) -> list[str]:
    """Return the accepted antivirus programs that are products of the catalog."""
    return [name for name in contract.services.antivirus.accept if name != DEFENDER]


def look(host: Host, contract: Contract) -> Pc:
    """Read a PC once.

    Raises:
        NotSeenError: It let nobody in.
        RuntimeError: Ansible could not be run, or could not work out what to ask.
    """
    accepted = contract.services.antivirus.accept
    asked = {
        "acceptance_catalog": str(CATALOG),
        "acceptance_products": [TEAMVIEWER, OWNCLOUD, *to_install(contract)],
        "acceptance_services": [DEFENDER_SERVICE] if DEFENDER in accepted else [],
    }
    try:
        given = host.ansible(
            "ansible.builtin.include_tasks", json.dumps({"file": str(READ)}), extra_vars=asked
        )
    except host.ansible.AnsibleException as error:
        # Readings that fail are kept: this failure is the controller's own, and for the log.
        raise RuntimeError(f"Ansible could not ask: {error.result.get('msg')}") from None
    except AssertionError as error:
        # What testinfra says when Ansible's exit code is another than it knows. Its text may
        # hold what was read before: of that nothing goes further, the log included.
        text = str(error)
        if _UNREACHABLE not in text:
            words = text.partition("_stderr=")[2]
            raise RuntimeError(f"Ansible could not be run: {words}") from None
        raise NotSeenError(
            classify({"msg": text.partition(_UNREACHABLE)[2]}, unreachable=True)
        ) from None
    name = host.backend.host
    recorded = recorded_identity(PROJECT.store(contract.client.id), name)
    enrolled = recorded.machine_guid if recorded else None
    return Pc(name, contract, json.loads(given["msg"]), enrolled)


def _of(results: Iterable[Mapping[str, Any]], asked: str) -> Mapping[str, Any]:
    return next((item for item in results if item["__item"] == asked), {})


def _given(result: Mapping[str, Any], key: str, what: str) -> Any:
    """Return what a reading gave; one that did not is unknown, with the class of its failure."""
    if key not in result:
        reason = classify(result, unreachable=False)
        unknown(found=f"{what} could not be read: {reason.message}", next_step=reason.hint)
    return result[key]
