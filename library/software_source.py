"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_source
short_description: Prove on the controller that installers are there and are the pinned ones
description:
  - Reads entries of the catalog and compares the SHA-256 of each installer with the pinned one.
  - The action plugin does all of it on the controller; nothing is asked of the PC.
  - Everything that is missing or wrong is listed in one error, so that one errand fetches it all.
options:
  cache:
    description: Folder on the controller that holds the installers.
    type: path
    default: .
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  need_files:
    description: Whether the installers must be there. With V(false) only the entries are read.
    type: bool
    default: true
  products:
    description: Ids of the wanted entries.
    type: list
    elements: str
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Check the installer of the ownCloud client
  software_source:
    products: [owncloud]
    catalog: policies/catalog
    cache: ~/.cache/custode/installers
"""

RETURN = """
products:
  description:
    - For each product its title, version, path and sum of the installer, product code, arguments
      and exit codes, and whether only a person can install it.
  returned: success
  type: dict
"""
