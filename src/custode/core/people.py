"""How a person's account is told from another one without saying whose it is.

A PC digests the SID itself, with a key made for it alone from the client's salt. Who has the salt
can tell whether two digests are one account; without it nobody can, and the person is forgotten.
"""

from __future__ import annotations

import hashlib
import hmac

SALT_BYTES = 32


def pc_key(salt: bytes, device: str) -> str:
    """Return the key by which one PC digests accounts.

    A key that is found on one PC tells nothing of the accounts of another.
    """
    return hmac.new(salt, device.encode(), hashlib.sha256).hexdigest()


def salt_id(salt: bytes) -> str:
    """Return the name of a salt: digests made with different salts cannot be compared."""
    return hashlib.sha256(b"custode salt\0" + salt).hexdigest()[:8]
