"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: cleanup_outcome
short_description: Say and record what a clean-up came to
description:
  - Sums up what the steps removed and what became free, and reports it to the recorder. What
    Windows did not say is unknown. The action plugin does all of it on the controller.
options:
  steps:
    description: Results of M(fleet_cleanup) and M(fleet_cleaner), in the order of the steps.
    type: list
    elements: dict
    required: true
  tool:
    description: What cleaned.
    type: str
    choices: [windows, ccleaner]
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Record what became free
  cleanup_outcome:
    tool: windows
    steps: "{{ [__cleanup_folders] }}"
"""

RETURN = """
custode:
  description: The event for the recorder; left out where no step was run.
  returned: success
  type: dict
freed_bytes:
  description: What became free on the system drive, in bytes; null when Windows did not say.
  returned: success
  type: int
msg:
  description: The same as one sentence.
  returned: success
  type: str
"""
