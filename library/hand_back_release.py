"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: hand_back_release
short_description: Remove the way by which we come in, and look whether it is gone
description:
  - Calls M(fleet_release), the last call to the PC. Its answer may be lost, because the connection
    goes with the listener, so the action then knocks at the port. The listener is removed last, so
    that a port at which nothing answers proves that all of it was done.
options:
  account:
    description: Local account to remove, or empty.
    type: str
    required: true
  firewall_rule:
    description: Name of the firewall rule to remove, or empty.
    type: str
    required: true
  host:
    description: Name or address at which the PC was reached.
    type: str
    required: true
  port:
    description: Port of the listener.
    type: int
    required: true
  token_filter_policy:
    description: Whether to remove C(LocalAccountTokenFilterPolicy).
    type: bool
    default: false
  transports:
    description: Whose listeners are removed.
    type: list
    elements: str
    required: true
  wait_seconds:
    description: How long the port may go on answering, in seconds.
    type: int
    default: 60
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Hand the PC back
  hand_back_release:
    account: custode
    firewall_rule: custode-winrm
    host: 192.0.2.10
    port: 5986
    transports: [https]
"""

RETURN = """
custode:
  description: The event for the recorder.
  returned: success
  type: dict
msg:
  description: What was seen, as one sentence.
  returned: success
  type: str
"""
