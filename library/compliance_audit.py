"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: compliance_audit
short_description: Look once at everything that the contract asks of a PC
description:
  - Plans the probes, calls M(fleet_probe) once, judges what came back, and returns both.
  - Judges the rules of both scopes, C(hardware) and C(compliance), in one look.
  - Refuses what another machine says. Nothing is changed.
options:
  accept_new_identity:
    description: The technician says that the other hardware is right.
    type: bool
    default: false
  gate:
    description: Fail when a rule marked as a gate does, so that this PC goes no further.
    type: bool
    default: false
  server_facts:
    description:
      - What M(backup_server) returned as facts; judged together with what the PC says.
      - Empty when the backup's server was not asked.
    type: dict
    default: {}
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Look at the PC
  compliance_audit:
"""

RETURN = """
custode:
  description: The observation for the recorder. Facts, findings, identity and moment.
  returned: when the PC answered
  type: dict
custode_reason:
  description: Why the PC was stopped or refused, for the recorder.
  returned: on failure
  type: dict
"""
