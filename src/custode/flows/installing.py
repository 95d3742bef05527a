"""What installing and removing a product needs to know, and what came of it, in words and events."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from custode.core.observation import Facts
from custode.core.products import Meaning, Outcome, Product, outcome
from custode.core.symptoms import Reason

Step = Literal["install", "remove"]
Event = dict[str, Any]

SIGNER_PROBE = "installer_signer"
_PROGRAMS: Mapping[str, str] = {"install": "installer", "remove": "uninstaller"}


@dataclass(frozen=True)
class Ending:
    """How an installer or uninstaller ended.

    Attributes:
        step: Which of the two it was.
        exit_code: What it returned; None when it returned nothing.
        hung: Whether it was ended because its time was over.
        still_running: How many of its processes could not be ended.
        version: The version that was there, where one was removed.
        found: What the PC had of the product before: `absent`, `older`, `broken`.
    """

    step: Step
    exit_code: int | None
    hung: bool = False
    still_running: int = 0
    version: str | None = None
    found: str | None = None


def signer_probe(path: str) -> dict[str, Any]:
    """Return the probe that reads the name on a file's valid signature."""
    return {"id": SIGNER_PROBE, "kind": "file", "paths": [path], "properties": ["signer"]}


def signer_problem(product: Product, path: str, facts: Facts) -> tuple[str, Reason | None]:
    """Return whose signature the copied installer bears, and why it may not be run, or None.

    Args:
        product: The catalog's entry.
        path: Where the file lies on the PC.
        facts: The answer to `signer_probe`.
    """
    result = facts.get(SIGNER_PROBE)
    file = ntpath.basename(path)
    allowed = " or ".join(product.signers)
    if result is None or result.error is not None:
        kind = "not_returned" if result is None or result.error is None else result.error.kind
        return "", Reason(
            "installer_signer",
            f"The signature of {file} could not be read on the PC ({kind}); nothing was run.",
            "software_package_staging must lie below C:\\Program Files or C:\\ProgramData, where "
            "ordinary users cannot write.",
        )
    signer = next((str(row["signer"]) for row in result.rows if row.get("signer")), "")
    if signer in product.signers:
        return signer, None
    found = f"is signed by {signer}" if signer else "bears no valid signature"
    return signer, Reason(
        "installer_signer",
        f"{file} {found}; allowed: {allowed}. Nothing was run.",
        f"Get it from {product.installer.source}; if the maker signs under a new name, add it to "
        "`signers` in the catalog.",
    )


def change(
    product: Product, step: Step, *, version: str | None, reason: str
) -> tuple[str, dict[str, str]]:
    """Return what a real run would do, as a sentence and as the two sides of a difference."""
    there = f"{product.title} {version or '(no version)'}"
    wanted = f"{product.title} {product.version}"
    if step == "install":
        before = f"{there}\n" if version else ""
        return f"{wanted} would be installed: {reason}", {"before": before, "after": f"{wanted}\n"}
    return f"{there} would be removed", {"before": f"{there}\n", "after": ""}


def judged(product: Product, ending: Ending) -> Outcome | Reason:
    """Return what the ending of an installer means, or why it is no success."""
    program = f"The {_PROGRAMS[ending.step]} of {product.title} {product.version}"
    if ending.hung:
        return _hung(program, product, ending)
    if ending.exit_code is None:
        return Reason(
            "installer_failed",
            f"{program} could not be run.",
            "Its words are hidden, because they may hold secrets; to see them, run again with "
            "software_package_secure_logging: false.",
        )
    result = outcome(product, ending.exit_code, removing=ending.step == "remove")
    said = f"{program} ended with {result.exit_code}: {result.words}"
    if result.meaning is Meaning.BUSY:
        return Reason(
            "installer_busy",
            f"{said}, and it did not end in time.",
            "Let the other installation or update finish, or restart the PC; then run again.",
        )
    if result.meaning is Meaning.FAILURE:
        return Reason(
            "installer_failed",
            f"{said}.",
            "Run it by hand on the PC to see its own message, then run again.",
        )
    return result


def event(product: Product, result: Outcome, ending: Ending) -> Event:
    """Return the event that records an installation or removal that succeeded."""
    return {
        "kind": "installed" if ending.step == "install" else "removed",
        "product": product.id,
        "title": product.title,
        "version": ending.version or product.version,
        # Only what was absent is ours to take away again.
        "found": ending.found,
        "restart_wanted": result.meaning is Meaning.REBOOT,
    }


def attended_step(product: Product, step: Step, *, staged_at: str, note: str) -> tuple[str, Event]:
    """Return what the technician has to do, as a sentence, and the event that opens the step.

    Args:
        product: What it is about.
        step: Whether it is to be installed or removed.
        staged_at: Where on the PC the checked installer lies, or empty.
        note: A stable word for what was found of it, such as `ghost`; may be empty.
    """
    sentence = f"Remove {product.title} by hand; the next visit verifies it."
    if step == "install":
        sentence = (
            f"Install {product.title} by hand from {staged_at}: "
            "account, licence, first update; the next visit verifies it."
        )
    return sentence, {
        "kind": "step_opened",
        "product": product.id,
        "step": step,
        "staged_at": staged_at or None,
        "note": note,
    }


def _hung(program: str, product: Product, ending: Ending) -> Reason:
    said = f"{program} did not end within {product.installer.timeout_seconds} s"
    if ending.still_running:
        return Reason(
            "installer_hung",
            f"{said}, and {ending.still_running} of its processes could not be ended.",
            "Restart the PC, then run it by hand there to see what it waits for.",
        )
    return Reason(
        "installer_hung",
        f"{said} and was ended on the PC.",
        "It may have waited for a click: run it by hand on the PC to see, then run again.",
    )
