"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_step
short_description: Open a step that only a person can finish
description:
  - Reports to the recorder that a technician has to install or remove a product by hand.
  - The action plugin does all of it on the controller; nothing is asked of the PC.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  note:
    description: A stable word for what was found of the product, such as V(ghost); it chooses a hint.
    type: str
    default: ''
  product:
    description: Id of the product.
    type: str
    required: true
  staged_at:
    description: Where on the PC the checked installer lies.
    type: str
    default: ''
  step:
    description: What has to be done.
    type: str
    choices: [install, remove]
    default: install
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Ask the technician to install Norton
  software_step:
    product: norton
    catalog: policies/catalog
    staged_at: C:\\Program Files\\Custode\\staging\\NortonSetup.exe
"""

RETURN = """
custode:
  description: The event for the recorder.
  returned: always
  type: dict
"""
