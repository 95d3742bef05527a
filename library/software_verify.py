"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: software_verify
short_description: Tell how a product stands on a PC, aspect by aspect
description:
  - Reads what the product shows of itself in one call to M(fleet_probe) and tells, on the
    controller, what that means. It changes nothing, and guesses nothing.
options:
  catalog:
    description: Folder on the controller that holds the catalog, one file a product.
    type: path
    required: true
  more_facts:
    description:
      - What was learnt elsewhere than on the PC, such as from the product's server, as
        M(fleet_probe) returns facts.
    type: dict
    default: {}
  product:
    description: Id of the product.
    type: str
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Read how the ownCloud client stands
  software_verify:
    product: owncloud
    catalog: policies/catalog
"""

RETURN = """
custode:
  description: The event for the recorder.
  returned: success
  type: dict
msg:
  description: The same as one sentence.
  returned: success
  type: str
verification:
  description:
    - The product's id, and the aspects version, registered, service, running, configured and
      last_sign_of_life, each with its state (V(known), V(unknown) or V(not_applicable)), its
      value, which is null unless it is known, and why.
  returned: success
  type: dict
"""
