"""What a user of winsim did that cannot be done, in one sentence."""

from __future__ import annotations


class WinsimError(Exception):
    """A profile, fault list, option or address is wrong; the text says where and what is allowed."""


class Killed(Exception):  # noqa: N818 - it is no error, somebody ended the process
    """A process is ended from outside: nothing of it goes on, and it says nothing any more."""


class NeverEnds(Exception):  # noqa: N818 - it is no error, it is what some installers do
    """Something waits for what will not happen, such as a click on a dialog that nobody sees."""
