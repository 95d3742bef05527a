"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: identity_check
short_description: Prove that it is the right PC and that work may begin on it
description:
  - Looks at the PC once through M(fleet_probe) and compares its identity with the recorded one.
  - Fails when another machine answers, when rights are missing, when the PC's clock is wrong, or
    when the system drive is full. Nothing is changed.
options:
  accept_new_identity:
    description: The technician says that the other hardware is right.
    type: bool
    default: false
  max_clock_offset_seconds:
    description: How far the PC's clock may be from the controller's, in seconds.
    type: int
    default: 300
  min_free_bytes:
    description: Free space that drive C must have, in bytes.
    type: int
    default: 2147483648
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Compare the machine with the recorded one
  identity_check:
    min_free_bytes: 4294967296
"""

RETURN = """
custode_reason:
  description: Why work must not begin, for the recorder.
  returned: on failure
  type: dict
"""
