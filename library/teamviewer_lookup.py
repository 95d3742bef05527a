"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: teamviewer_lookup
short_description: Ask TeamViewer's web API whether a PC is online, and when it was last seen
description:
  - Asked from the controller; nothing is asked of the PC.
  - What the API cannot tell is an error among the facts and no failure of the task.
options:
  ca_path:
    description: File of the authority that signed the API's certificate; empty for the system's.
    type: path
  client_id:
    description: The PC's TeamViewer ID.
    type: int
    required: true
  timeout_seconds:
    description: How long one request may take, in seconds.
    type: float
    default: 10.0
  token:
    description: A script token.
    type: str
    required: true
    no_log: true
  url:
    description: Base address of the API; empty for TeamViewer's own.
    type: str
    default: ""
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Ask when the PC was last seen
  teamviewer_lookup:
    client_id: 1512345678
    token: "{{ teamviewer_api_token }}"
  no_log: true
"""

RETURN = """
facts:
  description:
    - One entry, V(teamviewer_api), as M(fleet_probe) returns facts. Its row has V(online) and
      V(last_seen); there is no row where the account has no such PC.
  returned: always
  type: dict
"""
