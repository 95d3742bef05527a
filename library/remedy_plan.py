"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: remedy_plan
short_description: Say which roles cure what a PC's last look found
description:
  - Reads the newest findings of the PC in the client's store. Each failed rule that names a role as
    its remedy calls for that role; what is unknown or was accepted in writing calls for none.
  - Within a run that is recorded it notes what is about to be tried, so that the run's record can
    tell what came of it.
  - The action plugin does all of it on the controller; nothing is asked of the PC.
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Read which roles cure what the last look found
  remedy_plan:
  register: remediate_plan
"""

RETURN = """
lines:
  description: Each role with the rules that call for it, for a person to read.
  returned: success
  type: list
  sample: ["owncloud: owncloud_installed, owncloud_update_locked"]
products:
  description: Catalog ids of the products whose installers the roles may need.
  returned: success
  type: list
  sample: [owncloud]
roles:
  description: The roles, in the order in which they are applied.
  returned: success
  type: list
  sample: [owncloud]
"""
