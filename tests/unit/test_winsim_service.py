"""The WinRM service of one PC: limits, timeouts, idle shells, replies that fit, output that returns."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.wsman import NOW, Client, code, output, text

from winsim.wire import refusals, soap
from winsim.wire.service import Caller
from winsim.wire.shells import Finished, Invocation, Shell


async def for_ever(invocation: Invocation, shell: Shell) -> Finished:
    del invocation, shell
    await asyncio.Event().wait()
    raise AssertionError


def test_a_command_that_takes_input_waits_for_the_end_of_it() -> None:
    async def talk() -> tuple[int, bytes, str]:
        client = Client()
        shell = await client.open()
        command = await client.start(shell, "cat", waits=True)
        await client.send(shell, command, b"one ", ends=False)
        waiting = await client.receive(shell, command)
        await client.send(shell, command, b"two", ends=True)
        done = await client.receive(shell, command)
        return code(waiting), output(done), text(done, "ExitCode")

    assert (refusals.OPERATION_TIMEOUT, b"catone two", "7") == asyncio.run(talk())


def test_a_command_that_never_ends_gives_operation_timeouts_until_it_is_ended() -> None:
    async def talk() -> tuple[list[int], int, int]:
        client = Client(for_ever)
        shell = await client.open()
        command = await client.start(shell, "x")
        replies = [await client.receive(shell, command) for _ in range(2)]
        await client.signal(shell, command)
        gone = await client.receive(shell, command)
        await client.delete(shell)
        return [code(r) for r in replies], code(gone), code(await client.delete(shell))

    unknown = refusals.UNKNOWN_SELECTOR
    timeouts = [refusals.OPERATION_TIMEOUT] * 2
    assert (timeouts, unknown, unknown) == asyncio.run(talk())


def test_an_operation_timeout_is_no_longer_than_the_service_allows() -> None:
    async def talk() -> int:
        client = Client(for_ever, timeout_seconds=1)
        shell = await client.open()
        command = await client.start(shell, "x")
        return code(await asyncio.wait_for(client.receive(shell, command, timeout="PT1H"), 10))

    assert refusals.OPERATION_TIMEOUT == asyncio.run(talk())


@given(st.integers(0, 400_000), st.integers(8192, 200_000))
@settings(max_examples=25, deadline=None)
def test_output_comes_in_as_many_replies_as_its_size_needs(length: int, size: int) -> None:
    data = bytes(number % 251 for number in range(length))

    async def printed(invocation: Invocation, shell: Shell) -> Finished:
        del invocation, shell
        return Finished(data, b"", 0)

    async def talk() -> tuple[bytes, list[int]]:
        client = Client(printed)
        shell = await client.open()
        command = await client.start(shell, "x")
        got, sizes = b"", []
        while True:
            reply = await client.receive(shell, command, size=size)
            sizes.append(len(ET.tostring(reply)))
            got += output(reply)
            if any(node.tag.endswith("}ExitCode") for node in reply.iter()):
                return got, sizes

    got, sizes = asyncio.run(talk())
    assert data == got
    assert max(sizes) <= size


def test_output_whose_reply_was_lost_comes_again() -> None:
    async def talk() -> list[bytes]:
        client = Client()
        shell = await client.open()
        command = await client.start(shell, "hello")
        lost = await client.receive(shell, command, loses=True)
        return [output(lost), output(await client.receive(shell, command))]

    assert [b"hello", b"hello"] == asyncio.run(talk())


def test_a_shell_that_nobody_uses_goes_after_the_idle_limit() -> None:
    async def talk() -> tuple[int, int, int]:
        client = Client(for_ever, idle_seconds=600)
        shell = await client.open()
        command = await client.start(shell, "x")
        client.host.clock.set(NOW + timedelta(minutes=9))
        used = await client.receive(shell, command)
        client.host.clock.set(NOW + timedelta(minutes=18))
        still = await client.receive(shell, command)
        client.host.clock.set(NOW + timedelta(minutes=28))
        return code(used), code(still), code(await client.receive(shell, command))

    timeout = refusals.OPERATION_TIMEOUT
    assert (timeout, timeout, refusals.UNKNOWN_SELECTOR) == asyncio.run(talk())


def test_a_shell_may_ask_for_a_shorter_idle_limit() -> None:
    async def talk() -> tuple[str, int]:
        client = Client()
        asked = "<rsp:Shell><rsp:IdleTimeOut>PT1M30S</rsp:IdleTimeOut></rsp:Shell>"
        reply = await client.ask("Create", asked)
        client.host.clock.set(NOW + timedelta(seconds=91))
        return text(reply, "IdleTimeOut"), code(await client.delete(text(reply, "ShellId")))

    assert ("PT90.000S", refusals.UNKNOWN_SELECTOR) == asyncio.run(talk())


def test_an_account_has_so_many_shells_and_a_pc_so_many_accounts() -> None:
    async def talk() -> list[int]:
        client = Client(shells_per_user=2, users=2)
        first = [await client.ask("Create", "<rsp:Shell/>") for _ in range(3)]
        client.caller = Caller("anna", "127.0.0.9", "127.0.0.1")
        second = await client.ask("Create", "<rsp:Shell/>")
        client.caller = Caller("bruno", "127.0.0.9", "127.0.0.1")
        third = await client.ask("Create", "<rsp:Shell/>")
        return [code(reply) for reply in (*first, second, third)]

    limit = refusals.TOO_MANY_SHELLS
    assert [0, 0, limit, 0, limit] == asyncio.run(talk())


def test_a_shell_has_so_many_processes() -> None:
    async def talk() -> list[int]:
        client = Client(for_ever, processes_per_shell=2)
        shell = await client.open()
        body = "<rsp:CommandLine><rsp:Command>x</rsp:Command></rsp:CommandLine>"
        replies = [await client.ask("Command", body, shell=shell) for _ in range(3)]
        await client.signal(shell, text(replies[0], "CommandId"))
        again = await client.ask("Command", body, shell=shell)
        await client.delete(shell)
        return [code(reply) for reply in (*replies, again)]

    assert [0, 0, refusals.NOT_ENOUGH_QUOTA, 0] == asyncio.run(talk())


def test_a_text_shell_counts_each_operation_until_it_is_deleted() -> None:
    async def talk() -> list[int]:
        client = Client(operations_per_user=2)
        shell = await client.open()
        body = "<rsp:CommandLine><rsp:Command>x</rsp:Command></rsp:CommandLine>"
        codes = []
        for _ in range(3):
            reply = await client.ask("Command", body, shell=shell)
            codes.append(code(reply))
            if not codes[-1]:
                await client.signal(shell, text(reply, "CommandId"))
        await client.delete(shell)
        codes.append(code(await client.ask("Command", body, shell=await client.open())))
        return codes

    assert [0, 0, refusals.TOO_MANY_OPERATIONS, 0] == asyncio.run(talk())


def test_a_process_does_not_start_in_too_little_memory() -> None:
    async def talk() -> str:
        client = Client(memory_mb_per_shell=32)
        shell = await client.open()
        return text(await client.receive(shell, await client.start(shell, "x")), "ExitCode")

    assert str(0xC0000142) == asyncio.run(talk())


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"timeout": "PT-1S"}, refusals.INVALID_HEADER),
        ({"size": 100}, refusals.INVALID_HEADER),
        ({"resource": "http://example.test/nothing"}, refusals.RESOURCE_NOT_FOUND),
        (
            {"header": '<x:Odd xmlns:x="urn:odd" s:mustUnderstand="true"/>'},
            refusals.NOT_UNDERSTOOD,
        ),
        ({"header": '<x:Odd xmlns:x="urn:odd" s:mustUnderstand="false"/>'}, 0),
    ],
    ids=["timeout", "size", "resource", "must be understood", "may be ignored"],
)
def test_a_header_is_taken_at_its_word(about: dict[str, Any], expected: int) -> None:
    async def talk() -> int:
        return code(await Client().ask("Create", "<rsp:Shell/>", **about))

    assert expected == asyncio.run(talk())


def test_an_operation_that_is_none_is_refused() -> None:
    async def talk() -> int:
        return code(await Client().ask("Enumerate"))

    assert refusals.UNSUPPORTED == asyncio.run(talk())


def test_the_settings_are_those_that_are_in_force() -> None:
    async def talk() -> ET.Element:
        return await Client(shells_per_user=5).ask("Get", resource=soap.CONFIG)

    reply = asyncio.run(talk())

    assert ("5", "500") == (text(reply, "MaxShellsPerUser"), text(reply, "MaxEnvelopeSizekb"))


class Sessions(RuleBasedStateMachine):
    """Whatever clients do, no limit is passed, and what is open is what was opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.client = Client(shells_per_user=3, operations_per_user=4, processes_per_shell=2)
        self.commands: dict[str, list[str]] = {}
        self.loop = asyncio.new_event_loop()

    def teardown(self) -> None:
        for shell in list(self.commands):
            self.loop.run_until_complete(self.client.delete(shell))
        self.loop.close()

    @rule()
    def create(self) -> None:
        reply = self.loop.run_until_complete(self.client.ask("Create", "<rsp:Shell/>"))
        assert (len(self.commands) >= 3) == (code(reply) == refusals.TOO_MANY_SHELLS)
        if not code(reply):
            self.commands[text(reply, "ShellId")] = []

    @precondition(lambda self: self.commands)
    @rule(which=st.integers(0, 2))
    def command(self, which: int) -> None:
        shell = sorted(self.commands)[which % len(self.commands)]
        body = "<rsp:CommandLine><rsp:Command>x</rsp:Command></rsp:CommandLine>"
        reply = self.loop.run_until_complete(self.client.ask("Command", body, shell=shell))
        if not code(reply):
            self.commands[shell].append(text(reply, "CommandId"))

    @precondition(lambda self: any(self.commands.values()))
    @rule(which=st.integers(0, 5), ends=st.booleans())
    def receive(self, which: int, *, ends: bool) -> None:
        pairs = sorted((s, c) for s, commands in self.commands.items() for c in commands)
        shell, command = pairs[which % len(pairs)]
        reply = self.loop.run_until_complete(self.client.receive(shell, command))
        assert 0 == code(reply)
        if ends:
            assert 0 == code(self.loop.run_until_complete(self.client.signal(shell, command)))
            self.commands[shell].remove(command)

    @precondition(lambda self: self.commands)
    @rule(which=st.integers(0, 2))
    def delete(self, which: int) -> None:
        shell = sorted(self.commands)[which % len(self.commands)]
        assert 0 == code(self.loop.run_until_complete(self.client.delete(shell)))
        del self.commands[shell]

    @invariant()
    def what_is_open_is_known(self) -> None:
        open_ = self.client.service.shells.open
        assert set(self.commands) == set(open_)
        assert all(set(c) == set(open_[s].commands) for s, c in self.commands.items())
        assert self.client.service.shells.operations("custode") <= 4


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
