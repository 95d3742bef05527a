"""Documentation of the action plugin of the same name; this file is never sent to a PC."""
# ruff: noqa: INP001 - Ansible finds modules by their path

DOCUMENTATION = """
module: teamviewer_outcome
short_description: Say what an exit code of TeamViewer means
description:
  - Succeeds for 0, and fails in words otherwise.
  - The action plugin does all of it on the controller; nothing is asked of the PC.
options:
  codes:
    description:
      - By exit code, its meaning in V(words), the next step as V(hint), and V(retry) where trying
        again may help.
    type: dict
    required: true
  exit_code:
    description: What TeamViewer returned.
    type: int
    required: true
  what:
    description: What was asked of it, as the sentence begins.
    type: str
    required: true
author:
  - Custode contributors
"""

EXAMPLES = """
- name: Judge the exit code of the assignment
  teamviewer_outcome:
    what: TeamViewer's assignment
    exit_code: 403
    codes:
      403: {words: it found no way to the internet, retry: true}
"""

RETURN = """
msg:
  description: What the code means.
  returned: always
  type: str
"""
