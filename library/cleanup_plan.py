"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: cleanup_plan
short_description: Say which tool cleans a PC and whether it stays
description:
  - Reads C(cleanup) of the client's contract. Without a contract, Windows' own means clean and
    nothing stays. The action plugin does all of it on the controller; nothing is asked of the PC.
options:
  tool:
    description: What cleans; V(contract) for what the contract says.
    type: str
    choices: [contract, windows, ccleaner]
    default: contract
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Read what the contract allows
  cleanup_plan:
    tool: contract
"""

RETURN = """
keep:
  description: Whether the client wants the tool to stay.
  returned: success
  type: bool
tool:
  description: V(windows) or V(ccleaner).
  returned: success
  type: str
"""
