"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: hand_back_plan
short_description: Say what of a PC is ours to take away
description:
  - Reads the PC's ledger in the client's store and the contract. Products that were there before
    us, that the client keeps, or of which the ledger cannot tell, stay. The action plugin does all
    of it on the controller; nothing is asked of the PC.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Read from the client's store what we installed
  hand_back_plan:
    catalog: policies/catalog
"""

RETURN = """
by_person:
  description: Products that go, but which only a person can remove.
  returned: success
  type: list
keep_tool:
  description: Whether the clean-up tool stays.
  returned: success
  type: bool
left:
  description: Products that stay, with the reason.
  returned: success
  type: list
remove:
  description: Products that go.
  returned: success
  type: list
unassign:
  description: Whether TeamViewer belongs to an account of ours.
  returned: success
  type: bool
"""
