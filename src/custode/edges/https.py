"""One question over HTTPS: verified, without redirection, within a time and a size, nothing kept."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import requests
import urllib3
from requests.auth import AuthBase

from custode.core.errors import CustodeError

_ADDRESS = re.compile(r"https://[^\s/@?#]+(/[^\s?#]*)?")


class HttpsError(Exception):
    """There is no answer.

    Attributes:
        kind: `certificate`, `timeout`, `unreachable` or `too_large`.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class ServiceError(CustodeError):
    """A service that is asked over HTTPS could not tell; whoever asks it names it.

    Attributes:
        subject: The service, as the beginning of a sentence.
        kind: A stable word, such as `unreachable`.
    """

    subject: ClassVar[str] = "the service"

    def __init__(self, kind: str, message: str, *, hint: str) -> None:
        super().__init__(f"{self.subject} {message}", hint=hint)
        self.kind = kind


@dataclass(frozen=True)
class Place:
    """Where questions go.

    Attributes:
        url: The base address.
        ca_path: The authority that signed its certificate, or None for those of the system.
        timeout_seconds: How long one question may take.
        largest_bytes: How long an answer may be.
    """

    url: str
    ca_path: Path | None = None
    timeout_seconds: float = 10.0
    largest_bytes: int = 8 * 2**20


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class NoCredentials(AuthBase):
    """Keeps a password of `.netrc` from being sent where none is wanted."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request as it is."""
        return request


def is_address(text: str) -> bool:
    """Tell whether a text is an address with https://, without a password or a query in it."""
    return _ADDRESS.fullmatch(text) is not None


def ask(
    session: requests.Session,
    place: Place,
    path: str,
    *,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    auth: AuthBase | None = None,
) -> Answer:
    """Return the answer to a GET, whatever its status.

    Args:
        session: Keeps the connection between questions.
        place: Where the question goes.
        path: Below the base address.
        parameters: What is asked, behind the path.
        headers: Beside the usual ones.
        auth: Who asks; without it nobody does.

    Raises:
        HttpsError: There is none.
    """
    try:
        with session.get(
            f"{place.url.rstrip('/')}/{path}",
            params=dict(parameters or {}),
            headers=dict(headers or {}),
            auth=auth or NoCredentials(),
            verify=str(place.ca_path) if place.ca_path else True,
            timeout=place.timeout_seconds,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = _content(response, place)
            return Answer(response.status_code, response.headers, content)
    except requests.exceptions.SSLError as error:
        raise HttpsError("certificate") from error
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise HttpsError("timeout") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise HttpsError("unreachable") from error


def _content(response: requests.Response, place: Place) -> bytes:
    """Return what was sent; neither a trickle nor a flood is waited for."""
    ends_at = time.monotonic() + place.timeout_seconds
    content = bytearray()
    while chunk := response.raw.read1(65536, decode_content=True):
        content += chunk
        if len(content) > place.largest_bytes:
            raise HttpsError("too_large")
        if time.monotonic() > ends_at:
            raise requests.Timeout
    return bytes(content)
