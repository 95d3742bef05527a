"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_outcome
short_description: Say what the ending of an installer means
description:
  - Succeeds when the product is installed or removed, now or after a restart, and fails in words
    otherwise. A wanted restart is kept as the fact C(custode_restart_wanted) for the playbook.
  - The action plugin does all of it on the controller; nothing is asked of the PC.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  changed:
    description: Whether anything was installed or removed; otherwise nothing is recorded.
    type: bool
    default: true
  exit_code:
    description: What the installer returned; left out when it returned nothing.
    type: int
  found:
    description:
      - What the PC had of the product before, as M(software_state) says it; it is recorded, because
        only what was absent is ours to take away again.
    type: str
  hung:
    description: Whether it was ended because its time was over.
    type: bool
    default: false
  product:
    description: Id of the product.
    type: str
    required: true
  step:
    description: Whether it was installed or removed.
    type: str
    choices: [install, remove]
    default: install
  still_running:
    description: How many of its processes could not be ended.
    type: int
    default: 0
  version:
    description: The version that was there, where one was removed.
    type: str
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Judge how the installer ended
  software_outcome:
    product: owncloud
    catalog: policies/catalog
    exit_code: 3010
"""

RETURN = """
meaning:
  description: V(success) or V(reboot_required).
  returned: success
  type: str
reboot_required:
  description: Whether the product is whole, or gone, only after a restart.
  returned: always
  type: bool
"""
