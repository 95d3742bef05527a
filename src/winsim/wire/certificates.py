"""Certificates of the simulated PCs, from one authority that is kept between runs."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Authority:
    """The authority of a fleet; `ca.pem` is what a controller has to trust."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "ca.pem"
        key = folder / "ca.key"
        if self.path.is_file() and key.is_file():
            self._ca = trustme.CA.from_pem(self.path.read_bytes(), key.read_bytes())
        else:
            self._ca = trustme.CA(organization_name="winsim")
            self._ca.cert_pem.write_to_path(self.path)
            key.touch(mode=0o600)
            self._ca.private_key_pem.write_to_path(key)

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Return a TLS context whose certificate carries these names and addresses."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context
