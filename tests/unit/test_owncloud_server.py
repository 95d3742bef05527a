"""The ownCloud server, asked over real HTTPS: product, people, and what it says when it cannot tell."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from hypothesis import strategies as st
from tests.servers import HttpsServer, Reply, Request, as_json
from tests.servers.owncloud import (
    ADMINISTRATOR,
    CLASSIC,
    HIDDEN,
    INFINITE_SCALE,
    PASSWORD,
    USERS,
    OwncloudServer,
    user,
)

from custode.core.errors import UsageError
from custode.edges.owncloud_server import (
    Administrator,
    OwncloudServerError,
    ServerSettings,
    ServerStatus,
    read_person,
    read_status,
)

WHO = "anna.canarino@studio.example"
SEEN = datetime(2026, 10, 5, 6, 30, tzinfo=UTC)
ADMIN = Administrator(ADMINISTRATOR, PASSWORD)


@pytest.fixture
def owncloud() -> OwncloudServer:
    return OwncloudServer(users={WHO: user(last_login=int(SEEN.timestamp()))})


@pytest.fixture
def server(owncloud: OwncloudServer, tmp_path: Path) -> Iterator[HttpsServer]:
    with HttpsServer(owncloud, tmp_path) as running:
        yield running


@pytest.fixture
def settings(server: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> ServerSettings:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return ServerSettings(server.address, server.ca_path, timeout_seconds=5.0)


def answering(reply: Reply) -> Callable[[Request], Reply]:
    return lambda _: reply


@pytest.mark.parametrize(
    ("status", "product", "version"),
    [
        (CLASSIC, "classic", "10.15.0.4"),
        # Its version is 10 too: the name comes first.
        (INFINITE_SCALE, "infinite_scale", "10.11.0.0"),
        ({**CLASSIC, "productname": "Studio Bianchi Cloud"}, "classic", "10.15.0.4"),
        ({**CLASSIC, "productname": "Studio Bianchi", "product": "Studio Bianchi"}, "classic", "10.15.0.4"),
        ({**CLASSIC, "version": "", "versionstring": ""}, "classic", None),
        ({**INFINITE_SCALE, "version": "", "versionstring": ""}, "infinite_scale", None),
        (HIDDEN, None, None),
    ],
)  # fmt: skip
def test_the_product_is_told_whatever_name_it_was_given(
    owncloud: OwncloudServer,
    settings: ServerSettings,
    status: dict[str, Any],
    product: str | None,
    version: str | None,
) -> None:
    owncloud.status = status

    assert ServerStatus(product, version, maintenance=False, needs_upgrade=False) == read_status(
        settings
    )


def test_a_server_out_of_service_says_so(
    owncloud: OwncloudServer, settings: ServerSettings
) -> None:
    owncloud.status = {**CLASSIC, "maintenance": True}
    assert read_status(settings).maintenance

    owncloud.status = {**CLASSIC, "needsDbUpgrade": True}
    assert read_status(settings).needs_upgrade


PAGE = Reply(200, b"<html>Hello</html>", {"Content-Type": "text/html"})
NEXTCLOUD = {**CLASSIC, "version": "31.0.2.1", "productname": "Nextcloud", "product": ""}


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (PAGE, "not_owncloud", "is none: it has no status.php"),
        (Reply(404, b"not here"), "not_owncloud", "is none: it has no status.php"),
        (Reply(200, b""), "not_owncloud", "is none: it has no status.php"),
        (Reply(200, b"[1]"), "not_owncloud", "is none: it has no status.php"),
        (as_json({"installed": "yes"}), "not_owncloud", "is none: it has no status.php"),
        (as_json(NEXTCLOUD), "not_owncloud", "is none: it is Nextcloud"),
        (as_json({**CLASSIC, "installed": False}), "not_set_up", "is not set up yet"),
        (
            Reply(301, b"", {"Location": "http://elsewhere.example/"}),
            "moved",
            "has another address",
        ),
        (Reply(502, b"Bad Gateway"), "out_of_order", "is out of order (502)"),
        (Reply(200, b"x" * (2**20 + 1)), "too_large", "sends more than an answer can be"),
        (Reply(200, b"{", announced=99), "unreachable", "cannot be reached, or broke off"),
    ],
)
def test_what_is_no_server_is_said_in_one_sentence(
    owncloud: OwncloudServer, settings: ServerSettings, reply: Reply, kind: str, words: str
) -> None:
    owncloud.faults["/status.php"] = answering(reply)

    with pytest.raises(OwncloudServerError, match=f"^the ownCloud server {words[:8]}") as told:
        read_status(settings)

    assert kind == told.value.kind
    assert words in str(told.value)
    assert told.value.hint
    assert "\n" not in str(told.value)


def test_a_password_goes_to_no_redirection(
    owncloud: OwncloudServer, settings: ServerSettings
) -> None:
    owncloud.faults[USERS + quote(WHO, safe="")] = answering(
        Reply(302, b"", {"Location": "/elsewhere"})
    )

    with pytest.raises(OwncloudServerError):
        read_person(settings, ADMIN, WHO)


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (
            user(last_login=int(SEEN.timestamp())),
            {"enabled": True, "quota_full": False, "ever_logged_in": True,
             "last_login_at": "2026-10-05T06:30:00Z"},
        ),
        (
            user(enabled=False),
            {"enabled": False, "quota_full": False, "ever_logged_in": False, "last_login_at": None},
        ),
        (
            {**user(last_login=1790000000), "quota": {"free": 0}},
            {"enabled": True, "quota_full": True, "ever_logged_in": True,
             "last_login_at": "2026-09-21T14:13:20Z"},
        ),
        # Negative: without an end, or not worked out.
        (
            {**user(), "enabled": True, "quota": {"free": "-3"}, "last_login": "1790000000"},
            {"enabled": True, "quota_full": False, "ever_logged_in": True,
             "last_login_at": "2026-09-21T14:13:20Z"},
        ),
        # What is not told is not known.
        (
            {"enabled": "perhaps", "quota": [], "last_login": "yesterday"},
            {"enabled": None, "quota_full": None, "ever_logged_in": None, "last_login_at": None},
        ),
        (
            {"last_login": 10**17},
            {"enabled": None, "quota_full": None, "ever_logged_in": None, "last_login_at": None},
        ),
    ],
)  # fmt: skip
def test_a_person_is_told_without_a_name(
    owncloud: OwncloudServer, settings: ServerSettings, found: dict[str, Any], row: dict[str, Any]
) -> None:
    owncloud.users[WHO] = found

    told = read_person(settings, ADMIN, WHO)

    assert {"account": "known", **row} == told
    assert "anna" not in str(told).lower()


def test_a_person_whom_the_server_does_not_know_is_told(settings: ServerSettings) -> None:
    assert {"account": "not_found"} == read_person(settings, ADMIN, "nobody")


def test_any_user_id_stays_one_part_of_the_address(
    owncloud: OwncloudServer, server: HttpsServer, settings: ServerSettings
) -> None:
    odd = "../../cloud/users?x=1#è/anna"
    owncloud.users[odd] = user()

    assert "known" == read_person(settings, ADMIN, odd)["account"]
    assert server.requests[-1].query == {"format": "json"}


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(401, b""), "unauthorised", "does not know the administrator"),
        (Reply(403, b""), "unauthorised", "does not know the administrator"),
        (Reply(404, b"<html>"), "unsupported", "has no provisioning API"),
        (Reply(503, b"<html>"), "out_of_order", "is out of service (503)"),
        (PAGE, "garbage", "answers what cannot be read"),
        (as_json({"ocs": {"meta": {"statuscode": 100}, "data": []}}), "garbage", "answers what"),
        (as_json({"ocs": {"meta": {"statuscode": 996}, "data": {}}}), "garbage", "answers what"),
        (as_json({"ocs": []}), "garbage", "answers what cannot be read"),
    ],
)
def test_what_cannot_be_told_of_a_person_is_said_without_a_name(
    owncloud: OwncloudServer, settings: ServerSettings, reply: Reply, kind: str, words: str
) -> None:
    owncloud.faults[USERS + quote(WHO, safe="")] = answering(reply)

    with pytest.raises(OwncloudServerError, match=re.escape(words)) as told:
        read_person(settings, ADMIN, WHO)

    assert kind == told.value.kind
    assert "anna" not in f"{told.value} {told.value.hint}".lower()


def test_a_wrong_password_is_said_though_http_says_all_is_well(settings: ServerSettings) -> None:
    with pytest.raises(OwncloudServerError, match="does not know the administrator") as told:
        read_person(settings, Administrator(ADMINISTRATOR, "wrong"), WHO)

    assert "unauthorised" == told.value.kind


@pytest.mark.usefixtures("settings")
def test_nobody_is_asked_before_the_certificate_is_trusted(server: HttpsServer) -> None:
    stranger = ServerSettings(server.address, None, timeout_seconds=5.0)

    with pytest.raises(OwncloudServerError, match="certificate that cannot be trusted"):
        read_person(stranger, ADMIN, WHO)

    assert [] == server.requests


def test_a_server_that_says_nothing_is_not_waited_for(
    owncloud: OwncloudServer, server: HttpsServer
) -> None:
    owncloud.faults["/status.php"] = answering(Reply(200, b"{" * 50, drip_seconds=0.2))
    hasty = ServerSettings(server.address, server.ca_path, timeout_seconds=0.5)

    with pytest.raises(OwncloudServerError, match="did not answer in time"):
        read_status(hasty)


def test_a_port_where_nothing_listens_is_said(tmp_path: Path, settings: ServerSettings) -> None:
    with HttpsServer(OwncloudServer(), tmp_path) as gone:
        address = gone.address

    with pytest.raises(OwncloudServerError, match=f"cannot be reached, or broke off: {address}"):
        read_status(ServerSettings(address, settings.ca_path))


def test_a_password_of_netrc_is_sent_to_nobody(
    server: HttpsServer, settings: ServerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    read_status(settings)
    read_person(settings, ADMIN, WHO)

    assert "Authorization" not in server.requests[0].headers
    assert server.requests[1].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://cloud.example", "allowed: one with https://"),
        ("https://admin:secret@cloud.example", "allowed: one with https://"),
        ("cloud.example", "allowed: one with https://"),
        ("https://cloud.example/?a=b", "allowed: one with https://"),
        ("", "allowed: one with https://"),
    ],
)
def test_an_address_that_cannot_be_is_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ServerSettings(url)


def test_an_authority_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no file"):
        ServerSettings("https://cloud.example", tmp_path / "none.pem")


def test_an_administrator_is_not_printed() -> None:
    assert PASSWORD not in repr(ADMIN)
    assert ADMINISTRATOR not in repr(ADMIN)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["ocs", "meta", "statuscode", "data", "enabled", "quota", "free", "last_login",
                         "installed", "maintenance", "needsDbUpgrade", "version", "product"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def garbage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Any], ServerSettings]]:
    told: list[Any] = []
    with HttpsServer(lambda _: as_json(told[-1]), tmp_path_factory.mktemp("any")) as running:
        yield told, ServerSettings(running.address, running.ca_path, timeout_seconds=5.0)


@hypothesis.settings(deadline=None)
@hypothesis.given(answer=_ANY)
def test_whatever_is_answered_there_is_a_row_or_a_sentence(
    garbage: tuple[list[Any], ServerSettings], answer: Any
) -> None:
    told, settings = garbage
    told.append(answer)

    for read in (lambda: read_status(settings), lambda: read_person(settings, ADMIN, WHO)):
        with suppress(OwncloudServerError):
            read()
