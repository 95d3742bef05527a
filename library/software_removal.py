"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_removal
short_description: Plan how a product is taken away from a PC
description:
  - Reads the list of installed programs, and whether the uninstallers that it names are there, in
    one or two calls to M(fleet_probe), and decides on the controller. It changes nothing.
options:
  again:
    description:
      - Windows Installer was asked already, so that what is still listed by a product code is a
        trace of something that is gone.
    type: bool
    default: false
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  product:
    description: Id of the product.
    type: str
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Plan the removal of the ownCloud client
  software_removal:
    product: owncloud
    catalog: policies/catalog
"""

RETURN = """
attended:
  description: Names of keys whose uninstallers cannot be quiet, so that a person has to remove them.
  returned: success
  type: list
  elements: str
removals:
  description: What M(ansible.windows.win_package) removes, with provider and arguments.
  returned: success
  type: list
  elements: dict
traces:
  description: Registry keys that list what is gone.
  returned: success
  type: list
  elements: str
"""
