"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: antivirus_state
short_description: Tell how an antivirus stands on a PC, and whether the contract wants it there
description:
  - Reads in one call to M(fleet_probe) what Windows shows of every antivirus that Custode knows, and
    judges it on the controller. It changes nothing.
  - A product that the contract does not accept is not wanted; neither is one that is not there while
    another accepted one works.
options:
  port:
    description:
      - TCP port of WinRM on the PC; told to whoever has to open it when the PC falls silent later in
        the same run.
    type: int
    default: 5986
  product:
    description: The antivirus in question.
    type: str
    choices: [defender, norton]
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Tell how Norton stands
  antivirus_state:
    product: norton
"""

RETURN = """
accept:
  description: The antivirus products that the contract accepts, the most wanted first.
  returned: success
  type: list
  elements: str
custode_firewall:
  description:
    - Where the product brings a firewall, and is there or wanted, its name, since when, and the port.
      If the PC falls silent later in the run, the recorder suspects it.
  returned: when there is such a product
  type: dict
installed:
  description: Whether its program is there; null when that is not known.
  returned: success
  type: bool
msg:
  description: What was found and what follows, as a sentence.
  returned: success
  type: str
products:
  description: By product, its state, why, installed and working.
  returned: success
  type: dict
state:
  description:
    - One of V(healthy), V(outdated), V(off), V(snoozed), V(expired), V(unregistered), V(half),
      V(ghost), V(absent) and V(unknown).
  returned: success
  type: str
wanted:
  description: Whether the product is to be installed where it is missing.
  returned: success
  type: bool
"""
