"""What a user of winsim did that cannot be done, in one sentence."""

from __future__ import annotations


class WinsimError(Exception):
    """A profile, fault list, option or address is wrong; the text says where and what is allowed."""
