"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: reach
short_description: Find out in a second or two whether a PC answers
description:
  - Opens and closes a TCP connection from the controller; nothing is asked of the PC.
  - A closed port makes the PC unreachable at once, instead of after Ansible's own half minute.
  - A PC to which an antivirus with a firewall of its own was to come, by the client's ledger, is told
    apart from one that is only off.
options:
  antivirus:
    description: Product with a firewall of its own that was seen on the PC a moment ago, or empty.
    type: str
    default: ''
  host:
    description: Address or name of the PC.
    type: str
    required: true
  port:
    description: TCP port on which WinRM should answer.
    type: int
    required: true
  timeout_seconds:
    description: How long to wait for the connection, in seconds.
    type: float
    default: 2.0
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Knock at the WinRM port
  reach:
    host: "{{ ansible_host }}"
    port: 5986
"""

RETURN = """
custode_reason:
  description: Why the PC was not reached, for the recorder.
  returned: when nothing answers
  type: dict
"""
