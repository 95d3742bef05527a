"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: backup_server
short_description: Ask the backup's server how the people of a PC stand there
description:
  - Asked from the controller; nothing is asked of the PC.
  - What the server cannot tell is a fact and no failure of the task. The people asked about are
    told by their place in the list; their user ids are in no result.
options:
  ca_path:
    description: File of the authority that signed the server's certificate; empty for the system's.
    type: path
  password:
    description: The administrator's password.
    type: str
    required: true
    no_log: true
  timeout_seconds:
    description: How long one question may take, in seconds.
    type: float
    default: 10.0
  url:
    description: Address of the server; empty for the one that the contract names.
    type: str
    default: ""
  user:
    description: An administrator of the server.
    type: str
    required: true
  users:
    description: User ids of the people who use the PC; without any, only the server itself is asked.
    type: list
    elements: str
    default: []
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Ask the server
  backup_server:
    user: "{{ owncloud_admin_user }}"
    password: "{{ owncloud_admin_password }}"
    users: "{{ owncloud_users }}"
  no_log: true
"""

RETURN = """
facts:
  description:
    - One entry, V(backup_server), as M(fleet_probe) returns facts. Its rows have the columns of the
      probe of that name, one row for each person.
  returned: always
  type: dict
said:
  description: A sentence for each thing that the server could not tell.
  returned: always
  type: list
  elements: str
"""
