"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: restart_decision
short_description: Decide whether a PC may be restarted now
description:
  - Says yes only if something asked for a restart, the policy allows one, and the moment lies in
    the contract's hours for visits and on no day without visits.
  - The action plugin does all of it on the controller; nothing is asked of the PC.
options:
  policy:
    description: V(never), or V(in_window) for the contract's hours.
    type: str
    choices: [in_window, never]
    default: never
  wanted_by:
    description: Titles of the products that are whole only after a restart.
    type: list
    elements: str
    default: []
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Decide whether the PC may be restarted now
  restart_decision:
    policy: in_window
    wanted_by: "{{ ansible_facts.custode_restart_wanted | default([]) }}"
"""

RETURN = """
msg:
  description: Why, as a sentence.
  returned: success
  type: str
restart:
  description: Whether to restart it.
  returned: success
  type: bool
"""
