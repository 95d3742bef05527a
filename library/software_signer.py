"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_signer
short_description: Prove on the PC that a copied installer is signed by its maker
description:
  - Reads the name on the file's Authenticode signature in one call to M(fleet_probe); only a valid
    signature has a name. The names that are allowed stand in the catalog.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  path:
    description:
      - Where on the PC the file lies. It must be below C:\\Program Files or C:\\ProgramData; elsewhere
        M(fleet_probe) looks at no file.
    type: str
    required: true
  product:
    description: Id of the product.
    type: str
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Check who signed the installer
  software_signer:
    product: owncloud
    catalog: policies/catalog
    path: C:\\Program Files\\Custode\\staging\\owncloud\\ownCloud-6.0.3.18040.x64.msi
"""

RETURN = """
signer:
  description: The name on the signature; empty when there is none or it is not valid.
  returned: always
  type: str
"""
