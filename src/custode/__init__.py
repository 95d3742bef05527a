"""Custode keeps the promises of an assistance contract, and the proof of it."""

__version__ = "0.1.0"
