"""What the schemas of JUnit's readers have in common, and where a file breaks it."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

# By element: the attributes that must be there, those that may, and the elements in it.
SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp"},
        {"testcase"},
    ),
    "testcase": ({"name", "classname"}, {"time"}, {"error", "failure", "skipped"}),
    **{name: (set(), {"message", "type"}, set()) for name in ("error", "failure", "skipped")},
}


def wrong(root: Element) -> list[str]:
    """Return where an element, or one in it, breaks the schema."""
    must, may, inside = SCHEMA[root.tag]
    found = [f"{root.tag} lacks {key}" for key in must - set(root.attrib)]
    found += [f"{root.tag} has {key}" for key in set(root.attrib) - must - may]
    found += [f"{root.tag} holds {child.tag}" for child in root if child.tag not in inside]
    took = root.get("time", "0.000")
    found += [] if re.fullmatch(r"\d+\.\d{3}", took) else [f"{root.tag} took {took}"]
    return found + [text for child in root if child.tag in inside for text in wrong(child)]
