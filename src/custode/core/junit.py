"""JUnit files: what pytest wrote of one PC is read, and one file is written for all of them.

The file that is written keeps to what the schemas of JUnit's readers have in common: a suite a PC,
`failure` for what is not accepted, `error` for what is unknown or was not seen.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from custode.core.acceptance import Acceptance, Check, PcAcceptance, Verdict, check_from, sentence

_ELEMENTS = {
    Verdict.NOT_ACCEPTED: "failure",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.NOT_SEEN: "error",
    Verdict.UNKNOWN: "error",
}


def read_junit(pc: str, text: str) -> PcAcceptance:
    """Return what pytest's JUnit file says of one PC."""
    # Our own child wrote it, of nothing but our own words.
    root = ET.fromstring(text)  # noqa: S314
    return PcAcceptance(pc, tuple(_check(case) for case in root.iter("testcase")))


def write_junit(acceptance: Acceptance) -> str:
    """Return the JUnit file of an acceptance; the same acceptance gives the same text."""
    suites = [_suite(acceptance.client, pc) for pc in acceptance.pcs]
    root = ET.Element("testsuites", {"name": f"acceptance of {acceptance.client}"})
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.attrib[key]) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _check(case: ET.Element) -> Check:
    name, seconds = case.attrib["name"], float(case.get("time", 0))
    ended = next((item for item in case if item.tag in {"error", "failure", "skipped"}), None)
    if ended is None:
        return Check(sentence(name), Verdict.ACCEPTED, seconds=seconds)
    if ended.tag == "skipped":
        why = ended.get("message", "")
        return Check(sentence(name), Verdict.NOT_APPLICABLE, found=why, seconds=seconds)
    return check_from(name, ended.text or "", seconds=seconds)


def _suite(client: str, pc: PcAcceptance) -> ET.Element:
    tags = [_ELEMENTS.get(check.verdict) for check in pc.checks]
    suite = ET.Element(
        "testsuite",
        {
            "name": pc.pc,
            "tests": str(len(pc.checks)),
            "failures": str(tags.count("failure")),
            "errors": str(tags.count("error")),
            "skipped": str(tags.count("skipped")),
            "time": f"{sum(check.seconds for check in pc.checks):.3f}",
        },
    )
    for check, tag in zip(pc.checks, tags, strict=True):
        about = {"name": check.name, "classname": f"{client}.{pc.pc}"}
        case = ET.SubElement(suite, "testcase", {**about, "time": f"{check.seconds:.3f}"})
        if tag is None:
            continue
        ended = ET.SubElement(
            case, tag, {"type": str(check.verdict).replace(" ", "_"), "message": check.found}
        )
        said = (("expected", check.expected), ("next", check.next_step))
        ended.text = "\n".join(f"{key}: {text}" for key, text in said if text)
    return suite
