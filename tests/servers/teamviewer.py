"""TeamViewer's web API as far as it is known: devices, managed devices, tokens, and its faults.

What it answers follows the maker's own PowerShell module, TeamViewerPS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.servers import Reply, Request, as_json

BASE_PATH = "/api/v1"
TOKEN = "12345678-CanaryTokenOfTheApi1"


@dataclass
class TeamViewerApi:
    """An account with its devices; called with each request.

    Attributes:
        contacts: The list of computers and contacts, as the API has it.
        managed: The managed devices, as the API has them.
        page_size: How many managed devices stand on a page.
        token: The one token that is known.
        faults: By path below the base, what is answered instead.
    """

    contacts: Sequence[Mapping[str, Any]] = ()
    managed: Sequence[Mapping[str, Any]] = ()
    page_size: int = 2
    token: str = TOKEN
    faults: dict[str, Callable[[Request], Reply]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        path = request.path.removeprefix(BASE_PATH)
        if path in self.faults:
            return self.faults[path](request)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(401, "invalid_token")
        if path == "/ping":
            return as_json({"token_valid": True})
        if path == "/devices":
            return as_json({"devices": self._filtered(request.query)})
        if path == "/managed/devices":
            return self._page(request.query)
        return _refusal(404, "not_found")

    def _filtered(self, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        wanted = query.get("remotecontrol_id")
        return [d for d in self.contacts if wanted in {None, d["remotecontrol_id"]}]

    def _page(self, query: Mapping[str, str]) -> Reply:
        token = query.get("paginationToken", "page-0")
        start = int(token.removeprefix("page-")) * self.page_size
        page: dict[str, Any] = {"resources": list(self.managed[start : start + self.page_size])}
        if start + self.page_size < len(self.managed):
            page["nextPaginationToken"] = f"page-{start // self.page_size + 1}"
        return as_json(page)


def contact(client_id: int, state: str, last_seen: str | None = None) -> dict[str, Any]:
    """Return a device of the list of computers and contacts."""
    about = {
        "device_id": f"d{client_id}",
        "remotecontrol_id": f"r{client_id}",
        "alias": "A PC",
        "online_state": state,
        "groupid": "g1",
        "assigned_to": True,
    }
    return {**about, "last_seen": last_seen} if last_seen else about


def managed(client_id: int, *, online: bool, last_seen: str | None = None) -> dict[str, Any]:
    """Return a managed device."""
    about = {
        "id": f"00000000-0000-4000-8000-{client_id:012d}",
        "name": "A PC",
        "TeamViewerId": client_id,
        "isOnline": online,
    }
    return {**about, "last_seen": last_seen} if last_seen else about


def _refusal(status: int, error: str) -> Reply:
    return as_json({"error": error, "error_description": "", "error_code": 1}, status=status)
