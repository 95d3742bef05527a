"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: owncloud_pin
short_description: Refuse a pinned ownCloud client that would cut the backup off
description:
  - Client 7 cannot speak to ownCloud 10, and accounts vanish when it replaces client 6.
  - The server's C(status.php) tells its product; it is asked from the controller, by nobody in
    particular. Nothing is changed.
  - Where the product is not known, a client of another generation than the PC has is not
    installed on a guess, and one of the same generation is.
options:
  ca_path:
    description: File of the authority that signed the server's certificate; empty for the system's.
    type: path
  catalog:
    description: Folder on the controller that holds the catalog of products.
    type: path
    required: true
  look_at_pc:
    description:
      - Where the server's product is not known, whether to look at the PC and refuse another
        generation. Without it an unknown product is only a warning.
    type: bool
    default: false
  server_product:
    description: What the server is, where that is known. Empty to ask it.
    type: str
    choices: ["", classic, infinite_scale]
    default: ""
  timeout_seconds:
    description: How long the question to the server may take, in seconds.
    type: float
    default: 10.0
  url:
    description: Address of the server; empty for the one that the client's contract names.
    type: str
    default: ""
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Check that the pinned client can speak to the server
  owncloud_pin:
    catalog: policies/catalog
    look_at_pc: true
"""

RETURN = """
pinned:
  description: The version that the catalog pins.
  returned: always
  type: str
server_product:
  description: V(classic) or V(infinite_scale); none when it is not known.
  returned: always
  type: str
custode_reason:
  description: Why the pin was refused, for the recorder.
  returned: on refusal
  type: dict
"""
