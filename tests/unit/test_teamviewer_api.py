"""TeamViewer's web API, asked over real HTTPS: what it knows, and what it says when it does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.servers import HttpsServer, Reply, Request, as_json
from tests.servers.teamviewer import BASE_PATH, TOKEN, TeamViewerApi, contact, managed

from custode.core.errors import UsageError
from custode.edges.teamviewer_api import ApiSettings, Presence, TeamViewerApiError, look_up

PC = 1512345678
SEEN = "2026-10-05T06:58:11Z"


@pytest.fixture
def api() -> TeamViewerApi:
    return TeamViewerApi()


@pytest.fixture
def server(api: TeamViewerApi, tmp_path: Path) -> Iterator[HttpsServer]:
    with HttpsServer(api, tmp_path) as running:
        yield running


@pytest.fixture
def settings(server: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> ApiSettings:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return ApiSettings(TOKEN, f"{server.address}{BASE_PATH}", server.ca_path, timeout_seconds=5.0)


def answering(reply: Reply) -> Callable[[Request], Reply]:
    return lambda _: reply


@pytest.mark.parametrize(
    ("state", "last_seen", "presence"),
    [
        ("Online", None, Presence(online=True, last_seen=None)),
        ("busy", None, Presence(online=True, last_seen=None)),
        ("Offline", SEEN, Presence(online=False, last_seen=SEEN)),
        ("offline", "2026-10-05T08:58:11.52+02:00", Presence(online=False, last_seen=SEEN)),
        ("offline", "2026-10-05T06:58:11", Presence(online=False, last_seen=SEEN)),
        ("offline", None, Presence(online=False, last_seen=None)),
    ],
)
def test_a_contact_is_found_by_its_id(
    api: TeamViewerApi,
    settings: ApiSettings,
    state: str,
    last_seen: str | None,
    presence: Presence,
) -> None:
    api.contacts = [contact(PC + 1, "online"), contact(PC, state, last_seen)]

    assert presence == look_up(settings, PC)


def test_a_managed_device_is_found_on_a_later_page(
    api: TeamViewerApi, server: HttpsServer, settings: ApiSettings
) -> None:
    others = [managed(PC + number, online=True) for number in range(1, 5)]
    api.managed = [*others, managed(PC, online=False, last_seen=SEEN)]

    assert Presence(online=False, last_seen=SEEN) == look_up(settings, PC)
    assert ["/devices", *["/managed/devices"] * 3] == [
        request.path.removeprefix(BASE_PATH) for request in server.requests
    ]


def test_the_id_has_two_spellings_in_the_list_of_managed_devices(
    api: TeamViewerApi, settings: ApiSettings
) -> None:
    device = managed(PC, online=True)
    device["teamviewerId"] = device.pop("TeamViewerId")
    api.managed = [device]

    assert Presence(online=True, last_seen=None) == look_up(settings, PC)


def test_a_pc_that_the_account_does_not_have_is_none(
    api: TeamViewerApi, settings: ApiSettings
) -> None:
    api.contacts, api.managed = [contact(PC + 1, "online")], [managed(PC + 2, online=True)]

    assert look_up(settings, PC) is None


def test_a_token_may_read_one_list_only(api: TeamViewerApi, settings: ApiSettings) -> None:
    api.faults["/devices"] = answering(as_json({"error": "denied"}, status=403))
    api.managed = [managed(PC, online=True)]

    assert look_up(settings, PC) == Presence(online=True, last_seen=None)
    with pytest.raises(TeamViewerApiError, match=r"lets the token read no devices \(403\)"):
        look_up(settings, PC + 1)


WRONG: dict[str, tuple[Reply, str, str, str]] = {
    "401": (as_json({}, status=401), "unauthorized", "does not know the token", "script token"),
    "429": (as_json({}, status=429), "too_many_requests", "too often (429)", "try again later"),
    "429 with its wait": (
        Reply(429, b"{}", {"Retry-After": "17"}),
        "too_many_requests",
        "too often (429)",
        "try again in 17 s",
    ),
    "500": (Reply(500, b"oops"), "server_error", "out of order (500)", "later"),
    "503": (Reply(503), "server_error", "out of order (503)", "later"),
    "404": (Reply(404), "unexpected", "answers 404", "teamviewer_api_url"),
    "a redirection": (Reply(302, b"", {"Location": "https://a.example/"}), "unexpected", "302", ""),
    "a page": (Reply(200, b"<html>"), "garbage", "answers no JSON", "a proxy"),
    "no text": (Reply(200, b"\xff\xfe"), "garbage", "answers no JSON", "a proxy"),
    "a list": (as_json([]), "garbage", "answers no list of devices", "a proxy"),
    "null": (as_json({"devices": None}), "garbage", "answers no list of devices", "a proxy"),
    "a word": (as_json({"devices": ["a"]}), "garbage", "answers no list of devices", "a proxy"),
    "no time": (as_json({"devices": [contact(PC, "x", "then")]}), "garbage", "a time that", ""),
    "a flood": (Reply(200, b"[" * 9_000_000), "garbage", "more than devices can be", ""),
    "half": (Reply(200, b"{}", announced=99), "unreachable", "broke off", "connection"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_is_said_in_one_sentence(
    api: TeamViewerApi, settings: ApiSettings, name: str
) -> None:
    reply, kind, words, hint = WRONG[name]
    api.faults["/devices"] = answering(reply)

    with pytest.raises(TeamViewerApiError) as caught:
        look_up(settings, PC)
    assert kind == caught.value.kind
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint


def test_an_answer_that_trickles_is_not_waited_for(
    api: TeamViewerApi, settings: ApiSettings
) -> None:
    api.faults["/devices"] = answering(Reply(200, b" " * 1000, drip_seconds=0.05))
    hasty = ApiSettings(TOKEN, settings.url, settings.ca_path, timeout_seconds=0.4)

    with pytest.raises(TeamViewerApiError, match=r"did not answer within 0\.4 s"):
        look_up(hasty, PC)


def test_a_server_that_says_nothing_is_not_waited_for(
    api: TeamViewerApi, settings: ApiSettings
) -> None:
    api.faults["/devices"] = answering(Reply(200, b" ", drip_seconds=30))
    hasty = ApiSettings(TOKEN, settings.url, settings.ca_path, timeout_seconds=0.3)

    with pytest.raises(TeamViewerApiError, match=r"did not answer within 0\.3 s"):
        look_up(hasty, PC)


def test_pages_without_an_end_are_garbage(api: TeamViewerApi, settings: ApiSettings) -> None:
    page = as_json({"resources": [], "nextPaginationToken": "same"})
    api.faults["/managed/devices"] = answering(page)

    with pytest.raises(TeamViewerApiError, match="without an end"):
        look_up(settings, PC)


def test_a_certificate_that_nobody_vouches_for_ends_it_before_the_token_is_sent(
    server: HttpsServer, settings: ApiSettings
) -> None:
    unknown = ApiSettings(TOKEN, settings.url)

    with pytest.raises(TeamViewerApiError, match="cannot be trusted"):
        look_up(unknown, PC)
    assert [] == server.requests


@pytest.mark.usefixtures("settings")
def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    with HttpsServer(TeamViewerApi(), tmp_path, name="elsewhere.example") as other:
        wrong = ApiSettings(TOKEN, f"{other.address}{BASE_PATH}", other.ca_path)
        with pytest.raises(TeamViewerApiError, match="cannot be trusted"):
            look_up(wrong, PC)


def test_a_port_where_nothing_listens_is_said(tmp_path: Path, settings: ApiSettings) -> None:
    with HttpsServer(TeamViewerApi(), tmp_path) as closed:
        address = closed.address
    gone = ApiSettings(TOKEN, f"{address}{BASE_PATH}", settings.ca_path)

    with pytest.raises(TeamViewerApiError, match="cannot be reached") as caught:
        look_up(gone, PC)
    assert "unreachable" == caught.value.kind


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "http://webapi.example/api/v1"}, "an address with https://"),
        ({"url": "https://user:secret@webapi.example/"}, "an address with https://"),
        ({"url": ""}, "an address with https://"),
        ({"token": "two words"}, "characters that no token has"),
        ({"token": "line\n"}, "characters that no token has"),
        ({"token": ""}, "characters that no token has"),
        ({"ca_path": Path("/nowhere/ca.pem")}, "found no file /nowhere/ca.pem"),
    ],
)
def test_settings_that_cannot_be_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        ApiSettings(**{"token": TOKEN, **given})
    assert "secret" not in str(caught.value).replace("user:secret@", "")
    assert "two words" not in str(caught.value)


def test_a_password_of_netrc_does_not_take_the_place_of_the_token(
    api: TeamViewerApi, settings: ApiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    api.contacts = [contact(PC, "online")]

    assert look_up(settings, PC) is not None


def test_settings_do_not_print_the_token(settings: ApiSettings) -> None:
    assert TOKEN not in repr(settings)
