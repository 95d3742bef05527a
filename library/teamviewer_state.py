"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: teamviewer_state
short_description: Tell whether TeamViewer is installed and assigned, from what the PC shows
description:
  - Reads named values of TeamViewer's registry keys and whether its program is there, in one call
    to M(fleet_probe), and decides on the controller. It changes nothing.
  - A registration whose program is gone counts for nothing. Keys are never read as a whole,
    because they hold passwords.
options:
  configuration_id:
    description:
      - The custom module that is wanted; a warning names another one. Empty where none is.
    type: str
    default: ""
  expect:
    description: What must be; anything less fails, and so does what is unclear. Left out to accept all.
    type: str
    choices: [installed, assigned]
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Read whether the PC is assigned
  teamviewer_state:
    expect: installed
"""

RETURN = """
assigned:
  description: Whether the PC shows that it is managed from an account, or null when unclear.
  returned: success
  type: bool
client_id:
  description: The TeamViewer ID, or null when it has none yet.
  returned: success
  type: int
installed:
  description: Whether a registration has its program, or null when unclear.
  returned: success
  type: bool
msg:
  description: The same as one sentence.
  returned: always
  type: str
program:
  description: Path of TeamViewer.exe, or null when it is not installed.
  returned: success
  type: str
"""
