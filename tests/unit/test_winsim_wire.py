"""The simulator's wire: envelopes as Windows writes them, seals that hold, garbage that hurts nobody."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import http.client
import json
import select
import socket
import ssl
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import spnego
from hypothesis import given, settings
from hypothesis import strategies as st

from winsim.addresses import free_network
from winsim.errors import WinsimError
from winsim.fleet import Fleet
from winsim.wire import refusals, replies, sealing, soap
from winsim.wire.audit_log import masked
from winsim.wire.faults import FaultList, parse_faults
from winsim.wire.recogniser import (
    Become,
    HelperCall,
    ModuleCall,
    RawCommand,
    Unrecognised,
    recognise,
)

LAB = Path(__file__).resolve().parents[1] / "profiles" / "lab"
NOW = datetime(2026, 10, 5, 7, tzinfo=UTC)


def envelope(operation: str, body: str = "", *, shell_id: str = "") -> bytes:
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    return (
        f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:a="{soap.ADDRESSING}" xmlns:w="{soap.WSMAN}" '
        f'xmlns:rsp="{soap.SHELL}"><s:Header><a:Action>{soap.SHELL}/{operation}</a:Action>'
        f"<a:MessageID>uuid:1</a:MessageID><w:OperationTimeout>PT7S</w:OperationTimeout>"
        f"{selector if shell_id else ''}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def test_a_request_is_read() -> None:
    body = (
        '<rsp:Send><rsp:Stream Name="stdin" CommandId="abc" End="true">'
        f"{base64.b64encode(b'in').decode()}</rsp:Stream></rsp:Send>"
    )

    request = soap.parse(envelope("Send", body, shell_id="x"))

    assert ("Send", "X", "ABC", b"in", True, 7.0) == (
        request.operation,
        request.shell_id,
        request.command_id,
        request.stdin,
        request.stdin_ends,
        request.timeout_seconds,
    )


def test_output_comes_first_then_the_ends_then_the_unsigned_exit_code() -> None:
    request = soap.parse(envelope("Receive"))

    reply = replies.received(
        request,
        replies.Output(
            "C1",
            [("stdout", b"out"), ("stderr", b"err")],
            exit_code=-1073741502,
            ends=("stdout", "stderr"),
        ),
    )

    nodes = [
        (node.tag.rpartition("}")[2], node.get("Name"), node.get("End"))
        for node in ET.fromstring(reply.body).iter()
        if node.tag.endswith(("Stream", "CommandState"))
    ]
    assert [
        ("Stream", "stdout", None),
        ("Stream", "stderr", None),
        ("Stream", "stdout", "true"),
        ("Stream", "stderr", "true"),
        ("CommandState", None, None),
    ] == nodes
    assert b"<rsp:ExitCode>3221225794</rsp:ExitCode>" in reply.body


def test_every_reply_names_the_request_it_answers() -> None:
    request = soap.parse(envelope("Signal"))

    for reply in (
        replies.signalled(request),
        replies.deleted(request),
        replies.refused(request, refusals.UNKNOWN_SHELL),
    ):
        relates = ET.fromstring(reply.body).find(f".//{{{soap.ADDRESSING}}}RelatesTo")
        assert relates is not None
        assert "uuid:1" == relates.text


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_body_is_worse_than_malformed(body: bytes) -> None:
    with contextlib.suppress(soap.MalformedError):
        soap.parse(body)


def test_a_document_type_is_refused() -> None:
    with pytest.raises(soap.MalformedError):
        soap.parse(b'<!DOCTYPE x [<!ENTITY e "x">]>' + envelope("Create"))


@pytest.fixture
def contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    """A client's and a server's security context that know each other."""
    users = tmp_path / "users"
    users.write_text("PC:custode:secret\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    client = spnego.client("PC\\custode", "secret", protocol="ntlm")
    server = spnego.server(protocol="ntlm")
    token = None
    while not (client.complete and server.complete):
        token = client.step(token)
        if token is not None:
            token = server.step(token)
    return client, server


def test_what_is_sealed_is_opened_by_the_other_side_only(
    contexts: tuple[sealing.Sealer, sealing.Sealer],
) -> None:
    client, server = contexts

    body = sealing.seal(client, b"<x>plain</x>")

    assert b"plain" not in body
    assert b"<x>plain</x>" == sealing.unseal(server, body)


def test_a_replayed_message_breaks_the_seal(
    contexts: tuple[sealing.Sealer, sealing.Sealer],
) -> None:
    client, server = contexts
    body = sealing.seal(client, b"plain")
    sealing.unseal(server, body)

    with pytest.raises(sealing.UnsealError):
        sealing.unseal(server, body)


def test_a_flipped_bit_breaks_the_seal(
    contexts: tuple[sealing.Sealer, sealing.Sealer],
) -> None:
    client, server = contexts
    body = bytearray(sealing.seal(client, b"plain"))
    body[-len(b"--Encrypted Boundary--\r\n") - 1] ^= 1

    with pytest.raises(sealing.UnsealError):
        sealing.unseal(server, bytes(body))


@given(st.binary(max_size=300))
def test_no_bytes_are_worse_than_not_sealed(body: bytes) -> None:
    class Silent:
        def wrap_winrm(self, data: bytes) -> tuple[bytes, bytes, int]:
            raise NotImplementedError

        def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
            return data + header

    with contextlib.suppress(sealing.UnsealError):
        sealing.unseal(Silent(), body)


def encoded(text: str) -> str:
    return f"PowerShell -EncodedCommand {base64.b64encode(text.encode('utf-16-le')).decode()}"


def manifest(name: str, parameters: object, extra: bytes = b"") -> bytes:
    mark = b"\n\0\0\0\0\n"
    become = {
        "name": "become_wrapper.ps1",
        "params": {"BecomeUser": "SYSTEM"},
        "secure_params": {"BecomePassword": None},
    }
    action = {"actions": [become, {"name": name, "params": parameters}]}
    return b"{}" + mark + json.dumps(action).encode() + (mark + extra if extra else b"")


def test_a_module_is_recognised_with_its_collection() -> None:
    variables = [
        {"Name": "complex_args", "Value": {"path": "x", "_ansible_module_name": "win_stat"}}
    ]
    script = "ansible_collections.ansible.windows.plugins.modules.win_stat.ps1"

    found = recognise(
        encoded("&"), manifest("module_wrapper.ps1", {"Script": script, "Variables": variables})
    ).work

    assert isinstance(found, ModuleCall)
    assert ("ansible.windows.win_stat", "x") == (found.name, found.arguments["path"])


def test_helpers_and_raw_commands_are_recognised() -> None:
    helper = recognise(encoded("&"), manifest("winrm_put_file.ps1", {"Path": "C:\\x"}, b"QUJD"))

    assert HelperCall("put_file", {"Path": "C:\\x"}, b"QUJD") == helper.work
    assert Become("SYSTEM") == helper.become
    assert RawCommand("dir") == recognise(encoded("dir"), b"").work


@given(st.binary(max_size=120), st.text(max_size=60))
def test_whatever_is_sent_is_at_worst_unrecognised(stdin: bytes, line: str) -> None:
    found = recognise(line, stdin).work
    assert isinstance(found, ModuleCall | HelperCall | RawCommand | Unrecognised)
    odd = recognise(encoded("&"), b"{}\n\0\0\0\0\n" + stdin).work
    assert isinstance(odd, Unrecognised | HelperCall)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"fault": "explodes"}, "fault is 'explodes'; allowed: offline"),
        ({"fault": "reset", "hosts": "x"}, "unknown key hosts; allowed: host"),
        ({"fault": "reset", "nth": 0}, "nth is 0; allowed: a whole number from 1"),
        ({"fault": "reset", "operation": "Open"}, "operation 'Open'; allowed: Create"),
        ({"fault": "reset", "from": "2026-10-05"}, "needs a time zone"),
        ("reset", "keys and values are needed"),
        ({"fault": "cut"}, "cut needs the key bytes"),
        ({"fault": "slow", "seconds": "long"}, "seconds is 'long'; allowed: a number"),
    ],
    ids=["kind", "key", "count", "operation", "zone", "shape", "needed", "number"],
)
def test_a_wrong_fault_is_told(entry: object, words: str) -> None:
    with pytest.raises(WinsimError, match=r"f\.yml: fault 1: ") as caught:
        parse_faults([entry], where="f.yml")

    assert words in str(caught.value)


def test_a_fault_strikes_its_pc_its_step_and_its_turn_only() -> None:
    faults = FaultList(
        parse_faults([{"host": "pc-*", "fault": "reset", "operation": "Send", "nth": 2}], where="")
    )

    struck = [faults.at(host, "Send", NOW) for host in ("pc-1", "pc-1", "pc-1", "other", "pc-2")]

    assert [None, "reset", None, None, None] == [fault and fault.kind for fault in struck]
    assert faults.at("pc-1", "Receive", NOW) is None


def test_the_log_shows_what_a_module_works_on_and_nothing_it_puts_there() -> None:
    arguments = {
        "path": "C:\\x",
        "password": "Canary-1",
        "data": "Canary-vaulted",
        "pin_token": 4711,
        "size": 12,
        "nested": {"api_token": "Canary-2", "list": [{"secret_key": "Canary-3"}]},
        "argv": ["setup.exe", "/key=Canary-5"],
        "_ansible_verbosity": 3,
    }

    assert {
        "path": "C:\\x",
        "password": "8 characters",
        "data": "14 characters",
        "pin_token": "********",
        "size": 12,
        "nested": "2 keys",
        "argv": "2 items",
    } == masked(arguments)
    assert {"path": "********"} == masked({"path": "Canary-4", "_ansible_no_log": True})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> object:
    state = tmp_path_factory.mktemp("state")
    with Fleet([LAB], state=state, network=free_network(), clock=NOW) as fleet:
        yield fleet


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=80)
    | st.binary(max_size=80).map(
        lambda body: (
            b"POST /wsman HTTP/1.1\r\nHost: x\r\nAuthorization: Negotiate "
            + base64.b64encode(body)
            + b"\r\nContent-Length: 0\r\n\r\n"
        )
    )
)
def test_no_bytes_take_the_server_down(served: Fleet, data: bytes) -> None:
    with socket.create_connection((served.address("pc-1"), 5985), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(65536):
            pass

    assert b"401" in ask(served, b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")


def ask(fleet: Fleet, data: bytes) -> bytes:
    with socket.create_connection((fleet.address("pc-1"), 5985), timeout=5) as connection:
        connection.sendall(data)
        return connection.recv(65536)


IDENTIFY = (
    f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:i="{soap.IDENTITY}"><s:Header/><s:Body>'
    "<i:Identify/></s:Body></s:Envelope>"
)
KNOWN = base64.b64encode(b"custode:Simulated-Only-1").decode()


def post(fleet: Fleet, body: str, header: str, *, port: int = 5985) -> bytes:
    """Send one request, over TLS on its port, and return the reply."""
    data = (
        f"POST /wsman HTTP/1.1\r\nHost: x\r\n{header}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    with socket.create_connection((fleet.address("pc-1"), port), timeout=5) as raw:
        context = ssl.create_default_context(cafile=str(fleet.ca))
        stream = context.wrap_socket(raw, server_hostname="localhost") if port != 5985 else raw
        with stream:
            stream.sendall(data)
            return b"".join(iter(lambda: stream.recv(65536), b""))


def test_where_the_connection_is_closed_after_a_reply_no_request_fits_in_between(
    served: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def a_busy_machine(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)

    monkeypatch.setattr(asyncio.StreamWriter, "drain", a_busy_machine)
    served.set_faults([{"fault": "idle_close", "operation": "Create"}])
    request = envelope("Create")
    head = (
        f"POST /wsman HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {KNOWN}\r\n"
        f"Content-Length: {len(request)}\r\n\r\n"
    ).encode()
    context = ssl.create_default_context(cafile=str(served.ca))

    for _ in range(3):
        with (
            socket.create_connection((served.address("pc-1"), 5986), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as stream,
        ):
            stream.sendall(head + request)
            reply = http.client.HTTPResponse(stream)
            reply.begin()
            assert reply.read()
            # What a client's pool asks of a connection before it is used again.
            assert [stream] == select.select([stream], [], [], 0)[0]
    served.set_faults([])


def test_anybody_may_ask_what_a_pc_is_and_who_is_known_is_told_more(served: Fleet) -> None:
    anybody = post(served, IDENTIFY, "WSMANIDENTIFY: unauthenticated")
    nobody = post(served, IDENTIFY, "X: x")
    known = post(served, IDENTIFY, f"Authorization: Basic {KNOWN}", port=5986)

    assert b"Microsoft Corporation" in anybody
    assert b"OS: 0.0.0 SP: 0.0 Stack: 3.0" in anybody
    assert b"401" in nobody.splitlines()[0]
    assert b"OS: 10.0.26200 SP: 0.0 Stack: 3.0" in known


def test_asking_what_a_pc_is_opens_nothing_else(served: Fleet) -> None:
    answer = post(
        served, envelope("Receive", shell_id="1").decode(), "WSMANIDENTIFY: unauthenticated"
    )

    assert b"401" in answer.splitlines()[0]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"POST /other HTTP/1.1", b"404"),
        (b"GET /wsman HTTP/1.1", b"405"),
        (b"POST /wsman HTTP/1.1", b"401"),
    ],
)
def test_what_is_not_winrm_is_refused_as_windows_does(
    served: Fleet, request_line: bytes, status: bytes
) -> None:
    answer = ask(served, request_line + b"\r\nHost: x\r\nContent-Length: 0\r\n\r\n")

    assert status in answer.splitlines()[0]


def test_clients_that_misbehave_leave_nothing_behind(served: Fleet) -> None:
    def misbehave(times: int) -> None:
        for number in range(times):
            for port in (5985, 5986):
                with socket.create_connection((served.address("pc-1"), port), 5) as connection:
                    connection.sendall(b"POST /wsman HTTP/1.1\r\nHost: x\r\n" + b"%d" % number)
                    if number % 3:
                        linger = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def kept() -> tuple[int, int]:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir())), len(gc.get_objects())

    misbehave(20)  # certificates are made, caches are filled
    time.sleep(0.5)
    before = kept()
    misbehave(200)

    for _ in range(100):  # the server cleans up in a thread of its own
        time.sleep(0.05)
        after = kept()
        if after[0] <= before[0] and after[1] - before[1] < 200:
            break
    assert after[0] <= before[0]
    assert after[1] - before[1] < 200  # of 400 connections


def test_nothing_is_left_open_after_a_fleet(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    with Fleet([LAB], state=tmp_path, network=free_network(), clock=NOW) as fleet:
        ask(fleet, b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")

    assert before >= len(list(Path("/proc/self/fd").iterdir()))


def test_an_address_in_use_is_one_sentence_and_leaves_nothing_open(tmp_path: Path) -> None:
    network = free_network()
    with Fleet([LAB], state=tmp_path / "1", network=network, clock=NOW):
        second = Fleet([LAB], state=tmp_path / "2", network=network, clock=NOW)
        with pytest.raises(WinsimError, match="is another winsim running"):
            second.__enter__()


def test_others_cannot_reach_it_unless_told_twice(tmp_path: Path) -> None:
    with pytest.raises(WinsimError, match="--allow-remote"):
        Fleet([LAB], state=tmp_path, network="192.0.2.0/24", clock=NOW)
