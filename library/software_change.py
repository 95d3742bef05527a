"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_change
short_description: Say in check mode what a real run would do to a product
description:
  - Returns a change with its difference. Nothing is asked of the PC, and nothing done to it.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  product:
    description: Id of the product.
    type: str
    required: true
  reason:
    description: Why, as a sentence.
    type: str
    required: true
  step:
    description: Whether the product would be installed or removed.
    type: str
    choices: [install, remove]
    default: install
  version:
    description: The version that is there; left out when there is none.
    type: str
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Say what a real run would do
  software_change:
    product: owncloud
    catalog: policies/catalog
    version: 5.3.2.15463
    reason: ownCloud desktop client 5.3.2.15463 is older than 6.0.3.18040
"""

RETURN = """
msg:
  description: The change as a sentence.
  returned: always
  type: str
"""
