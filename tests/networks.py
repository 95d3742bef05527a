"""Loopback networks for tests: every process has its own, so that runs side by side never meet."""

from __future__ import annotations

import itertools
import os

_COUNT = itertools.count()
_NETWORKS = 120 * 256


def free_network() -> str:
    """Return a network in 127.0.0.0/8 that no other test of this machine uses."""
    number = (os.getpid() * 11 + next(_COUNT)) % _NETWORKS
    # From 127.100 on: below are the demo's own and what a developer may be serving.
    return f"127.{100 + number // 256}.{number % 256}.0/24"
