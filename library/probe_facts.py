"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: probe_facts
short_description: Ask a PC for facts, judge and record nothing
description:
  - Plans the probes, calls M(fleet_probe) once, and returns what came back for whoever asked.
  - Refuses what another machine than the recorded one says. Nothing is changed.
options:
  probes:
    description:
      - Ids of the probes to ask for.
      - Without any, those that a visit asks this kind of PC.
    type: list
    elements: str
    default: []
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Ask for the disks
  probe_facts:
    probes: [logical_disks, physical_disks]
"""

RETURN = """
custode_facts:
  description: C(collected_at) by the PC's own clock, and C(facts) by probe. Not recorded.
  returned: when the PC answered
  type: dict
custode_reason:
  description: Why the PC was refused.
  returned: on failure
  type: dict
"""
