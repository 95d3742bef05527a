"""The ownCloud server, asked from the controller: which product it is, and how a person stands there.

`status.php` tells the product to anybody; the provisioning API tells an administrator about one
person. Whoever is asked about stands in no message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from requests.auth import HTTPBasicAuth

from custode.core.backup_server import CLASSIC, INFINITE_SCALE
from custode.core.errors import UsageError
from custode.core.observation import utc_text
from custode.edges.https import HttpsError, Place, ServiceError, ask, is_address

_OK, _UNAUTHORISED, _NOT_FOUND = 100, 997, 998
_LARGEST_ANSWER_BYTES = 2**20
_MODERN_PRODUCT = "infinite scale"
_CHECK_ADDRESS = "check services.backup.server_url, and whether a proxy answers in its place"
_SAID = {
    "certificate": ("shows a certificate that cannot be trusted",
                    "check owncloud_server_ca_path, the clock, and whether a proxy opens HTTPS"),
    "timeout": ("did not answer in time", "try again later"),
    "too_large": ("sends more than an answer can be", _CHECK_ADDRESS),
    "unreachable": ("cannot be reached, or broke off",
                    "check the address and the connection of this controller"),
}  # fmt: skip


class OwncloudServerError(ServiceError):
    """The server could not tell."""

    subject = "the ownCloud server"


@dataclass(frozen=True)
class ServerSettings:
    """How the server is reached.

    Attributes:
        url: Its address, as people type it.
        ca_path: The authority that signed its certificate, or None for those of the system.
        timeout_seconds: How long one question may take.

    Raises:
        UsageError: The address or the authority cannot be one.
    """

    url: str
    ca_path: Path | None = None
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what would send a password in clear or cannot be asked at all."""
        if not is_address(self.url):
            raise UsageError(
                f"the ownCloud server's address: found {self.url!r}; allowed: one with https://",
                hint="see services.backup.server_url in contract.yml",
            )
        if self.ca_path is not None and not self.ca_path.is_file():
            raise UsageError(f"owncloud_server_ca_path: found no file {self.ca_path}")


@dataclass(frozen=True)
class Administrator:
    """Who may ask about people; never printed."""

    user: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True)
class ServerStatus:
    """What `status.php` says.

    Attributes:
        product: `classic` or `infinite_scale`; None where the server hides it.
        version: Its version; None where the server hides it.
        maintenance: Whether it serves nobody for a while.
        needs_upgrade: Whether it waits for its administrator to complete an upgrade.
    """

    product: str | None
    version: str | None
    maintenance: bool
    needs_upgrade: bool


def read_status(settings: ServerSettings) -> ServerStatus:
    """Return which product the server is and whether it is in service.

    Raises:
        OwncloudServerError: It did not answer, or is no ownCloud server.
    """
    with requests.Session() as session:
        told = _ask(session, settings, "status.php")
    if told.status in {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.PERMANENT_REDIRECT,
    }:
        raise OwncloudServerError("moved", "has another address now", hint=_CHECK_ADDRESS)
    data = _json(told.content)
    flags = {name: data.get(name) for name in ("installed", "maintenance", "needsDbUpgrade")}
    if not all(isinstance(value, bool) for value in flags.values()):
        if told.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            said = f"is out of order ({told.status})"
            raise OwncloudServerError("out_of_order", said, hint="try again later")
        raise OwncloudServerError(
            "not_owncloud", "is none: it has no status.php", hint=_CHECK_ADDRESS
        )
    if not flags["installed"]:
        hint = "finish its set-up, then run again"
        raise OwncloudServerError("not_set_up", "is not set up yet", hint=hint)
    return ServerStatus(
        product=_product(data),
        version=str(data.get("version") or data.get("versionstring") or "") or None,
        maintenance=bool(flags["maintenance"]),
        needs_upgrade=bool(flags["needsDbUpgrade"]),
    )


