"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_state
short_description: Tell what a PC has of a product, measured against the catalog
description:
  - Reads the list of installed programs, a few files' versions and service names in one call to
    M(fleet_probe), and decides on the controller. It changes nothing.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  expect:
    description: The states that are right here; any other fails. Empty to accept all.
    type: list
    elements: str
    choices: [absent, exact, older, newer, broken]
    default: []
  product:
    description: Id of the product.
    type: str
    required: true
  wanted:
    description:
      - Whether the product is to be there. Then the architecture of Windows is read in the same
        call, and a PC that the installer is not made for is refused where it would have to run;
        and a version that is newer than any allowed one is recorded as kept.
    type: bool
    default: false
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Read what the PC has of the ownCloud client
  software_state:
    product: owncloud
    catalog: policies/catalog
"""

RETURN = """
architecture:
  description:
    - V(x86), V(x64) or V(arm64), as Windows says of itself; null when it does not, or was not asked.
  returned: success
  type: str
product_keys:
  description: Names of the product's keys in the list of installed programs.
  returned: success
  type: list
  elements: str
reason:
  description: The finding as a sentence.
  returned: success
  type: str
state:
  description:
    - V(absent), V(exact), V(older), V(newer), or V(broken) when it is listed without a version or
      without its files, or has left its files without being listed.
  returned: success
  type: str
version:
  description: The installed version, or null when there is none or it cannot be read.
  returned: success
  type: str
"""
