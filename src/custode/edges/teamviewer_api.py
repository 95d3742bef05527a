"""TeamViewer's web API: whether a PC is online and when it was last seen, told off the PC.

Two lists may know a PC: that of computers and contacts, and that of managed devices. The token is
sent in a header to the one address of the settings, and follows no redirection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from requests.auth import AuthBase

from custode.core.errors import UsageError
from custode.core.observation import utc_text
from custode.edges.https import Answer, HttpsError, Place, ServiceError, ask, is_address

BASE_URL = "https://webapi.teamviewer.com/api/v1"

_MOST_PAGES = 1000
_TOKEN = re.compile(r"[!-~]+")
_ASK_ANEW = "make a script token in TeamViewer's Management Console; set teamviewer_api_token"
_CHECK_ADDRESS = "check teamviewer_api_url, and whether a proxy answers in its place"


class TeamViewerApiError(ServiceError):
    """The web API could not tell."""

    subject = "TeamViewer's web API"


@dataclass(frozen=True)
class ApiSettings:
    """How the API is reached.

    Attributes:
        token: A script token; never printed.
        url: Its base address.
        ca_path: The authority that signed its certificate, or None for those of the system.
        timeout_seconds: How long one request may take.

    Raises:
        UsageError: The address or the token cannot be one.
    """

    token: str = field(repr=False)
    url: str = BASE_URL
    ca_path: Path | None = None
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what would send the token in clear or cannot be sent at all."""
        if not is_address(self.url):
            raise UsageError(
                f"teamviewer_api_url: found {self.url}; allowed: an address with https://",
                hint="leave it out for TeamViewer's own",
            )
        if not _TOKEN.fullmatch(self.token):
            raise UsageError(
                "teamviewer_api_token: found characters that no token has", hint=_ASK_ANEW
            )
        if self.ca_path is not None and not self.ca_path.is_file():
            raise UsageError(f"teamviewer_api_ca_path: found no file {self.ca_path}")


@dataclass(frozen=True)
class Presence:
    """What the API knows of one PC.

    Attributes:
        online: Whether it can be reached now.
        last_seen: When it was last seen, ISO 8601 UTC; None when the API does not say.
    """

    online: bool
    last_seen: str | None


def look_up(settings: ApiSettings, client_id: int) -> Presence | None:
    """Return what the API knows of a PC, or None when the account has no such PC.

    Args:
        settings: How the API is reached.
        client_id: The PC's TeamViewer ID.

    Raises:
        TeamViewerApiError: It did not answer, refused, or answered what cannot be read.
    """
    forbidden: TeamViewerApiError | None = None
    with requests.Session() as session:
        for listed in (_contacts, _managed):
            try:
                for device in listed(session, settings, client_id):
                    if _id_of(device) == client_id:
                        return _presence(device)
            except TeamViewerApiError as error:
                # A token may read the one list and not the other.
                if error.kind != "forbidden":
                    raise
                forbidden = error
    if forbidden is not None:
        raise forbidden
    return None


def _contacts(
    session: requests.Session, settings: ApiSettings, client_id: int
) -> Iterator[Mapping[str, Any]]:
    answer = _get(session, settings, "devices", {"remotecontrol_id": f"r{client_id}"})
    yield from _devices(answer, "devices")


def _managed(
    session: requests.Session, settings: ApiSettings, client_id: int
) -> Iterator[Mapping[str, Any]]:
    del client_id  # this list cannot be asked for one
    parameters: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        answer = _get(session, settings, "managed/devices", parameters)
        yield from _devices(answer, "resources")
        following = str(answer.get("nextPaginationToken") or "")
        if not following:
            return
        if parameters.get("paginationToken") == following:
            break
        parameters["paginationToken"] = following
    raise _garbage("lists devices without an end")


def _get(
    session: requests.Session, settings: ApiSettings, path: str, parameters: Mapping[str, str]
) -> Mapping[str, Any]:
    place = Place(settings.url, settings.ca_path, settings.timeout_seconds)
    try:
        told = ask(session, place, path, parameters=parameters, auth=_Bearer(settings.token))
    except HttpsError as error:
        raise _unanswered(settings, error.kind) from error
    _refuse(told)
    try:
        answer = json.loads(told.content)
    except ValueError as error:
        raise _garbage("answers no JSON") from error
    if not isinstance(answer, Mapping):
        raise _garbage("answers no list of devices")
    return answer


def _unanswered(settings: ApiSettings, kind: str) -> TeamViewerApiError:
    if kind == "certificate":
        said = "shows a certificate that cannot be trusted"
        hint = "check teamviewer_api_ca_path, the clock, and whether a proxy opens HTTPS"
        return TeamViewerApiError(kind, said, hint=hint)
    if kind == "timeout":
        said = f"did not answer within {settings.timeout_seconds:g} s"
        return TeamViewerApiError(kind, said, hint="try again later")
    if kind == "too_large":
        return _garbage("sends more than devices can be")
    said = f"cannot be reached, or broke off, at {settings.url}"
    return TeamViewerApiError(kind, said, hint="check the connection to the internet and the proxy")


class _Bearer(AuthBase):
    """Keeps a password of `.netrc` from taking the token's place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _refuse(told: Answer) -> None:
    status = told.status
    if status == HTTPStatus.OK:
        return
    if status == HTTPStatus.UNAUTHORIZED:
        raise TeamViewerApiError("unauthorized", "does not know the token (401)", hint=_ASK_ANEW)
    if status == HTTPStatus.FORBIDDEN:
        hint = "give the token the right to view computers and contacts, or managed devices"
        raise TeamViewerApiError("forbidden", "lets the token read no devices (403)", hint=hint)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = told.headers.get("Retry-After", "")
        hint = f"try again in {wait} s" if wait.isdecimal() else "try again later"
        raise TeamViewerApiError("too_many_requests", "was asked too often (429)", hint=hint)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        said = f"is out of order ({status})"
        raise TeamViewerApiError("server_error", said, hint="try again later")
    raise TeamViewerApiError("unexpected", f"answers {status} to a question", hint=_CHECK_ADDRESS)


def _devices(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = answer.get(key)
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
        raise _garbage("answers no list of devices")
    return listed


def _id_of(device: Mapping[str, Any]) -> int | None:
    """Return a device's TeamViewer ID, under each name that the API has for it."""
    lowered = {name.lower(): value for name, value in device.items()}
    text = str(lowered.get("remotecontrol_id") or lowered.get("teamviewerid") or "")
    return int(text.removeprefix("r")) if re.fullmatch(r"r?\d{1,12}", text) else None


def _presence(device: Mapping[str, Any]) -> Presence:
    state = str(device.get("online_state") or "").casefold()
    online = device.get("isOnline") is True or state in {"online", "busy", "away"}
    text = device.get("last_seen")
    if not text:
        return Presence(online, None)
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise _garbage("answers a time that is none") from error
    return Presence(online, utc_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))


def _garbage(what: str) -> TeamViewerApiError:
    return TeamViewerApiError("garbage", what, hint=_CHECK_ADDRESS)