def read_person(
    settings: ServerSettings, administrator: Administrator, user: str
) -> dict[str, Any]:
    """Return how a person stands on the server; columns of the probe `backup_server`.

    Args:
        settings: How the server is reached.
        administrator: Who asks.
        user: The person's user id; it is in nothing that is returned or raised.

    Raises:
        OwncloudServerError: It did not answer, refused, or answered what cannot be read.
    """
    with requests.Session() as session:
        told = _ask(
            session,
            settings,
            f"ocs/v1.php/cloud/users/{quote(user, safe='')}",
            auth=HTTPBasicAuth(administrator.user.encode(), administrator.password.encode()),
        )
    if told.status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise OwncloudServerError("out_of_order", "is out of service (503)", hint="try again later")
    if told.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise _unauthorised()
    answer = _json(told.content).get("ocs")
    meta = answer.get("meta") if isinstance(answer, Mapping) else None
    code = meta.get("statuscode") if isinstance(meta, Mapping) else None
    if told.status == HTTPStatus.NOT_FOUND and code is None:
        said = "has no provisioning API; ownCloud Infinite Scale has none"
        hint = "leave owncloud_users out; the PCs are judged by what they show"
        raise OwncloudServerError("unsupported", said, hint=hint)
    if str(code) == str(_UNAUTHORISED):
        raise _unauthorised()
    if str(code) == str(_NOT_FOUND):
        return {"account": "not_found"}
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if str(code) != str(_OK) or not isinstance(data, Mapping):
        raise OwncloudServerError("garbage", "answers what cannot be read", hint=_CHECK_ADDRESS)
    return {
        "account": "known",
        "enabled": _flag(data.get("enabled")),
        **_room(data),
        **_login(data),
    }


def _ask(
    session: requests.Session,
    settings: ServerSettings,
    path: str,
    *,
    auth: HTTPBasicAuth | None = None,
) -> Any:
    place = Place(settings.url, settings.ca_path, settings.timeout_seconds, _LARGEST_ANSWER_BYTES)
    parameters = {"format": "json"} if auth else {}
    headers = {"OCS-APIRequest": "true"} if auth else {}
    try:
        return ask(session, place, path, parameters=parameters, headers=headers, auth=auth)
    except HttpsError as error:
        said, hint = _SAID[error.kind]
        raise OwncloudServerError(error.kind, f"{said}: {settings.url}", hint=hint) from error


def _json(content: bytes) -> Mapping[str, Any]:
    """Return what an answer says; nothing when it is no JSON object."""
    try:
        data = json.loads(content)
    except ValueError:
        return {}
    return data if isinstance(data, Mapping) else {}


def _product(data: Mapping[str, Any]) -> str | None:
    """Return which product it is, whatever name its administrator gave it.

    Infinite Scale says 10 for a version, so that old clients speak to it: its name comes first.

    Raises:
        OwncloudServerError: It is another maker's.
    """
    names = [str(data.get(name) or "").strip() for name in ("product", "productname")]
    if any(_MODERN_PRODUCT in name.lower() for name in names):
        return INFINITE_SCALE
    if names[0].lower() == "owncloud":
        return CLASSIC
    major = re.match(r"[0-9]+", str(data.get("version") or ""))
    if major is None:
        return CLASSIC if names[1].lower() == "owncloud" else None
    if major[0] == "10":
        return CLASSIC
    name = names[1] or names[0] or f"a server of version {major[0]}"
    raise OwncloudServerError("not_owncloud", f"is none: it is {name}", hint=_CHECK_ADDRESS)


def _unauthorised() -> OwncloudServerError:
    return OwncloudServerError(
        "unauthorised",
        "does not know the administrator, or lets him see no people",
        hint="check owncloud_admin_user and owncloud_admin_password in the vault",
    )


def _flag(value: Any) -> bool | None:
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())


def _room(data: Mapping[str, Any]) -> dict[str, bool | None]:
    """Return whether the person's room is used up; negative numbers mean that it has no end."""
    quota = data.get("quota")
    free = quota.get("free") if isinstance(quota, Mapping) else None
    number = _number(free)
    return {"quota_full": None if number is None else number == 0}


def _login(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return when the person last logged in: seconds since 1970, or 0 for never."""
    seconds = _number(data.get("last_login"))
    if seconds is None or seconds < 0:
        return {"ever_logged_in": None, "last_login_at": None}
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return {"ever_logged_in": None, "last_login_at": None}
    return {"ever_logged_in": seconds > 0, "last_login_at": utc_text(moment) if seconds else None}


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
