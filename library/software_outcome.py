"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_outcome
short_description: Say what an installer's exit code means
description:
  - Succeeds when the product is installed, now or after a restart, and fails in words otherwise.
  - The action plugin does all of it on the controller; nothing is asked of the PC.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  exit_code:
    description: What the installer returned.
    type: int
    required: true
  product:
    description: Id of the product.
    type: str
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Judge the installer's exit code
  software_outcome:
    product: owncloud
    catalog: policies/catalog
    exit_code: 3010
"""

RETURN = """
meaning:
  description: V(success), V(reboot_required), V(busy) or V(failure).
  returned: always
  type: str
reboot_required:
  description: Whether the product is whole only after a restart.
  returned: always
  type: bool
"""
