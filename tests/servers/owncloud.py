"""ownCloud 10 as far as it is known: `status.php` and the provisioning API, and what goes wrong there.

Shapes and status codes follow the server's own code (`lib/public/Util.php`, `apps/provisioning_api`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.servers import Reply, Request, as_json

ADMINISTRATOR = "admin-canary"
PASSWORD = "Canary-Of-The-Server-1"
USERS = "/ocs/v1.php/cloud/users/"
CLASSIC: Mapping[str, Any] = {
    "installed": True,
    "maintenance": False,
    "needsDbUpgrade": False,
    "version": "10.15.0.4",
    "versionstring": "10.15.0",
    "edition": "Community",
    "productname": "ownCloud",
    "product": "ownCloud",
}
# It says 10 for a version, so that clients of generation 5 and 6 speak to it.
INFINITE_SCALE: Mapping[str, Any] = {
    **CLASSIC,
    "version": "10.11.0.0",
    "versionstring": "10.11.0",
    "productname": "Infinite Scale",
    "product": "Infinite Scale",
    "productversion": "7.1.0",
}
HIDDEN: Mapping[str, Any] = {
    **CLASSIC,
    **dict.fromkeys(("version", "versionstring", "edition", "productname", "product"), ""),
}


@dataclass
class OwncloudServer:
    """A server with its people; called with each request.

    Attributes:
        status: What `status.php` says.
        users: What the provisioning API says of each person, by user id.
        password: The administrator's.
        faults: By path, what is answered instead.
    """

    status: Mapping[str, Any] = field(default_factory=lambda: CLASSIC)
    users: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    password: str = PASSWORD
    faults: dict[str, Callable[[Request], Reply]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        if request.path in self.faults:
            return self.faults[request.path](request)
        if request.path == "/status.php":
            return as_json(self.status)
        if not request.path.startswith(USERS):
            return Reply(404, b"<html>Not Found</html>", {"Content-Type": "text/html"})
        if self.status.get("maintenance"):
            return Reply(503, b"<html>Maintenance</html>", {"Content-Type": "text/html"})
        if request.headers.get("OCS-APIRequest") != "true" or request.query.get("format") != "json":
            return Reply(412, b"")
        if not self._knows(request):
            return _ocs(997, "Unauthorised")
        found = self.users.get(unquote(request.path.removeprefix(USERS)))
        return (
            _ocs(998, "The requested user could not be found")
            if found is None
            else _ocs(100, "OK", found)
        )

    def _knows(self, request: Request) -> bool:
        pair = base64.b64encode(f"{ADMINISTRATOR}:{self.password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"


def user(*, enabled: bool = True, last_login: int = 0, free: Any = 10**9) -> dict[str, Any]:
    """Return a person as the provisioning API has it: the flag is a text, the moment a number."""
    return {
        "enabled": str(enabled).lower(),
        "quota": {
            "free": free,
            "used": 4096,
            "total": 10**9 + 4096,
            "relative": 0.0,
            "definition": "1 GB",
        },
        "email": "anna.canarino@studio.example",
        "displayname": "Anna Canarino",
        "home": "/var/www/owncloud/data/anna",
        "two_factor_auth_enabled": "false",
        "last_login": last_login,
    }


def _ocs(code: int, message: str, data: Any = ()) -> Reply:
    """Return an answer of OCS version 1: whatever it says, the HTTP status is 200."""
    meta = {"status": "ok" if code == 100 else "failure", "statuscode": code, "message": message}
    return as_json({"ocs": {"meta": {**meta, "totalitems": "", "itemsperpage": ""}, "data": data}})
