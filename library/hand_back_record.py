"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: hand_back_record
short_description: Report what was removed from a PC and what was left on it
description:
  - Reports it to the recorder, from which the record of the hand-back is made. The action plugin
    does all of it on the controller; nothing is asked of the PC.
options:
  account:
    description: The account that goes with the last call, or empty.
    type: str
    required: true
  folders:
    description: Folders of ours that were removed.
    type: list
    elements: str
    required: true
  plan:
    description: What M(hand_back_plan) returned.
    type: dict
    required: true
  registry:
    description: What M(fleet_registry_backup) returned.
    type: dict
    required: true
  stays:
    description: What of the way in stays, V(token_filter_policy) or V(certificate).
    type: list
    elements: str
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Tell the recorder what was removed and what was left
  hand_back_record:
    account: custode
    folders: ['C:\\\\Program Files\\\\Custode']
    plan: "{{ __hand_back_plan }}"
    registry: "{{ __hand_back_registry }}"
    stays: [certificate]
"""

RETURN = """
custode:
  description: The event for the recorder.
  returned: success
  type: dict
left:
  description: What stays, with the reason.
  returned: success
  type: list
removed:
  description: What was removed beside products.
  returned: success
  type: list
"""
